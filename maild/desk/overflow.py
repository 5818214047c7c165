"""Words that are over a cap: nobody gets a mail for each, and one mail tells them when the window
of the cap ends.

A flood costs one mail an hour and recipient; what it drowned is in it, the first words of each.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from maild.desk import rate_limits
from maild.store import asking
from maild.store.records import Message, OutboxItem, Ticket
from maild.store.unit import Unit

LIST = "held-back"  # the notification
MOST = 50  # mails that it shows; of more it says how many
LENGTH = 500  # characters of each


class Cause(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    now: datetime
    stored: Message | None


def open_list(desk: Cause, address: str) -> OutboxItem | None:
    """The list to this address that still waits for more."""
    return asking.outbox.waiting_list(desk.unit, address, LIST, desk.now)


def entry(desk: Cause, ticket: Ticket | None, by: str, text: str) -> dict[str, Any]:
    """What the list says of one mail."""
    words = " ".join(text.split())
    return {
        "number": ticket.number if ticket else None,
        "title": ticket.title if ticket else (desk.stored.subject if desk.stored else None),
        "by": by,
        "text": words if len(words) <= LENGTH else f"{words[:LENGTH]} …",
        "at": desk.now.isoformat(),
    }


def take_in(desk: Cause, row: OutboxItem, line: dict[str, Any]) -> None:
    """Writes one more mail into a list that waits."""
    mails, more = row.data["mails"], row.data["more"]
    if line in mails:
        return
    if len(mails) < MOST:
        mails = [*mails, line]
    else:
        more += 1
    desk.unit.change(row, data={**row.data, "mails": mails, "more": more})


def wait(desk: Cause, row: OutboxItem) -> None:
    """A new list waits until the hour ends, as the caps do."""
    desk.unit.change(row, next_try=rate_limits.end_of_hour(desk.now))
