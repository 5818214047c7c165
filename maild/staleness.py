"""What stands as it stood while we looked on, by our own clock.

The clocks of two machines may differ, and one may be set at any time.  So whether another daemon
is gone is told by what it would have changed: it stands still.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Mark = TypeVar("Mark")


class Staleness(Generic[Key, Mark]):
    """Since when each thing has been as it is; what is looked at no more is forgotten."""

    def __init__(self) -> None:
        self._seen: dict[Key, tuple[Mark, float]] = {}

    def look(self, marks: Mapping[Key, Mark], now: float) -> None:
        """`marks`: what stands there now; `now`: monotonic seconds."""
        before, self._seen = self._seen, {}
        for key, mark in marks.items():
            known = before.get(key)
            self._seen[key] = known if known is not None and known[0] == mark else (mark, now)

    def seconds(self, now: float) -> dict[Key, float]:
        """For how long each has stood still."""
        return {key: now - since for key, (_, since) in self._seen.items()}
