"""What somebody reaches by the numbers and names that he types: all that the desk has or, where he
is a client's own technician, what is of his client alone.  The rest is as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass

from maild.config import Config
from maild.desk import people
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Address, Role
from maild.store import asking
from maild.store.records import Item, Organization, Person, Ticket
from maild.store.unit import Unit
from maild.yamlfile import key

FOR_ALL = (
    "article",
    "checklist",
)  # kinds of records that are everybody's where they name no client
THEIRS = ("contact", "asset", "project", "task", "article", "service call")  # that a client's
# own technician makes and changes


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose tickets, people and records somebody reaches."""

    unit: Unit
    client: int | None = None  # the organization whose alone it is; None: all of them
    me: int | None = None  # who it is

    def has(self, organization_id: int | None) -> bool:
        """Whether what belongs to this organization is among them."""
        return self.client is None or organization_id == self.client

    def has_ticket(self, ticket: Ticket) -> bool:
        """Of his client; of nobody's, where he was given it."""
        mine = ticket.organization_id is None and self.me == ticket.primary_id is not None
        return mine or self.has(ticket.organization_id)

    def has_person(self, person: Person) -> bool:
        """A contact of his client, its technicians and those of the desk itself."""
        ours = person.role == Role.RESOURCE and person.organization_id is None
        return ours or self.has(person.organization_id)

    def has_record(self, record: Item | Organization | Person) -> bool:
        """Any of these."""
        if isinstance(record, Item):
            return self.has_item(record)
        return self.has(record.id) if isinstance(record, Organization) else self.has_person(record)

    def has_item(self, item: Item) -> bool:
        """A record of his client; a task by its project, a service call by its ticket."""
        if self.client is None or (item.organization_id is None and item.kind in FOR_ALL):
            return True
        if item.kind == "task":
            project = asking.items.named(self.unit, "project", key(str(item.fields["project"])))
            return project is not None and self.has_item(project)
        if item.kind == "service call":
            ticket = self.unit.get(Ticket, item.ticket_id)
            return ticket is not None and self.has_ticket(ticket)
        return self.has(item.organization_id)

    # ---- looked up

    def ticket(self, number: str) -> Ticket | None:
        """The ticket of this number."""
        found = asking.tickets.numbered(self.unit, number)
        if found is None:
            return None
        went = asking.tickets.survivor(self.unit, found)
        return found if self.has_ticket(found) and self.has_ticket(went) else None

    def organization(self, name: str) -> Organization | None:
        """The organization of this name, also of one in use no more."""
        found = asking.people.organization_called(self.unit, name, former=True)
        return found if found is not None and self.has(found.id) else None

    def organizations(self) -> list[str]:
        """The names of all of them."""
        return [o.name for o in self.unit.all(asking.people.ORGANIZATIONS) if self.has(o.id)]

    def person_at(self, address: str) -> Person | None:
        """Whose address this is."""
        found = people.by_address(self.unit, Address("", address))
        return found if found is not None and self.has_person(found) else None

    def may_write_to(self, address: Address) -> bool:
        """Whether somebody of this address can be named: also who is of no client."""
        if self.client is None:
            return True
        there = people.by_address(self.unit, address)
        if there is not None:
            return there.organization_id is None or self.has_person(there)
        owner = people.organization_of(self.unit, address.domain)
        return owner is None or self.has(owner.id)

    def called(self, name: str) -> list[Person]:
        """The people of this name."""
        return [p for p in asking.people.called(self.unit, name) if self.has_person(p)]

    def resources(self) -> list[Person]:
        """The technicians."""
        return [p for p in asking.people.resources(self.unit) if self.has_person(p)]

    def resource(self, name: str) -> Person | None:
        """The one technician that a name, a part of it or an address means."""
        return people.resource_named(self.unit, name, self.resources())

    def item(self, kind: str, name: str) -> Item | None:
        """The record of this kind and name, perhaps retired."""
        found = asking.items.named(self.unit, kind, key(name))
        return found if found is not None and self.has_item(found) else None

    def items(self, kind: str) -> list[Item]:
        """The records of a kind that are in use."""
        return [item for item in asking.items.of_kind(self.unit, kind) if self.has_item(item)]


def of(unit: Unit, config: Config, person: Person | None) -> Reach:
    """What this person reaches; all, where nobody acts but the desk itself."""
    client = people.only_client(unit, config, person)
    return Reach(unit, client, person.id if person is not None else None)


def may_have(unit: Unit, config: Config, person: Person, ticket: Ticket) -> bool:
    """Whether the ticket can be this technician's: a client's own has its tickets, and nobody's."""
    client = people.only_client(unit, config, person)
    return client is None or ticket.organization_id in (None, client)


def only_theirs(person: Person, ticket: Ticket) -> Refused:
    """Why somebody cannot be of a ticket."""
    return Refused(
        sentence(
            "{person} works on the tickets of one client alone, and {ticket} is none of them.",
            person=person.name,
            ticket=ticket.number,
        )
    )
