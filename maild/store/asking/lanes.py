"""The lanes in which stored messages wait: what goes first, and who is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maild.model import Lane, MessageState, Role
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import Message, Person, PersonAddress, Thread, Ticket
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_message, _thread, _ticket = columns(Message), columns(Thread), columns(Ticket)
_person, _address = columns(Person), columns(PersonAddress)
_STORED = _message.state == MessageState.STORED
_WAITS = _STORED & _message.next_try.is_(None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is to be processed."""

    id: int
    size: int  # octets


def _first(where: Any, *order: Any) -> Statement:
    query = sa.select(_message.id, _message.size).where(where).order_by(*order)
    return Statement(query.limit(param("most", sa.Integer())))


_IN_TURN = (_message.lane, _message.turn, _message.id)
_HURRIED = _first(_WAITS & (_message.lane < Lane.BACKLOG), *_IN_TURN)
_BACKLOG = _first(_WAITS & (_message.lane >= Lane.BACKLOG), *_IN_TURN)
_AGAIN = _first(_STORED & (_message.next_try <= param("now")), _message.next_try, _message.id)


def hurried(unit: Unit, most: int) -> list[Waiting]:
    """What goes before the backlog, in its order; so many at most."""
    return [Waiting(*row) for row in unit.rows(_HURRIED, most=most)]


def patient(unit: Unit, now: datetime, most: int) -> list[Waiting]:
    """The backlog in its order, before it what is to be tried again; so many at most."""
    again = unit.rows(_AGAIN, now=now, most=most)
    return [Waiting(*row) for row in (*again, *unit.rows(_BACKLOG, most=most))][:most]


MANY = 50  # mails that wait to be heard: until then it can wait what they have brought …
PATIENT = timedelta(minutes=1)  # … so long
_MANY_WAIT = Statement(
    sa.select(_message.id).where(_WAITS, _message.lane < Lane.LAST).offset(MANY).limit(1)
)


def many_wait(unit: Unit) -> bool:
    """Whether more than MANY wait, those aside of who sends very much."""
    return bool(unit.rows(_MANY_WAIT))


# ---- who is there, for who comes

_OTHERS = Statement(
    sa.select(_message.lane, _message.sender, sa.func.count())
    .where(_WAITS, _message.mailbox == param("mailbox"), _message.lane < Lane.BACKLOG)
    .group_by(_message.lane, _message.sender)
)


def _end(newest: bool, lane: Lane) -> Any:
    """A mailbox's last turn in a lane, or the lane's first."""
    turn = _message.turn
    query = sa.select(turn).where(_WAITS, _message.lane == lane)
    if newest:
        query = query.where(_message.mailbox == param("mailbox")).order_by(turn.desc())
    else:
        query = query.order_by(turn)
    return query.limit(1).scalar_subquery()


_ENDS = Statement(sa.select(*(_end(newest, lane) for newest in (False, True) for lane in Lane)))


def others(unit: Unit, mailbox: str) -> dict[tuple[Lane, str | None], int]:
    """How many mails of each sender wait in the lanes before the backlog."""
    rows = unit.rows(_OTHERS, mailbox=mailbox)
    return {(Lane(lane), sender): count for lane, sender, count in rows}


def next_turns(unit: Unit, mailbox: str) -> dict[Lane, int]:
    """The next turn of a mailbox in each lane: after its last one, and not before those that
    are served now."""
    (row,) = unit.rows(_ENDS, mailbox=mailbox) or [(None,) * 2 * len(Lane)]
    firsts, lasts = row[: len(Lane)], row[len(Lane) :]
    return {
        lane: max(first or 0, 0 if last is None else last + 1)
        for lane, first, last in zip(Lane, firsts, lasts, strict=True)
    }


_PEOPLE = Statement(
    sa.select(_address.address, _person.role, _person.organization_id, _person.source)
    .join_from(TABLES[PersonAddress], TABLES[Person], _address.person_id == _person.id)
    .where(among(_address.address, "keys"), _person.active)
)


def known(unit: Unit, keys: Iterable[str]) -> dict[str, Role]:
    """Those of these addresses that are technicians' or customers': of people that the desk was
    told of, or of an organization's."""
    rows = unit.rows(_PEOPLE, keys=sorted(set(keys)))
    return {
        key: Role(role)
        for key, role, organization, source in rows
        if role == Role.RESOURCE or organization is not None or source != "mail"
    }


_BEHIND = Statement(
    sa.select(_message.sender, sa.func.count())
    .where(_WAITS, _message.lane >= Lane.BACKLOG, among(_message.sender, "keys"))
    .group_by(_message.sender)
)


def behind(unit: Unit, keys: Iterable[str]) -> dict[str | None, int]:
    """How many mails of these senders wait in the backlog."""
    return dict(map(tuple, unit.rows(_BEHIND, keys=sorted(set(keys)))))


# ---- which belong together

_CAME = Statement(
    sa.select(_message.message_id, _message.conversation).where(
        among(_message.message_id, "ids"), _message.conversation.is_not(None)
    )
)
_OPENING = (
    sa.select(_message.conversation)
    .where(_message.ticket_id == _ticket.id, _message.conversation.is_not(None))
    .order_by(_message.id)
    .limit(1)
    .scalar_subquery()
)
_OF_THREAD = Statement(
    sa.select(_thread.message_id, _ticket.id, _OPENING)
    .join_from(TABLES[Thread], TABLES[Ticket], _thread.ticket_id == _ticket.id)
    .where(among(_thread.message_id, "ids"))
)
_NUMBERED = Statement(
    sa.select(_ticket.number, _ticket.id, _OPENING).where(
        among(_ticket.number, "numbers") & (sa.func.coalesce(_ticket.twin_of, 0) == 0)
    )
)
_TOGETHER = Question(
    Message,
    _WAITS & (_message.conversation == param("conversation")),
    order=(_message.lane.desc(), _message.turn.desc()),
    limit=50,
)
MOST = 49  # of a conversation that can be led before others


_EARLIER = TABLES[Message].alias()
_BEHIND_EARLIER = Statement(
    sa.select(sa.literal(1))
    .select_from(TABLES[Message])
    .join(_EARLIER, _EARLIER.c.conversation == _message.conversation)
    .where(
        _message.id == param("message"),
        _message.next_try.is_(None),
        _EARLIER.c.state == MessageState.STORED,
        _EARLIER.c.next_try.is_(None),
        _EARLIER.c.id < _message.id,
    )
    .limit(1)
)


def is_behind(unit: Unit, stored_id: int) -> bool:
    """Whether an earlier message of its conversation still waits, or is just being acted on by
    another daemon: of SQLite nobody else is."""
    return not unit.on_sqlite and bool(unit.rows(_BEHIND_EARLIER, message=stored_id))


def came(unit: Unit, ids: Sequence[str]) -> dict[str, int]:
    """The conversations of mail that came with these Message-IDs."""
    return dict(unit.rows(_CAME, ids=list(ids)))


def of_tickets(
    unit: Unit, ids: Sequence[str], numbers: Sequence[str]
) -> dict[str, tuple[int, int | None]]:
    """By Message-ID and by number: a ticket's id, and the conversation that opened it."""
    rows = unit.rows(_OF_THREAD, ids=list(ids)) if ids else []
    rows += unit.rows(_NUMBERED, numbers=list(numbers)) if numbers else []
    return {name: (ticket, conversation) for name, ticket, conversation in rows}


def together(unit: Unit, conversation: int) -> list[Message]:
    """What waits of a conversation, whose turn is last first; one more than MOST at most."""
    return unit.all(_TOGETHER, conversation=conversation)
