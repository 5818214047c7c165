"""Takes one stored message through everything: understand, who, which ticket, act, notify.

One message is one transaction (H1): ticket, note, status, events, notifications and the
message's own "processed" mark are committed together, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.config import Settings
from maild.crash_points import crash_point
from maild.desk import alerts, people, rate_limits
from maild.desk.desk import Desk, Listener, Route
from maild.desk.profile import Profile
from maild.errors import MailError, Temporary
from maild.ingest import automatic_mail, duplicates, human_mail, routed_mail
from maild.ingest.outcome import Outcome, conclude
from maild.model import Mail
from maild.store import Store
from maild.store.tables import Message, OutboxItem, Raw

log = structlog.get_logger()

MOST_HOPS = 100  # Received fields; RFC 5321 §6.3 suggests to see a loop there
RETRY = timedelta(seconds=30)  # between the tries of a message that could not be processed


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
            understood = mail or self._read(stored_id)
            if isinstance(understood, MailError):
                raise understood
            return self.store.write(partial(self._take, stored_id, understood, now))
        except Temporary:
            raise
        except Exception as error:
            log.warning("message.failed", message=stored_id, error=type(error).__name__)
            return self.store.write(partial(self._failed, stored_id, error, now))

    def _read(self, stored_id: int) -> Mail:
        with self.store.read() as session:
            octets = session.scalar(sa.select(Raw.octets).where(Raw.stored_id == stored_id))
        return self.read(octets or b"")

    def _take(self, stored_id: int, mail: Mail, now: datetime, session: Session) -> Outcome | None:
        stored = _claim(session, stored_id)
        if stored is None:
            return None
        crash_point("process.claimed")
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
        outcome = _act(desk, mail, stored, self.read)
        desk.settle()
        stored.state, stored.processed, stored.next_try = "processed", now, None
        stored.outcome, stored.why = outcome.outcome, outcome.why
        session.flush()
        crash_point("process.done")
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
    stored.fingerprint = duplicates.fingerprint(mail)
    stored.reasons = [list(asdict(reason).values()) for reason in mail.reasons]


# ---- deciding and acting


def _act(desk: Desk, mail: Mail, stored: Message, read: human_mail.Read) -> Outcome:
    """The story of one message: a copy? our own? a loop? a machine's answer? else a letter."""
    earlier = duplicates.twin(desk.session, stored)
    if earlier is not None:
        return _again(desk, stored, earlier)
    if _is_our_own(desk, mail):
        return conclude(desk, "ignored", "it is our own mail that came back")
    hops = len(mail.header_all("Received"))
    if hops > MOST_HOPS:
        return conclude(desk, "ignored", f"it went through {hops} servers: a loop (H40)")
    if mail.kind.automatic:
        return automatic_mail.take(desk, mail)
    route = desk.route()
    if route is not None:
        return _machine(desk, mail, route)
    return human_mail.take(desk, mail, read)


def _machine(desk: Desk, mail: Mail, route: Route) -> Outcome:
    """Mail that rules know, up to a cap; beyond it the mail is stored and that is all."""
    sender = mail.sender.key if mail.sender else ""
    cap = desk.settings.config.floods.machines
    what = f"Mails of {sender} are only stored"
    too_many = rate_limits.over(desk.session, "machines", sender, cap, what, desk.now)
    if too_many:
        return conclude(desk, "ignored", f"kept, but over {too_many}")
    return conclude(desk, *routed_mail.take(desk, mail, route))


def _again(desk: Desk, stored: Message, earlier: Message) -> Outcome:
    """One ticket, one acknowledgement; the ticket is seen in the other mailbox's queue too."""
    stored.ticket = earlier.ticket
    if earlier.ticket is not None and stored.mailbox != earlier.mailbox:
        detail = {"mailbox": stored.mailbox, "queue": human_mail.queue(desk)}
        desk.emit(earlier.ticket, "also came in", detail)
        queues = [*earlier.ticket.fields.get("also_in", []), detail["queue"] or stored.mailbox]
        earlier.ticket.fields["also_in"] = list(dict.fromkeys(queues))
    why = f"the same mail came in before, as message {earlier.id}"
    return conclude(desk, "duplicate", why)


def _is_our_own(desk: Desk, mail: Mail) -> bool:
    """By its From, or by a Message-ID that we gave a mail (H32)."""
    if mail.sender and people.is_ours(desk.settings.config, mail.sender.key):
        return True
    ours = sa.select(OutboxItem.id).where(OutboxItem.message_id == mail.message_id)
    return mail.message_id is not None and desk.session.scalar(ours) is not None


def _notifications(session: Session, stored: Message) -> int:
    """How many notifications this message caused."""
    query = sa.select(sa.func.count()).where(OutboxItem.stored_id == stored.id)
    return session.scalar(query) or 0
