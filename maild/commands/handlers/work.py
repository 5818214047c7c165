"""Commands about working time."""

from __future__ import annotations

from maild.commands.job import Job
from maild.desk.worktime import Work, add_time
from maild.errors import Refused
from maild.i18n import sentence

LONGEST_SUMMARY = 4000


def time(job: Job, argument: str) -> str:
    """Enters time; what the mail says besides is its summary where none is given."""
    worked = job.names.worked(argument)
    kind, rest = _work_type(job, worked.rest)
    summary = rest or (job.asked.text.strip() if job.note is not None else "")
    work = Work(
        minutes=worked.minutes,
        worked_on=worked.day,
        start=worked.start,
        end=worked.end,
        work_type=kind,
        summary=summary[:LONGEST_SUMMARY],
    )
    job.entry = add_time(job.desk, job.the_ticket, job.may.person, work, job.note)
    job.steps.append({"do": "time", "id": job.entry.id})
    hours, minutes = divmod(worked.minutes, 60)
    length = " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
    day = worked.day.date()
    if kind:
        return sentence(
            "Time entered: {length} on {day}, {kind}.", length=length, day=day, kind=kind
        )
    return sentence("Time entered: {length} on {day}.", length=length, day=day)


def _work_type(job: Job, rest: str) -> tuple[str | None, str]:
    """The kind of work that the next words name, and the words behind it."""
    lower = rest.lower()
    for words, kind in sorted(job.names.vocabulary.work.items(), key=lambda w: -len(w[0])):
        if lower == words or lower.startswith((words + " ", words + ",", words + ":")):
            return kind, rest[len(words) :].strip(" ,:")
    return None, rest


def worktype(job: Job, argument: str) -> str:
    """The kind of the work that the same mail entered; Autotask's role."""
    if job.entry is None:
        raise Refused(sentence("It goes with a time in the same mail, like #time 45m."))
    kind, _ = _work_type(job, argument)
    kind = kind or argument.strip()
    job.desk.unit.change(job.entry, work_type=kind)
    return sentence("Type of work: {kind}.", kind=kind)
