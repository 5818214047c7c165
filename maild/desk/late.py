"""Mail that is taken in long after it came: after an outage, or from a folder of years ago.

Late mail is acknowledged in words that say so.  Mail of more than a week ago is not acknowledged:
its sender wonders no more.  The resources find all of it in one list, not in a mail each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from maild.desk import views
from maild.desk.batches import Batch, Line
from maild.store.records import Message, Ticket
from maild.store.unit import Unit

LATE = timedelta(hours=4)  # between its coming and now; then we say that it is late
OLD = timedelta(days=7)  # … then nobody is told that it came, but by a list
LIST = Batch("old-mail", "tickets", until=lambda now: now + timedelta(minutes=10), same=("number",))


class Cause(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    now: datetime
    stored: Message | None


def since(desk: Cause) -> datetime | None:
    """When the mail that is the cause came, where that is long ago."""
    arrived = desk.stored.arrived if desk.stored is not None else None
    return arrived if arrived is not None and desk.now - arrived > LATE else None


def is_old(desk: Cause) -> bool:
    """Whether nobody waits for an answer to the mail any more."""
    came = since(desk)
    return came is not None and desk.now - came > OLD


def entry(desk: Cause, ticket: Ticket) -> Line:
    """A line of the list."""
    came = since(desk)
    return views.listed(desk.unit, ticket) | {"arrived": came.isoformat() if came else None}
