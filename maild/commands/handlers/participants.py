"""Commands about who works on a ticket and who is told of it."""

from __future__ import annotations

from maild.commands.arguments import Resource, fold
from maild.commands.job import Job
from maild.desk import fields, people, sides
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Address, Role, TicketRole
from maild.store import asking
from maild.store.records import Person

MOST = 20  # addresses in one command


def assign(job: Job, argument: str) -> str:
    if fold(argument) in job.names.vocabulary.me:
        return take(job, "")
    resource = job.names.resource(argument)
    if resource is None:
        if job.desk.unassign(job.the_ticket):
            return sentence("Nobody has the ticket now.")
        return sentence("Nobody has the ticket already.")
    return _give(job, job.for_ticket(resource))


def take(job: Job, argument: str) -> str:
    return _give(job, job.may.person)


def _give(job: Job, person: Person) -> str:
    ticket = job.the_ticket
    _of_own_side(job, person)
    if job.desk.assign(ticket, person):
        return sentence(
            "{ticket} is assigned to {person}.", ticket=ticket.number, person=person.name
        )
    return sentence(
        "{ticket} is assigned to {person} already.", ticket=ticket.number, person=person.name
    )


def _of_own_side(job: Job, person: Person) -> None:
    """Refused where he is of the other side of a shared ticket: he would read nothing of it."""
    ticket, desk = job.the_ticket, job.desk
    side = sides.side_of(desk.unit, desk.profile, person) if ticket.shared_side else None
    if side not in (None, ticket.shared_side):
        raise Refused(
            sentence(
                "{person} is of the other side, which has a ticket of its own; #question and "
                "#mydone reach it.",
                person=person.name,
            )
        )


def also(job: Job, argument: str) -> str:
    resource = job.names.resource(argument)
    person = job.for_ticket(resource) if isinstance(resource, Resource) else None
    if person is None:
        raise Refused(sentence("Name the resource who is to be added."))
    _of_own_side(job, person)
    job.desk.add_person(job.the_ticket, person, TicketRole.SECONDARY, job.note)
    return sentence("{person} is on the ticket too.", person=person.name)


def unalso(job: Job, argument: str) -> str:
    """Takes a secondary resource off the ticket."""
    resource = job.names.resource(argument)
    person = job.person_of(resource) if isinstance(resource, Resource) else None
    if person is None:
        raise Refused(sentence("Name the resource who is to be taken off."))
    if not job.desk.remove_person(job.the_ticket, person, TicketRole.SECONDARY):
        raise Refused(sentence("{address} is not on the ticket.", address=person.name))
    return sentence("Taken off: {addresses}.", addresses=[person.name])


def cc(job: Job, argument: str) -> str:
    """Contacts who get what the contact gets; an unknown address becomes a new contact."""
    ticket = job.the_ticket
    added = []
    for address in _addresses(_by_name(job, argument)):
        people.address_key(address.address)
        if address.key == job.desk.settings.config.desk.sender.key:
            raise Refused(
                sentence("The desk's own address cannot be added; its mail comes here anyway.")
            )
        person = people.by_address(job.desk.unit, address) or people.learn(
            job.desk.unit, address, job.desk.now
        )
        resource = person.role == Role.RESOURCE
        role = TicketRole.SECONDARY if resource else TicketRole.ADDITIONAL
        job.desk.add_person(ticket, person, role, job.note)
        added.append(address.key)
    return sentence("Added: {addresses}.", addresses=added)


def uncc(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    gone = []
    for address in _addresses(argument):
        person = people.by_address(job.desk.unit, address)
        there = asking.tickets.people(job.desk.unit, ticket)
        roles = [p.role for p in there if person is not None and p.person_id == person.id]
        if person is None or not roles:
            raise Refused(sentence("{address} is not on the ticket.", address=address.key))
        for role in roles:
            job.desk.remove_person(ticket, person, role)
        gone.append(address.key)
    return sentence("Taken off: {addresses}.", addresses=gone)


def _by_name(job: Job, argument: str) -> str:
    """ "vic": the address of one who is proposed for the ticket, by his name."""
    proposed = asking.tickets.with_role(job.desk.unit, job.the_ticket, TicketRole.PROPOSED)
    wanted = fold(argument)
    for person in proposed:
        address = asking.people.email(job.desk.unit, person)
        if wanted in (fold(person.name), *fold(person.name).split(), address.partition("@")[0]):
            return address
    return argument


def _addresses(argument: str) -> list[Address]:
    found = [Address("", text) for text in fields.addresses(argument)[:MOST]]
    if not found:
        raise Refused(sentence("Write a mail address, like ann@acme.example."))
    return found
