"""Working time by mail and at the terminal: entered, corrected, taken back, summed (N15, N16)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from maild.cli import app
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last, opened, results

MakeDesk = Callable[..., Desk]
BERLIN = ZoneInfo("Europe/Berlin")

# Behind #time, at 10:00 on a Monday; minutes, type, billable, summary.
ENTRIES = (
    ("45m", 45, None, True, ""),
    ("45m remote", 45, "remote", True, ""),
    ("45m remote not billable", 45, "remote", False, ""),
    ("45m not billable remote replaced the toner", 45, "remote", False, "replaced the toner"),
    ("0:45 vor ort, kostenlos: Toner getauscht", 45, "on-site", False, "Toner getauscht"),
    ("9:00-9:45 phone", 45, "phone", True, ""),
    ("1h30m for the printer upstairs", 90, None, True, "for the printer upstairs"),
    ("20m for data migration", 20, None, True, "for data migration"),
    ("20m for Acme", 20, None, True, "for Acme"),
    ("20m for ann@acme.example", 20, None, True, "for ann@acme.example"),
    ("20m remote for VPN", 20, "remote", True, "for VPN"),
    ("20m for PC-1", 20, None, True, "for PC-1"),
    ("20m for printer", 20, None, True, "for printer"),
    ("20m for testing", 20, None, True, "for testing"),
    ("20m for zed and his printer", 20, None, True, "for zed and his printer"),
    ("20m replaced the toner instead of the drum", 20, None, True,
     "replaced the toner instead of the drum"),
    ("yesterday 23:30-0:15", 45, None, True, ""),
    ("monday 2h", 120, None, True, ""),
)  # fmt: skip

REFUSED = (
    ("9:45-9:00", "more than twelve hours"),
    ("yesterday 6:00-19:00", "more than twelve hours"),
    ("14:00-15:00", "still to come"),
    ("9:30-11:00", "still to come"),
    ("tomorrow 2h", "in the future"),
    ("-", "no time of yours"),
    ("25m instead of 20m", "no time of yours"),
    ("T20200101.0001 45m", "There is no ticket T20200101.0001"),
    ("30h", "more than a day"),
    ("soon", "no working time"),
    ("20m for zed", 'There is no resource "zed"; possible are Bob Tech'),
    ("20m remote for Zed", "takes more than one word"),
    ("20m for dannna", "did you mean Dana Lead?"),
    ("20m for danna reset her mailbox", "did you mean Dana Lead?"),
    ("20m for zed@example.com", 'There is no resource "zed@example.com"'),
    ("20m für Zed", 'There is no resource "Zed"'),
)


def entry(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.ticket()["time_entries"][-1]
    return found


@pytest.mark.parametrize(("text", "minutes", "kind", "billable", "summary"), ENTRIES)
def test_n15_a5_time_with_type_billable_and_summary(
    make_desk: MakeDesk, text: str, minutes: int, kind: str | None, billable: bool, summary: str
) -> None:
    desk = opened(make_desk)
    desk.bob.reply(f"#time {text}")
    assert results(desk)[0][1], last(desk.bob)
    made = entry(desk)
    assert (made["minutes"], made["work_type"], made["billable"], made["summary"]) == (
        minutes,
        kind,
        billable,
        summary,
    )


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_n15_time_that_cannot_be_is_refused(make_desk: MakeDesk, text: str, why: str) -> None:
    desk = opened(make_desk)
    desk.bob.reply(f"#time {text}")
    (command,) = desk.messages()[-1].commands
    assert not command["done"] and why in command["why"]
    assert desk.ticket()["time_entries"] == []


def test_n15_work_over_midnight_began_yesterday(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.now = datetime(2026, 11, 24, 0, 20, tzinfo=BERLIN)
    desk.bob.reply("#time 23:30-0:15 remote")
    made = entry(desk)
    assert made["minutes"] == 45
    assert made["start"] == datetime(2026, 11, 23, 23, 30, tzinfo=BERLIN)
    assert made["end"] == datetime(2026, 11, 24, 0, 15, tzinfo=BERLIN)


def test_n15_a5_time_is_corrected_and_taken_back_and_both_undone(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 20m remote looked")
    desk.bob.reply("#time 10m")
    desk.bob.reply("#time 25m on-site instead of 20m")
    assert [(e["minutes"], e["work_type"]) for e in desk.ticket()["time_entries"]] == [
        (25, "on-site"),
        (10, None),
    ]
    assert desk.ticket()["time_entries"][0]["summary"] == "looked"
    assert "is 25 min; it was 20 min" in last(desk.bob)
    desk.bob.reply("#undo")
    assert desk.ticket()["time_entries"][0]["minutes"] == 20
    desk.bob.reply("#time -")
    assert [e["minutes"] for e in desk.ticket()["time_entries"]] == [20]
    desk.bob.reply("#undo")
    assert sorted(e["minutes"] for e in desk.ticket()["time_entries"]) == [10, 20]
    desk.bob.reply("#time - 20m")
    assert [e["minutes"] for e in desk.ticket()["time_entries"]] == [10]
    events = [e["event"] for e in desk.ticket()["events"]]
    assert events.count("time changed") == 2 and events.count("time removed") == 2
    desk.dana.reply("#time -")
    (command,) = desk.messages()[-1].commands
    assert not command["done"] and "no time of yours" in command["why"]


def test_n15_time_of_another_technician(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 30m remote for dana checked the switch")
    made = entry(desk)
    assert (made["by"], made["entered_by"]) == ("Dana Lead", "Bob Tech")
    assert (made["work_type"], made["summary"]) == ("remote", "checked the switch")
    assert "for Dana Lead" in last(desk.bob)
    desk.bob.reply("#time 15m for me")
    assert (entry(desk)["by"], entry(desk)["entered_by"]) == ("Bob Tech", None)


def test_n15_what_the_team_alone_may_read_stays_with_it(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#internal\n#time 45m remote\n\nHe has no contract, do it anyway.")
    assert (entry(desk)["summary"], entry(desk)["internal"]) == (
        "",
        "He has no contract, do it anyway.",
    )
    desk.bob.reply("#time 10m remote New toner\n#worknote ask for the contract")
    assert (entry(desk)["summary"], entry(desk)["internal"]) == (
        "New toner",
        "ask for the contract",
    )


def test_n15_overlaps_are_said_and_marked(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 9:00-9:30")
    desk.bob.reply("#time 9:30-9:45")
    assert "overlaps" not in last(desk.bob)
    desk.bob.reply("#time 9:15-9:45")
    assert "It overlaps 9:00" in last(desk.bob).replace("09:00", "9:00")
    desk.bob.reply("#timesheet")
    assert "share time with others" in last(desk.bob)


def test_r9_a_type_of_work_is_required_where_the_profile_says_so(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, profile="runbook")
    desk.bob.reply("#time 45m")
    (command,) = desk.messages()[-1].commands
    assert not command["done"] and "possible are remote, on-site" in command["why"]
    desk.bob.reply("#time 45m vor ort")
    desk.bob.reply("#time 15m\n#worktype remote")
    desk.bob.reply("#set work type remote\n#time 10m")
    assert [e["work_type"] for e in desk.ticket()["time_entries"]] == [
        "on-site",
        "remote",
        "remote",
    ]


def test_n16_a_reply_to_the_timesheet_corrects_it(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    desk.bob.reply("#time 20m remote")
    desk.bob.mail("My week", "#timesheet")
    assert str(desk.bob.received()[-1]["Subject"]).startswith("Your week")
    desk.bob.reply(f"#time {number} 25m instead of 20m\n#time {number} 1h on-site forgot this")
    assert [e["minutes"] for e in desk.ticket()["time_entries"]] == [25, 60]
    assert len(desk.tickets()) == 1


def test_n16_the_sheet_of_another_is_for_admins(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 45m remote")
    desk.bob.reply("#timesheet dana")
    (command,) = desk.messages()[-1].commands
    assert not command["done"] and "Only admins" in command["why"]
    desk.bob.reply("#timesheet bob")
    assert results(desk) == [("#timesheet bob", True)]


def test_n16_an_admin_sees_the_sheets_of_all(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, admins=("dana@example.com",))
    desk.bob.reply("#time 45m remote")
    desk.dana.reply("#timesheet bob")
    assert results(desk) == [("#timesheet bob", True)]
    assert "Bob Tech" in last(desk.dana)


@pytest.mark.parametrize(
    ("argument", "hours"),
    [("", 0.75), ("last week", 2.0), ("2026-W47", 2.0), ("acme", 0.75), ("2026-11-18", 2.0),
     ("acme last week", 2.0), ("last week acme", 2.0), ("Last  Week  Acme", 2.0),
     ("2026-W47 acme", 2.0), ("acme 2026-W47", 2.0), ("2026-11-18 acme", 2.0),
     ("acme 2026-11-18", 2.0), ("letzte Woche Acme", 2.0)],
)  # fmt: skip
def test_n16_which_week_and_whose_tickets(make_desk: MakeDesk, argument: str, hours: float) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 45m remote\n#time 2026-11-18 2h")
    desk.bob.reply(f"#timesheet {argument}")
    said = last(desk.bob)
    assert ("45 min" in said or "0.75" in said) if hours == 0.75 else ("2 h" in said), said


def test_n16_the_terminal_prints_sheets(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 9:00-9:45 remote =HYPERLINK(1)\n#time 2026-11-18 2h not billable")
    desk.dana.reply("#time 9:00-10:00")

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["timesheet", *words, "--config", str(desk.file)])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    sheet = json.loads(run("bob", "--week", "2026-W48", "--json"))
    assert (sheet["week"]["hours"], sheet["week"]["billable"]) == (0.75, 0.75)
    assert [c["client"] for c in sheet["clients"]] == ["Acme"]
    everybody = json.loads(run("--week", "2026-W48", "--json"))
    assert everybody["week"]["hours"] == 1.75
    assert not any(e["overlaps"] for e in everybody["entries"])  # of two people
    rows = list(csv.DictReader(io.StringIO(run("--week", "2026-W48", "--csv"))))
    assert [(r["by"], r["hours"], r["billable"]) for r in rows] == [
        ("Bob Tech", "0.75", "yes"),
        ("Dana Lead", "1.0", "yes"),
    ]
    assert rows[0]["summary"] == "'=HYPERLINK(1)"
    last_week = json.loads(run("bob", "--week", "2026-W47", "--json"))
    assert (last_week["week"]["hours"], last_week["week"]["billable"]) == (2.0, 0.0)
    assert "1.75 h" in run("--week", "2026-W48", "--organization", "acme")
    for wrong in (["--week", "2026-W60"], ["--week", "soon"], ["zoe"], ["--json", "--csv"]):
        done = CliRunner().invoke(app, ["timesheet", *wrong, "--config", str(desk.file)])
        assert done.exit_code != 0, wrong


def test_n15_every_time_of_a_mail_is_told_with_its_internal_words(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#also dana")
    for text, parts in (
        (
            "#time 10m remote alpha\n#time 20m on-site beta",
            ("alpha", "beta", "(on-site)", "0.33 h"),
        ),
        (
            "#time 5m one\n#time 6m two\n#time 7m three\n\nA word.",
            ("one", "two", "three", "A word."),
        ),
        ("#time 8m remote\n#worknote he never pays\n\nDone.", ("0.13 h", "he never pays", "Done.")),
    ):
        count = len(desk.dana.received())
        desk.bob.reply(text)
        assert len(desk.dana.received()) == count + 1, text
        for part in parts:
            assert part in last(desk.dana), (text, part)
    assert "never pays" not in last(desk.ann)


def test_n14_a_note_has_the_title_that_its_mail_gives_it(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#also dana")
    desk.bob.reply("#notetitle What the vendor says\n\nThey ship on Monday.")
    for reader in (desk.dana, desk.ann):
        assert "What the vendor says" in last(reader), reader
    note = desk.ticket()["notes"][-1]
    assert (note["title"], note["text"]) == ("What the vendor says", "They ship on Monday.")
    desk.bob.reply("#notetitle Only a title")
    assert results(desk) == [("#notetitle Only a title", False)]
    desk.bob.mail("A new matter", "#for ann@acme.example\n#notetitle By phone\n\nShe called.")
    assert desk.ticket()["notes"][0]["title"] == "By phone"
