"""Reminders that a resource asked for: a clock of his own on a ticket."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.store.tables import Clock, Person, Ticket

PREFIX = "reminder: "


def is_clock(name: str) -> bool:
    """Whether a clock of this name is ours."""
    return name.startswith(PREFIX)


def remind(desk: Desk, ticket: Ticket, person: Person, when: datetime) -> None:
    """Reminds this person of the ticket then; a later wish takes the place of an earlier one."""
    name = f"{PREFIX}{person.id}"
    clock = _clock(desk, ticket, name)
    if clock is None:
        clock = Clock(ticket_id=ticket.id, name=name, started=desk.now, detail={})
        desk.session.add(clock)
    clock.due = when
    desk.emit(ticket, "reminder set", {"person": person.name, "to": when.isoformat()})


def forget(desk: Desk, ticket: Ticket, person: Person) -> None:
    """No reminder after all."""
    clock = _clock(desk, ticket, f"{PREFIX}{person.id}")
    if clock is not None:
        desk.session.delete(clock)
        desk.emit(ticket, "reminder removed", {"person": person.name})


def fire(desk: Desk, ticket: Ticket, name: str) -> None:
    """The time has come."""
    person = desk.session.get(Person, int(name.removeprefix(PREFIX)))
    if person is None or not person.active:
        return
    notify(desk, ticket, "reminder", [person])
    desk.emit(ticket, "reminded", {"person": person.name})


def _clock(desk: Desk, ticket: Ticket, name: str) -> Clock | None:
    query = sa.select(Clock).where(Clock.ticket_id == ticket.id, Clock.name == name)
    return desk.session.scalar(query)
