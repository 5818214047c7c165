"""A clock that was ahead and is set right makes nothing wait for the time that it lost (H27).

What was put off, or began, while the machine believed to be further on has times that are still
to come.  They are brought back; a little too early does no harm, a day too late does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from maild.model import MessageState, SendState
from maild.store.asking import settings
from maild.store.prepared import Statement
from maild.store.question import Question, param
from maild.store.records import Clock, Hook, Message, OutboxItem
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

LAST = "last tick"  # key of the Setting: when a daemon was alive, by its clock
LEAST = timedelta(minutes=1)  # by which a clock must have gone back; two machines differ a little
LONGEST_WAIT = timedelta(hours=25)  # between tries, and of news that are gathered


def _sending(record: type, *states: SendState) -> Statement:
    """Of what goes out."""
    of, now = columns(record), param("now")
    return Statement(
        sa.update(TABLES[record])
        .where(of.state.in_(states))
        .where((of.next_try > param("limit")) | (of.created > param("ahead")))
        .values(next_try=now, created=sa.case((of.created > now, now), else_=of.created))
    )


_message = columns(Message)
_MESSAGES = Statement(
    sa.update(TABLES[Message])
    .where(_message.state == MessageState.STORED)
    .where((_message.next_try > param("limit")) | (_message.accepted > param("ahead")))
    .values(next_try=sa.null())
)
_ALL = (
    _sending(OutboxItem, SendState.WAITING),
    _sending(Hook, SendState.WAITING, SendState.CALLING),
    _MESSAGES,
)
_clock = columns(Clock)
# Those of tickets; a series knows its times by itself.
BEGUN = Question(Clock, (_clock.started > param("ahead")) & _clock.ticket_id.is_not(None))


def tick(unit: Unit, now: datetime, *, went_back: bool = False) -> bool:
    """Notes that somebody is alive, and mends what a clock that was ahead has left.

    True where the clock went back since somebody last noted his time, or `went_back` says so.
    """
    kept = settings.kept(unit, LAST)
    last = datetime.fromisoformat(kept["at"]) if kept is not None else now
    settings.keep(unit, LAST, {"at": now.isoformat()})
    went_back = went_back or last - now >= LEAST
    _bring_back(unit, now, everything=went_back)
    return went_back


def _bring_back(unit: Unit, now: datetime, *, everything: bool) -> None:
    """`everything`: all that waits; else only what can have no right time, as of somebody who had
    looked at the clock before it was set, and wrote afterwards."""
    limit = now if everything else now + LONGEST_WAIT
    ahead = now + (timedelta() if everything else LEAST)
    for statement in _ALL:
        unit.many(statement, [{"now": now, "limit": limit, "ahead": ahead}])
    for clock in unit.all(BEGUN, ahead=ahead):
        due = clock.due - (clock.started - now) if clock.due is not None else None
        unit.change(clock, started=now, due=due)
