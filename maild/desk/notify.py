"""Who is told what: a row of the outbox, written in the transaction that caused it (N12, E11).

Nothing is rendered or sent here.  The row holds the facts as they were at that moment, a key that
the same cause gives again after a crash (H28), and the place in the recipient's conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.config import Settings
from maild.desk import alerts, bundles, facts, people, rate_limits, reply_tokens
from maild.desk.language import translator
from maild.desk.notifications import Notification
from maild.desk.profile import Profile
from maild.model import Address
from maild.store.tables import (
    Event,
    Message,
    Note,
    OutboxItem,
    Person,
    Thread,
    Ticket,
    TimeEntry,
)

log = structlog.get_logger()

REFERENCES = 20  # ids of a conversation that a mail names: the first and the latest


class Unit(Protocol):
    """What we need of `Desk`: one unit of work in one transaction."""

    session: Session
    settings: Settings
    profile: Profile
    now: datetime
    cause: str  # the same again when the same mail is processed again
    stored: Message | None
    author: Person | None  # who began it all, as far as we believe it

    @property
    def by(self) -> Person | None: ...


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person or bare address that is to be told."""

    name: str
    address: str
    audience: str  # contact | resource | admin
    person: Person | None = None


def notify(
    desk: Unit,
    ticket: Ticket | None,
    template: str,
    recipients: Iterable[Person | Recipient | str],
    *,
    note: Note | None = None,
    time: TimeEntry | None = None,
    auto: str | bool | None = True,
    extra: Mapping[str, Any] | None = None,
) -> list[OutboxItem]:
    """Puts one mail a recipient into the outbox; gives the rows that are to be sent.

    `auto` is the Auto-Submitted keyword; True: what the notification is declared with.  Someone
    who stopped, whose address is held, or who may not read the note gets none.  UsageError: there
    is no such notification.
    """
    kind = desk.profile.notifications.named(template)
    what = _What(kind, ticket, note, time, kind.auto if auto is True else auto or None)
    rows: list[OutboxItem] = []
    seen: set[str] = set()
    for given in recipients:
        recipient = _recipient(given, kind)
        if recipient.address in seen or not _may(desk, what, recipient):
            continue
        seen.add(recipient.address)
        row = (
            _covered(desk, what, recipient, extra or {})
            or _bundled(desk, what, recipient)
            or _add(desk, what, recipient, extra or {})
        )
        if row is not None and row.state == "waiting":
            rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class _What:
    """What all recipients of one call are told."""

    kind: Notification
    ticket: Ticket | None
    note: Note | None
    time: TimeEntry | None
    auto: str | None


def _recipient(given: Person | Recipient | str, kind: Notification) -> Recipient:
    if isinstance(given, Recipient):
        return given
    if isinstance(given, str):
        key = Address("", given).key
        return Recipient(key.partition("@")[0], key, kind.audience)
    usable = [a.address for a in given.addresses if a.held is None]
    return Recipient(given.name, usable[0] if usable else given.email, given.role, given)


def _may(desk: Unit, what: _What, recipient: Recipient) -> bool:
    """Whether he is told at all."""
    if people.is_ours(desk.settings.config, recipient.address):  # H32
        return False
    if recipient.audience == "contact" and what.note is not None and not what.note.public:
        log.warning("notify.internal", template=what.kind.name, note=what.note.id)
        return False
    if what.kind.direct or what.ticket is None:
        return True
    if recipient.audience == "contact" and what.ticket.notify_contact is False:
        return False
    stopped = {p.id for p in what.ticket.with_role("stopped")}
    return recipient.person is None or recipient.person.id not in stopped


def _covered(
    desk: Unit, what: _What, recipient: Recipient, extra: Mapping[str, Any]
) -> OutboxItem | None:
    """One mail for one event and person: the row of this cause that tells him already.

    Either it carries the note anyway, or what we have to say now covers it and takes its place.
    """
    if what.ticket is None:
        return None
    for row in _same_cause(desk, what.ticket, recipient):
        one_note = row.note_id is None or what.note is None or row.note_id == what.note.id
        takes_over = row.template in what.kind.covers
        covered = what.kind.name in desk.profile.notifications.covers(row.template)
        if not one_note or not (takes_over or covered):
            continue
        if takes_over:
            row.template, row.auto = what.kind.name, what.auto
            ticket = facts.storable(facts.ticket_facts(desk.session, what.ticket))
            row.data = {**row.data, "ticket": ticket, **_written(desk, recipient, extra)}
        if what.note is not None:
            row.note_id = what.note.id
            row.data = {**row.data, "note": facts.storable(facts.note_facts(what.note))}
        return row
    return None


def _same_cause(desk: Unit, ticket: Ticket, recipient: Recipient) -> list[OutboxItem]:
    rows = desk.session.scalars(
        sa.select(OutboxItem).where(
            OutboxItem.ticket_id == ticket.id,
            OutboxItem.address == recipient.address,
            OutboxItem.created == desk.now,
            OutboxItem.state == "waiting",
        )
    )
    return [row for row in rows if row.data.get("cause") == desk.cause]


