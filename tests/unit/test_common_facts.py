"""What several notifications say alike is kept once, and nobody reads more than he was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maild.desk.notify import keep_current, notify
from maild.model import Role, SendState
from maild.store import Store, asking, erase, prune
from maild.store.records import OutboxItem, Person, PersonAddress
from tests.office import Office, a_note, the_ticket

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NOTE = {"text": "It smokes. " * 40, "by": "Ann Archer"}
ANN = "ann@acme.example"


def item(key: str, data: Mapping[str, Any], audience: Role = Role.RESOURCE) -> OutboxItem:
    return OutboxItem(
        key=key,
        address=f"{key}@example.com",
        template="note",
        audience=audience,
        data=data,
        message_id=key,
        next_try=NOW,
        created=NOW,
    )


def common(store: Store) -> list[int]:
    """The ids of all common facts."""
    with store.engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT id FROM common_facts ORDER BY id")))


def referring(store: Store) -> list[int | None]:
    """Which common facts each row refers to."""
    with store.engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT common_id FROM outbox ORDER BY id")))


def read(store: Store) -> list[Mapping[str, Any]]:
    """What each row says, by each way to run a statement."""
    found = []
    for plain in (False, True):
        store.plain = plain
        with store.look() as unit:
            found.append([one.data for one in unit.all(asking.outbox.EVERY)])
    store.plain = False
    assert found[0] == found[1]
    return found[0]


def told(store: Store, *audiences: Role) -> list[dict[str, Any]]:
    """One is told the same as the other, each by his name."""
    said = [{"note": NOTE, "who": str(n), "time": None} for n in range(len(audiences))]
    with store.unit() as unit:
        for n, (data, audience) in enumerate(zip(said, audiences, strict=True)):
            unit.add(item(f"k{n}", data, audience))
    return said


def test_what_is_said_alike_is_kept_once_and_read_with_each(store: Store) -> None:
    said = told(store, Role.RESOURCE, Role.RESOURCE)
    assert read(store) == said
    assert common(store) == [1] and referring(store) == [1, 1]
    with store.engine.connect() as connection:
        own = connection.scalars(sa.text("SELECT data FROM outbox ORDER BY id")).all()
    assert "smokes" not in str(own)
    with store.look() as unit:
        due = asking.deliveries.due(unit, NOW, (), NOW, NOW, 9)
        assert [one.data for one, _, _ in due] == said


def test_nothing_is_shared_with_another_audience(store: Store) -> None:
    """Not even what both are told, so that nothing of ours can come to stand there later."""
    said = told(store, Role.RESOURCE, Role.CONTACT, Role.PARTNER, Role.RESOURCE, Role.ADMIN)
    assert read(store) == said
    assert referring(store) == [1, None, None, 1, None]


def test_only_what_a_row_was_given_is_read_with_it(store: Store) -> None:
    secret, rest = {"text": "She is difficult."}, {"ticket": NOTE, "cause": "message:1"}
    said: list[dict[str, Any]] = [
        {**rest, "note": secret, "who": "a"},
        {**rest, "note": secret, "who": "b"},
        {**rest, "note": None, "who": "c"},
        {**rest, "who": "d"},
        {**rest, "note": dict(secret), "who": "e"},  # equal, and not the same: who knows why
    ]
    with store.unit() as unit:
        for n, data in enumerate(said):
            unit.add(item(f"k{n}", data))
    assert read(store) == said
    assert referring(store) == [1, 1, 3, 3, 3]


def test_a_row_that_is_changed_says_all_itself(store: Store) -> None:
    """Also without what it no longer says; the last one takes with it what they had in common."""
    told(store, Role.RESOURCE, Role.RESOURCE)
    for left, place in (([1], 0), ([], 1)):
        with store.unit() as unit:
            one = unit.all(asking.outbox.EVERY)[place]
            before = one.data
            mark = unit.mark()
            unit.change(one, data={})
            unit.back(mark)
            assert one.data is before and one.common_id == 1
            unit.change(one, data={"who": "nobody"})
        assert common(store) == left
    assert read(store) == [{"who": "nobody"}] * 2


def test_a_row_may_be_changed_by_who_has_just_written_it(store: Store) -> None:
    with store.unit() as unit:
        one, other = (unit.add(item(key, {"note": NOTE, "who": key})) for key in "ab")
        unit.write()
        unit.change(one, data={"who": "nobody"})
    assert read(store) == [{"who": "nobody"}, {"note": NOTE, "who": "b"}]
    assert other.data["note"] is NOTE


def test_pruning_takes_what_nobody_needs_any_more(store: Store) -> None:
    told(store, Role.RESOURCE, Role.RESOURCE)
    sent = "UPDATE outbox SET state = 'sent', octets = '' WHERE id = :id"
    for left, number in (([1], 1), ([], 2)):
        with store.engine.begin() as connection:
            connection.execute(sa.text(sent), {"id": number})
            connection.execute(sa.text("DELETE FROM setting"))  # begin anew
        store.act(lambda unit: prune.step(unit, "outbox", 30, NOW + timedelta(days=31)))
        assert common(store) == left
    assert read(store) == [{}, {}]


def test_who_is_forgotten_is_in_no_common_facts(store: Store) -> None:
    """What was written to her goes; where others are told of her, her name does."""
    with store.unit() as unit:
        her = unit.add(Person(name="Ann Archer", role=Role.RESOURCE, created=NOW))
        unit.add(PersonAddress(person_id=her.id, address=ANN))
    told(store, Role.RESOURCE, Role.RESOURCE)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET person_id = 1 WHERE id = 1"))
    found = erase.traces(store, ANN)
    [exported] = erase.rows(store, found)["outbox"]
    assert exported["data"] == {"note": NOTE, "who": "0", "time": None}
    erase.erase(store, found)
    one, other = read(store)
    assert one == {} and other["note"] == {**NOTE, "by": "[erased]"}
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET person_id = 1"))
    erase.erase(store, erase.traces(store, "erased-1@invalid"))
    assert read(store) == [{}, {}] and common(store) == []


def test_technicians_share_what_the_contact_does_not(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("message:1", by=ANN) as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "Smoke comes out of it, still. " * 20)
        people = [office.person(desk.unit, f"{name}@example.com") for name in ("bob", "cem")]
        dora = office.person(desk.unit, "dora@acme.example")
        added = notify(desk, ticket, "note", [*people, dora, office.person(desk.unit, ANN)])
        desk.unit.change_ticket(ticket, status="Assigned")
        keep_current(desk)
        said = [row.data for row in added]
        assert note.public
    rows = office.items()
    assert [row.data for row in rows] == said
    assert {row.data["ticket"]["status"] for row in rows} == {"Assigned"}
    shared = {row.address: row.common_id for row in rows}
    ours = {shared.pop("bob@example.com"), shared.pop("cem@example.com")}
    assert len(ours) == 1 and ours != {None} and ours.isdisjoint(shared.values())
    assert all(row.state == SendState.WAITING for row in rows)
