"""Notes: what was said on a ticket, by whom and for whom."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maild.model import Role
from maild.store.question import Question, param
from maild.store.records import Note, Person, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

LAST = 2**31 - 1  # no id is beyond

_note = columns(Note)
_OF = _note.ticket_id == param("ticket")

ALL = Question(Note, _OF, order=(_note.id,))
EARLIER = Question(Note, _OF & (_note.id < param("before")), order=(_note.id.desc(),), limit=5)
EARLIER_PUBLIC = Question(Note, EARLIER.where & _note.public, order=(_note.id.desc(),), limit=5)
FIRST = Question(Note, _OF, order=(_note.id,), limit=1)
ANSWERS = Question(
    Note,
    _OF & _note.public & (_note.by_kind == Role.RESOURCE),
    order=(_note.created, _note.id),
    limit=1,
)
ANSWERS_SINCE = Question(
    Note,
    _OF & _note.public & (_note.by_kind == Role.RESOURCE) & (_note.created > param("since")),
    order=(_note.id,),
)
COPY = Question(Note, (_note.copy_of == param("note")) & _OF)
OF_MESSAGE = Question(Note, _note.stored_id == param("message"), order=(_note.id,))
WORDS = Question(
    Note,
    _OF & (_note.stored_id == param("message")) & (sa.func.trim(_note.text) != ""),
    limit=1,
)
WORDS_AT = Question(
    Note, _OF & (_note.created == param("at")) & (sa.func.trim(_note.text) != ""), limit=1
)


def of(unit: Unit, ticket: Ticket) -> list[Note]:
    """All of a ticket, oldest first."""
    return unit.all(ALL, ticket=ticket.id)


def earlier(
    unit: Unit, ticket: Ticket, before: Note | None = None, *, public_only: bool = False
) -> list[Note]:
    """The five before this one, newest first; the last five where none is named."""
    question = EARLIER_PUBLIC if public_only else EARLIER
    return unit.all(question, ticket=ticket.id, before=before.id if before else LAST)


def first(unit: Unit, ticket: Ticket) -> Note | None:
    """What the ticket began with."""
    return unit.first(FIRST, ticket=ticket.id)


def first_answer(unit: Unit, ticket: Ticket) -> Note | None:
    """The first that one of us wrote for the contact; a machine's acknowledgement is none."""
    return unit.first(ANSWERS, ticket=ticket.id)


def answers_since(unit: Unit, ticket: Ticket, since: datetime) -> list[Note]:
    """What resources wrote for the contact after this moment, oldest first."""
    return unit.all(ANSWERS_SINCE, ticket=ticket.id, since=since)


def copy(unit: Unit, note: Note, ticket: Ticket) -> Note | None:
    """The same words on this ticket, where they are of the other side of a shared one."""
    if note.ticket_id == ticket.id:
        return note
    if note.copy_of is not None:
        first = unit.get(Note, note.copy_of)
        return first if first is not None and first.ticket_id == ticket.id else None
    return unit.first(COPY, note=note.id, ticket=ticket.id)


def of_message(unit: Unit, stored_id: int) -> list[Note]:
    """What became of a stored message, on whatever ticket."""
    return unit.all(OF_MESSAGE, message=stored_id)


def has_words(unit: Unit, ticket: Ticket, *, stored_id: int | None, at: object) -> bool:
    """Whether something is said on the ticket in this message or, without one, at this moment."""
    if stored_id is None:
        return unit.first(WORDS_AT, ticket=ticket.id, at=at) is not None
    return unit.first(WORDS, ticket=ticket.id, message=stored_id) is not None


def writer(unit: Unit, note: Note) -> Person | None:
    """Who wrote it, where a person did."""
    return unit.get(Person, note.by_id)
