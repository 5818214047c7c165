"""The working clock by mail: `#clock start`, `#clock stop`, `#clock count` (A2)."""

from __future__ import annotations

from maild.commands.durations import Worked
from maild.commands.handlers import work
from maild.commands.job import Job
from maild.desk import working_clock, worktime
from maild.desk.field_values import length_of
from maild.errors import Refused
from maild.i18n import sentence, together
from maild.store import asking
from maild.store.console_records import WorkingClock


def clock(job: Job, argument: str) -> str:
    """ "start"; "stop remote replaced the toner"; "count": a pause was work too."""
    what, _, rest = argument.strip().partition(" ")
    act = {"start": _start, "stop": _stop, "count": _count}.get(what.lower())
    if act is None:
        raise Refused(sentence("Write #clock start, #clock stop or #clock count."))
    return act(job, rest.strip())


def _start(job: Job, rest: str) -> str:
    ticket, person = job.the_ticket, job.may.person
    working_clock.start(job.desk.unit, person.id, ticket.id, job.desk.now)
    return sentence("The clock runs on {ticket}.", ticket=ticket.number)


def _stop(job: Job, rest: str) -> str:
    """Enters what it has counted; a long pause is not in it, and is asked about."""
    unit, now, own = job.desk.unit, job.desk.now, _own(job)
    if own is None or (own.since is None and not own.seconds):
        raise Refused(sentence("No clock of yours runs on {ticket}.", ticket=job.the_ticket.number))
    working_clock.seen(unit, own, now, hand=True)
    working_clock.stop(unit, own, now)
    minutes, pause = round(own.seconds / 60), own.idle // 60
    unit.change(own, seconds=0)
    asks = [
        sentence(
            "{length} without a mail or command are not counted; write #clock count if that was "
            "work too.",
            length=length_of(pause),
        )
    ] * bool(pause)
    if minutes:
        return together(work.enter(job, job.the_ticket, _worked(job, minutes, rest)), *asks)
    nothing = sentence("The clock has counted less than a minute; nothing is entered.")
    return together(nothing, *asks)


def _count(job: Job, rest: str) -> str:
    own = _own(job)
    if own is None or not own.idle:
        raise Refused(sentence("There is no pause to count."))
    minutes, ticket = own.idle // 60, job.the_ticket
    job.desk.unit.change(own, idle=0)
    mine = [
        entry
        for entry in asking.tickets.times(job.desk.unit, ticket)
        if entry.by_id == job.may.person.id
    ]
    if not mine:
        return work.enter(job, ticket, _worked(job, minutes, rest))
    entry, before = mine[-1], worktime.kept(mine[-1])
    worktime.change_time(job.desk, ticket, entry, minutes=entry.minutes + minutes)
    job.steps.append({"do": "time changed", "id": entry.id, "before": before})
    return sentence(
        "The time on {ticket} is {length}; it was {old}.",
        ticket=ticket.number,
        length=length_of(entry.minutes),
        old=length_of(entry.minutes - minutes),
    )


def _own(job: Job) -> WorkingClock | None:
    return working_clock.of(job.desk.unit, job.may.person.id, job.the_ticket.id)


def _worked(job: Job, minutes: int, rest: str) -> Worked:
    day = job.names.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Worked(minutes, None, None, day, rest)
