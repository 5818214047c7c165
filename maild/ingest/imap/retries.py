"""Messages that could not be taken in so far: they stop no other, and are never forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

TRIES = 3  # failures of one message before an admin is told
LONGEST_PAUSE = 3600.0  # seconds between tries


@dataclass(slots=True)
class _Retry:
    tries: int = 0  # how often it failed alone
    due: float = 0.0  # monotonic time of the next try
    told: bool = False


class Retries:
    """By UID, for as long as this process watches; after a restart they are tried afresh."""

    def __init__(self, first_pause: float) -> None:
        """`first_pause`: seconds from a first failure to the second try; then they double."""
        self._first_pause = first_pause
        self._of: dict[int, _Retry] = {}

    def clear(self) -> None:
        self._of.clear()

    def suspect(self, uids: Iterable[int]) -> None:
        """One of these broke the connection: from now on each is fetched alone."""
        for uid in uids:
            self._of.setdefault(uid, _Retry())

    def failed(self, uid: int, *, final: bool = False) -> bool:
        """Counts a failure; True once, when it is time to tell somebody.

        `final`: another try will not help (too large), so it is told at once.
        """
        trouble = self._of.setdefault(uid, _Retry())
        trouble.tries += 1
        pause = LONGEST_PAUSE if final else self._first_pause * 2 ** (trouble.tries - 1)
        trouble.due = time.monotonic() + min(pause, LONGEST_PAUSE)
        if trouble.told or (trouble.tries < TRIES and not final):
            return False
        trouble.told = True
        return True

    def done(self, uids: Iterable[int]) -> list[int]:
        """These are accepted, or no longer there; returns those that somebody was told of."""
        gone = [(uid, self._of.pop(uid, None)) for uid in uids]
        return [uid for uid, trouble in gone if trouble and trouble.told]

    def alone(self, uid: int) -> bool:
        return uid in self._of

    def waits(self, uid: int) -> bool:
        """Not to be tried yet."""
        trouble = self._of.get(uid)
        return trouble is not None and trouble.due > time.monotonic()

    def first(self) -> int | None:
        """The lowest UID of all."""
        return min(self._of, default=None)

    def ripe(self) -> list[int]:
        """Those to be tried now."""
        return [uid for uid in self._of if not self.waits(uid)]

    def seconds(self) -> float:
        """Until the next one is due; infinite where there is none."""
        return min((t.due for t in self._of.values()), default=float("inf")) - time.monotonic()
