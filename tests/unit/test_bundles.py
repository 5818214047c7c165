"""News that come close together are one mail; what is asked for by schedule is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.desk import digests
from maild.desk.notify import notify
from maild.outbox.compose import job
from maild.store.records import TimeEntry
from maild.templates.renderer import LocalRenderer
from tests.office import Office, a_note, the_ticket

ANN, BOB, CEM = "ann@acme.example", "bob@example.com", "cem@example.com"


def _news(office: Office, number: str, text: str, cause: str) -> None:
    with office.desk(cause, by=ANN) as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, text)
        told = [office.person(desk.unit, a) for a in (BOB, ANN)]
        notify(desk, ticket, "acknowledgement", [told[1]])
        notify(desk, ticket, "note", [told[0]], note=note)


def test_notes_within_the_quiet_time_are_one_mail_acknowledgements_are_not(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, notifications={"quiet_seconds": 120})
    number = office.ticket()
    for index in range(3):
        _news(office, number, f"Thought {index}.", f"message:{index}")
        office.later(seconds=30)
    bundle = [item for item in office.items() if item.address == BOB]
    assert [item.template for item in bundle] == ["bundle"]
    assert bundle[0].next_try == bundle[0].created + timedelta(seconds=120)
    assert len(bundle[0].data["keys"]) == 2
    assert [i.template for i in office.items() if i.address == ANN] == ["acknowledgement"] * 3
    words = LocalRenderer().render([job(office.order(bundle[0]))])[0].words
    assert words is not None
    assert [f"Thought {i}." in words.text for i in range(3)] == [True, True, True]
    office.later(seconds=120)
    _news(office, number, "Later.", "message:9")
    assert [i.template for i in office.items() if i.address == BOB] == ["bundle", "note"]


def test_without_a_quiet_time_each_is_its_own(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    for index in range(2):
        _news(office, number, "x", f"message:{index}")
    assert [i.template for i in office.items() if i.address == BOB] == ["note", "note"]


def test_the_daily_list_of_open_tickets(tmp_path: Path) -> None:
    office = Office(tmp_path)
    late = office.ticket("Late", due=office.at - timedelta(days=1))
    office.ticket("Done", status_kind="closed")
    soon = office.ticket("Soon", due=office.at + timedelta(days=1))
    with office.desk("clock:1") as desk:
        people = [office.person(desk.unit, a) for a in (BOB, CEM)]
        rows = digests.send(desk, "open tickets", people)
        assert [row.address for row in rows] == [BOB]  # Cem has none
    tickets = office.items()[0].data["tickets"]
    assert [(t["number"], t["late"]) for t in tickets] == [(late, True), (soon, False)]


def test_n16_the_week_on_its_friday_and_on_the_monday_after(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("x") as desk:
        bob = office.person(desk.unit, BOB)
        for day, minutes in ((15, 15), (16, 30), (22, 45), (23, 60)):
            at = datetime(2026, 11, day, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
            desk.unit.add(
                TimeEntry(
                    ticket_id=the_ticket(desk, number).id, by_id=bob.id, worked_on=at,
                    minutes=minutes, summary=f"day {day}", created=at,
                )
            )  # fmt: skip
    for now in (datetime(2026, 11, 20, 16, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)):
        office.at = now
        with office.desk(f"clock:{now}") as desk:
            digests.send(desk, "timesheet", [office.person(desk.unit, BOB)])
    for item in office.items():
        assert [e["summary"] for e in item.data["entries"]] == ["day 16", "day 22"]
        assert item.data["week"]["hours"] == 1.25
