"""Words of a technician that were kept from the contact in doubt: he is told, and one word of his
sends them on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from maild import yamlfile
from maild.desk import answered, collision, facts
from maild.desk.audience import Audience
from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.ingest import unknown_address
from maild.model import Mail
from maild.parse import letter
from maild.parse.fold import fold
from maild.store.records import Note, Person, Ticket

TEMPLATE = "kept-internal"
SEND = Path(__file__).parent / "send.yaml"


def tell(desk: Desk, ticket: Ticket, note: Note, person: Person, readers: Audience) -> None:
    """Tells the writer that his words stayed among colleagues, and why, where he is to be asked."""
    if readers.asks and desk.mail is not None and desk.mail.answerable:
        other = collision.latest_answer(desk, ticket, person)
        shown = {"by": facts.writer(desk.unit, other), "text": other.text} if other else {}
        extra = {"why": readers.because, "other": shown}
        notify(desk, ticket, TEMPLATE, [person], note=note, auto="auto-replied", extra=extra)


def to_send(desk: Desk, mail: Mail, ticket: Ticket | None, person: Person) -> Note | None:
    """The note that this mail sends on: it answers our question with the one word."""
    item = answered.notification(desk.unit, mail, ticket)
    if item is None or item.person_id != person.id:
        return None
    if not (item.template == TEMPLATE or item.template == unknown_address.TEMPLATE):
        return None
    note = desk.unit.get(Note, item.note_id)
    return note if note is not None and not note.public and says_send(mail.new_text) else None


def says_send(text: str) -> bool:
    """Whether a text is the one word, greeting and signature aside."""
    said = letter.clauses(text)
    return said is not None and len(said) == 1 and fold(said[0]).strip(" .!#'\"") in _words()


@cache
def _words() -> frozenset[str]:
    return frozenset(fold(str(word)) for words in yamlfile.read(SEND).values() for word in words)
