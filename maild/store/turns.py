"""Threads that write take turns, who asked first is first.

SQLite has one writer, and who finds the database locked looks again now and then: beside a thread
that begins its next transaction at once he may look in vain for seconds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One at a time, in the order of asking."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: who has waited so long goes on without a turn; the database decides then."""
        self._seconds = seconds
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for one."""
        return bool(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for its turn, and has it to the end of the block."""
        mine = self._take()
        try:
            yield
        finally:
            if mine:
                self._give()

    def _take(self) -> bool:
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            given = threading.Event()
            self._waiting.append(given)
        if given.wait(self._seconds):
            return True
        with self._guard:  # it may have come at this very moment
            if given.is_set():
                return True
            self._waiting.remove(given)
            return False

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
