"""Lists that a resource keeps for himself: his work list, and what he opened last (N20)."""

from __future__ import annotations

from maild.i18n import sentence
from maild.store.asking import console, listing
from maild.store.asking.listing import Listed
from maild.store.records import Person
from maild.store.unit import Unit


def _work(unit: Unit, person: Person) -> list[int]:
    return [one.ticket_id for one in unit.all(console.WORK_LIST, person=person.id)]


def _recent(unit: Unit, person: Person) -> list[int]:
    return [one.ticket_id for one in unit.all(console.VISITS, person=person.id)]


LISTS = {
    "work": (sentence("Your work list"), _work),
    "recent": (sentence("What you opened last"), _recent),
}


def rows(unit: Unit, name: str, person: Person, client: int | None, most: int) -> list[Listed]:
    """The tickets of his list, in its order; of one client, or of all."""
    found = listing.numbers(unit, LISTS[name][1](unit, person)[:most])
    return [row for row in found if client is None or row.ticket.organization_id == client]
