"""The clock that runs while somebody works on a ticket (A2): one a person, on the server.

It counts from one sign of a hand to the next.  After ten minutes without one it stands since the
last, and asks whether the pause was work.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from maild.store.asking import console as asking
from maild.store.console_records import WorkingClock
from maild.store.unit import Unit

IDLE = timedelta(minutes=10)


def counted(clock: WorkingClock | None, now: datetime) -> int:
    """The seconds that it shows."""
    if clock is None:
        return 0
    running = 0 if clock.since is None else int((now - clock.since) / timedelta(seconds=1))
    return clock.seconds + max(running, 0)


def of(unit: Unit, person_id: int, ticket_id: int) -> WorkingClock | None:
    """His clock of this ticket."""
    return unit.first(asking.CLOCK, person=person_id, ticket=ticket_id)


def start(unit: Unit, person_id: int, ticket_id: int, now: datetime) -> WorkingClock:
    """Lets it run; the one of another ticket stands from now on."""
    for other in unit.all(asking.CLOCKS, person=person_id):
        if other.ticket_id != ticket_id and other.since is not None:
            stop(unit, other, now)
    clock = of(unit, person_id, ticket_id)
    if clock is None:
        return unit.add(WorkingClock(person_id=person_id, ticket_id=ticket_id, since=now, seen=now))
    if clock.since is None:
        unit.change(clock, since=now, seen=now, idle=0, held=False)
    return clock


def stop(unit: Unit, clock: WorkingClock, now: datetime) -> None:
    """Lets it stand: at the last sign of a hand, where that is long ago."""
    if clock.since is None:
        return
    until = clock.seen if now - clock.seen > IDLE else now
    unit.change(clock, seconds=clock.seconds + _seconds(until - clock.since), since=None)


def seen(unit: Unit, clock: WorkingClock, now: datetime, *, hand: bool) -> None:
    """A page is open; `hand`: and somebody has touched it."""
    if clock.since is None:
        return
    if now - clock.seen > IDLE:
        pause = _seconds(now - clock.seen)
        stop(unit, clock, now)
        unit.change(clock, idle=clock.idle + pause)
    elif hand:
        unit.change(clock, seen=now)


def sign(unit: Unit, person_id: int, now: datetime) -> None:
    """A mail of his came in: a sign of a hand for the clock of his that runs.

    After a pause, which is kept to be asked about, it runs on.
    """
    for clock in unit.all(asking.CLOCKS, person=person_id):
        if clock.since is not None:
            seen(unit, clock, now, hand=True)
            unit.change(clock, since=clock.since or now, seen=now)


def decide(unit: Unit, clock: WorkingClock, now: datetime, *, count: bool) -> None:
    """The pause was work, or it was not; then it runs again."""
    more = clock.idle if count else 0
    unit.change(clock, seconds=clock.seconds + more, idle=0)
    start(unit, clock.person_id, clock.ticket_id, now)


def reset(unit: Unit, clock: WorkingClock) -> None:
    """What it counted was entered, or is not wanted."""
    unit.change(clock, seconds=0, since=None, idle=0, held=True)


def _seconds(span: timedelta) -> int:
    return max(int(span / timedelta(seconds=1)), 0)
