"""The database in trouble: locked, restarted, or with a message that cannot be processed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
from maild.parse.parser import parse
from maild.store import Store
from maild.store.tables import Alert, Message
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

    def take(session: Any) -> Message | None:
        return accept(session, mailbox="support", uidvalidity=1, uid=1, octets=MAIL, now=desk.now)

    with pytest.raises(Temporary, match="tried again by itself"):
        store.write(take)
    other.execute("ROLLBACK")
    assert store.write(take) is not None
    store.close()


class Cut:
    """A listener that ends the desk's own connection in the middle of a message, once."""

    done = False

    def __call__(self, desk: UnitOfWork, occurrence: Occurrence) -> None:
        if not self.done:
            self.done = True
            desk.session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    def route(self, desk: UnitOfWork) -> None:
        return None


def test_h5_a_database_that_goes_away_leaves_no_half_ticket(
    make_desk: Callable[..., Desk], postgres: str
) -> None:
    desk = make_desk(database=postgres)
    assert isinstance(desk.transport, InProcess)
    pipeline = desk.transport.pipeline
    stored = desk.store.write(
        lambda s: accept(s, mailbox="a", uidvalidity=1, uid=1, octets=MAIL, now=desk.now)
    )
    assert stored is not None
    stored_id = stored.id

    cut = Cut()
    pipeline.listeners = (*pipeline.listeners, cut)
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

    def read(octets: bytes) -> Mail:
        if b"poison" in octets:
            tried.append(octets)
            raise ZeroDivisionError
        return parse(octets)

    pipeline = Pipeline(app.store, app.settings, app.profile, (app.rules,), read)
    desk_now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for uid, octets in enumerate((MAIL + b"poison", MAIL), 1):
        with app.store.transaction() as session:
            accept(session, mailbox="support", uidvalidity=1, uid=uid, octets=octets, now=desk_now)
    pipeline.process_due(desk_now)
    with app.store.read() as session:
        assert list(session.scalars(sa.select(Message.state).order_by(Message.id))) == [
            "stored",
            "processed",
        ]
    for minutes in (5, 10, 15, 20):
        pipeline.process_due(desk_now + timedelta(minutes=minutes))
    assert len(tried) == 3
    with app.store.read() as session:
        poisoned = session.scalars(sa.select(Message).order_by(Message.id)).first()
        assert poisoned is not None
        assert (poisoned.state, poisoned.attempts) == ("quarantined", 3)
        assert "maild quarantine show 1" in (session.scalar(sa.select(Alert.text)) or "")
    app.close()
