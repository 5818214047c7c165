"""The database in trouble: locked, restarted, or with a message that cannot be processed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from maild import config
from maild.app import build
from maild.desk.desk import Desk as UnitOfWork
from maild.desk.desk import Occurrence
from maild.errors import Temporary
from maild.ingest.accept import accept
from maild.ingest.process import Pipeline
from maild.model import Mail
from maild.parse.limits import LocalReader
from maild.parse.parser import parse
from maild.rules.engine import Rules
from maild.spool import Mass, whole
from maild.store import Store
from maild.store.prepared import Statement
from maild.store.records import Alert, Message
from maild.store.unit import Unit
from tests.looking import every, the
from tests.scenario.conversation import Desk, InProcess

MAIL = (
    b"From: Ann <ann@acme.example>\r\nSubject: Printer\r\n"
    b"Message-ID: <1@acme.example>\r\n\r\nHi\r\n"
)


def test_h4_a_locked_database_leaves_the_mail_where_it_is(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    store = Store(str(desk.store.url), busy_seconds=0.01)
    other = sqlite3.connect(str(desk.store.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def take(unit: Unit) -> Message | None:
        return accept(unit, mailbox="support", uidvalidity=1, uid=1, octets=MAIL, now=desk.now)

    with pytest.raises(Temporary, match="tried again by itself"):
        store.act(take)
    other.execute("ROLLBACK")
    assert store.act(take) is not None
    store.close()


PID = sa.func.pg_backend_pid()


class Cut(Rules):
    """Rules that end the desk's own connection in the middle of a message, once."""

    def __init__(self, rules: Rules) -> None:
        vars(self).update(vars(rules))
        self.done: list[str] = []

    def __call__(self, desk: UnitOfWork, occurrence: Occurrence) -> None:
        super().__call__(desk, occurrence)
        if not self.done:
            self.done.append("cut")
            desk.unit.rows(Statement(sa.select(sa.func.pg_terminate_backend(PID))))


def test_h5_a_database_that_goes_away_leaves_no_half_ticket(
    make_desk: Callable[..., Desk], postgres: str
) -> None:
    desk = make_desk(database=postgres)
    assert isinstance(desk.transport, InProcess)
    pipeline = desk.transport.pipeline
    stored = desk.store.act(
        lambda s: accept(s, mailbox="a", uidvalidity=1, uid=1, octets=MAIL, now=desk.now)
    )
    assert stored is not None
    stored_id = stored.id

    pipeline.rules = cut = Cut(pipeline.rules)
    assert pipeline.process(stored_id, desk.now) is not None  # the second try of the same message
    assert cut.done
    assert [t["title"] for t in desk.tickets()] == ["Printer"]
    assert len(desk.ticket()["notes"]) == 1
    assert desk.ticket()["number"].endswith(".0001")


def test_h10_what_always_fails_is_quarantined_and_later_mail_flows(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    app = build(config.load(file), Store(f"sqlite:///{tmp_path}/maild.db"))
    tried = []

    def read(octets: Mass) -> Mail:
        if b"poison" in whole(octets):
            tried.append(whole(octets))
            raise ZeroDivisionError
        return parse(octets)

    pipeline = Pipeline(app.store, app.settings, app.rules, LocalReader(read))
    desk_now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for uid, octets in enumerate((MAIL + b"poison", MAIL), 1):
        with app.store.unit() as unit:
            accept(unit, mailbox="support", uidvalidity=1, uid=uid, octets=octets, now=desk_now)
    pipeline.process_due(desk_now)
    assert [message.state for message in every(app.store, Message)] == ["stored", "processed"]
    for minutes in (5, 10, 15, 20):
        pipeline.process_due(desk_now + timedelta(minutes=minutes))
    assert len(tried) == 3
    poisoned = the(app.store, Message, id=1)
    assert (poisoned.state, poisoned.attempts) == ("quarantined", 3)
    assert "maild quarantine show 1" in the(app.store, Alert).text
    app.close()
