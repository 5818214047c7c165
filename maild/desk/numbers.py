"""Ticket numbers: T20261121.0042, dated in the desk's zone, counted through the day (P4)."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from maild.model import TICKET_NUMBER
from maild.store import asking
from maild.store.unit import Unit

NUMBER = re.compile(rf"\b{TICKET_NUMBER}\b", re.IGNORECASE)


def next_number(unit: Unit, now: datetime, zone: tzinfo) -> str:
    """The day's next number; unique under concurrency, as the day's row is locked until commit."""
    day = now.astimezone(zone).strftime("%Y%m%d")
    return f"T{day}.{asking.tickets.next_number(unit, day):04d}"


def numbers_in(text: str) -> list[str]:
    """The ticket numbers that a text names, each once, in their written order."""
    return list(dict.fromkeys(found.upper() for found in NUMBER.findall(text)))