def _bundled(desk: Unit, what: _What, recipient: Recipient) -> OutboxItem | None:
    """The row that waits for more news of this ticket for him, having taken in this one."""
    quiet = bundles.waits(desk.settings.config.notifications, what.kind, recipient.audience)
    if not quiet or what.ticket is None:
        return None
    row = bundles.open_row(
        desk.session, what.ticket.id, recipient.address, desk.now, desk.profile.notifications
    )
    key = _key(desk, what, recipient) if row is not None else None
    if row is not None and key is not None:
        data = facts.storable(_data(desk, what, recipient))
        bundles.take_in(row, what.kind.name, data, key)
    return row


def draft(
    desk: Unit,
    ticket: Ticket | None,
    template: str,
    recipient: Recipient,
    *,
    note: Note | None = None,
    time: TimeEntry | None = None,
    extra: Mapping[str, Any] | None = None,
) -> OutboxItem:
    """The row that `notify` would write, for a preview: it is in no session."""
    kind = desk.profile.notifications.named(template)
    what = _What(kind, ticket, note, time, kind.auto)
    return _row(desk, what, recipient, extra or {}, key=f"draft {desk.cause}")


def _add(
    desk: Unit, what: _What, recipient: Recipient, extra: Mapping[str, Any]
) -> OutboxItem | None:
    """The new row, or None where this very cause has told him already."""
    key = _key(desk, what, recipient)
    if key is None:
        return None
    row = _row(desk, what, recipient, extra, key)
    held = _held(recipient) or _capped(desk, what, recipient)
    if held:
        row.state, row.error = "held", held
    desk.session.add(row)
    if what.ticket is not None:
        desk.session.add(Thread(message_id=row.message_id, ticket_id=what.ticket.id, ours=True))
    desk.session.flush()
    return row


def _row(
    desk: Unit, what: _What, recipient: Recipient, extra: Mapping[str, Any], key: str
) -> OutboxItem:
    person_id = recipient.person.id if recipient.person else None
    chain = _conversation(desk, what.ticket, recipient)
    return OutboxItem(
        key=key,
        ticket_id=what.ticket.id if what.ticket else None,
        note_id=what.note.id if what.note else None,
        stored_id=desk.stored.id if desk.stored else None,
        person_id=person_id,
        address=recipient.address,
        template=what.kind.name,
        language=_language(desk.settings, recipient.person),
        audience=recipient.audience,
        auto=what.auto,
        data=facts.storable({**what.kind.nothing, **_data(desk, what, recipient)})
        | _written(desk, recipient, extra),
        message_id=reply_tokens.message_id(
            reply_tokens.desk_secret(desk.session),
            key,
            what.ticket.number if what.ticket else None,
            person_id,
            Address("", desk.settings.config.desk.address).domain,
        ),
        in_reply_to=_answers(desk, recipient) or (chain[-1] if chain else None),
        references=_bounded(chain),
        state="waiting",
        attempts=0,
        next_try=desk.now
        + bundles.waits(desk.settings.config.notifications, what.kind, recipient.audience),
        created=desk.now,
    )


def _key(desk: Unit, what: _What, recipient: Recipient) -> str | None:
    """The first free key of this cause, template and recipient; None: told already."""
    note_id = what.note.id if what.note else None
    for count in range(1000):
        text = "\x00".join((desk.cause, what.kind.name, recipient.address, str(count)))
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        known = desk.session.execute(
            sa.select(OutboxItem.note_id, OutboxItem.ticket_id).where(OutboxItem.key == key)
        ).one_or_none()
        if known is None:
            return key
        if tuple(known) == (note_id, what.ticket.id if what.ticket else None):
            return None
    return None


def _held(recipient: Recipient) -> str | None:
    """Why we do not write to him any more, if that is so."""
    if recipient.person is None:
        return None
    reasons = [a.held for a in recipient.person.addresses if a.address == recipient.address]
    return f"The address is held: {reasons[0]}" if reasons and reasons[0] else None


def _capped(desk: Unit, what: _What, recipient: Recipient) -> str | None:
    """Which cap keeps this mail back, if one does (E10)."""
    mail = rate_limits.Outgoing(
        address=recipient.address,
        audience=recipient.audience,
        ticket_id=what.ticket.id if what.ticket else None,
        auto=what.auto is not None,
        stranger=rate_limits.is_stranger(recipient.person, desk.now),
        by_resource=desk.author is not None and desk.author.role == "resource",
    )
    caps = desk.settings.config.floods
    return rate_limits.over_outgoing(desk.session, mail, caps, desk.now) or None


def _language(settings: Settings, person: Person | None) -> str:
    """The recipient's, else his organization's, else the desk's."""
    if person is not None and person.language:
        return person.language
    if person is not None and person.organization is not None:
        wanted = person.organization.fields.get("language")
        if wanted:
            return str(wanted)
    return settings.config.desk.language


