"""Who is meant by a role of a ticket (N12, N14)."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from maild.errors import UsageError
from maild.store.tables import Person, Ticket


def _contact(ticket: Ticket) -> list[Person]:
    return [ticket.contact] if ticket.contact else []


def _primary(ticket: Ticket) -> list[Person]:
    return [ticket.primary] if ticket.primary else []


def _everybody(ticket: Ticket) -> list[Person]:
    return [
        *_contact(ticket),
        *ticket.with_role("additional"),
        *_primary(ticket),
        *ticket.with_role("secondary"),
    ]


def _all_resources(ticket: Ticket) -> list[Person]:
    session = object_session(ticket)
    return all_resources(session) if session else []


def _account_manager(ticket: Ticket) -> list[Person]:
    """The resource whose address or name stands in the organization's field of this name."""
    session = object_session(ticket)
    wanted = (ticket.organization.fields if ticket.organization else {}).get("account_manager")
    if session is None or not wanted:
        return []
    named = str(wanted).strip().lower()
    return [p for p in all_resources(session) if named in (p.name.lower(), p.email)]


# Every role by its name in rules and commands.
ROLES: dict[str, Callable[[Ticket], list[Person]]] = {
    "contact": _contact,
    "additional contacts": lambda ticket: ticket.with_role("additional"),
    "contacts": lambda ticket: [*_contact(ticket), *ticket.with_role("additional")],
    "primary resource": _primary,
    "secondary resources": lambda ticket: ticket.with_role("secondary"),
    "resources": lambda ticket: [*_primary(ticket), *ticket.with_role("secondary")],
    "everybody": _everybody,
    "all resources": _all_resources,
    "account manager": _account_manager,
}


def resolve(ticket: Ticket, role: str, author: Person | None = None) -> list[Person]:
    """The active people of this role, each once, without `author`.  UsageError: no such role."""
    people = ROLES[known_role(role)](ticket)
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


def all_resources(session: Session) -> list[Person]:
    """Every active resource of the desk, by name."""
    query = sa.select(Person).where(Person.role == "resource", Person.active)
    return list(session.scalars(query.order_by(Person.name, Person.id)))
