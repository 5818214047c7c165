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

LATEST_HITS = 1000  # that are looked at for one question
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


def _matches(sqlite: bool) -> Any:
    """That an entry has all the words."""
    text = "search_words MATCH :query" if sqlite else "words @@ CAST(:query AS tsquery)"
    return sa.text(text).bindparams(sa.bindparam("query", type_=sa.Text()))


def _with_words(sqlite: bool) -> Any:
    """The ids of the entries that have all the words."""
    return sa.select(_id_of_words(sqlite)).select_from(_words).where(_matches(sqlite))


def _id_of_words(sqlite: bool) -> Any:
    return _rowid if sqlite else _words.c.id


def _found_tickets(sqlite: bool) -> Statement:
    """Tickets that have the words in themselves or in one of their notes, the latest first.  Of
    words that very many have only the latest hits are looked at."""
    place = _id_of_words(sqlite)
    of = sa.case((_entry.kind == "ticket", _entry.thing_id), else_=_note.ticket_id)
    hits = (
        sa.select(
            _ticket.id,
            _ticket.updated,
            sa.func.coalesce(_note.id, 0, type_=sa.Integer()).label("note_id"),
        )
        .select_from(
            _words.join(TABLES[SearchEntry], _entry.id == place)
            .outerjoin(TABLES[Note], (_entry.kind == "note") & (_note.id == _entry.thing_id))
            .join(TABLES[Ticket], _ticket.id == of)
        )
        .where(
            _matches(sqlite)
            & _entry.live
            & _entry.kind.in_(("ticket", "note"))
            & _ticket.deleted.is_(None)
            & (
                (param("organization", sa.Integer()) == 0)
                | (_ticket.organization_id == param("organization", sa.Integer()))
            )
        )
        .order_by(place.desc())
        .limit(LATEST_HITS)
        .subquery("hits")
    )
    query = (
        sa.select(hits.c.id, sa.func.max(hits.c.note_id, type_=sa.Integer()))
        .group_by(hits.c.id, hits.c.updated)
        .order_by(hits.c.updated.desc(), hits.c.id.desc())
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
