"""Which rows of the outbox are ours to send, and until when (H98).

A claim that nobody renews for `rows.STALE` is free for another daemon.  Ours ends well before, by
a clock that no admin sets: what is claimed no more is not sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from maild.outbox.rows import STALE
from maild.staleness import Staleness

MARGIN = 14.0  # seconds before a claim is anybody's in which we do not begin to send


class Claims:
    """Row ids with the time that stands in each row, and how long that is good for."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[datetime, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, row_id: int) -> bool:
        """Whether it is ours, fresh or not."""
        return row_id in self._of

    def take(self, row_ids: Iterable[int], stamp: datetime, since: float) -> None:
        """`stamp`: what the rows say; `since`: monotonic, from before it was written."""
        for row_id in row_ids:
            self._of[row_id] = (stamp, since + STALE.total_seconds() - MARGIN)

    def renew(self, row_ids: Iterable[int], stamp: datetime, since: float) -> None:
        """As `take`, of those that we still have."""
        self.take([row_id for row_id in row_ids if row_id in self._of], stamp, since)

    def give_up(self, row_ids: Iterable[int]) -> None:
        for row_id in row_ids:
            self._of.pop(row_id, None)

    def fresh(self, row_id: int) -> bool:
        """Whether it may be sent now."""
        claim = self._of.get(row_id)
        return claim is not None and time.monotonic() < claim[1]

    def stamps(self) -> dict[int, datetime]:
        """What each of our rows says, as far as we know."""
        return {row_id: stamp for row_id, (stamp, _) in self._of.items()}


class Others:
    """Claims of other daemons, and which of them nobody renewed while we looked on."""

    def __init__(self) -> None:
        self._claims: Staleness[int, datetime] = Staleness()
        self._next_look = 0.0  # monotonic

    @property
    def is_time(self) -> bool:
        """Whether to look again."""
        return time.monotonic() >= self._next_look

    def look(self, suspected: Mapping[int, datetime]) -> None:
        """`suspected`: what stands in each row whose claim looks old, or of the future."""
        now = time.monotonic()
        self._next_look = now + STALE.total_seconds() / 10
        self._claims.look(suspected, now)

    def abandoned(self) -> list[int]:
        """The rows that anybody may take."""
        limit, still = STALE.total_seconds() * 3 / 4, self._claims.seconds(time.monotonic())
        return [row_id for row_id, seconds in still.items() if seconds >= limit]
