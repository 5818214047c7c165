"""Whom a note is for, where its writer names them: `#notify carla, contact, lead@acme.example`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from maild.config import Settings
from maild.desk import people, roles
from maild.desk.reach import Reach, may_have
from maild.model import Address, Role
from maild.store.records import Note, Person, Ticket
from maild.store.unit import Unit

MOST = 20  # names in one command
MEMORY = "readers"  # of `Desk.memory`: the names that stand beside the note of this mail
# What can be said for a role of the ticket; "nobody" is nobody at all.
MEANT = {
    "contact": "contact",
    "additional": "additional contacts",
    "additional contacts": "additional contacts",
    "contacts": "contacts",
    "primary": "primary resource",
    "secondary": "secondary resources",
    "resources": "resources",
    "team": "resources",
}
NOBODY = "nobody"


class Office(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    settings: Settings

    @property
    def reach(self) -> Reach:
        """What the one who names them reaches."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who is named."""

    people: tuple[Person, ...] = ()
    addresses: tuple[str, ...] = ()  # of nobody whom we know
    unknown: tuple[str, ...] = ()  # what names nobody

    @property
    def outside(self) -> bool:
        """Whether somebody is among them who is no technician."""
        return bool(self.addresses) or any(p.role != Role.RESOURCE for p in self.people)


def read(desk: Office, ticket: Ticket, text: str) -> Readers:
    """Who is meant, each once."""
    people_named: dict[int, Person] = {}
    addresses, unknown = [], []
    for word in names(text):
        found = _people(desk, ticket, word)
        people_named.update((person.id, person) for person in found or ())
        if found is None and "@" in word and not _is_theirs_alone(desk, word):
            addresses.append(Address("", word).key)
        elif found is None:
            unknown.append(word)
    return Readers(tuple(people_named.values()), tuple(addresses), tuple(unknown))


def names(text: str) -> list[str]:
    """The names as they are written, between commas."""
    found = (" ".join(word.split()).strip("<>") for word in text.replace(";", ",").split(","))
    return [word for word in found if word][:MOST]


def _people(desk: Office, ticket: Ticket, word: str) -> list[Person] | None:
    """Whom one name means; None where we know nobody of this name."""
    said, unit = word.lower(), desk.unit
    if said == NOBODY:
        return []
    if said in MEANT:
        return roles.resolve(unit, ticket, MEANT[said])
    if "@" in word:
        person = desk.reach.person_at(word)
        return [person] if person is not None and _reads(desk, ticket, person) else None
    resources = [p for p in desk.reach.resources() if _reads(desk, ticket, p)]
    person = people.resource_named(unit, word, resources)
    titled = [] if person is not None else _titled(desk, ticket, word)
    person = person or (None if titled else _of_ticket(unit, ticket, said))
    return [person] if person is not None else titled or None


def _reads(desk: Office, ticket: Ticket, person: Person) -> bool:
    """Whether he may read of the ticket; a client's own technician only of its own."""
    return person.active and may_have(desk.unit, desk.settings.config, person, ticket)


def _is_theirs_alone(desk: Office, address: str) -> bool:
    """Whether it is a technician's who works for a client: no address to write to besides."""
    person = people.by_address(desk.unit, Address("", address))
    return people.only_client(desk.unit, desk.settings.config, person) is not None


def _titled(desk: Office, ticket: Ticket, word: str) -> list[Person]:
    """Who bears this title."""
    found = people.with_title(desk.unit, desk.settings.config, word)
    return [p for p in found if _reads(desk, ticket, p)]


def _of_ticket(unit: Unit, ticket: Ticket, said: str) -> Person | None:
    """A contact of the ticket by his name or a part of it."""
    found = [
        person
        for person in roles.resolve(unit, ticket, "contacts")
        if said in (person.name.lower(), *person.name.lower().split())
    ]
    return found[0] if len(found) == 1 else None


def is_for_team(desk: Office, ticket: Ticket, text: str) -> bool:
    """Whether none of them is outside."""
    return not read(desk, ticket, text).outside


def chosen(note: Note, memory: dict[str, object]) -> bool:
    """Whether who reads this note is said beside it, so that rules tell nobody else."""
    return note.stored_id is not None and memory.get(MEMORY) == note.stored_id
