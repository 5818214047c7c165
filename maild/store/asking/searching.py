"""The index of words: what is in it, what is new, what has all the words that are asked for.

The words are cut by us (`maild/desk/search_words.py`); SQLite keeps them in FTS5, PostgreSQL in a
tsvector.  A thing that changed gets a new entry; the old one is not live any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from maild.model import EventName
from maild.store.console_records import SearchEntry
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import (
    Domain,
    Event,
    Note,
    Organization,
    Person,
    PersonAddress,
    Setting,
    Ticket,
)
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_entry, _ticket, _note = columns(SearchEntry), columns(Ticket), columns(Note)
_person, _address, _event = columns(Person), columns(PersonAddress), columns(Event)
_organization, _domain = columns(Organization), columns(Domain)

PLACE = "search"  # of the setting that says how far the index has come
LIVE = Question(
    SearchEntry,
    (_entry.kind == param("kind")) & among(_entry.thing_id, "ids") & _entry.live,
)

_NEW_NOTES = Statement(
    sa.select(_note.id, _note.title, _note.text, _note.attachments)
    .where(_note.id > param("after", sa.Integer()))
    .order_by(_note.id)
    .limit(param("limit", sa.Integer()))
)
_NEW_EVENTS = Statement(
    sa.select(_event.id, _event.ticket_id)
    .where(_event.id > param("after", sa.Integer()))
    .order_by(_event.id)
    .limit(param("limit", sa.Integer()))
)
_RECORD_EVENTS = Statement(
    sa.select(_event.detail)
    .where(
        (_event.id > param("after", sa.Integer()))
        & (_event.id <= param("upto", sa.Integer()))
        & _event.event.in_((EventName.RECORD_ADDED, EventName.RECORD_CHANGED))
    )
    .order_by(_event.id)
)
_TICKETS = Statement(
    sa.select(
        _ticket.id, _ticket.number, _ticket.title, _ticket.resolution, _ticket.tags, _ticket.fields
    ).where(among(_ticket.id, "ids"))
)
_PEOPLE = Statement(
    sa.select(_person.id, _person.name, _address.address)
    .select_from(TABLES[Person].outerjoin(TABLES[PersonAddress], _address.person_id == _person.id))
    .where(_person.id > param("after", sa.Integer()))
    .order_by(_person.id)
    .limit(param("limit", sa.Integer()))
)
_ORGANIZATIONS = Statement(
    sa.select(_organization.id, _organization.name, _domain.domain)
    .select_from(
        TABLES[Organization].outerjoin(TABLES[Domain], _domain.organization_id == _organization.id)
    )
    .where(_organization.id > param("after", sa.Integer()))
    .order_by(_organization.id)
)


def place(unit: Unit) -> dict[str, int]:
    """How far the index has come: the last of each kind of thing that is in it."""
    kept = unit.get(Setting, PLACE)
    began = {"note": 0, "event": 0, "person": 0, "organization": 0}
    return began | (dict(kept.value) if kept else {})


def keep_place(unit: Unit, where: dict[str, int]) -> None:
    """Writes down how far it has come."""
    kept = unit.get(Setting, PLACE)
    if kept is None:
        unit.add(Setting(key=PLACE, value=where))
    else:
        unit.change(kept, value=where)


def new_notes(unit: Unit, after: int, limit: int) -> list[tuple[Any, ...]]:
    return unit.rows(_NEW_NOTES, after=after, limit=limit)


def new_events(unit: Unit, after: int, limit: int) -> list[tuple[Any, ...]]:
    return unit.rows(_NEW_EVENTS, after=after, limit=limit)


def records(unit: Unit, after: int, upto: int) -> list[tuple[str, str]]:
    """(kind, name) of the records that events between these put or changed."""
    found = unit.rows(_RECORD_EVENTS, after=after, upto=upto)
    return [(str(detail.get("kind")), str(detail.get("name"))) for (detail,) in found]


def tickets(unit: Unit, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    return unit.rows(_TICKETS, ids=list(ids))


def people(unit: Unit, after: int, limit: int) -> list[tuple[Any, ...]]:
    """(id, name, address) a row an address."""
    return unit.rows(_PEOPLE, after=after, limit=limit)


def organizations(unit: Unit, after: int = 0) -> list[tuple[Any, ...]]:
    """(id, name, domain) a row a domain."""
    return unit.rows(_ORGANIZATIONS, after=after)


# ---- the words themselves: a table of each database's own kind

_words = sa.table("search_words", sa.column("id", sa.Integer), sa.column("words", sa.Text))
_rowid: Any = sa.literal_column("search_words.rowid", sa.Integer())


def _put(sqlite: bool) -> Statement:
    if sqlite:
        text = sa.text("INSERT INTO search_words (rowid, words) VALUES (:id, :words)")
    else:
        text = sa.text(
            "INSERT INTO search_words (id, words) "
            "VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
        )
    return Statement(text.bindparams(sa.bindparam("id", type_=sa.Integer()),
                                     sa.bindparam("words", type_=sa.Text())))  # fmt: skip


_PUT = {True: _put(True), False: _put(False)}


def put(unit: Unit, words: Sequence[tuple[int, str]]) -> None:
    """Keeps the words of entries: (id, words as `words.encoded` gives them)."""
    statement = _PUT[unit.on_sqlite]
    unit.many(statement, [{"id": entry, "words": text} for entry, text in words])


def _with_words(sqlite: bool) -> Any:
    """The ids of the entries that have all the words."""
    if sqlite:
        return (
            sa.select(sa.literal_column("rowid", sa.Integer()))
            .select_from(sa.text("search_words"))
            .where(
                sa.text("search_words MATCH :query").bindparams(
                    sa.bindparam("query", type_=sa.Text())
                )
            )
        )
    return (
        sa.select(sa.literal_column("id", sa.Integer()))
        .select_from(sa.text("search_words"))
        .where(
            sa.text("words @@ CAST(:query AS tsquery)").bindparams(
                sa.bindparam("query", type_=sa.Text())
            )
        )
    )


def _found_tickets(sqlite: bool) -> Statement:
    """Tickets that have the words in themselves or in one of their notes, the latest first."""
    hits = (
        sa.select(_entry.kind, _entry.thing_id)
        .where(
            _entry.id.in_(_with_words(sqlite)) & _entry.live & _entry.kind.in_(("ticket", "note"))
        )
        .cte("hits")
    )
    own = sa.select(hits.c.thing_id.label("ticket_id"), sa.literal(0).label("note_id")).where(
        hits.c.kind == "ticket"
    )
    by_note = (
        sa.select(_note.ticket_id, _note.id)
        .select_from(hits.join(TABLES[Note], _note.id == hits.c.thing_id))
        .where(hits.c.kind == "note")
    )
    every = own.union_all(by_note).subquery()
    query = (
        sa.select(_ticket.id, sa.func.max(every.c.note_id, type_=sa.Integer()))
        .select_from(every.join(TABLES[Ticket], _ticket.id == every.c.ticket_id))
        .where(
            _ticket.deleted.is_(None)
            & (
                (param("organization", sa.Integer()) == 0)
                | (_ticket.organization_id == param("organization", sa.Integer()))
            )
        )
        .group_by(_ticket.id, _ticket.updated)
        .order_by(_ticket.updated.desc(), _ticket.id.desc())
        .limit(param("limit", sa.Integer()))
    )
    return Statement(query)


def _found_things(sqlite: bool, kind: str) -> Statement:
    query = (
        sa.select(_entry.thing_id)
        .where(_entry.id.in_(_with_words(sqlite)) & _entry.live & (_entry.kind == kind))
        .order_by(_entry.thing_id.desc())
        .limit(param("limit", sa.Integer()))
    )
    return Statement(query)


_TICKETS_FOUND = {True: _found_tickets(True), False: _found_tickets(False)}
_THINGS_FOUND = {
    (sqlite, kind): _found_things(sqlite, kind)
    for sqlite in (True, False)
    for kind in ("person", "organization", "item")
}


def query_of(unit: Unit, words: Sequence[tuple[str, bool]]) -> str:
    """The words (`words.encoded`, as a beginning or not) in the database's own language."""
    if unit.on_sqlite:
        return " AND ".join(f"{word}*" if begins else word for word, begins in words)
    return " & ".join(f"'{word}':*" if begins else f"'{word}'" for word, begins in words)


def found_tickets(
    unit: Unit, query: str, limit: int, organization_id: int | None
) -> list[tuple[int, int]]:
    """(ticket, note or 0) that have all the words, the latest changed first."""
    rows = unit.rows(_TICKETS_FOUND[unit.on_sqlite], query=query, limit=limit,
                     organization=organization_id or 0)  # fmt: skip
    return [(int(row[0]), int(row[1] or 0)) for row in rows]


def found(unit: Unit, kind: str, query: str, limit: int) -> list[int]:
    """People, organizations or items that have all the words."""
    rows = unit.rows(_THINGS_FOUND[unit.on_sqlite, kind], query=query, limit=limit)
    return [int(row[0]) for row in rows]
