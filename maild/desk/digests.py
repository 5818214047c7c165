"""What a resource gets by schedule: his open tickets, and the time of his week (N16)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from maild.desk import timesheet, views
from maild.desk.notify import Cause, notify
from maild.store import asking
from maild.store.records import OutboxItem, Person


def send(desk: Cause, what: str, people: Iterable[Person]) -> list[OutboxItem]:
    """Mails each of them his own; who has nothing to read gets nothing."""
    template, gather = KINDS[what]
    rows: list[OutboxItem] = []
    for person in people:
        facts = gather(desk, person)
        if facts is not None:
            rows += notify(desk, None, template, [person], extra=facts)
    return rows


def _open_tickets(desk: Cause, person: Person) -> dict[str, Any] | None:
    tickets = [
        views.listed(desk.unit, ticket) | {"late": ticket.due is not None and ticket.due < desk.now}
        for ticket in asking.tickets.open_of(desk.unit, person)
    ]
    return {"tickets": tickets} if tickets else None


def _timesheet(desk: Cause, person: Person) -> dict[str, Any] | None:
    """The week that held yesterday: on a Friday this one, on a Monday the last."""
    zone = desk.settings.config.desk.zone
    yesterday = (desk.now.astimezone(zone) - timedelta(days=1)).date()
    facts = timesheet.week(desk.unit, person, timesheet.monday(yesterday), zone)
    return facts if facts["entries"] else None


# What there is, as a rule names it: template, and how its facts are found.
KINDS: dict[str, tuple[str, Callable[[Cause, Person], dict[str, Any] | None]]] = {
    "open tickets": ("digest", _open_tickets),
    "timesheet": ("timesheet", _timesheet),
}
