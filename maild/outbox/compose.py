"""From a row of the outbox to the octets of a mail (E11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.config import DeskSection
from maild.desk import one_tap
from maild.desk.facts import FOLDER, without_internal
from maild.desk.passed_on import fitting
from maild.desk.reply_tokens import key_of, reply_address
from maild.desk.shared_with import PARTNER
from maild.errors import MaildError, Refused, UsageError
from maild.model import Address, Role
from maild.outbox import invitation, message
from maild.outbox.logo import Logo
from maild.templates.renderer import Job, Outcome

FILES_BYTES = "files_bytes"  # key of a row's data: what files may take, as the relay says


@dataclass(frozen=True)  # no slots: it is pickled, as its dict
class Order:
    """What is to be composed: the row, and what the database says at this last moment."""

    key: str
    template: str
    language: str
    audience: str  # contact | resource | admin
    address: str  # the envelope recipient
    auto: str | None  # Auto-Submitted keyword; None: a person's own words
    data: Mapping[str, Any]
    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    created: datetime
    ticket_number: str | None
    person_id: int | None
    note_public: bool | None  # None: it is about no note
    item_id: int = 0  # of the row

    @property
    def keys(self) -> tuple[str, ...]:
        """Its own key, and those of the notifications that it took in."""
        return (self.key, *self.data.get("keys", ()))


@dataclass(frozen=True)  # no slots: it is pickled, as its dict
class Draft:
    """A mail but for the files that come with it."""

    subject: str
    head: bytes
    body: message.Part
    problem: str | None  # why the admin's template was not used


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail, ready to be sent, always the same for the same row."""

    subject: str
    octets: bytes
    problem: str | None = None  # why the admin's template was not used


def job(order: Order, secret: bytes = b"", logo: Logo | None = None) -> Job:
    """What is to be rendered.  Refused: it would show an internal note to a contact.

    `secret`: by which its links are signed; without it they are only to be looked at.
    """
    data = order.data
    if order.ticket_number and order.person_id is not None and not data.get(PARTNER):
        codes = one_tap.codes(secret, order.item_id, order.message_id, order.audience)
        data = {**data, "one_tap": {"number": order.ticket_number, "codes": codes}}
    if order.audience == Role.PARTNER:
        data = {**data, "earlier": [], "time": None, "note": _alone(data.get("note"))}
    elif order.audience == Role.CONTACT:
        if order.note_public is False:
            raise Refused("The note is internal, and the recipient is a contact.")
        data = without_internal(data)
    else:  # by which a technician's answer is known again where a relay changes our ids
        data = {**data, "mark": key_of(order.message_id)}
    if logo is not None:
        data = {**data, "logo": logo.content_id}
    if FILES_BYTES in order.data and data.get("note"):
        data = {**data, "note": _within(data["note"], order.data[FILES_BYTES])}
    return Job(order.template, order.language, data, order, order.data.get(FOLDER))


def _alone(note: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The note without what stands below its words."""
    return {**note, "below": None} if note else None


def _within(note: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The note, and which of its files fit through the relay."""
    files = note["attachments"]
    passed = zip(files, fitting(files, limit), strict=True)
    return {**note, "attachments": [{**file, "passed": fits} for file, fits in passed]}


def compose(
    order: Order,
    desk: DeskSection,
    secret: bytes,
    outcome: Outcome,
    files: Sequence[message.Part] = (),
) -> Composed:
    """The mail of this row, from what was rendered; errors as those of `draft`."""
    return with_files(draft(order, desk, answers_to(order, desk, secret), outcome), order, files)


def answers_to(order: Order, desk: DeskSection, secret: bytes) -> str | None:
    """Where answers are to go; None: to the sender."""
    if not desk.plus_address or not order.ticket_number:
        return None
    key = key_of(order.message_id)
    return reply_address(
        secret, _sender(order, desk).address, order.ticket_number, order.person_id, key
    )


def draft(order: Order, desk: DeskSection, reply_to: str | None, outcome: Outcome) -> Draft:
    """The mail without files; needs no secret.

    UsageError: not even the shipped template could be rendered; ValueError: the address is none.
    """
    words = outcome.words
    if words is None:
        raise UsageError(outcome.problem)
    subject = _subject(words.subject, order)
    texts = [message.text(words.text, "plain"), message.text(words.html, "html")]
    calendar = invitation.parts(order.data, order.created)
    shown = [*texts, calendar[0]] if calendar else texts
    body = message.multipart("alternative", shown, order.key)
    head = message.head(_fields(order, desk, reply_to, subject))
    return Draft(subject, head, body, outcome.problem or None)


def with_files(
    draft: Draft,
    order: Order,
    files: Sequence[message.Part],
    fields: Sequence[tuple[str, str]] = (),
) -> Composed:
    """The whole mail; `fields`: what its header says besides."""
    calendar = invitation.parts(order.data, order.created)
    own = [calendar[1]] if calendar else []
    pictures = [part for part in files if part.is_shown]
    shown = message.multipart("related", [draft.body, *pictures], order.key)
    others = [part for part in files if not part.is_shown]
    body = message.multipart("mixed", [shown, *others, *own], order.key)
    head = draft.head + message.fields(fields)
    return Composed(draft.subject, message.message(head, body), draft.problem)


def _subject(words: str, order: Order) -> str:
    """`Re: [T20261121.0042] Printer is on fire`: one subject a ticket, so that clients thread."""
    if order.ticket_number is None:
        return words
    tag = f"[{order.ticket_number}]"
    theirs = (order.data.get(PARTNER) or {}).get("yours")
    tag = f"[{order.ticket_number} / {theirs}]" if theirs else tag
    words = " ".join(words.replace(tag, " ").split())
    while words[:3].lower() == "re:":
        words = words[3:].lstrip()
    return f"{'Re: ' if order.references else ''}{tag} {words}".rstrip()


def _fields(
    order: Order, desk: DeskSection, reply_to: str | None, subject: str
) -> list[tuple[str, str]]:
    fields = [
        ("From", message.mailbox(_from_name(order, desk), _sender(order, desk).key)),
        ("To", message.mailbox(str(order.data["recipient"]["name"]), order.address)),
        ("Subject", message.unstructured(subject, "Subject")),
        ("Date", message.date(order.created)),
        ("Message-ID", message.ids([order.message_id])),
    ]
    if reply_to:
        fields.append(
            ("Reply-To", message.mailbox(_sender(order, desk).name, Address("", reply_to).key))
        )
    if answered := message.ids([order.in_reply_to] if order.in_reply_to else []):
        fields.append(("In-Reply-To", answered))
    if known := message.ids(order.references):
        fields.append(("References", known))
    if order.auto:  # RFC 3834 §5; the other two are older programs' words for the same
        fields.append(("Auto-Submitted", order.auto))
        fields.append(("X-Auto-Response-Suppress", "All"))
        fields.append(("Precedence", "bulk"))
    return fields


def _from_name(order: Order, desk: DeskSection) -> str:
    """A person's words come in his name, from the desk's address."""
    note = order.data.get("note")
    if order.auto is None and note and note.get("by"):
        return f"{note['by']} ({_sender(order, desk).name})"
    return _sender(order, desk).name


def _sender(order: Order, desk: DeskSection) -> Address:
    """The address that the ticket is answered from, and its name."""
    ours = order.data.get("desk") or {}
    return Address(ours.get("name") or desk.name, ours.get("address") or desk.address)


def explain(error: MaildError | ValueError) -> str:
    """Why a row cannot be composed, for the ticket and the admin."""
    return error.message if isinstance(error, MaildError) else f"It cannot be sent: {error}."
