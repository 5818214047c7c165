"""What a mail answers: the notification or the note, by whatever evidence is left of it.

Relays (Amazon SES and others) give our mail another Message-ID, programs leave out In-Reply-To,
people answer the wrong mail of a thread.  So the id counts first, ours or the relay's, then the
token in the address, then our mark in the quoted text.  All this says only what a mail is about:
it proves nobody, and finds no ticket (H51).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from maild.desk import reply_tokens
from maild.desk.notifications import AS_ITS_MAIL, BOTH_SIDES, INTERNAL
from maild.desk.profile import Profile
from maild.model import Mail
from maild.parse import prefixes
from maild.store import asking
from maild.store.records import Message, Note, OutboxItem, Person, Ticket
from maild.store.unit import Unit

MOST_QUOTED = 20_000  # characters of quoted text in which our mark is looked for
_MARK = re.compile(r"\(([a-z2-7]{16})\)")  # in the line above which people write


def is_answer(mail: Mail) -> bool:
    """Whether it answers something at all."""
    return bool(mail.in_reply_to or mail.references) or prefixes.is_answer(mail.subject)


def notification(unit: Unit, mail: Mail, ticket: Ticket | None = None) -> OutboxItem | None:
    """Our notification that a mail replies to; of this ticket, where its id is lost."""
    for message_id in mail.parents:
        found = asking.outbox.with_ids(unit, [message_id])
        if found:
            return found[0]
    if ticket is None or _known_mail(unit, mail):
        return None
    return _of_key(unit, ticket, [*_address_keys(unit, mail), *_quoted_keys(mail)])


def note(unit: Unit, mail: Mail, ticket: Ticket | None = None) -> Note | None:
    """The note that a mail replies to, directly or by its notification."""
    item = notification(unit, mail, ticket)
    return unit.get(Note, item.note_id) if item is not None else _known_mail(unit, mail)


def public(unit: Unit, profile: Profile, mail: Mail, ticket: Ticket | None) -> bool | None:
    """Whether contacts may read what it answers; None: it answers nothing that we know."""
    item = notification(unit, mail, ticket)
    if item is not None:
        return reply_is_public(unit, profile, item)
    found = _known_mail(unit, mail)
    return found.public if found is not None else None


def reply_is_public(unit: Unit, profile: Profile, item: OutboxItem) -> bool:
    """Whether a reply to our mail is for contacts too, as the catalogue says of it; what is in it
    no more is answered internally."""
    kind = profile.notifications.get(item.template)
    if kind is None or kind.reply == INTERNAL:
        return False
    about = unit.get(Note, item.note_id)
    if about is not None:
        return about.public
    if kind.reply != AS_ITS_MAIL or item.stored_id is None:
        return True
    notes = asking.notes.of_message(unit, item.stored_id)
    return all(note.public for note in notes if note.ticket_id == item.ticket_id)


def is_for_both_sides(unit: Unit, profile: Profile, mail: Mail, ticket: Ticket) -> bool:
    """Whether it answers what the other side of this shared ticket said to this one (P8)."""
    item = notification(unit, mail, ticket) if ticket.shared_side else None
    kind = profile.notifications.get(item.template) if item is not None else None
    if item is None or item.ticket_id != ticket.id:
        return False
    return kind is not None and kind.reply == BOTH_SIDES


def was_told_internally(unit: Unit, profile: Profile, ticket: Ticket, person: Person) -> bool:
    """Whether this technician was sent something of the ticket that a contact may not read.

    What we answered to his own mails says nothing that he did not write.
    """
    return any(
        item.person_id == person.id
        and not item.audience.is_outside
        and not reply_is_public(unit, profile, item)
        and not _is_answer_to(unit, item, person)
        for item in asking.outbox.of(unit, ticket)
    )


def _is_answer_to(unit: Unit, item: OutboxItem, person: Person) -> bool:
    stored = unit.get(Message, item.stored_id)
    return stored is not None and stored.sender in asking.people.keys(unit, person)


def _known_mail(unit: Unit, mail: Mail) -> Note | None:
    """The note of somebody's mail that it replies to directly."""
    for message_id in mail.parents:
        for stored in asking.messages.with_id(unit, message_id):
            for found in asking.notes.of_message(unit, stored.id):
                return found
    return None


# ---- where the id is lost


def _address_keys(unit: Unit, mail: Mail) -> list[str]:
    secret = reply_tokens.desk_secret(unit)
    read = (reply_tokens.read(secret, address.address) for address in (*mail.to, *mail.cc)[:20])
    return [token.key for token in read if token is not None and token.key != reply_tokens.REPLY]


def _quoted_keys(mail: Mail) -> list[str]:
    """Of our marks in what is quoted, the first one first: that is the mail which was answered."""
    return [found[1] for found in _MARK.finditer(mail.quoted_text[:MOST_QUOTED])]


def _of_key(unit: Unit, ticket: Ticket, keys: Iterable[str]) -> OutboxItem | None:
    """Our mail of this ticket whose Message-ID was made with one of these, the first that is."""
    wanted = dict.fromkeys(keys)
    if not wanted:
        return None
    ours = {reply_tokens.key_of(item.message_id): item for item in asking.outbox.of(unit, ticket)}
    return next((ours[key] for key in wanted if key in ours), None)
