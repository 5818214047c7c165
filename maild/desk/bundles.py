"""Several things that happen to a ticket within a short time become one mail to a resource."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.config import NotificationsSection
from maild.desk.notifications import Catalogue, Notification
from maild.store.tables import OutboxItem

BUNDLE = "bundle"


def waits(config: NotificationsSection, kind: Notification, audience: str) -> timedelta:
    """How long this mail waits for more of its kind; never one to a contact."""
    news = kind.bundled and audience != "contact"
    return timedelta(seconds=config.quiet_seconds if news else 0)


def open_row(
    session: Session, ticket_id: int, address: str, now: datetime, known: Catalogue
) -> OutboxItem | None:
    """The mail about this ticket to this address that still waits for more."""
    return session.scalar(
        sa.select(OutboxItem)
        .where(
            OutboxItem.ticket_id == ticket_id,
            OutboxItem.address == address,
            OutboxItem.state == "waiting",
            OutboxItem.attempts == 0,
            OutboxItem.next_try > now,
            OutboxItem.template.in_((*known.bundled, BUNDLE)),
        )
        .order_by(OutboxItem.id.desc())
        .limit(1)
    )


def take_in(row: OutboxItem, template: str, data: dict[str, Any], key: str) -> None:
    """Makes the row a bundle that tells this too; `data`: what a mail of its own would have had."""
    kept = row.data
    if key in kept.get("keys", ()):
        return
    happened = kept["happened"] if row.template == BUNDLE else [_entry(row.template, kept)]
    row.data = {
        **kept,
        "ticket": data["ticket"],
        "note": None,
        "time": None,
        "happened": [*happened, _entry(template, data)],
        "keys": [*kept.get("keys", ()), key],
    }
    row.template, row.note_id, row.auto = BUNDLE, None, "auto-generated"


def _entry(template: str, data: dict[str, Any]) -> dict[str, Any]:
    note, time, event = data.get("note"), data.get("time"), data["event"]
    return {
        "template": template,
        "at": event["at"],
        "by": (note or time or event)["by"],
        "note": note,
        "time": time,
    }
