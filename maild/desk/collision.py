"""Collisions: who replies to what a colleague has just answered, without having got that.

His words are kept back once, so that the contact does not hear two things; one word sends them.
"""

from __future__ import annotations

from datetime import timedelta

from maild.desk import answered
from maild.desk.desk import Desk
from maild.model import Mail
from maild.store import asking
from maild.store.records import Note, OutboxItem, Person, Ticket

JUST_NOW = timedelta(minutes=10)  # so long an answer may cross another
KEPT = "kept-internal"  # the notification that his words were kept back


def crossed(desk: Desk, mail: Mail, ticket: Ticket, person: Person) -> str:
    """Who answered meanwhile; "" where nobody did, he knows, or he was asked already."""
    note = latest_answer(desk, ticket, person)
    if note is None or _has_it(desk, mail, ticket, note) or _was_asked(desk, ticket, person, note):
        return ""
    writer = asking.notes.writer(desk.unit, note)
    return writer.name if writer is not None else ""


def latest_answer(desk: Desk, ticket: Ticket, person: Person) -> Note | None:
    """What another technician has just written to the contact of this ticket, after whatever else
    was written there."""
    fresh = asking.notes.answers_since(desk.unit, ticket, desk.now - JUST_NOW)
    others = [note for note in fresh if note.by_id != person.id]
    if not others or others[-1] is asking.notes.first(desk.unit, ticket):
        return None
    return others[-1]


def _has_it(desk: Desk, mail: Mail, ticket: Ticket, note: Note) -> bool:
    """Whether he answers that very note, or a mail of ours that is later than it."""
    item = answered.notification(desk.unit, mail, ticket)
    if item is not None:
        return item.note_id == note.id or item.created > note.created
    found = answered.note(desk.unit, mail, ticket)
    return found is not None and found.created >= note.created


def _was_asked(desk: Desk, ticket: Ticket, person: Person, note: Note) -> bool:
    return any(_asks(item, person, note) for item in asking.outbox.of(desk.unit, ticket))


def _asks(item: OutboxItem, person: Person, note: Note) -> bool:
    mine = item.person_id == person.id and item.template == KEPT
    return mine and item.created >= note.created
