"""Finding by words: tickets, their notes, people, organizations, assets, articles and other
records; the same in both databases (N19).

The index follows what is written (`catch_up`), so whatever wrote it need not know of it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maild.desk import names, search_words
from maild.desk.item_kinds import KINDS
from maild.desk.reach import Reach
from maild.i18n import sentence
from maild.model import Role
from maild.store import Store
from maild.store.asking import items as store_items
from maild.store.asking import people as store_people
from maild.store.asking import searching as asking
from maild.store.console_records import SearchEntry
from maild.store.records import Item, Organization, Person
from maild.store.unit import Unit
from maild.yamlfile import key

BREATH_SECONDS = 0.02  # between two steps of a long way, for whoever else wants to write
STEP = 50  # things that are taken in within one transaction
BESIDES, LOOKED_AT = 8, 200  # people, organizations, records: shown, and looked at for some client
ITEMS = "items"  # of the place: that records are in the index
TEXT_OF_FIELDS = 20  # fields of a ticket's long tail that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """What has all the words: tickets with the note that has them (0: the ticket itself)."""

    tickets: tuple[tuple[int, int], ...]
    people: tuple[int, ...]
    organizations: tuple[int, ...]
    items: tuple[int, ...] = ()  # assets, articles and the like (`item_kinds`)


def search(unit: Unit, text: str, limit: int, *, organization_id: int | None = None) -> Found:
    """What has all the words of the text; the last of them may be half typed."""
    wanted = search_words.asked(text)
    if not wanted:
        return Found((), (), ())
    query = asking.query_of(unit, [(search_words.encoded([w]), begins) for w, begins in wanted])
    tickets = asking.found_tickets(unit, query, limit, organization_id)
    mine = Reach(unit, organization_id)  # a client's own technicians find no other clients
    return Found(
        tuple(tickets),
        _reached(unit, mine, "person", Person, query),
        _reached(unit, mine, "organization", Organization, query),
        _reached(unit, mine, "item", Item, query),
    )


def _reached(
    unit: Unit,
    mine: Reach,
    kind: str,
    record: type[Person | Organization | Item],
    query: str,
) -> tuple[int, ...]:
    """The first few of a kind, of those that are reached."""
    ids = asking.found(unit, kind, query, BESIDES if mine.client is None else LOOKED_AT)
    there = unit.some(record, ids)
    return tuple(i for i in ids if i in there and mine.has_record(there[i]))[:BESIDES]


def besides_tickets(unit: Unit, found: Found) -> list[str]:
    """The organizations, people and records in use that were found, as people say it: "asset
    PC-1"."""
    organizations = unit.some(Organization, found.organizations)
    people = unit.some(Person, found.people)
    called = [
        _called(KINDS["organization"].called, organizations[i].name)
        for i in found.organizations
        if i in organizations
    ]
    for person in (people[i] for i in found.people if i in people):
        kind = sentence("resource") if person.role == Role.RESOURCE else KINDS["contact"].called
        address = store_people.email(unit, person)
        called.append(_called(kind, names.with_address(person.name, address)))
    return called + [_called(KINDS[item.kind].called, item.name) for item in records(unit, found)]


def records(unit: Unit, found: Found) -> list[Item]:
    """The assets, articles and other records in use among what was found."""
    kept = unit.some(Item, found.items)
    return [kept[i] for i in found.items if i in kept and kept[i].active]


def _called(kind: str, name: str) -> str:
    return sentence("{kind} {name}", kind=kind, name=name)


def is_behind(unit: Unit) -> bool:
    """Whether something is there that the index has not taken in."""
    where = asking.place(unit)
    return (
        ITEMS not in where
        or bool(asking.new_events(unit, where["event"], 1))
        or bool(asking.new_notes(unit, where["note"], 1))
        or bool(asking.people(unit, where["person"], 1))
        or bool(asking.organizations(unit, where["organization"]))
    )


def follow(store: Store) -> None:
    """Takes in all that is new; a look, where nothing is."""
    while step(store):
        time.sleep(BREATH_SECONDS)


def step(store: Store) -> bool:
    """Takes in some of what is new, in a transaction of its own; whether there was any."""
    with store.look() as unit:
        if not is_behind(unit):
            return False
    return store.act(catch_up)


