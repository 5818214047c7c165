"""What was due while maild did not run: a few mails to each technician, and the rest in one list.

So downtime makes no storm of reminders, however many clocks ran out meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from maild.config import Cap
from maild.desk import rate_limits, views
from maild.desk.batches import Batch, Line
from maild.store.records import Message, Ticket
from maild.store.unit import Unit

LATE = timedelta(minutes=10)  # what fires later than this says so
ALONE = Cap(hour=3, day=9)  # late mails to one technician that are mails of their own
LIST = Batch(
    "overdue",
    "tickets",
    until=lambda now: now + timedelta(minutes=1),
    same=("number", "template", "target"),
    most=200,
)


class Cause(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    now: datetime
    since: datetime | None
    stored: Message | None


def is_late(desk: Cause) -> bool:
    """Whether a clock is the cause that should have fired long ago."""
    return desk.stored is None and desk.since is not None and desk.now - desk.since >= LATE


def alone(desk: Cause, address: str) -> bool:
    """Whether this late mail is one of the few that go out by themselves; it is counted."""
    over = rate_limits.first_over(desk.unit, [(f"overdue:{address}", ALONE)], desk.now)
    return over is None


def entry(desk: Cause, ticket: Ticket, template: str, extra: Mapping[str, Any]) -> Line:
    """A line of the list."""
    sla = extra.get("sla") or {}
    return {
        **views.listed(desk.unit, ticket),
        "template": template,
        "target": sla.get("target"),
        "broken": bool(sla.get("broken")),
        "at": sla.get("due") or (desk.since.isoformat() if desk.since else None),
    }
