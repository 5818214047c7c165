"""Whose side of a shared ticket somebody is of: the one place that says so (P5, P8).

A shared ticket is two tickets with one number, each with what its own people wrote.  Nobody reads
the other side's: a technician is led to his own, and is told of his own alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from maild.desk import people
from maild.desk.profile import Profile
from maild.model import Role, TicketRole
from maild.store import asking
from maild.store.asking.listing import Sees
from maild.store.records import Person, Ticket
from maild.store.unit import Unit


class Side(StrEnum):
    """The two that share a ticket, or hand it over."""

    CLIENT = "client"
    PROVIDER = "provider"


CLIENT, PROVIDER = Side.CLIENT, Side.PROVIDER
OTHER: Mapping[str, str] = {CLIENT: PROVIDER, PROVIDER: CLIENT}


def side_of(unit: Unit, profile: Profile, person: Person | None) -> Side | None:
    """The side that a technician is of, on every ticket; None where nothing says it.

    A client's technician is of the client, who stands in the group `provider` of the provider.
    Where the one or the other is told of anybody, whoever is not named is of the other side.
    """
    if person is None or person.role != Role.RESOURCE:
        return None
    if person.organization_id is not None:
        return CLIENT
    group = profile.groups.get(PROVIDER, ())
    if any(people.resource_named(unit, name) is person for name in group):
        return PROVIDER
    if any(one.organization_id is not None for one in asking.people.resources(unit)):
        return PROVIDER
    return CLIENT if group else None


def own(unit: Unit, profile: Profile, ticket: Ticket, person: Person | None) -> Ticket:
    """Of the two tickets that are shared his: by his side, else the one that he works on, else the
    first, which is contacts' too.  A ticket that is not shared is everybody's."""
    other = asking.tickets.other_side(unit, ticket)
    if other is None:
        return ticket
    first = ticket if ticket.twin_of is None else other
    if person is None or person.role != Role.RESOURCE:
        return first
    side = side_of(unit, profile, person)
    if side is not None:
        return ticket if ticket.shared_side == side else other
    worked_on = [one for one in (ticket, other) if _works_on(unit, one, person)]
    return worked_on[0] if len(worked_on) == 1 else first


def is_of(unit: Unit, profile: Profile, ticket: Ticket, person: Person | None) -> bool:
    """Whether this ticket is his to read, as far as sides go."""
    return not ticket.shared_side or own(unit, profile, ticket, person) is ticket


def sees(unit: Unit, profile: Profile, person: Person | None) -> Sees | None:
    """Which of shared tickets a list shows him; None, where nobody looks: all."""
    if person is None or person.role != Role.RESOURCE:
        return None
    return Sees(person.id, side_of(unit, profile, person))


def _works_on(unit: Unit, ticket: Ticket, person: Person) -> bool:
    on_it = asking.tickets.with_role(unit, ticket, TicketRole.SECONDARY)
    return ticket.primary_id == person.id or person in on_it