def catch_up(unit: Unit) -> bool:
    """Takes in what is new since the last time, at most a step of it; whether there was any."""
    where = asking.place(unit)
    notes = asking.new_notes(unit, where["note"], STEP)
    events = asking.new_events(unit, where["event"], STEP)
    people = _whole(asking.people(unit, where["person"], STEP), STEP)
    organizations = asking.organizations(unit, where["organization"])
    if not (notes or events or people or organizations) and ITEMS in where:
        return False
    texts = _items(unit, where, events[-1][0] if events else where["event"])
    texts |= _together("person", people) | _together("organization", organizations)
    for note_id, title, text, attachments in notes:
        files = " ".join(str(view.get("filename", "")) for view in attachments)
        texts["note", note_id] = " \n".join(filter(None, (title, text, files)))
    ids = {ticket_id for _, ticket_id in events if ticket_id is not None}
    texts |= _tickets(unit, ids)
    take_in(unit, texts)
    asking.keep_place(
        unit,
        {
            **where,
            ITEMS: 1,
            "note": notes[-1][0] if notes else where["note"],
            "event": events[-1][0] if events else where["event"],
            "person": people[-1][0] if people else where["person"],
            "organization": organizations[-1][0] if organizations else where["organization"],
        },
    )
    return True


def _items(unit: Unit, where: Mapping[str, int], upto: int) -> dict[tuple[str, int], str]:
    """The records that were put or changed since; of a desk whose index knew none, all."""
    if ITEMS not in where:
        found = [item for kind in KINDS for item in store_items.of_kind(unit, kind)]
    else:
        named = set(asking.records(unit, where["event"], upto))
        there = (store_items.named(unit, kind, key(name)) for kind, name in sorted(named))
        found = [item for item in there if item is not None]
    return {("item", item.id): _of_item(item) for item in found}


def _of_item(item: Item) -> str:
    said = [str(value) for value in item.fields.values() if isinstance(value, str | int | float)]
    lists = [str(one) for value in item.fields.values() if isinstance(value, list) for one in value]
    return " \n".join([item.name, *said, *lists])


def _tickets(unit: Unit, ids: Iterable[int]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for ticket_id, number, title, resolution, tags, fields in asking.tickets(unit, sorted(ids)):
        tail = [str(v) for v in fields.values() if isinstance(v, str | int | float)]
        parts = [number, title, resolution or "", *map(str, tags), *tail[:TEXT_OF_FIELDS]]
        found["ticket", ticket_id] = " \n".join(parts)
    return found


def people_and_organizations(unit: Unit) -> None:
    """Takes in who is called otherwise now, or has other addresses; they say so by no event."""
    after = 0
    while rows := _whole(asking.people(unit, after, 1000), 1000):
        take_in(unit, _together("person", rows))
        after = rows[-1][0]
    take_in(unit, _together("organization", asking.organizations(unit)))


def _whole(rows: list[tuple[Any, ...]], limit: int) -> list[tuple[Any, ...]]:
    """Without the last person where there are as many as were asked for, as more addresses of
    theirs may follow."""
    if len(rows) < limit:
        return rows
    last = rows[-1][0]
    kept = [row for row in rows if row[0] != last]
    return kept or rows


def _together(kind: str, rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for thing_id, name, more in rows:
        before = found.get((kind, thing_id), str(name))
        found[kind, thing_id] = f"{before} {more or ''}"
    return found


def take_in(unit: Unit, texts: Mapping[tuple[str, int], str]) -> None:
    """Gives things their words; what has the same ones already is left alone."""
    for kind in {kind for kind, _ in texts}:
        ids = [thing_id for k, thing_id in texts if k == kind]
        before = {row.thing_id: row for row in unit.all(asking.LIVE, kind=kind, ids=ids)}
        fresh: list[tuple[int, str]] = []
        for thing_id in ids:
            text = search_words.encoded(search_words.cut(texts[kind, thing_id]))
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            known = before.get(thing_id)
            if known is not None and known.digest == digest:
                continue
            if known is not None:
                unit.change(known, live=False)
            entry = unit.add(SearchEntry(kind=kind, thing_id=thing_id, digest=digest))
            fresh.append((entry.id, text))
        asking.put(unit, fresh)
