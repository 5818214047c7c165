"""How often something happened in this hour and on this day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import Counter
from maild.store.schema import columns
from maild.store.types import KeyText, keyed
from maild.store.unit import Unit

# Two who count at once count both: neither reads what the other is about to write.  Where a clock
# went back, the hour that was counted last goes on: caps hold (H27).
_COUNT = Statement(
    sa.text(
        """
        INSERT INTO counter (key, in_day, hour, in_hour)
        VALUES (:key, :count, :hour, :count)
        ON CONFLICT (key) DO UPDATE SET
            in_day = counter.in_day + excluded.in_day,
            in_hour = excluded.in_hour
                + CASE WHEN counter.hour >= excluded.hour THEN counter.in_hour ELSE 0 END,
            hour = CASE WHEN counter.hour >= excluded.hour THEN counter.hour ELSE excluded.hour END
        """
    ).bindparams(
        param("key", KeyText()),
        param("hour", sa.Integer()),
        param("count", sa.Integer()),
    )
)
_SWEEP = Statement(
    sa.delete(columns(Counter).key.table).where(columns(Counter).key < param("day", KeyText()))
)


def so_far(unit: Unit, keys: Iterable[str], now: datetime) -> dict[str, tuple[int, int]]:
    """How often each of these was counted in this hour and on this day."""
    hour, day = _windows(now)
    wanted = {key: _place(day, key) for key in keys}
    rows = unit.some(Counter, wanted.values())
    found: dict[str, tuple[int, int]] = {}
    for key, place in wanted.items():
        row, mine = rows.get(place), unit.deferred(_COUNT, place)
        more = int(mine["count"]) if mine else 0
        found[key] = (
            more + (row.in_hour if row is not None and row.hour >= hour else 0),
            more + (row.in_day if row is not None else 0),
        )
    return found


def look_up(unit: Unit, keys: Iterable[str], now: datetime) -> None:
    """Asks at once for what `so_far` and `count` are asked about soon."""
    day = _windows(now)[1]
    unit.some(Counter, [_place(day, key) for key in keys])


def none_yet(unit: Unit, keys: Iterable[str], now: datetime) -> None:
    """Says that these were never counted, as what they are about is new."""
    day = _windows(now)[1]
    unit.lacks(Counter, [_place(day, key) for key in keys])


def count(unit: Unit, keys: Iterable[str], now: datetime) -> None:
    """Counts one more of each."""
    hour, day = _windows(now)
    for key in keys:
        place = _place(day, key)
        mine = unit.deferred(_COUNT, place)
        more = 1 + (int(mine["count"]) if mine else 0)
        unit.defer(_COUNT, place, key=place, hour=hour, count=more)


def sweep(unit: Unit, before: datetime) -> None:
    """Forgets what was counted on the days before this one."""
    unit.defer(_SWEEP, "sweep", day=_place(before, ""))


@lru_cache(maxsize=512)  # a mail looks up, holds against its caps and counts the same ones
def _place(day: datetime, key: str) -> str:
    """The key of the row that counts this on this day."""
    return keyed(f"{day:%Y%m%d}:{key}")


@lru_cache(maxsize=8)
def _windows(now: datetime) -> tuple[int, datetime]:
    """Which hour this is, and when this day began."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(now.timestamp()) // 3600, day
