"""Keeps the index of words up to date, in a thread of its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from maild.desk import search
from maild.errors import MaildError
from maild.web.visit import retried

if TYPE_CHECKING:
    from maild.web.console import Console

log = structlog.get_logger()

LOOK_SECONDS = 5.0  # where nobody says that there is something new
PEOPLE_SECONDS = 600.0
BREATH_SECONDS = 0.02  # between two steps of a long way, for whoever else wants to write


class Indexer:
    """Takes in what is new as soon as the feed tells of it, from `start` to `stop`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self.console.feed.changed.set()
        if self._thread is not None:
            self._thread.join(3)

    def _run(self) -> None:
        people_at = 0.0
        while not self._ended.is_set():
            try:
                if time.monotonic() > people_at:
                    retried(self.console, search.people_and_organizations)
                    people_at = time.monotonic() + PEOPLE_SECONDS
                while not self._ended.is_set() and retried(self.console, search.catch_up):
                    self._ended.wait(BREATH_SECONDS)
            except MaildError as error:
                log.warning("indexer.failed", error=error.detail or error.message[:80])
            except Exception:
                log.exception("indexer.failed")
            self.console.feed.changed.wait(LOOK_SECONDS)
            self.console.feed.changed.clear()
