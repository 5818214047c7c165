"""Messages that could not be taken in so far: they stop no other, and are never forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

TRIES = 3  # failures of one message before an admin is told
LONGEST_PAUSE = 40.0  # seconds between tries: what heals is taken within a minute
HOPELESS_PAUSE = 3600.0  # of what only another configuration can change


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

    def clear(self) -> list[int]:
        """Forgets all of them; returns those that somebody was told of."""
        return self.done(list(self._of))

    def suspect(self, uids: Iterable[int]) -> None:
        """One of these broke the connection: from now on each is fetched alone."""
        for uid in uids:
            self._of.setdefault(uid, _Retry())

    def failed(self, uid: int, *, hopeless: bool = False) -> bool:
        """Counts a failure; True once, when it is time to tell somebody.

        `hopeless`: another try will not help (too large), so it is told at once.
        """
        trouble = self._of.setdefault(uid, _Retry())
        trouble.tries += 1
        pause = min(self._first_pause * 2 ** min(trouble.tries - 1, 20), LONGEST_PAUSE)
        trouble.due = time.monotonic() + (HOPELESS_PAUSE if hopeless else pause)
        if trouble.told or (trouble.tries < TRIES and not hopeless):
            return False
        trouble.told = True
        return True

    def done(self, uids: Iterable[int]) -> list[int]:
        """These are accepted, or no longer there; returns those that somebody was told of."""
        gone = [(uid, self._of.pop(uid, None)) for uid in uids]
        return [uid for uid, trouble in gone if trouble and trouble.told]

    def alone(self, uid: int) -> bool:
        return uid in self._of

    def in_order(self, uids: Iterable[int]) -> list[int]:
        """Those of these that are fetched alone, the one that failed last at the end."""
        return sorted(filter(self.alone, uids), key=lambda uid: (self._of[uid].due, uid))

    def waits(self, uid: int) -> bool:
        """Not to be tried yet."""
        trouble = self._of.get(uid)
        return trouble is not None and trouble.due > time.monotonic()

    def first(self) -> int | None:
        """The lowest UID of all."""
        return min(self._of, default=None)

    def untold(self) -> bool:
        """Whether something waits of which nobody was told."""
        return any(not trouble.told for trouble in self._of.values())

    def ripe(self) -> list[int]:
        """Those to be tried now."""
        return [uid for uid in self._of if not self.waits(uid)]

    def seconds(self) -> float:
        """Until the next one is due; infinite where there is none."""
        return min((t.due for t in self._of.values()), default=float("inf")) - time.monotonic()
