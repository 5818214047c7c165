"""What changes on the desk, told to every open page within a second.

One thread looks whether the database has new events (SQLite says by its data version whether
anybody has written at all; PostgreSQL tells us) and hands the numbers of their tickets to who
listens.  Nothing is lost where a page misses one: it fetches what it shows, not what has changed,
and it knows by the feed's mark whether anything has come since it was made.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import structlog

from maild.errors import MaildError
from maild.store import Store
from maild.store.asking import changes

log = structlog.get_logger()

LOOK_SECONDS = 0.25
PRESENCE = "presence"  # who looks at a ticket: nothing that a page shows of the desk has changed


@dataclass(frozen=True, slots=True)
class News:
    """One ticket that changed."""

    number: str
    organization_id: int | None
    by: str
    person_id: int | None  # who did it, if it was one of us
    what: str  # an event, or PRESENCE
    side: str = ""  # whose ticket it is, where it is shared


@dataclass(eq=False)
class Listener:
    """One stream: what it has not been told yet, and how it is woken."""

    loop: asyncio.AbstractEventLoop
    waiting: dict[tuple[str, str], News] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> list[News]:
        news, self.waiting = list(self.waiting.values()), {}
        self.woken.clear()
        return news


class Feed:
    """Watches the database in a thread of its own, from `start` to `stop`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ended = threading.Event()
        self.changed = threading.Event()  # something new is in the database
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.mark = secrets.token_hex(8)  # another one after each change

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and every stream, at once."""
        self.ended.set()
        for listener in self._all():
            self._wake(listener)
        if self._thread is not None:
            self._thread.join(2)

    def listen(self) -> Listener:
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)

    def tell(self, news: Iterable[News]) -> None:
        """Hands it to every stream."""
        found = {(n.number, f"{n.side} {n.what}"): n for n in news}
        if not found:
            return
        with self._lock:  # who listens from now on finds the new mark
            if any(n.what != PRESENCE for n in found.values()):
                self.mark = secrets.token_hex(8)
            listeners = list(self._listeners)
        for listener in listeners:
            self._wake(listener, found)

    def _all(self) -> list[Listener]:
        with self._lock:
            return list(self._listeners)

    def _wake(self, listener: Listener, news: dict[tuple[str, str], News] | None = None) -> None:
        def wake() -> None:
            listener.waiting.update(news or {})
            listener.woken.set()

        if not listener.loop.is_closed():
            listener.loop.call_soon_threadsafe(wake)

    def _watch(self) -> None:
        while not self.ended.is_set():
            try:
                with closing(changes.Watch(self.store)) as watch:
                    self._follow(watch)
            except (MaildError, OSError) as error:
                log.warning("feed.failed", error=type(error).__name__)
                self.ended.wait(2)

    def _follow(self, watch: Any) -> None:
        while not self.ended.is_set():
            if watch.wait(LOOK_SECONDS):
                self.tell(News(*row) for row in watch.new())
                self.changed.set()
