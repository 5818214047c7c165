"""Clocks: the rules that wait."""

from __future__ import annotations

from datetime import datetime

from maild.store.prepared import Asked
from maild.store.question import Question, param
from maild.store.records import Clock, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_clock = columns(Clock)

OF_TICKET = Question(Clock, _clock.ticket_id == param("ticket"), order=(_clock.id,))
SERIES = Question(Clock, _clock.ticket_id.is_(None), order=(_clock.id,))
DUE = Question(Clock, _clock.due <= param("now"), order=(_clock.due, _clock.id), limit=200)
COMING = Question(Clock, _clock.due.is_not(None), order=(_clock.due, _clock.id))

COMING_OF = Question(
    Clock, COMING.where & (_clock.ticket_id == param("ticket")), order=(_clock.due, _clock.id)
)


def of(unit: Unit, ticket: Ticket) -> dict[str, Clock]:
    """The clocks of a ticket, by their names."""
    return {clock.name: clock for clock in unit.all(OF_TICKET, ticket=ticket.id)}


def asked(unit: Unit, ticket: Ticket) -> Asked:
    """What `of` asks the database."""
    return unit.about(OF_TICKET, ticket=ticket.id)


def series(unit: Unit) -> dict[str, Clock]:
    """Those that come again and again and are of no ticket, by their names."""
    return {clock.name: clock for clock in unit.all(SERIES)}


def due(unit: Unit, now: datetime) -> list[Clock]:
    """Those that are due, the earliest first; some of them, where there are many."""
    return unit.all(DUE, now=now)


def coming(unit: Unit, ticket: Ticket | None = None) -> list[Clock]:
    """All that will fire some time, of this ticket or of all, the earliest first."""
    if ticket is None:
        return unit.all(COMING)
    return unit.all(COMING_OF, ticket=ticket.id)


def take(unit: Unit, clock_id: int, now: datetime) -> Clock | None:
    """This one, if it is due and nobody else fires it at this moment."""
    row = unit.take(Clock, clock_id)
    return row if row is not None and row.due is not None and row.due <= now else None
