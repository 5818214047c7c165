"""Delivering: which rows of the outbox are due, whose they are, and what was tried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from maild.model import Lane, SendState
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import Alert, Delivery, Message, Note, OutboxItem, Ticket
from maild.store.schema import TABLES, columns, row_of
from maild.store.types import CleanText
from maild.store.unit import Unit

_OUTBOX, _TICKET, _NOTE = TABLES[OutboxItem], TABLES[Ticket], TABLES[Note]
_item, _delivery, _alert = columns(OutboxItem), columns(Delivery), columns(Alert)
_message = columns(Message)
_earlier = _OUTBOX.alias()
_SENDING = _item.state == SendState.SENDING

OF_ITEM = Question(Delivery, _delivery.outbox_id == param("item"), order=(_delivery.id,))
TAKEN = Question(Delivery, (_delivery.id > param("after")) & (_delivery.code < 300), limit=1)

_ABANDONED = _SENDING & among(_item.id, "abandoned")
_BEHIND_ANOTHER = sa.exists().where(  # an earlier one to the same recipient is on its way
    _earlier.c.ticket_id == _item.ticket_id,
    _earlier.c.address == _item.address,
    _earlier.c.id < _item.id,
    _earlier.c.created > param("stuck"),
    _earlier.c.state.in_((SendState.WAITING, SendState.SENDING)),
)
_NOBODY_COMMANDS = sa.exists().where(_message.id == _item.stored_id, _message.lane > Lane.COMMAND)
_DUE = Statement(
    sa.select(*row_of(OutboxItem), _TICKET.c.number, _NOTE.c.public)
    .outerjoin_from(_OUTBOX, _TICKET, _TICKET.c.id == _item.ticket_id)
    .outerjoin(_NOTE, _NOTE.c.id == _item.note_id)
    .where((_item.state == SendState.WAITING) | _ABANDONED, ~_BEHIND_ANOTHER)
    .where(_item.next_try <= param("now"))
    .where((_item.created <= param("patient")) | ~_NOBODY_COMMANDS)
    .order_by(_item.id)
    .limit(param("most", sa.Integer()))
    .with_for_update(skip_locked=True, of=_OUTBOX)
)
_NEXT_DUE = Statement(
    sa.select(sa.func.min(_item.next_try)).where(_item.state == SendState.WAITING)
)
_HELD = Statement(
    sa.select(_item.id, _item.claimed)
    .where(among(_item.id, "ids"), _SENDING)
    .with_for_update(of=_OUTBOX)
)
_NOT_OF_NOW = Statement(
    sa.select(_item.id, _item.claimed).where(
        _SENDING, (_item.claimed < param("before")) | (_item.claimed > param("after"))
    )
)
_CLAIM = Statement(
    sa.update(_OUTBOX)
    .where(among(_item.id, "ids"))
    .values(state=SendState.SENDING, claimed=param("now"))
)
_RENEW = Statement(sa.update(_OUTBOX).where(among(_item.id, "ids")).values(claimed=param("now")))
_WAITS = sa.update(_OUTBOX).values(state=SendState.WAITING, claimed=sa.null())
_RELEASE = Statement(
    _WAITS.where(_SENDING, among(_item.id, "ids")).values(
        error=sa.func.coalesce(param("why", CleanText()), _item.error)
    )
)
_RELEASE_ALL = Statement(_WAITS.where(_SENDING))
_COMPOSED = Statement(
    sa.update(_OUTBOX)
    .where(_item.id == param("the_id"))
    .values(subject=param("subject"), octets=param("octets"))
)
_SENT = Statement(
    sa.update(_OUTBOX)
    .where(_item.id == param("the_id"))
    .values(
        state=SendState.SENT,
        sent=param("now"),
        claimed=sa.null(),
        error=sa.null(),
        attempts=_item.attempts + 1,
        relay_id=sa.func.coalesce(param("relay", _item.relay_id.type), _item.relay_id),
    )
)
_WRITTEN_TO = sa.select(param("prefix", CleanText()) + _item.address).where(among(_item.id, "ids"))
_ARRIVED = Statement(
    sa.update(TABLES[Alert])
    .where(_alert.key.in_(_WRITTEN_TO), _alert.cleared.is_(None))
    .values(cleared=param("now"))
)
_WIDTH = len(row_of(OutboxItem))


def due(
    unit: Unit,
    now: datetime,
    abandoned: Collection[int],
    stuck: datetime,
    patient: datetime,
    most: int,
) -> list[tuple[OutboxItem, str | None, bool | None]]:
    """Rows that may be taken at `now`, oldest first, each with its ticket's number and whether its
    note is public; ours until the commit.

    Those that are `abandoned`, by their ids, are among them.  An earlier one of the same ticket and
    recipient goes first, unless it was made before `stuck`.  What mail other than technicians' has
    brought since `patient` is left.
    """
    times = {"now": now, "abandoned": list(abandoned), "stuck": stuck, "patient": patient}
    return [
        (unit.adopt(OutboxItem, row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1])
        for row in unit.rows(_DUE, **times, most=most)
    ]


def claim(unit: Unit, ids: Collection[int], now: datetime) -> None:
    """From now on they are being sent."""
    if ids:
        unit.many(_CLAIM, [{"ids": list(ids), "now": now}])


def next_due(unit: Unit) -> datetime | None:
    """When the next row that waits will be due; None where none waits."""
    found: datetime | None = unit.rows(_NEXT_DUE)[0][0]
    return found


def claimed_outside(unit: Unit, before: datetime, after: datetime) -> dict[int, datetime]:
    """The rows that somebody is sending who claimed or renewed them before or after then."""
    return {row[0]: row[1] for row in unit.rows(_NOT_OF_NOW, before=before, after=after)}


def held(unit: Unit, ids: Iterable[int]) -> dict[int, datetime]:
    """Of these rows those that somebody is sending, and since when; ours until the commit."""
    return {row[0]: row[1] for row in unit.rows(_HELD, ids=list(ids))}


def renew(unit: Unit, ids: Collection[int], now: datetime) -> None:
    """Claims them anew."""
    if ids:
        unit.many(_RENEW, [{"ids": list(ids), "now": now}])


def release(unit: Unit, ids: Collection[int], why: str | None) -> None:
    """What of these is being sent waits again."""
    if ids:
        unit.many(_RELEASE, [{"ids": list(ids), "why": why}])


def release_all(unit: Unit) -> None:
    """All that is being sent waits again."""
    unit.many(_RELEASE_ALL, [{}])


def composed(unit: Unit, mails: Iterable[tuple[int, str, bytes]]) -> None:
    """Keeps (id, subject, octets) of each."""
    unit.many(_COMPOSED, [{"the_id": i, "subject": s, "octets": o} for i, s, o in mails])


def sent(unit: Unit, given: Mapping[int, str | None], now: datetime) -> None:
    """The relay took these, and gave them these ids where it gave any."""
    unit.many(_SENT, [{"the_id": i, "relay": relay, "now": now} for i, relay in given.items()])


def arrived(unit: Unit, ids: Collection[int], prefix: str, now: datetime) -> None:
    """Ends the alerts about the addresses of these, whose keys begin with `prefix`."""
    unit.many(_ARRIVED, [{"ids": list(ids), "prefix": prefix, "now": now}])


def attempts(unit: Unit, item_id: int) -> list[Delivery]:
    """What was tried of one row, oldest first."""
    return unit.all(OF_ITEM, item=item_id)


def taken_since(unit: Unit, delivery_id: int) -> bool:
    """Whether a relay has taken any mail after this attempt."""
    return unit.first(TAKEN, after=delivery_id) is not None
