"""Whether the tables fit together; all of a big table is read a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa

from maild.errors import MaildError
from maild.model import Became
from maild.spool import Mass
from maild.store.asking import people
from maild.store.packing import unpack
from maild.store.prepared import Row, Statement
from maild.store.question import param
from maild.store.records import Message, Note, NumberSeries, OutboxItem, Raw, Thread, Ticket
from maild.store.schema import TABLES, columns, metadata
from maild.store.unit import Unit

PAGE = 100

_message, _raw, _note, _thread = (columns(r) for r in (Message, Raw, Note, Thread))
_item, _ticket, _series = columns(OutboxItem), columns(Ticket), columns(NumberSeries)
_kept = sa.type_coerce(_raw.octets, sa.LargeBinary())  # one that is damaged stops no page

_OCTETS = Statement(
    sa.select(_message.id, _message.sha256, _message.size, _message.accepted, _kept)
    .outerjoin_from(_message.id.table, _raw.stored_id.table, _raw.stored_id == _message.id)
    .where(_message.id > param("after", sa.Integer()))
    .order_by(_message.id)
    .limit(PAGE)
)
_FILES = Statement(
    sa.select(_note.id, _note.attachments, _kept)
    .join_from(_note.id.table, _raw.stored_id.table, _raw.stored_id == _note.stored_id)
    .where(_note.id > param("after", sa.Integer()))
    .order_by(_note.id)
    .limit(PAGE)
)
_UNTHREADED = Statement(
    sa.select(_message.message_id, _message.ticket_id, sa.literal_column("0"))
    .where(
        _message.outcome.in_((Became.TICKET, Became.NOTE)),
        _message.ticket_id.is_not(None),
        _message.message_id.is_not(None),
        ~sa.exists().where(_thread.message_id == _message.message_id),
    )
    .order_by(_message.id)
)
_UNTHREADED_OURS = Statement(
    sa.select(_item.message_id, _item.ticket_id, sa.literal_column("1"))
    .where(
        _item.ticket_id.is_not(None),
        ~sa.exists().where(_thread.message_id == _item.message_id),
    )
    .order_by(_item.id)
)
_same = sa.select(_message.id).where(
    _message.sha256 == param("digest"), _message.id != param("message")
)
_TWIN = Statement(sa.select(TABLES[Raw]).where(_raw.stored_id.in_(_same)).limit(1))
_NUMBERS = Statement(sa.select(_ticket.number))
_SERIES = Statement(sa.select(_series.day, _series.last))


def octets(unit: Unit) -> Iterator[Row]:
    """(id, sha256, size, accepted, octets) of every message; octets: None where they are gone,
    as they are kept where they are damaged."""
    return ((*row, _octets(kept)) for *row, kept in _paged(unit, _OCTETS))


def files(unit: Unit) -> Iterator[Row]:
    """(note, its views of attachments, the octets of its mail) of every note that has a mail."""
    return ((*row, _octets(kept)) for *row, kept in _paged(unit, _FILES))


def unthreaded(unit: Unit) -> list[tuple[str, int, bool]]:
    """(Message-ID, ticket, whether it is ours) of mail of a ticket that no answer would find."""
    rows = [*unit.rows(_UNTHREADED), *unit.rows(_UNTHREADED_OURS)]
    return [(message_id, ticket_id, bool(ours)) for message_id, ticket_id, ours in rows]


def numbers(unit: Unit) -> tuple[dict[str, int], dict[str, int]]:
    """By day: the highest number of a ticket, and the last that was given."""
    highest: dict[str, int] = {}
    for (number,) in unit.rows(_NUMBERS):
        day, _, count = number[1:].partition(".")
        highest[day] = max(highest.get(day, 0), int(count))
    return highest, dict(unit.rows(_SERIES))


def twin(unit: Unit, message: Message) -> Raw | None:
    """The octets of another message that has the same."""
    found = unit.rows(_TWIN, digest=message.sha256, message=message.id)
    return next((unit.adopt(Raw, row) for row in found), None)


def set_series(unit: Unit, day: str, last: int) -> None:
    """The last number of a day that was given is this one."""
    row = unit.get(NumberSeries, day)
    if row is None:
        unit.add(NumberSeries(day=day, last=last))
    else:
        unit.change(row, last=last)


def undoable_by(unit: Unit, stored_id: int) -> int | None:
    """The person whose mail did something that can be taken back, and was not yet."""
    message = unit.get(Message, stored_id)
    if message is None or not message.undo or message.undo.get("undone") or not message.sender:
        return None
    person = people.at(unit, message.sender)
    return person.id if person is not None else None


def dangling(unit: Unit) -> Iterator[tuple[str, str, int]]:
    """(table, column, rows) of references that point to nothing."""
    for table in metadata().sorted_tables:
        for key in table.foreign_keys:
            other = key.column.table.alias()
            query = sa.select(sa.func.count()).select_from(table)
            lost = ~sa.exists().where(other.c[key.column.name] == key.parent)
            query = query.where(key.parent.is_not(None), lost)
            count = unit.rows(Statement(query))[0][0]
            if count:
                yield table.name, key.parent.name, count


def _octets(kept: bytes | None) -> Mass | None:
    with suppress(MaildError):
        return None if kept is None else unpack(kept)
    return kept


def _paged(unit: Unit, statement: Statement) -> Iterator[Row]:
    after = 0
    while rows := unit.rows(statement, after=after):
        yield from rows
        after = rows[-1][0]
