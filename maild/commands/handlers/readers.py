"""#notify: who is told of the note that stands beside it, in place of everybody (N14)."""

from __future__ import annotations

from maild.commands.job import Job
from maild.desk import sides
from maild.desk.notify import notify as tell
from maild.desk.readers import Readers, read
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Role
from maild.store import asking
from maild.store.records import Person


def notify(job: Job, argument: str) -> str:
    """Tells those who are named, and them alone; the rules were kept from telling others."""
    if job.note is None:
        raise Refused(sentence("Write in the same mail what they are to be told."))
    found = read(job.desk, job.the_ticket, argument)
    if found.unknown:
        raise Refused(
            sentence(
                '"{text}" is nobody here; write names, titles, addresses, contact, additional, '
                "primary or nobody.",
                text=found.unknown[0],
            )
        )
    if found.outside and not job.note.public:
        raise Refused(sentence("The note is internal; #reply beside it lets a contact read it."))
    _not_of_other_side(job, found)
    told = [*_tell(job, found)]
    if not told:
        return sentence("Nobody is told of it.")
    return sentence("Told: {addresses}.", addresses=told)


def _not_of_other_side(job: Job, found: Readers) -> None:
    for person in found.people:
        if person.role == Role.RESOURCE and not sides.is_of(
            job.desk.unit, job.desk.profile, job.the_ticket, person
        ):
            raise Refused(
                sentence(
                    "{person} is of the other side and reads none of this side's notes; #both, "
                    "#question and #mydone reach that side.",
                    person=person.name,
                )
            )


def _tell(job: Job, found: Readers) -> list[str]:
    """Their addresses, the team's by one template and the contacts' by the other."""
    team = [p for p in found.people if p.role == Role.RESOURCE]
    outside: list[Person | str] = [p for p in found.people if p.role != Role.RESOURCE]
    outside += found.addresses
    desk, ticket = job.desk, job.the_ticket
    tell(desk, ticket, "note", team, note=job.note)
    tell(desk, ticket, "reply", outside, note=job.note)
    return [
        *(asking.people.email(desk.unit, person) for person in found.people),
        *found.addresses,
    ]
