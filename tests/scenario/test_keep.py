"""`[keep]`: what is old goes, and whatever a thread, a proof or an undo needs does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from maild.config import KeepSection
from maild.pruner import Pruner
from maild.store import prune
from tests import processes
from tests.scenario.conversation import Desk

SHORT = KeepSection(raw=30, outbox=30, events=30, logs=30)
LATER = timedelta(days=31)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(make_desk: Callable[..., Desk], request: pytest.FixtureRequest) -> Desk:
    """A ticket that is over, one that is not, and mail that opened none."""
    more = {} if request.param == "sqlite" else {"database": request.getfixturevalue("postgres")}
    desk = make_desk(**more)
    desk.ann.mail("Printer is on fire", "It smokes.", attach={"a.csv": b"1;2"})
    desk.bob.reply("Put it out.", subject="Printer is resolved")
    desk.ann.mail("Scanner is slow", "It is.")
    return desk


def count(desk: Desk, table: str, where: str = "1 = 1") -> int:
    with desk.store.engine.connect() as connection:
        query = sa.text(f"SELECT count(*) FROM {table} WHERE {where}")
        return int(connection.execute(query).scalar_one())


def maild(desk: Desk, *words: str, status: int = 0) -> str:
    return processes.maild(*words, "--config", str(desk.file), status=status)


def passed(desk: Desk, keep: KeepSection = SHORT, after: timedelta = LATER) -> None:
    Pruner(desk.store, keep, lambda: desk.now + after).once()


def test_what_is_old_goes_and_the_desk_goes_on(kept: Desk) -> None:
    before = {name: count(kept, name) for name in ("message", "outbox", "thread", "note")}
    raw, events = count(kept, "raw"), count(kept, "event")
    passed(kept, after=timedelta(days=29))
    assert (count(kept, "raw"), count(kept, "event")) == (raw, events)

    passed(kept)
    assert {name: count(kept, name) for name in before} == before
    assert count(kept, "raw") == 1  # the open ticket's
    assert 0 < count(kept, "event") < events
    assert count(kept, "outbox", "octets IS NOT NULL") == 0
    assert count(kept, "delivery") == 1  # the newest: its id must not be given again
    with kept.store.look() as unit:
        said = prune.so_far(unit)
    assert {kind: said[kind]["rows"] > 0 for kind in prune.KINDS} == dict.fromkeys(
        ("raw", "outbox", "events", "logs"), True
    )

    assert "0 mails" not in maild(kept, "verify")  # which knows what was pruned
    printer = kept.tickets()[0]
    assert "not kept any more" in maild(kept, "eml", printer["number"], status=1)
    assert "It smokes." in maild(kept, "show", printer["number"])
    sent = json.loads(maild(kept, "outbox", "--json"))[0]
    assert "not kept any more" in maild(kept, "outbox", "show", str(sent["id"]))
    assert "not kept any more" in maild(kept, "outbox", "show", str(sent["id"]), "--raw", status=1)

    told = next(m for m in kept.bob.received() if "Printer" in str(m["Subject"]))
    kept.bob.headers.clear()
    kept.bob.reply("Put out, once more.", to=told)  # what he was sent proves him still
    assert "once more" in maild(kept, "show", printer["number"])
    assert kept.messages()[-1].proof == "token"


WAITING: dict[str, tuple[str, str, str]] = {
    "a mail whose writer was asked who he is": ("message", "withheld = 'waiting'", "raw"),
    "a mail in quarantine": ("message", "state = 'quarantined'", "raw"),
    "a mail that waits": ("message", "state = 'stored'", "raw"),
    "files of a notification that is held": ("outbox", "state = 'held'", "raw"),
    "a notification that is held": ("outbox", "state = 'held'", "outbox"),
    "one of which nobody knows whether it came": ("outbox", "state = 'unknown'", "outbox"),
    "one that failed": ("outbox", "state = 'failed'", "outbox"),
    "a ticket that was opened again": ("ticket", "status_kind = 'working'", "events"),
    "a ticket that was resolved yesterday": ("ticket", "completed = '2026-12-23'", "events"),
    "an alert that stands": ("alert", "cleared = NULL", "logs"),
}


def test_what_somebody_still_needs_stays(make_desk: Callable[..., Desk]) -> None:
    """Each of these, made so by hand beside its neighbour that goes."""
    for name, (table, change, kind) in WAITING.items():
        desk = make_desk()
        desk.ann.mail("Printer is on fire", "It smokes.")
        desk.bob.reply("Put it out.", subject="Printer is resolved")
        with desk.store.engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE {table} SET {change}"))
            if table == "alert":
                connection.execute(ALERT)
        before = state(desk, kind)
        passed(desk, KeepSection(**{**dict.fromkeys(prune.KINDS, 0.0), kind: 30.0}))
        assert state(desk, kind) == before, name


ALERT = sa.text(
    "INSERT INTO alert (key, text, first, last, count) VALUES ('x', 'x', '2026-01-01', "
    "'2026-01-01', 1)"
)


def state(desk: Desk, kind: str) -> Any:
    if kind == "outbox":
        return count(desk, "outbox", "data <> '{}'")
    return count(desk, {"raw": "raw", "events": "event", "logs": "alert"}[kind])


def test_status_says_what_is_pruned(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(more="[keep]\nraw = 400\noutbox = 0\nlogs = 0\n")
    desk.ann.mail("Printer is on fire")
    maild(desk, "run", "--once")
    assert "raw after 400 days: 0 rows so far" in maild(desk, "status", status=0)


def test_old_rows_go_some_at_a_time(make_desk: Callable[..., Desk]) -> None:
    """No transaction looks at more than a step of them, and what had to stay is seen again."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    with desk.store.engine.begin() as connection:
        first = connection.execute(sa.text("SELECT min(id) FROM event")).scalar_one()
        connection.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
                "INSERT INTO event (at, event, by, detail) "
                "SELECT e.at, e.event, e.by, e.detail FROM n, event e WHERE e.id = :first"
            ),
            {"first": first},
        )
    of_ticket = count(desk, "event", "ticket_id IS NOT NULL")
    now = desk.now + LATER
    steps = [desk.store.act(lambda unit: prune.step(unit, "events", 30, now)) for _ in range(4)]
    assert steps == [True, True, False, False]
    assert count(desk, "event") == of_ticket + 1

    with desk.store.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE ticket SET status_kind = 'closed', completed = '2026-11-24'")
        )
    later = now + prune.AGAIN + timedelta(days=1)
    desk.store.act(lambda unit: prune.step(unit, "events", 30, later))  # begins the walk anew
    desk.store.act(lambda unit: prune.step(unit, "events", 30, later))
    assert count(desk, "event", "ticket_id IS NOT NULL") == 0
