"""Mail that is taken in long after it came: after an outage, or from a folder of years ago.

Late mail is acknowledged in words that say so.  Mail of more than a week ago is not acknowledged:
its sender wonders no more.  The resources find all of it in one list, not in a mail each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from maild.desk import facts, views
from maild.model import SendState
from maild.store import asking
from maild.store.records import Message, OutboxItem, Ticket
from maild.store.unit import Unit

LATE = timedelta(hours=4)  # between its coming and now; then we say that it is late
OLD = timedelta(days=7)  # … then nobody is told that it came, but by a list
GATHER = timedelta(minutes=10)  # how long the list waits for more
LIST = "old-mail"  # the notification


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


def open_list(desk: Cause, address: str) -> OutboxItem | None:
    """The list to this address that still waits for more."""
    return asking.outbox.waiting_list(desk.unit, address, LIST, desk.now)


def entry(desk: Cause, ticket: Ticket) -> dict[str, Any]:
    """A line of the list."""
    came = since(desk)
    listed = views.listed(desk.unit, ticket) | {"arrived": came.isoformat() if came else None}
    stored = facts.storable(listed)
    assert isinstance(stored, dict)
    return stored


def take_in(desk: Cause, row: OutboxItem, line: dict[str, Any]) -> None:
    """Writes the line into a list that waits, once a ticket."""
    lines = row.data["tickets"]
    if all(one["number"] != line["number"] for one in lines):
        desk.unit.change(row, data={**row.data, "tickets": [*lines, line]})


def wait(desk: Cause, row: OutboxItem) -> None:
    """A new list waits for more."""
    if row.state == SendState.WAITING:
        desk.unit.change(row, next_try=desk.now + GATHER)
