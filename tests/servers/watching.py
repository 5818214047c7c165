"""A database, a watcher, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild.config import LimitsSection, MailboxSection
from maild.demo.servers import WAIT_SECONDS, Bell
from maild.ingest.imap import Patience, Rhythm, Stop, Watcher
from maild.spool import whole
from maild.store import Store
from maild.store.records import Message, Raw
from tests.fresh import make_tables
from tests.looking import every

QUICK = Patience(connect_seconds=2, command_seconds=5)
EAGER = Rhythm(first_pause=0.02, longest_pause=0.1, refused_pause=0.1, message_pause=0.2)


@dataclass(frozen=True)
class Stored:
    mailbox: str
    uid: int | None
    octets: bytes


class Watched:
    """Watchers on one database, with their alerts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.alerts: list[tuple[str, str]] = []
        self.recovered: list[str] = []
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.bell = Bell()
        self.wait_for = self.bell.wait_for

    def watcher(self, section: MailboxSection, *, limit: int = 50_000_000, **more: Any) -> Watcher:
        def alert(key: str, text: str) -> None:
            self.alerts.append((key, text))
            self.bell.ring()

        values: dict[str, Any] = {
            "recovered": self.recovered.append,
            "patience": QUICK,
            "rhythm": EAGER,
            "on_accepted": self.bell.ring,
            "alert": alert,
            **more,
        }
        limits = LimitsSection(message_bytes=limit)
        return Watcher(section, self.store, limits, lambda: self.now, **values)

    @contextmanager
    def running(self, section: MailboxSection, **more: Any) -> Iterator[Watcher]:
        """A watcher at work in a thread, which must end when it is told to."""
        stop = Stop()
        watcher = self.watcher(section, **more)
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        try:
            yield watcher
        finally:
            stop.set()
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive(), "the watcher does not stop"

    def stored(self) -> list[Stored]:
        """What was accepted, in the order in which it was."""
        rows = every(self.store, Message)  # each came with its octets
        octets = {raw.stored_id: raw.octets for raw in every(self.store, Raw)}
        return [Stored(row.mailbox, row.uid, whole(octets[row.id])) for row in rows]

    def octets(self) -> list[bytes]:
        return [one.octets for one in self.stored()]


def mail(number: int, octets: int = 0) -> bytes:
    """A small message, each another; padded to at least so many octets."""
    head = f"Subject: message {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\nHello\r\n"
    return head.encode() + b"x" * max(0, octets - len(head))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    yield Watched(store)
    store.close()