def _data(desk: Unit, what: _What, recipient: Recipient) -> facts.Facts:
    """The facts as they are now, without anything that this audience may not read."""
    config = desk.settings.config.desk
    person, ticket = recipient.person, what.ticket
    outside = recipient.audience == "contact"
    data: facts.Facts = {
        "cause": desk.cause,
        "desk": facts.desk_facts(config),
        "recipient": facts.recipient_facts(
            recipient.name,
            recipient.address,
            recipient.audience,
            _language(desk.settings, person),
            (person.timezone if person else None) or config.timezone,
        ),
        "event": {"at": desk.now.isoformat(), "by": desk.by.name if desk.by else "maild"},
        "ticket": facts.ticket_facts(desk.session, ticket) if ticket else None,
        "note": facts.note_facts(what.note) if what.note else None,
        "time": facts.time_facts(what.time, internal=not outside) if what.time else None,
        "earlier": [],
    }
    if _unverified(desk, what, recipient):
        return _silent(data, recipient)
    if ticket is not None:
        data["earlier"] = facts.earlier_facts(
            desk.session, ticket, before=what.note, public_only=outside
        )
    return data


def _written(desk: Unit, recipient: Recipient, extra: Mapping[str, Any]) -> facts.Facts:
    """What the caller tells, its sentences in the recipient's language (`maild.i18n`)."""
    if not extra:
        return {}
    language = _language(desk.settings, recipient.person)
    return dict(facts.storable(translator(desk, language).plain(extra)))


def _unverified(desk: Unit, what: _What, recipient: Recipient) -> bool:
    """Whether we answer a mail that anybody may have sent in the name of an address (H78)."""
    if what.kind.auto != "auto-replied" or recipient.audience != "contact" or desk.stored is None:
        return False
    known = recipient.person is not None and recipient.person.source != "mail"
    return not known and (desk.stored.proof or "none") == "none"


def _silent(data: facts.Facts, recipient: Recipient) -> facts.Facts:
    """The same facts with no word of the sender's: who spams through us gets nothing across."""
    name = recipient.address.partition("@")[0]
    data["recipient"].update(name=name, first_name=name)
    if data["ticket"]:
        data["ticket"].update(title=None, contact=None)
    return {**data, "note": None}


# ---- the conversation, as this recipient's mail program knows it (E11)


def _answers(desk: Unit, recipient: Recipient) -> str | None:
    """The mail that we are processing, if it is his own."""
    if desk.stored is None or desk.stored.message_id is None:
        return None
    return desk.stored.message_id if desk.stored.sender in _addresses(recipient) else None


def _conversation(desk: Unit, ticket: Ticket | None, recipient: Recipient) -> list[str]:
    """Ids of all mail of this ticket from him and to him, oldest first (RFC 5322 §3.6.4)."""
    own = _answers(desk, recipient)
    if ticket is None:
        return [own] if own else []
    addresses = _addresses(recipient)
    incoming = desk.session.execute(
        sa.select(Message.accepted, Message.id, Message.message_id).where(
            Message.ticket_id == ticket.id,
            Message.sender.in_(addresses),
            Message.message_id.is_not(None),
        )
    )
    outgoing = desk.session.execute(
        sa.select(OutboxItem.created, OutboxItem.id, OutboxItem.message_id).where(
            OutboxItem.ticket_id == ticket.id,
            OutboxItem.address.in_(addresses),
            OutboxItem.state != "held",
        )
    )
    entries: list[tuple[datetime, int, int, str]] = [
        *((at, 0, row, mid or "") for at, row, mid in incoming),
        *((at, 1, row, mid) for at, row, mid in outgoing),
    ]
    chain = [message_id for _, _, _, message_id in sorted(entries)]
    if own:  # last, wherever it was: this is what we answer
        chain = [m for m in chain if m != own] + [own]
    return chain


def _addresses(recipient: Recipient) -> list[str]:
    if recipient.person is None:
        return [recipient.address]
    return [a.address for a in recipient.person.addresses]


def _bounded(chain: list[str]) -> list[str]:
    """The first id holds the conversation together, the latest ones place the mail in it."""
    return chain if len(chain) <= REFERENCES else [chain[0], *chain[-REFERENCES + 1 :]]


# ---- what became of it


def not_delivered(session: Session, row: OutboxItem, why: str, now: datetime) -> None:
    """Notes on the ticket that this mail did not arrive, and tells the admins once a recipient."""
    detail = {"template": row.template, "to": row.address, "why": why}
    session.add(
        Event(
            ticket_id=row.ticket_id,
            at=now,
            event="notification failed",
            by="maild",
            detail=detail,
        )
    )
    text = (
        f'The notification "{row.template}" to {row.address} could not be delivered: {why} '
        "`maild outbox` has it; is the address right?"
    )
    alerts.raise_alert(session, f"undelivered:{row.address}", text, now)
    log.warning("outbox.failed", item=row.id, ticket=row.ticket_id)
