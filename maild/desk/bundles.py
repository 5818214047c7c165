"""Several things that happen to a ticket within a short time become one mail to a resource."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from maild.config import NotificationsSection
from maild.desk.notifications import Catalogue, Notification
from maild.model import Role
from maild.store import asking
from maild.store.records import OutboxItem, Ticket
from maild.store.unit import Unit

BUNDLE = "bundle"


def waits(config: NotificationsSection, kind: Notification, audience: Role) -> timedelta:
    """How long this mail waits for more of its kind; never one to a contact."""
    news = kind.bundled and not audience.is_outside
    return timedelta(seconds=config.quiet_seconds if news else 0)


def open_row(
    unit: Unit, ticket: Ticket, address: str, now: datetime, known: Catalogue
) -> OutboxItem | None:
    """The mail about this ticket to this address that still waits for more."""
    return asking.outbox.bundle(unit, ticket, address, (*known.bundled, BUNDLE), now)


def take_in(unit: Unit, row: OutboxItem, template: str, data: dict[str, Any], key: str) -> None:
    """Makes the row a bundle that tells this too; `data`: what a mail of its own would have had."""
    kept = row.data
    if key in kept.get("keys", ()):
        return
    happened = kept["happened"] if row.template == BUNDLE else [_entry(row.template, kept)]
    unit.change(
        row,
        data={
            **kept,
            "ticket": data["ticket"],
            "note": None,
            "time": None,
            "happened": [*happened, _entry(template, data)],
            "keys": [*kept.get("keys", ()), key],
        },
        template=BUNDLE,
        note_id=None,
        auto="auto-generated",
    )


def _entry(template: str, data: Mapping[str, Any]) -> dict[str, Any]:
    note, time, event = data.get("note"), data.get("time"), data["event"]
    return {
        "template": template,
        "at": event["at"],
        "by": (note or time or event)["by"],
        "note": note,
        "time": time,
    }
