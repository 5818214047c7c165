"""Lists that a resource has for himself: his work list, and what he opened last (N20)."""

from __future__ import annotations

from datetime import datetime

from maild.desk import lists, sides
from maild.desk.profile import Profile
from maild.i18n import sentence
from maild.store import asking
from maild.store.asking.listing import Listed
from maild.store.console_records import Visit, WorkListEntry
from maild.store.records import Person, Ticket
from maild.store.unit import Unit

RECENT = 50  # tickets that are remembered as opened last


def _work(unit: Unit, person: Person) -> list[int]:
    return [one.ticket_id for one in unit.all(asking.console.WORK_LIST, person=person.id)]


def _recent(unit: Unit, person: Person) -> list[int]:
    return [one.ticket_id for one in unit.all(asking.console.VISITS, person=person.id)]


LISTS = {
    "work": (sentence("Your work list"), _work),
    "recent": (sentence("What you opened last"), _recent),
}


def is_one(profile: Profile, name: str) -> bool:
    """Whether a list of this name is somebody's own, and none of the profile's."""
    return name in LISTS and name not in lists.names(profile)


def ids(unit: Unit, name: str, person: Person) -> list[int]:
    """The tickets of his list, in its order."""
    return LISTS[name][1](unit, person)


def rows(
    unit: Unit, profile: Profile, name: str, person: Person, client: int | None, most: int
) -> list[Listed]:
    """The same as rows of a list; of one client, or of all, and of his side."""
    found = asking.listing.numbers(unit, ids(unit, name, person)[:most])
    return [
        row
        for row in found
        if client in (None, row.ticket.organization_id)
        and sides.is_of(unit, profile, row.ticket, person)
    ]


# ---- changing them


def put(unit: Unit, person: Person, ticket: Ticket, now: datetime, at: int | None = None) -> bool:
    """Puts a ticket at the end of his work list, or at this place (from 0), also one that is on it
    already; False: nothing was to be done."""
    entries = unit.all(asking.console.WORK_LIST, person=person.id)
    mine = _entry(entries, ticket)
    new = mine is None
    if mine is None:
        last = max((entry.place for entry in entries), default=0)
        mine = unit.add(
            WorkListEntry(person_id=person.id, ticket_id=ticket.id, place=last + 1, added=now)
        )
    if at is not None:
        order = [entry for entry in entries if entry is not mine]
        order.insert(min(at, len(order)), mine)
        for place, entry in enumerate(order, 1):
            unit.change(entry, place=place)
    return new or at is not None


def take_off(unit: Unit, person: Person, ticket: Ticket) -> bool:
    """Takes a ticket off his work list; False: it was not on it."""
    mine = _entry(unit.all(asking.console.WORK_LIST, person=person.id), ticket)
    if mine is not None:
        unit.delete(mine)
    return mine is not None


def _entry(entries: list[WorkListEntry], ticket: Ticket) -> WorkListEntry | None:
    return next((entry for entry in entries if entry.ticket_id == ticket.id), None)


def opened(unit: Unit, person: Person, ticket: Ticket, now: datetime) -> None:
    """Puts a ticket among those that he opened last."""
    mine = unit.first(asking.console.VISITED, person=person.id, ticket=ticket.id)
    if mine is not None:
        unit.change(mine, at=now)
        return
    unit.add(Visit(person_id=person.id, ticket_id=ticket.id, at=now))
    for old in unit.all(asking.console.VISITS, person=person.id)[RECENT:]:
        unit.delete(old)
