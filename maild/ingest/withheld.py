"""What an unproven mail in a technician's name asked for: kept, and done once he confirms (E5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild import yamlfile
from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.i18n import sentence
from maild.ingest.outcome import say
from maild.ingest.proof import Proof
from maild.model import Mail, Reason
from maild.store.tables import Message, Note, OutboxItem, Person, Raw, Ticket

YES = Path(__file__).parent / "confirm.yaml"


def is_yes(text: str) -> bool:
    """Whether an answer to "was it you?" means yes: it begins with yes, or says nothing at all.

    An absence notice that no header marks begins with neither.
    """
    words = " ".join(re.sub(r"[^\w\s']", " ", text.casefold().replace("\u2019", "'")).split())
    first = re.split(r"[.!,;:?\n]", text.strip().casefold(), maxsplit=1)[0]
    if "?" in first or "?" in text[: len(first) + 1]:
        return False
    return not words or any(words == word or words.startswith(word + " ") for word in _yes())


@cache
def _yes() -> tuple[str, ...]:
    return tuple(str(word) for words in yamlfile.read(YES).values() for word in words)


def withhold(desk: Desk, ticket: Ticket, person: Person, asked: Iterable[str], proof: Proof) -> int:
    """Marks the mail being processed as withheld and asks its sender; how many mails that made."""
    assert desk.stored is not None
    desk.stored.withheld = "waiting"
    say(desk, Reason("withheld", "words kept, deeds not done", f"needed: {proof.needed}"))
    what = list(asked) or [sentence("send these words on to the people of the ticket")]
    if desk.mail is None or not desk.mail.answerable:
        return 0
    facts = {"commands": what, "why": proof.lacking}
    return len(notify(desk, ticket, "confirm", [person], extra=facts))


def confirmed(session: Session, ids: Iterable[str], person: Person) -> Message | None:
    """The withheld message that a mail of this person confirms; each can be confirmed once."""
    query = (
        sa.select(Message)
        .join(OutboxItem, OutboxItem.stored_id == Message.id)
        .where(
            OutboxItem.message_id.in_(list(ids)),
            OutboxItem.template == "confirm",
            OutboxItem.person_id == person.id,
            Message.withheld == "waiting",
        )
        .order_by(OutboxItem.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def release(
    desk: Desk, message: Message, read: Callable[[bytes], Mail]
) -> tuple[Mail, Note | None]:
    """The withheld mail, read again, and its note; it cannot be released again."""
    message.withheld = "released"
    message.reasons = [*message.reasons, ["proof", "confirmed", "he answered our question"]]
    note = desk.session.scalar(sa.select(Note).where(Note.stored_id == message.id))
    octets = desk.session.scalar(sa.select(Raw.octets).where(Raw.stored_id == message.id))
    return read(octets or b""), note


def show(desk: Desk, note: Note, *, public: bool) -> None:
    """Lets the rules see a released note as if it came in now; a ticket's first note just shows."""
    if min(n.id for n in note.ticket.notes) == note.id:
        note.public = public
    else:
        desk.release_note(note, public=public)


def reason(message: Message) -> Reason:
    because = f"it answers what we asked about message {message.id}"
    return Reason("proof", "confirmed", because)
