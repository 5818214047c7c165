"""What a resource gets by schedule: his open tickets, and the time of his week (N16)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from maild.desk.facts import hours
from maild.desk.notify import Unit, notify
from maild.store.tables import OutboxItem, Person, Ticket, TimeEntry


def send(desk: Unit, what: str, people: Iterable[Person]) -> list[OutboxItem]:
    """Mails each of them his own; who has nothing to read gets nothing."""
    template, gather = KINDS[what]
    rows: list[OutboxItem] = []
    for person in people:
        facts = gather(desk, person)
        if facts is not None:
            rows += notify(desk, None, template, [person], extra=facts)
    return rows


def _open_tickets(desk: Unit, person: Person) -> dict[str, Any] | None:
    found = desk.session.scalars(
        sa.select(Ticket)
        .where(
            Ticket.primary_id == person.id,
            Ticket.status_kind.not_in(("resolved", "closed")),
            Ticket.deleted.is_(None),
        )
        .order_by(Ticket.due.is_(None), Ticket.due, Ticket.id)
    )
    tickets = [
        {
            "number": ticket.number,
            "title": ticket.title,
            "contact": ticket.contact.name if ticket.contact else None,
            "status": ticket.status,
            "priority": ticket.priority,
            "due": ticket.due.isoformat() if ticket.due else None,
            "late": ticket.due is not None and ticket.due < desk.now,
        }
        for ticket in found
    ]
    return {"tickets": tickets} if tickets else None


def _timesheet(desk: Unit, person: Person) -> dict[str, Any] | None:
    """The week that held yesterday: on a Friday this one, on a Monday the last."""
    zone = desk.settings.config.desk.zone
    yesterday = (desk.now.astimezone(zone) - timedelta(days=1)).date()
    monday = yesterday - timedelta(days=yesterday.weekday())
    first = datetime.combine(monday, time(), zone)
    after = datetime.combine(monday + timedelta(days=7), time(), zone)
    found = desk.session.execute(
        sa.select(TimeEntry, Ticket)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .where(
            TimeEntry.by_id == person.id,
            TimeEntry.worked_on >= first,
            TimeEntry.worked_on < after,
        )
        .order_by(TimeEntry.worked_on, TimeEntry.id)
    ).all()
    if not found:
        return None
    week = {
        "from": first.isoformat(),
        "to": (after - timedelta(seconds=1)).isoformat(),
        "hours": hours(sum(entry.minutes for entry, _ in found)),
    }
    entries = [
        {
            "worked_on": entry.worked_on.isoformat(),
            "number": ticket.number,
            "title": ticket.title,
            "summary": entry.summary,
            "hours": hours(entry.minutes),
        }
        for entry, ticket in found
    ]
    return {"week": week, "entries": entries}


# What there is, as a rule names it: template, and how its facts are found.
KINDS: dict[str, tuple[str, Callable[[Unit, Person], dict[str, Any] | None]]] = {
    "open tickets": ("digest", _open_tickets),
    "timesheet": ("timesheet", _timesheet),
}
