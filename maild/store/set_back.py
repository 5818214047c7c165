"""A clock that was ahead and is set right makes nothing wait for the time that it lost (H27).

What was put off, or began, while the machine believed to be further on has times that are still
to come.  They are brought back; a little too early does no harm, a day too late does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.store.tables import Clock, Hook, Message, OutboxItem, Setting

LAST = "last tick"  # key of the Setting: when a daemon was alive, by its clock
LEAST = timedelta(minutes=1)  # by which a clock must have gone back; two machines differ a little
LONGEST_WAIT = timedelta(hours=25)  # between tries, and of news that are gathered


def tick(session: Session, now: datetime, *, went_back: bool = False) -> bool:
    """Notes that somebody is alive, and mends what a clock that was ahead has left.

    True where the clock went back since somebody last noted his time, or `went_back` says so.
    """
    row = session.get(Setting, LAST)
    last = datetime.fromisoformat(row.value["at"]) if row is not None else now
    session.merge(Setting(key=LAST, value={"at": now.isoformat()}))
    went_back = went_back or last - now >= LEAST
    _bring_back(session, now, everything=went_back)
    return went_back


def _bring_back(session: Session, now: datetime, *, everything: bool) -> None:
    """`everything`: all that waits; else only what can have no right time, as of somebody who had
    looked at the clock before it was set, and wrote afterwards."""
    limit = now if everything else now + LONGEST_WAIT
    ahead = now + (timedelta() if everything else LEAST)
    for record, states in ((OutboxItem, ("waiting",)), (Hook, ("waiting", "calling"))):
        created = sa.case((record.created > now, now), else_=record.created)
        session.execute(
            sa.update(record)
            .where(record.state.in_(states))
            .where(sa.or_(record.next_try > limit, record.created > ahead))
            .values(next_try=now, created=created)
        )
    session.execute(
        sa.update(Message)
        .where(Message.state == "stored")
        .where(sa.or_(Message.next_try > limit, Message.accepted > ahead))
        .values(next_try=None)
    )
    begun = sa.select(Clock.id, Clock.started, Clock.due).where(Clock.started > ahead)
    for key, started, due in session.execute(begun).all():
        due = due - (started - now) if due is not None else None
        session.execute(sa.update(Clock).where(Clock.id == key).values(started=now, due=due))
