"""Takes one stored message through everything: understand, who, which ticket, act, notify.

One message is one transaction (H1): ticket, note, status, events, notifications and the
message's own "processed" mark are committed together, or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.commands import mail as commands
from maild.commands.job import May, Result
from maild.commands.values import Asked
from maild.config import Settings
from maild.desk import alerts
from maild.desk.desk import Actor, Desk, Listener
from maild.desk.profile import Profile
from maild.errors import MailError, Temporary
from maild.faults import step
from maild.ingest import machines
from maild.ingest.match import Match, match
from maild.ingest.who import who
from maild.model import Mail, Reason
from maild.store import Store
from maild.store.tables import Message, Note, OutboxItem, Raw, Ticket

log = structlog.get_logger()

REPLY_PREFIX = re.compile(r"^(?:\s*(?:re|aw|sv|antw|vs|odp|rif|ref)(?:\[\d+\])?\s*:)+\s*", re.I)
RETRY = timedelta(seconds=30)  # between the tries of a message that could not be processed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message (contract: `maild ingest --jsonl`)."""

    message_id: str | None
    outcome: str  # ticket | note | ignored | duplicate | quarantined
    ticket: str | None
    status: str | None
    kind: str | None
    commands: tuple[Result, ...]
    notifications: int
    why: str


