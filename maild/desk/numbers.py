"""Ticket numbers: T20261121.0042, dated in the desk's zone, counted through the day (P4)."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from maild.store.tables import NumberSeries

NUMBER = re.compile(r"\bT(20\d{6})\.(\d{4,6})\b", re.IGNORECASE)


def next_number(session: Session, now: datetime, zone: tzinfo) -> str:
    """The day's next number; unique under concurrency, as the day's row is locked until commit."""
    day = now.astimezone(zone).strftime("%Y%m%d")
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    count = session.execute(
        dialect.insert(NumberSeries)
        .values(day=day, last=1)
        .on_conflict_do_update(
            index_elements=[NumberSeries.day], set_={"last": NumberSeries.last + 1}
        )
        .returning(NumberSeries.last)
    ).scalar_one()
    return f"T{day}.{count:04d}"


def numbers_in(text: str) -> list[str]:
    """The ticket numbers that a text names, each once, in their written order."""
    found = (f"T{day}.{count}" for day, count in NUMBER.findall(text))
    return list(dict.fromkeys(found))
