"""Who else was written to: additional contacts, and who waits for a technician's yes (N11, H47)."""

from __future__ import annotations

from maild.desk import people
from maild.desk.desk import Desk
from maild.ingest import aliases
from maild.model import Address, Mail, Role, TicketRole
from maild.store import asking
from maild.store.records import Person, Ticket

MOST = 20  # addresses of one mail that are looked at


def take(desk: Desk, ticket: Ticket, mail: Mail, *, of_ticket: bool) -> None:
    """Puts those in To and Cc on the ticket.

    Contacts of the ticket's organization, also new ones of its domains, get on it if its own people
    wrote to them, and are proven (`of_ticket`); a proven technician puts on it whom he likes;
    everybody else is only proposed, and told nothing.
    """
    by_resource = desk.author is not None and desk.author.role == Role.RESOURCE
    for address in _others(desk, mail):
        person = people.by_address(desk.unit, address)
        if person is not None and _there_already(desk, ticket, person):
            continue
        person = person or people.learn(desk.unit, address, desk.now)
        colleague = is_colleague(ticket, person)
        yes = by_resource or (colleague and of_ticket)
        desk.add_person(ticket, person, TicketRole.ADDITIONAL if yes else TicketRole.PROPOSED)


def named(mail: Mail) -> list[str]:
    """Whose addresses of it are looked at: the writer's, and of To and Cc."""
    return [address.key for address in (*mail.senders[:1], *(mail.to + mail.cc)[: MOST * 2])]


def is_colleague(ticket: Ticket, person: Person) -> bool:
    """Of the organization that the ticket is of."""
    ours = ticket.organization_id
    return person.active and ours is not None and person.organization_id == ours


def waiting(desk: Desk, ticket: Ticket) -> list[Person]:
    """Colleagues whom somebody unproven put in Cc: a yes of the contact's puts them on it."""
    proposed = asking.tickets.with_role(desk.unit, ticket, TicketRole.PROPOSED)
    return [person for person in proposed if is_colleague(ticket, person)]


def _others(desk: Desk, mail: Mail) -> list[Address]:
    """Addresses of To and Cc that are neither ours nor the writer's, each once."""
    config, ours = desk.settings.config, aliases.delivered_to(desk, mail)
    sender = mail.sender.key if mail.sender else ""
    found: dict[str, Address] = {}
    for address in (*mail.to, *mail.cc)[: MOST * 2]:
        key = address.key
        plain = "@" in key.strip("@") and len(key) <= 254 and key.split() == [key]
        if not plain or key == sender or key in ours:
            continue
        if not people.is_ours(desk.unit, config, key):
            found.setdefault(key, address)
    return list(found.values())[:MOST]


def outsiders(desk: Desk, mail: Mail) -> frozenset[str]:
    """Who got this mail, by address, and is neither the desk nor one of its technicians."""
    found = set()
    for address in _others(desk, mail):
        person = people.by_address(desk.unit, address)
        if person is None or person.role != Role.RESOURCE or not person.active:
            found.add(address.key)
    return frozenset(found)


def _there_already(desk: Desk, ticket: Ticket, person: Person) -> bool:
    """Of the ticket in whatever way; technicians are not put on it by Cc."""
    return (
        person.role == Role.RESOURCE
        or person.id == ticket.contact_id
        or any(
            p.person_id == person.id and p.role != TicketRole.PROPOSED
            for p in asking.tickets.people(desk.unit, ticket)
        )
    )
