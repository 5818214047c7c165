"""The few commands of contacts: safe ones, on their own tickets."""

from __future__ import annotations

from maild.commands.handlers.ticket import resolve
from maild.commands.job import Job
from maild.desk import names, sign_off
from maild.desk.desk import MAILD
from maild.desk.language import for_all
from maild.i18n import sentence, together
from maild.model import EventName, StatusKind, TicketRole
from maild.store import asking
from maild.store.records import Note


def urgent(job: Job, argument: str) -> str:
    """Asks the technicians; sets nothing."""
    ticket, desk = job.the_ticket, job.desk
    _tell(job, sentence("{person} says that it is urgent.", person=job.may.person.name))
    desk.emit(ticket, EventName.URGENCY_ASKED, {"by": job.may.person.name})
    return sentence("The technicians know that it is urgent.")


def stop(job: Job, argument: str) -> str:
    """No more mail about the ticket until they write again; where nothing proves that it is they
    who ask, no automatic mail (H87)."""
    ticket, person = job.the_ticket, job.may.person
    if job.may.proven:
        note = _tell(
            job,
            sentence(
                "{person} wants no more mail about this ticket: what you write there does not "
                "reach them until they write again.",
                person=person.name,
            ),
        )
        job.desk.add_person(ticket, person, TicketRole.STOPPED, note)
        return sentence("You get no more mail about this ticket; writing to it still works.")
    note = _tell(
        job,
        sentence(
            "A mail in the name of {person} asks for no more mail about this ticket, and nothing "
            "proves that it is theirs. Automatic mail about it is not sent to them any more; what "
            "you write still reaches them.",
            person=person.name,
        ),
    )
    job.desk.add_person(ticket, person, TicketRole.QUIET, note)
    return sentence("You get no more automatic mail about this ticket; writing to it still works.")


def signoff(job: Job, argument: str) -> str:
    """Accepts what was done: kept with the ticket as evidence, and it reopens nothing (A7)."""
    ticket, desk, person = job.the_ticket, job.desk, job.may.person
    if not job.may.proven:
        _tell(
            job,
            sentence(
                "A mail in the name of {person} signs the work off, and nothing proves that it is "
                "theirs. It is kept, and does not count as a sign-off.",
                person=person.name,
            ),
        )
        return sentence("The technicians know that you sign off.")
    words = desk.mail.new_text if desk.mail is not None else job.asked.commands[0].written
    title, because = for_all(desk, sentence("Sign-off")), "it signs off"
    note = desk.add_note(
        ticket, text=words, title=title, public=True, event=EventName.NOTE_FILED, because=because
    )
    address = asking.people.email(desk.unit, person)
    proof = desk.stored.proof if desk.stored is not None else None
    called = names.with_address(person.name, address)
    sign_off.keep(desk, ticket, called, note, by=person.name, address=address, proof=proof)
    done = sentence("Your sign-off of {ticket} is kept with it.", ticket=ticket.number)
    if ticket.status_kind in (StatusKind.RESOLVED, StatusKind.CLOSED):
        return done
    return together(done, resolve(job, ""))


def closing(job: Job) -> bool:
    """Whether what `resolve` sets closes the ticket, and is no status that somebody checks."""
    profile = job.desk.profile
    status = profile.status(profile.resolved_status or profile.complete_status)
    return status.kind in (StatusKind.RESOLVED, StatusKind.CLOSED)


def wish(job: Job) -> str:
    """Closing in a contact's name, without proof: a technician hears of the wish (H87)."""
    job.desk.emit(job.the_ticket, EventName.CLOSING_ASKED, {"by": job.may.person.name})
    _tell(
        job,
        sentence(
            "{person} says that it is solved. Nothing proves that the mail is theirs, so nothing "
            "was closed; reply with #resolve to close it.",
            person=job.may.person.name,
        ),
    )
    return sentence("The technicians know that it is solved for you.")


def _tell(job: Job, what: str) -> Note:
    """An internal note, of which the technicians of the ticket hear."""
    with job.desk.acting(MAILD):
        return job.desk.add_note(job.the_ticket, text=for_all(job.desk, what), public=False)
