"""Who is meant by a role of a ticket (N12, N14)."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from maild.errors import UsageError
from maild.model import TicketRole
from maild.store import asking
from maild.store.records import Person, Ticket
from maild.store.unit import Unit

Role = Callable[[Unit, Ticket], list[Person]]


def _contact(unit: Unit, ticket: Ticket) -> list[Person]:
    found = asking.tickets.contact(unit, ticket)
    return [found] if found is not None else []


def _primary(unit: Unit, ticket: Ticket) -> list[Person]:
    found = asking.tickets.primary(unit, ticket)
    return [found] if found is not None else []


def _additional(unit: Unit, ticket: Ticket) -> list[Person]:
    return asking.tickets.with_role(unit, ticket, TicketRole.ADDITIONAL)


def _secondary(unit: Unit, ticket: Ticket) -> list[Person]:
    return asking.tickets.with_role(unit, ticket, TicketRole.SECONDARY)


def _all_resources(unit: Unit, ticket: Ticket) -> list[Person]:
    """A technician of a client hears of its own tickets only."""
    found = asking.people.resources(unit)
    return [p for p in found if p.organization_id in (None, ticket.organization_id)]


def _account_manager(unit: Unit, ticket: Ticket) -> list[Person]:
    """The resource whose address or name stands in the organization's field of this name."""
    organization = asking.tickets.organization(unit, ticket)
    wanted = organization.fields.get("account_manager") if organization is not None else None
    if not wanted:
        return []
    named = str(wanted).strip().lower()
    resources = asking.people.resources(unit)
    return [p for p in resources if named in (p.name.lower(), asking.people.email(unit, p))]


def _all_of(*roles: Role) -> Role:
    return lambda unit, ticket: [person for role in roles for person in role(unit, ticket)]


# Every role by its name in rules and commands.
ROLES: dict[str, Role] = {
    "contact": _contact,
    "additional contacts": _additional,
    "contacts": _all_of(_contact, _additional),
    "primary resource": _primary,
    "secondary resources": _secondary,
    "resources": _all_of(_primary, _secondary),
    "everybody": _all_of(_contact, _additional, _primary, _secondary),
    "all resources": _all_resources,
    "account manager": _account_manager,
}


def resolve(unit: Unit, ticket: Ticket, role: str, author: Person | None = None) -> list[Person]:
    """The active people of this role, each once, without `author`.  UsageError: no such role."""
    people = ROLES[known_role(role)](unit, ticket)
    skip = {author.id} if author else set()
    found: list[Person] = []
    for person in people:
        if person.active and person.id not in skip:
            skip.add(person.id)
            found.append(person)
    return found


def known_role(role: str) -> str:
    """The role's name as we write it; UsageError with the nearest one where there is none."""
    name = " ".join(role.lower().replace("_", " ").split())
    if name in ROLES:
        return name
    close = difflib.get_close_matches(name, ROLES, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else f"possible: {', '.join(ROLES)}."
    raise UsageError(f'There is no role "{role}"; {hint}')
