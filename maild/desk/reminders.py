"""Reminders that a resource asked for: a clock of his own on a ticket."""

from __future__ import annotations

from datetime import datetime

from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.model import EventName
from maild.store import asking
from maild.store.records import Clock, Person, Ticket

PREFIX = "reminder: "


def is_clock(name: str) -> bool:
    """Whether a clock of this name is ours."""
    return name.startswith(PREFIX)


def remind(desk: Desk, ticket: Ticket, person: Person, when: datetime) -> None:
    """Reminds this person of the ticket then; a later wish takes the place of an earlier one."""
    name = f"{PREFIX}{person.id}"
    clock = asking.clocks.of(desk.unit, ticket).get(name)
    if clock is None:
        desk.unit.add(Clock(ticket_id=ticket.id, name=name, due=when, started=desk.now))
    else:
        desk.unit.change(clock, due=when)
    detail = {"person": person.name, "to": when.isoformat()}
    desk.emit(ticket, EventName.REMINDER_SET, detail)


def forget(desk: Desk, ticket: Ticket, person: Person) -> None:
    """No reminder after all."""
    clock = asking.clocks.of(desk.unit, ticket).get(f"{PREFIX}{person.id}")
    if clock is not None:
        desk.unit.delete(clock)
        desk.emit(ticket, EventName.REMINDER_REMOVED, {"person": person.name})


def fire(desk: Desk, ticket: Ticket, name: str) -> None:
    """The time has come."""
    person = desk.unit.get(Person, int(name.removeprefix(PREFIX)))
    if person is None or not person.active:
        return
    notify(desk, ticket, "reminder", [person])
    desk.emit(ticket, EventName.REMINDED, {"person": person.name})
