"""Words that are over a cap: nobody gets a mail for each, and one mail tells them when the window
of the cap ends.

A flood costs one mail an hour and recipient; what it drowned is in it, the first words of each.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from maild.desk import rate_limits
from maild.desk.batches import Batch, Line
from maild.store.records import Message, Ticket
from maild.store.unit import Unit

LIST = Batch(
    "held-back",
    "mails",
    until=rate_limits.end_of_hour,
    same=("number", "title", "by", "text", "at"),
    most=50,
    renews=False,
)
LENGTH = 500  # characters of each


class Cause(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    now: datetime
    stored: Message | None


def entry(desk: Cause, ticket: Ticket | None, by: str, text: str) -> Line:
    """What the list says of one mail."""
    words = " ".join(text.split())
    return {
        "number": ticket.number if ticket else None,
        "title": ticket.title if ticket else (desk.stored.subject if desk.stored else None),
        "by": by,
        "text": words if len(words) <= LENGTH else f"{words[:LENGTH]} …",
        "at": desk.now.isoformat(),
    }
