"""Commands about working time."""

from __future__ import annotations

from typing import Any

from maild.commands import work_details
from maild.commands.durations import Worked
from maild.commands.job import Job
from maild.desk import sides, worktime
from maild.desk.field_values import length_of
from maild.desk.profile import key
from maild.desk.worktime import Work
from maild.errors import Refused
from maild.i18n import sentence, together
from maild.store import asking
from maild.store.records import Person, Ticket, TimeEntry

LONGEST_SUMMARY = 4000
MOST_WORDS = 3  # of a name behind "for"


def time(job: Job, argument: str) -> str:
    """Enters time, corrects it or takes it back; what the mail says besides is its summary where
    none is given, for the team alone where the mail is."""
    asked = job.names.timing(argument)
    ticket = _ticket(job, asked.number)
    if asked.worked is None:
        return _remove(job, ticket, _entry(job, ticket, asked.instead))
    if asked.instead is not None:
        return _correct(job, _entry(job, ticket, asked.instead), ticket, asked.worked)
    return enter(job, ticket, asked.worked)


def _ticket(job: Job, number: str | None) -> Ticket:
    """The ticket that is named, else that of the mail."""
    if number is None:
        return job.the_ticket
    found = job.desk.reach.ticket(number)
    if found is None:
        raise Refused(sentence("There is no ticket {ticket}.", ticket=number))
    went = asking.tickets.survivor(job.desk.unit, found)
    return sides.own(job.desk.unit, job.desk.profile, went, job.may.person)


# ---- entering


def enter(job: Job, ticket: Ticket, worked: Worked) -> str:
    """An entry with all that stands behind its length."""
    said = work_details.read(job, worked.rest)
    person = said.person or job.may.person
    kind = said.work_type or work_details.default_type(job, ticket)
    if kind is None and job.desk.profile.work_type_required and not _typed(job):
        raise Refused(
            sentence(
                'Say what type of work it was, like "#time 45m {first}"; possible are {known}.',
                first=work_details.types(job)[0],
                known=work_details.types(job),
            )
        )
    words, internal = said.rest, None
    if not words and job.note is not None and ticket is job.ticket:
        text = job.asked.text.strip()
        # Another helpdesk's "#t=1h" keeps a note from the contact, and is a summary all the same.
        told = job.note.public or any(command.quiet for command in job.asked.commands)
        words, internal = (text, None) if told else ("", text or None)
    internal = _aside(job) or internal
    work = Work(
        minutes=worked.minutes,
        worked_on=worked.day,
        start=worked.start,
        end=worked.end,
        work_type=kind,
        summary=words[:LONGEST_SUMMARY],
        internal=internal[:LONGEST_SUMMARY] if internal else None,
        billable=_billable(job, ticket, said.billable),
        rate=worktime.rate_of(job.desk, ticket, kind),
    )
    over = _overlaps(job, person, worked)
    job.entry = worktime.add_time(
        job.desk, ticket, person, work, job.note if ticket is job.ticket else None
    )
    job.steps.append({"do": "time", "id": job.entry.id})
    return together(_entered(job, job.entry, person), *over)


def _aside(job: Job) -> str | None:
    """What `#worknote` says of the only time of the mail, so that who is told of it reads it."""
    said = {c.name: c.argument.strip() for c in job.asked.commands}
    only = [c.name for c in job.asked.commands].count("time") == 1
    return said.get("worknote") if only else None


def _entered(job: Job, entry: TimeEntry, person: Person) -> str:
    day = entry.worked_on.astimezone(job.names.now.tzinfo).date()
    length, kind = length_of(entry.minutes), entry.work_type
    if person is not job.may.person:
        return sentence(
            "Time entered for {person}: {length} on {day}.",
            person=person.name,
            length=length,
            day=day,
        )
    if kind and not entry.billable:
        return sentence(
            "Time entered: {length} on {day}, {kind}, not billable.",
            length=length, day=day, kind=kind,
        )  # fmt: skip
    if not entry.billable:
        return sentence("Time entered: {length} on {day}, not billable.", length=length, day=day)
    if kind:
        return sentence(
            "Time entered: {length} on {day}, {kind}.", length=length, day=day, kind=kind
        )
    return sentence("Time entered: {length} on {day}.", length=length, day=day)


def _typed(job: Job) -> bool:
    return any(command.name == "worktype" for command in job.asked.commands)


def _billable(job: Job, ticket: Ticket, said: bool | None) -> bool:
    if said is not None:
        return said
    kept = ticket.fields.get("billable")
    return kept if isinstance(kept, bool) else key(str(kept)) not in ("no", "false")


def _overlaps(job: Job, person: Person, worked: Worked, besides: int | None = None) -> list[str]:
    """A sentence for each other entry that shares time with it."""
    if worked.start is None or worked.end is None:
        return []
    found = worktime.overlapping(job.desk.unit, person, worked.start, worked.end, besides)
    zone = job.names.now.tzinfo
    return [
        sentence(
            "It overlaps {start}–{end} on {ticket}.",
            start=f"{entry.start.astimezone(zone):%H:%M}",
            end=f"{entry.end.astimezone(zone):%H:%M}",
            ticket=ticket.number,
        )
        for entry, ticket in found
        if entry.start and entry.end
    ]


