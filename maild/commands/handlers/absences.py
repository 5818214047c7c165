"""Commands about who is there, and who is told: being away, and whom a note is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from maild.commands.arguments import Resource, fold
from maild.commands.job import Job
from maild.dates import MORNING
from maild.desk import absence
from maild.errors import Refused
from maild.i18n import sentence
from maild.store.records import Person


def away(job: Job, argument: str) -> str:
    """What comes for him goes to a colleague until he is back: `#away until Monday carla`."""
    person, unit = job.may.person, job.desk.unit
    text = argument.strip()
    if text and fold(text) in job.names.vocabulary.back:
        if absence.come_back(unit, person):
            return sentence("You are back: what comes for you is yours again.")
        return sentence("You are here already.")
    until, stand_in = _read(job, text)
    if until is not None and until <= job.desk.now:
        raise Refused(sentence("That is past; name a day to come."))
    absence.leave(unit, person, until, stand_in)
    who = stand_in.name if stand_in else sentence("every other technician")
    if until is None:
        return sentence("You are away until you write #away off; {who} stands in.", who=who)
    return sentence("You are away until {until}; {who} stands in.", until=until, who=who)


def _read(job: Job, text: str) -> tuple[datetime | None, Person | None]:
    """Until when, and who stands in; in either order, each may be missing."""
    for when, who in _cuts(text):
        if when and not job.names.reads("date", when):
            continue
        if who and not job.names.reads("resource", who):
            continue
        return job.names.date(when, MORNING) if when else None, _stand_in(job, who)
    raise Refused(sentence("Say until when, and who stands in, like #away until Monday carla."))


def _cuts(text: str) -> Iterator[tuple[str, str]]:
    """Every way to cut it into a time and a name."""
    words = text.split()
    for cut in range(len(words), -1, -1):
        yield " ".join(words[:cut]), " ".join(words[cut:])
        yield " ".join(words[cut:]), " ".join(words[:cut])


def _stand_in(job: Job, who: str) -> Person | None:
    resource = job.names.resource(who) if who else None
    person = job.person_of(resource) if isinstance(resource, Resource) else None
    if person is job.may.person:
        raise Refused(sentence("Name somebody else; you cannot stand in for yourself."))
    return person
