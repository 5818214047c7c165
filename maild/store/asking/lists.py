"""Lists of tickets: which ones, by plain words, and all that a list shows of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from maild.model import TicketRole
from maild.store.asking import people as _people
from maild.store.asking import tickets as _tickets
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import Organization, Person, Ticket, TicketPerson, TimeEntry
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_ticket, _of, _time = columns(Ticket), columns(TicketPerson), columns(TimeEntry)

ON_IT = Question(
    TicketPerson,
    (_of.person_id == param("person"))
    & _of.role.in_((TicketRole.SECONDARY, TicketRole.ADDITIONAL)),
    order=(_of.id,),
)
OF_RESOURCE = Question(
    Ticket,
    ((_ticket.primary_id == param("person")) | among(_ticket.id, "on_it"))
    & _tickets.OPEN
    & _tickets.THERE,
    order=(_ticket.id,),
)
OF_CONTACT = Question(
    Ticket,
    ((_ticket.contact_id == param("person")) | among(_ticket.id, "on_it"))
    & _ticket.twin_of.is_(None)
    & _tickets.OPEN
    & _tickets.THERE,
    order=(_ticket.id,),
)


OF_CLIENT = Question(
    Ticket,
    (_ticket.organization_id == param("organization"))
    & _ticket.twin_of.is_(None)
    & _tickets.OPEN
    & _tickets.THERE,
    order=(_ticket.id,),
)


def with_person(unit: Unit, person: Person, *, as_resource: bool) -> list[Ticket]:
    """The open tickets that he works on, or that are his or that he is told of, oldest first."""
    on_it = [entry.ticket_id for entry in unit.all(ON_IT, person=person.id)]
    question = OF_RESOURCE if as_resource else OF_CONTACT
    return unit.all(question, person=person.id, on_it=sorted(on_it))


def of_organization(unit: Unit, organization_id: int) -> list[Ticket]:
    """The open tickets of a client, the oldest first."""
    return unit.all(OF_CLIENT, organization=organization_id)


def complete(unit: Unit, tickets: Sequence[Ticket]) -> None:
    """Reads at once who is of these tickets, whose they are, and the work on them."""
    ids = [ticket.id for ticket in tickets]
    people = _together(unit, TicketPerson, _tickets.PEOPLE, ids)
    _together(unit, TimeEntry, _tickets.TIMES, ids)
    unit.some(Organization, {t.organization_id for t in tickets if t.organization_id})
    mains = [i for t in tickets for i in (t.contact_id, t.primary_id)]
    _people.bring(unit, [*mains, *(entry.person_id for entry in people)])


def _together(unit: Unit, record: Any, question: Question[Any], ids: list[int]) -> list[Any]:
    """What belongs to any of these tickets; it need not be asked for one by one any more."""
    found = [unit.adopt(record, row) for row in unit.rows(_of_tickets(record), ids=ids)]
    by_ticket: dict[int, list[Any]] = {i: [] for i in ids}
    for row in found:
        by_ticket[row.ticket_id].append(row)
    for ticket, rows in by_ticket.items():
        unit.prime(question, rows, ticket=ticket)
    return found


@cache
def _of_tickets(record: type) -> Statement:
    table = TABLES[record]
    query = sa.select(table).where(among(table.c.ticket_id, "ids"))
    return Statement(query.order_by(table.c.id))
