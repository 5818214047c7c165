"""Commands about who works on a ticket and who is told of it."""

from __future__ import annotations

import re

from maild.commands.arguments import Resource, fold
from maild.commands.job import Job
from maild.desk import people
from maild.errors import Refused
from maild.model import Address
from maild.store.tables import Person

_ADDRESS = re.compile(r"[^\s<>,;\"'()]+@[^\s<>,;\"'()]+\.[^\s<>,;\"'()]+")
MOST = 20  # addresses in one command


def assign(job: Job, argument: str) -> str:
    if fold(argument) in job.names.vocabulary.me:
        return take(job, "")
    resource = job.names.resource(argument)
    if resource is None:
        changed = job.desk.unassign(job.the_ticket)
        return "Nobody has the ticket " + ("now." if changed else "already.")
    return _give(job, job.person_of(resource))


def take(job: Job, argument: str) -> str:
    return _give(job, job.may.person)


def _give(job: Job, person: Person) -> str:
    ticket = job.the_ticket
    changed = job.desk.assign(ticket, person)
    return f"{ticket.number} is assigned to {person.name}" + ("." if changed else " already.")


def also(job: Job, argument: str) -> str:
    resource = job.names.resource(argument)
    person = job.person_of(resource) if isinstance(resource, Resource) else None
    if person is None:
        raise Refused("Name the resource who is to be added.")
    job.desk.add_person(job.the_ticket, person, "secondary")
    return f"{person.name} is on the ticket too."


def cc(job: Job, argument: str) -> str:
    """Contacts who get what the contact gets; an unknown address becomes a new contact."""
    ticket = job.the_ticket
    added = []
    for address in _addresses(argument):
        if address.key == job.desk.settings.config.desk.sender.key:
            raise Refused("The desk's own address cannot be added; its mail comes here anyway.")
        person = people.by_address(job.desk.session, address) or people.learn(
            job.desk.session, address, job.desk.now
        )
        role = "secondary" if person.role == "resource" else "additional"
        job.desk.add_person(ticket, person, role)
        added.append(address.key)
    return f"Added: {', '.join(added)}."


def uncc(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    gone = []
    for address in _addresses(argument):
        person = people.by_address(job.desk.session, address)
        roles = [p.role for p in ticket.people if p.person is person]
        if person is None or not roles:
            raise Refused(f"{address.key} is not on the ticket.")
        for role in roles:
            job.desk.remove_person(ticket, person, role)
        gone.append(address.key)
    return f"Taken off: {', '.join(gone)}."


def _addresses(argument: str) -> list[Address]:
    found = [Address("", text) for text in _ADDRESS.findall(argument)[:MOST]]
    if not found:
        raise Refused("Write a mail address, like ann@acme.example.")
    return found
