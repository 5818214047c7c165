"""Stored messages: what came in, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maild.model import Became, MessageState
from maild.spool import Mass
from maild.store.prepared import Asked, Row, Statement
from maild.store.question import Question, among, param
from maild.store.records import Event, Message, Raw, Ticket
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_message = columns(Message)
_NAMED_BY = Statement(
    sa.select(_message.message_id, _message.sender).where(_message.id == param("stored"))
)
_DONE = (_message.state == MessageState.PROCESSED) & (_message.outcome != Became.DUPLICATE)
_SAME = (_message.fingerprint == param("fingerprint")) & (_message.id != param("message")) & _DONE

TWINS = Question(Message, _SAME, order=(_message.id,), limit=1)
COPIES = Question(
    Message,
    _SAME
    & (_message.mailbox != param("mailbox"))
    & (_message.accepted >= param("after"))
    & (_message.accepted <= param("before")),
    order=(_message.id,),
    limit=1,
)
AT = Question(
    Message,
    (_message.mailbox == param("mailbox"))
    & (_message.uidvalidity == param("uidvalidity"))
    & (_message.uid == param("uid")),
)
_PLACES = Statement(
    sa.select(_message.uid, _message.size, _message.sha256).where(
        _message.mailbox == param("mailbox"),
        _message.uidvalidity == param("uidvalidity"),
        among(_message.uid, "uids"),
    )
)
_ONCE_PLACED = (_message.mailbox == param("mailbox")) & _message.uidvalidity.is_not(None)
STRAY = Question(Message, _ONCE_PLACED & _message.uid.is_(None), order=(_message.id,), limit=1)
STRAY_LIKE = Question(
    Message, STRAY.where & (_message.sha256 == param("digest")), order=(_message.id,), limit=1
)
CAME_BY = Question(
    Message,
    (_message.sha256 == param("digest")) & (_message.mailbox == param("mailbox")),
    order=(_message.id,),
    limit=1,
)
_LOSE_PLACES = Statement(
    sa.update(TABLES[Message]).where(_ONCE_PLACED, _message.uid.is_not(None)).values(uid=sa.null())
)
WITH_ID = Question(Message, _message.message_id == param("message_id"), order=(_message.id,))
LATEST = Question(Message, sa.true(), order=(_message.id.desc(),), limit=200)
OF_TICKET = Question(Message, _message.ticket_id == param("ticket"), order=(_message.id,))
_SUBJECTS = Statement(
    sa.select(_message.subject, _message.message_id)
    .where(_message.ticket_id == param("ticket"), _message.withheld.is_(None))
    .order_by(_message.id.desc())
    .limit(param("most", sa.Integer()))
)
CAME = Question(
    Message,
    (_message.ticket_id == param("ticket"))
    & _message.message_id.is_not(None)
    & _message.sender.is_not(None),
)
_OF_CAME = ("accepted", "sender", "message_id")
UNDOABLE = Question(
    Message,
    (_message.ticket_id == param("ticket"))
    & among(_message.sender, "addresses")
    & _message.undo.is_not(None),
    order=(_message.id.desc(),),
    limit=1,
)
EVENTS = Question(Event, columns(Event).stored_id == param("message"), order=(columns(Event).id,))
QUARANTINED = Question(Message, _message.state == MessageState.QUARANTINED, order=(_message.id,))
PROCESSED = Question(Message, _message.state == MessageState.PROCESSED, order=(_message.id,))
_SPAM = Statement(
    sa.select(TABLES[Message]).where(_message.why.like("spam: %")).order_by(_message.id)
)
WAITING = Question(Message, _message.state == MessageState.STORED)


_TICKET_NUMBER = Statement(
    sa.select(columns(Ticket).number)
    .join_from(
        columns(Ticket).id.table, _message.id.table, _message.ticket_id == columns(Ticket).id
    )
    .where(_message.id == param("message"))
)


_BY_MAILBOX = Statement(sa.select(_message.mailbox, sa.func.count()).group_by(_message.mailbox))


def by_mailbox(unit: Unit) -> dict[str, int]:
    """How many messages came in by each mailbox."""
    return {str(name): int(count) for name, count in unit.rows(_BY_MAILBOX)}


def ticket_number(unit: Unit, stored_id: int) -> str | None:
    """Of the ticket that a message belongs to; None where it is of none."""
    return next((number for (number,) in unit.rows(_TICKET_NUMBER, message=stored_id)), None)


def at(unit: Unit, mailbox: str, uidvalidity: int | None, uid: int) -> Message | None:
    """What is stored of this place in a mailbox."""
    return unit.first(AT, mailbox=mailbox, uidvalidity=uidvalidity, uid=uid)


def places(
    unit: Unit, mailbox: str, uidvalidity: int, uids: list[int]
) -> dict[int, tuple[int, str]]:
    """Of these UIDs those that are stored: UID → (octets, SHA-256 in hex)."""
    rows = unit.rows(_PLACES, mailbox=mailbox, uidvalidity=uidvalidity, uids=uids)
    return {uid: (size, digest) for uid, size, digest in rows}


def stray(unit: Unit, mailbox: str, digest: str | None = None) -> Message | None:
    """The first that came in by this mailbox and has lost its UID; of this content, or of any."""
    if digest is None:
        return unit.first(STRAY, mailbox=mailbox)
    return unit.first(STRAY_LIKE, mailbox=mailbox, digest=digest)


def came_by(unit: Unit, mailbox: str, digest: str) -> Message | None:
    """A message of this content that came by this mailbox."""
    return unit.first(CAME_BY, mailbox=mailbox, digest=digest)


def lose_places(unit: Unit, mailbox: str) -> None:
    """Every UID of this mailbox means nothing any more."""
    unit.many(_LOSE_PLACES, [{"mailbox": mailbox}])


def waiting(unit: Unit) -> int:
    """How many are still to be processed."""
    return unit.count(WAITING)


def take(unit: Unit, stored_id: int) -> Message | None:
    """This one, if it is still to be done and nobody else does it at this moment."""
    row = unit.take(Message, stored_id)
    return row if row is not None and row.state == MessageState.STORED else None


def latest(unit: Unit) -> list[Message]:
    """The last two hundred that came in, the newest first."""
    return unit.all(LATEST)


def octets(unit: Unit, stored_id: int | None) -> Mass:
    """The message as it was received."""
    row = unit.get(Raw, stored_id)
    return row.octets if row is not None else b""


def named_by(unit: Unit, ids: list[int]) -> list[tuple[str, str]]:
    """(Message-ID, sender's key) of these messages, those that have both."""
    rows = [row for one in ids for row in unit.rows(_NAMED_BY, stored=one)]
    return [(message_id, sender) for message_id, sender in rows if message_id and sender]


def alone_with(unit: Unit, fingerprint: str) -> None:
    """Until the commit nobody else asks for a twin of this content (SQLite has one writer)."""
    unit.lock(int(fingerprint[:15] or "0", 16))


def twin(unit: Unit, stored: Message) -> Message | None:
    """The first processed message of the same content, by whatever mailbox."""
    return unit.first(TWINS, **_like(stored))


def twin_asked(unit: Unit, stored: Message) -> Asked:
    """What `twin` asks the database."""
    return unit.about(TWINS, **_like(stored))


def _like(stored: Message) -> dict[str, Any]:
    return {"fingerprint": stored.fingerprint, "message": stored.id}


def copy_elsewhere(
    unit: Unit, stored: Message, after: datetime, before: datetime
) -> Message | None:
    """The same by another mailbox, accepted between these times."""
    return unit.first(
        COPIES,
        fingerprint=stored.fingerprint,
        message=stored.id,
        mailbox=stored.mailbox,
        after=after,
        before=before,
    )


def with_id(unit: Unit, message_id: str) -> list[Message]:
    """Everything that came in with this Message-ID."""
    return unit.all(WITH_ID, message_id=message_id)


def with_id_asked(unit: Unit, message_id: str) -> Asked:
    """What `with_id` asks the database."""
    return unit.about(WITH_ID, message_id=message_id)


def of(unit: Unit, ticket: Ticket) -> list[Message]:
    """All mail of a ticket, oldest first."""
    return unit.all(OF_TICKET, ticket=ticket.id)


def subjects(unit: Unit, ticket: Ticket, but: str | None, most: int) -> list[str]:
    """Subjects of the latest mail of a ticket that was not withheld, without this Message-ID."""
    rows = unit.rows(_SUBJECTS, ticket=ticket.id, most=most)
    return [subject for subject, message_id in rows if subject and message_id != but]


def came(unit: Unit, ticket: Ticket) -> list[Row]:
    """(when, from which address, Message-ID) of all mail of a ticket, as its writers know it."""
    return unit.values(CAME, *_OF_CAME, ticket=ticket.id)


def came_asked(ticket: Ticket) -> Asked:
    """What `came` asks the database."""
    return CAME.only(_OF_CAME), {"ticket": ticket.id}


def undoable(unit: Unit, ticket: Ticket, addresses: Iterable[str]) -> Message | None:
    """The latest mail of a ticket from these addresses whose commands could be taken back."""
    return unit.first(UNDOABLE, ticket=ticket.id, addresses=list(addresses))


def events(unit: Unit, stored: Message) -> list[Event]:
    """What it caused."""
    return unit.all(EVENTS, message=stored.id)


def spam(unit: Unit) -> list[Message]:
    """What was kept as spam, oldest first."""
    return [unit.adopt(Message, row) for row in unit.rows(_SPAM)]


def in_quarantine(unit: Unit, stored_id: int) -> Message | None:
    """This one, if it could not be processed."""
    row = unit.get(Message, stored_id)
    return row if row is not None and row.state == MessageState.QUARANTINED else None


def quarantined(unit: Unit) -> list[Message]:
    """What could not be processed, oldest first."""
    return unit.all(QUARANTINED)
