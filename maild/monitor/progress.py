"""Which part of the daemon moved last, and whether one stands still though there is work.

A thread that waits for work says so whenever it comes round (`Wakeup`), and a thread that works
says so after each piece of it (`moved`).  So silence is a thread that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Progress:
    """Who moved when, on a clock that nobody sets.  Any thread may call any method."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._moved: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._last_done = clock()  # when a mail was last done with

    def moved(self, part: str) -> None:
        """This part of the daemon came round, or did a piece of its work."""
        with self._lock:
            self._moved[part] = self._clock()

    def done(self, part: str, count: int = 1) -> None:
        """It finished so many pieces of work."""
        with self._lock:
            self._moved[part] = self._last_done = self._clock()
            self._done[part] = self._done.get(part, 0) + count

    def wakeup(self, part: str) -> Wakeup:
        """An event that wakes this part."""
        self.moved(part)
        return Wakeup(self, part)

    def counts(self) -> dict[str, int]:
        """How many pieces of work each part has finished since the start."""
        with self._lock:
            return dict(self._done)

    def seconds(self) -> dict[str, float]:
        """How long ago each part moved."""
        with self._lock:
            now = self._clock()
            return {part: now - moved for part, moved in self._moved.items()}

    def stalled(self, limit: float, waiting_seconds: float = 0.0) -> list[str]:
        """What stands still, a sentence each; nothing where all goes on.

        `waiting_seconds`: how long the oldest mail that is due has waited.
        """
        found = [
            f"{part} has not moved for {seconds:.0f} s."
            for part, seconds in sorted(self.seconds().items())
            if seconds > limit
        ]
        quiet = self._clock() - self._last_done
        if waiting_seconds > limit and quiet > limit:
            found.append(f"Mail has waited for {waiting_seconds:.0f} s, and none is taken up.")
        return found


class Wakeup(threading.Event):
    """An event whose waiter is seen to come round."""

    def __init__(self, progress: Progress, part: str) -> None:
        super().__init__()
        self._progress, self._part = progress, part

    def wait(self, timeout: float | None = None) -> bool:
        """As `threading.Event.wait`."""
        self._progress.moved(self._part)
        set_ = super().wait(timeout)
        self._progress.moved(self._part)
        return set_