class Pipeline:
    """Processes stored messages.  `read` gives a Mail for octets or raises MailError."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        profile: Profile,
        listeners: tuple[Listener, ...],
        read: Callable[[bytes], Mail],
    ) -> None:
        self.store = store
        self.settings = settings
        self.profile = profile
        self.listeners = listeners
        self.read = read

    def process_due(self, now: datetime, limit: int = 100) -> int:
        """Processes what is stored and due, oldest first; how many were taken up."""
        due = (
            sa.select(Message.id)
            .where(
                Message.state == "stored",
                sa.or_(Message.next_try.is_(None), Message.next_try <= now),
            )
            .order_by(Message.id)
            .limit(limit)
        )
        with self.store.read() as session:
            ids = list(session.scalars(due))
        for stored_id in ids:
            self.process(stored_id, now)
        return len(ids)

    def process(
        self, stored_id: int, now: datetime, mail: Mail | MailError | None = None
    ) -> Outcome | None:
        """One message; None where somebody else has it done, or it is to be tried again.

        `mail`: what it says, or why it cannot be read, where the caller has read it already.
        """
        try:
            understood = mail or self._understand(stored_id)
            if isinstance(understood, MailError):
                raise understood
            return self.store.write(partial(self._take, stored_id, understood, now))
        except Temporary:
            raise
        except Exception as error:
            log.warning("message.failed", message=stored_id, error=type(error).__name__)
            return self.store.write(partial(self._failed, stored_id, error, now))

    def _understand(self, stored_id: int) -> Mail:
        with self.store.read() as session:
            octets = session.scalar(sa.select(Raw.octets).where(Raw.stored_id == stored_id))
        return self.read(octets or b"")

    def _take(self, stored_id: int, mail: Mail, now: datetime, session: Session) -> Outcome | None:
        stored = _claim(session, stored_id)
        if stored is None:
            return None
        step("process.claimed")
        desk = Desk(
            session=session,
            settings=self.settings,
            profile=self.profile,
            now=now,
            cause=f"message:{stored.sha256}@{stored.mailbox}",
            mail=mail,
            stored=stored,
            listeners=self.listeners,
        )
        _describe(stored, mail)
        outcome = _act(desk, mail, stored)
        desk.settle()
        stored.state, stored.processed, stored.next_try = "processed", now, None
        stored.outcome, stored.why = outcome.outcome, outcome.why
        session.flush()
        step("process.done")
        return replace(
            outcome,
            status=stored.ticket.status if stored.ticket else None,
            notifications=_notifications(session, stored),
        )

    def _failed(
        self, stored_id: int, error: Exception, now: datetime, session: Session
    ) -> Outcome | None:
        """Three tries, then quarantine with the cause and an alert (E3)."""
        stored = _claim(session, stored_id)
        if stored is None:
            return None
        message = error.message if isinstance(error, MailError) else type(error).__name__
        stored.attempts += 1
        stored.error = f"{type(error).__name__}: {error}"
        if not isinstance(error, MailError) and stored.attempts < self.settings.config.limits.tries:
            stored.next_try = now + RETRY * stored.attempts
            return None
        stored.state, stored.outcome, stored.why = "quarantined", "quarantined", message
        alerts.raise_alert(
            session,
            f"quarantine:{stored_id}",
            f"Message {stored_id} could not be processed ({message}). "
            f"Look at it with `maild quarantine show {stored_id}`.",
            now,
        )
        return Outcome(stored.message_id, "quarantined", None, None, stored.kind, (), 0, message)


def _claim(session: Session, stored_id: int) -> Message | None:
    """The message, locked, if it is still to be done."""
    query = sa.select(Message).where(Message.id == stored_id, Message.state == "stored")
    return session.scalar(query.with_for_update(skip_locked=True, of=Message))


def _describe(stored: Message, mail: Mail) -> None:
    """Writes what the mail says of itself beside its octets."""
    stored.message_id, stored.subject = mail.message_id, mail.subject
    stored.sender = mail.sender.key if mail.sender else None
    stored.kind = mail.kind.value
    stored.fingerprint = fingerprint(mail)
    stored.reasons = [list(asdict(reason).values()) for reason in mail.reasons]


def fingerprint(mail: Mail) -> str | None:
    """Equal for the same mail by another way (other Received fields); None without Message-ID."""
    if not mail.message_id:
        return None
    sender = mail.sender.key if mail.sender else ""
    parts = (mail.message_id, sender, str(mail.date), mail.subject, mail.text)
    files = tuple(attachment.sha256 for attachment in mail.attachments)
    return hashlib.sha256(repr((parts, files)).encode("utf-8", "replace")).hexdigest()


# ---- deciding and acting


def _act(desk: Desk, mail: Mail, stored: Message) -> Outcome:
    ours = _twin(desk.session, stored) or None
    if ours is not None:
        stored.ticket_id = ours.ticket_id
        return _outcome(desk, "duplicate", f"the same mail came in before, as message {ours.id}")
    if mail.sender and mail.sender.key == desk.settings.config.desk.sender.key:
        return _outcome(desk, "ignored", "it is our own mail that came back")
    if mail.kind.automatic:
        return _automatic(desk, mail)
    route = desk.route()
    if route is not None:
        return _outcome(desk, *machines.take(desk, mail, route))
    sender = who(desk.session, mail, desk.now)
    found = match(desk.session, mail, sender)
    for reason in (sender.reason, found.reason):
        _say(desk, reason)
    desk.actor, desk.author = Actor.of(sender.person), sender.person
    asked = commands.read(desk, mail, sender.person, found.ticket)
    may = May(sender.person, "resource" if sender.is_resource else "contact", proven=True)
    for reason in asked.reasons:
        _say(desk, reason)
    if found.ticket is None:
        return _new_ticket(desk, mail, asked, may)
    return _note(desk, mail, found, asked, may)


def _twin(session: Session, stored: Message) -> Message | None:
    """An earlier message with the same content."""
    if stored.fingerprint is None:
        return None
    return session.scalar(
        sa.select(Message)
        .where(
            Message.fingerprint == stored.fingerprint,
            Message.id != stored.id,
            Message.state == "processed",
        )
        .order_by(Message.id)
        .limit(1)
    )


def _automatic(desk: Desk, mail: Mail) -> Outcome:
    """Stored and shown; changes no status, is not answered (E9)."""
    found = match(desk.session, mail, None)
    if found.ticket is None:
        return _outcome(desk, "ignored", f"an automatic mail ({mail.kind.value}) of no ticket")
    _say(desk, found.reason)
    desk.stored_on(found.ticket)
    desk.emit(
        found.ticket,
        "automatic mail",
        {
            "kind": mail.kind.value,
            "subject": mail.subject,
            "failed": [r.address for r in mail.failed_recipients],
        },
    )
    return _outcome(desk, "ignored", f"an automatic mail ({mail.kind.value}) changes nothing")


def _new_ticket(desk: Desk, mail: Mail, asked: Asked, may: May) -> Outcome:
    if commands.only_answers(desk, asked):
        results = commands.carry_out(desk, mail, None, None, asked, may)
        return _outcome(desk, "ignored", "it only asks for a report, which was sent", results)
    ticket = desk.open_ticket(
        title=REPLY_PREFIX.sub("", asked.subject),
        contact=may.person,
        organization=may.person.organization,
        queue=_queue(desk),
    )
    note = _write_note(desk, ticket, mail, asked, may, first=True)
    desk.announce(ticket, note)
    desk.settle()
    results = commands.carry_out(desk, mail, ticket, note, asked, may)
    return _outcome(desk, "ticket", f"a new ticket by {may.person.name}", results)


def _note(desk: Desk, mail: Mail, found: Match, asked: Asked, may: May) -> Outcome:
    assert found.ticket is not None
    note = None
    if asked.text.strip() or mail.attachments or not asked.commands:
        note = _write_note(desk, found.ticket, mail, asked, may)
        desk.settle()
    else:  # nothing but commands: no empty note
        desk.know(mail.message_id, found.ticket)
        desk.stored_on(found.ticket)
    results = commands.carry_out(desk, mail, found.ticket, note, asked, may)
    why = f"{'a note' if note else 'commands'} by {may.person.name}: {found.reason.because}"
    return _outcome(desk, "note", why, results)


def _write_note(
    desk: Desk, ticket: Ticket, mail: Mail, asked: Asked, may: May, *, first: bool = False
) -> Note:
    desk.know(mail.message_id, ticket)
    desk.stored_on(ticket)
    cut = asked.text != mail.new_text  # directives are cut off: the HTML would still show them
    return desk.add_note(
        ticket,
        text=asked.text if mail.new_text else mail.text,
        quoted_text=mail.quoted_text,
        html=None if cut else mail.html,
        public=commands.public(desk, mail, asked, may),
        attachments=[asdict(attachment) for attachment in mail.attachments],
        first=first,
    )


def _queue(desk: Desk) -> str | None:
    """The queue of the mailbox that it came in by."""
    name = desk.stored.mailbox if desk.stored else None
    return next((m.queue for m in desk.settings.config.mailbox if m.name == name), None)


def _say(desk: Desk, reason: Reason) -> None:
    if desk.stored is not None:
        desk.stored.reasons = [*desk.stored.reasons, list(asdict(reason).values())]


def _outcome(desk: Desk, outcome: str, why: str, results: list[Result] | None = None) -> Outcome:
    stored = desk.stored
    assert stored is not None
    stored.commands = [asdict(result) for result in results or []]
    _say(desk, Reason("desk", outcome, why))
    number = stored.ticket.number if stored.ticket else None
    return Outcome(
        stored.message_id, outcome, number, None, stored.kind, tuple(results or ()), 0, why
    )


def _notifications(session: Session, stored: Message) -> int:
    """How many notifications this message caused."""
    query = sa.select(sa.func.count()).where(OutboxItem.stored_id == stored.id)
    return session.scalar(query) or 0