# ---- correcting


def _entry(job: Job, ticket: Ticket, wrong: Worked | None) -> TimeEntry:
    """His entry that is meant: the last one, or the last one of that length (and day)."""
    mine = [
        entry
        for entry in asking.tickets.times(job.desk.unit, ticket)
        if entry.by_id == job.may.person.id or entry.entered_by_id == job.may.person.id
    ]
    found = [entry for entry in mine if wrong is None or _is(job, entry, wrong)]
    if found:
        return max(found, key=lambda entry: (entry.created, entry.id))
    if mine:
        lengths = [length_of(entry.minutes) for entry in mine]
        raise Refused(
            sentence(
                "There is no such time of yours on {ticket}; there is {lengths}.",
                ticket=ticket.number,
                lengths=lengths,
            )
        )
    raise Refused(sentence("There is no time of yours on {ticket}.", ticket=ticket.number))


def _is(job: Job, entry: TimeEntry, wrong: Worked) -> bool:
    """Of this length and, where a day is named, of that day."""
    day = entry.worked_on.astimezone(job.names.now.tzinfo).date()
    any_day = wrong.start is None and wrong.day.date() == job.names.now.date()
    return entry.minutes == wrong.minutes and (any_day or day == wrong.day.date())


def _correct(job: Job, entry: TimeEntry, ticket: Ticket, worked: Worked) -> str:
    """The entry as it should have been; what is not said stays."""
    said = work_details.read(job, worked.rest)
    before, old = worktime.kept(entry), entry.minutes
    columns: dict[str, Any] = {"minutes": worked.minutes}
    if worked.start is not None:
        columns |= {"start": worked.start, "end": worked.end, "worked_on": worked.day}
    elif worked.minutes != entry.minutes:
        columns |= {"start": None, "end": None}
    if worked.start is None and worked.day.date() != job.names.now.date():
        columns |= {"worked_on": worked.day}
    if said.work_type is not None:
        rate = worktime.rate_of(job.desk, ticket, said.work_type)
        columns |= {"work_type": said.work_type, "rate": rate}
    if said.billable is not None:
        columns |= {"billable": said.billable}
    if said.rest:
        columns |= {"summary": said.rest[:LONGEST_SUMMARY]}
    if said.person is not None:
        columns |= {"by_id": said.person.id}
    if not worktime.change_time(job.desk, ticket, entry, **columns):
        return sentence("The time says so already.")
    job.steps.append({"do": "time changed", "id": entry.id, "before": before})
    person = job.desk.unit.get(Person, entry.by_id) or job.may.person
    return together(
        sentence(
            "The time on {ticket} is {length}; it was {old}.",
            ticket=ticket.number,
            length=length_of(entry.minutes),
            old=length_of(old),
        ),
        *_overlaps(job, person, worked, besides=entry.id),
    )


def _remove(job: Job, ticket: Ticket, entry: TimeEntry) -> str:
    step = {"do": "time removed", "ticket": ticket.id, "entry": worktime.kept(entry)}
    minutes = entry.minutes
    worktime.remove_time(job.desk, ticket, entry)
    job.steps.append(step)
    return sentence("{length} are off {ticket}.", length=length_of(minutes), ticket=ticket.number)


# ---- more about the time of the same mail


def worktype(job: Job, argument: str) -> str:
    """The kind of the work that the same mail entered; Autotask's role."""
    entry = _just_entered(job)
    found = work_details.leading(
        argument.strip(), {**work_details.known_types(job), **work_details.own_types(job)}
    )
    kind = found[0] if found else argument.strip()
    if found is None and job.desk.profile.work_types:
        raise Refused(
            sentence(
                'There is no {what} "{text}"; possible are {known}.',
                what=sentence("type of work"),
                text=kind,
                known=work_details.types(job),
            )
        )
    rate = worktime.rate_of(job.desk, _ticket_of(job, entry), kind)
    job.desk.unit.change(entry, work_type=kind, rate=rate)
    return sentence("Type of work: {kind}.", kind=kind)


def _ticket_of(job: Job, entry: TimeEntry) -> Ticket:
    ticket = job.desk.unit.get(Ticket, entry.ticket_id)
    assert ticket is not None  # tickets are never deleted
    return ticket


def worknote(job: Job, argument: str) -> str:
    """What only resources may read of the time that the same mail entered (N15)."""
    entry = _just_entered(job)
    job.desk.unit.change(entry, internal=argument.strip()[:LONGEST_SUMMARY])
    return sentence("The time has an internal note.")


def _just_entered(job: Job) -> TimeEntry:
    if job.entry is None:
        raise Refused(sentence("It goes with a time in the same mail, like #time 45m."))
    return job.entry
