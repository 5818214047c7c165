"""Keeps the index of words up to date, in a thread of its own, whoever wrote what is new."""

from __future__ import annotations

import threading
import time

import structlog

from maild.desk import search
from maild.errors import MaildError
from maild.store import Store
from maild.store.asking import lanes

log = structlog.get_logger()

LOOK_SECONDS = 5.0  # where nobody says that there is something new
PEOPLE_SECONDS = 600.0
GIVING_WAY_SECONDS = 0.5  # until it looks again whether many mails still wait


class Indexer:
    """Takes in what is new as soon as `changed` tells of it, from `start` to `stop`."""

    def __init__(self, store: Store, changed: threading.Event | None = None) -> None:
        self.store = store
        self.changed = changed or threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self.changed.set()
        if self._thread is not None:
            self._thread.join(3)

    def _run(self) -> None:
        people_at, begun = 0.0, time.monotonic()
        while not self._ended.is_set():
            try:
                if time.monotonic() > people_at:
                    self.store.act(search.people_and_organizations)
                    people_at = time.monotonic() + PEOPLE_SECONDS
                if self._gives_way(begun):
                    self._ended.wait(GIVING_WAY_SECONDS)
                    continue
                while not self._ended.is_set() and search.step(self.store):
                    self._ended.wait(search.BREATH_SECONDS)
                begun = time.monotonic()
            except MaildError as error:
                log.warning("indexer.failed", error=error.detail or error.message[:80])
            except Exception:
                log.exception("indexer.failed")
            self.changed.wait(LOOK_SECONDS)
            self.changed.clear()

    def _gives_way(self, since: float) -> bool:
        """Whether many mails wait to be heard; what they have brought is found when they are, but
        not much longer than `lanes.PATIENT` after `since` (monotonic), when all was found."""
        if time.monotonic() - since > lanes.PATIENT.total_seconds():
            return False
        with self.store.look() as unit:
            return lanes.many_wait(unit)
