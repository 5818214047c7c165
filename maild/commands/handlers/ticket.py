"""Commands that change what a ticket is: status, priority, queue, dates, fields."""

from __future__ import annotations

import re
from datetime import datetime

from maild.commands.job import Job
from maild.dates import EVENING, MORNING
from maild.desk import appointments, fields, reminders, status_requirements
from maild.desk.desk import MAILD
from maild.desk.language import for_all
from maild.errors import Refused
from maild.i18n import sentence, together
from maild.model import Role, StatusKind
from maild.store.records import Ticket

LONGEST_TAG = 40


def resolve(job: Job, argument: str) -> str:
    """What the profile sets where somebody says that it is resolved (G15)."""
    ticket, profile = job.the_ticket, job.desk.profile
    if argument:
        job.desk.set_field(ticket, "resolution", argument)
    name = profile.resolved_status or profile.complete_status
    lacking = status_requirements.held_back(job.desk, ticket, name)
    if lacking and job.may.role == Role.CONTACT:
        said = sentence("{person} says that it is resolved.", person=job.may.person.name)
        with job.desk.acting(MAILD):
            job.desk.add_note(ticket, text=for_all(job.desk, together(said, lacking)), public=False)
        return sentence("Thank you; a technician will close it.")
    if profile.status(name).for_people and job.may.role == Role.RESOURCE:
        name = status_requirements.may_set(job.desk, ticket, name).name
    return _set(job, ticket, name)


def complete(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    if argument:
        job.desk.set_field(ticket, "resolution", argument)
    return _set(
        job,
        ticket,
        status_requirements.may_set(job.desk, ticket, job.desk.profile.complete_status).name,
    )


def status(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    name = job.names.status(argument)
    return _set(job, ticket, status_requirements.may_set(job.desk, ticket, name).name)


def _set(job: Job, ticket: Ticket, name: str) -> str:
    if job.desk.set_status(ticket, name):
        job.desk.settle()
        if ticket.status != name:
            return _did_not_stay(job, ticket, name)
        return sentence("{ticket} is {status}.", ticket=ticket.number, status=name)
    return sentence("{ticket} is {status} already.", ticket=ticket.number, status=name)


def _did_not_stay(job: Job, ticket: Ticket, name: str) -> str:
    """What the rules made of it at once; closed, it stays so or was not done."""
    job.stands = job.desk.profile.status(name).kind != StatusKind.CLOSED
    return sentence(
        "{ticket} was set to {status}, and a rule made it {now}.",
        ticket=ticket.number,
        status=name,
        now=ticket.status,
    )


def defer(job: Job, argument: str) -> str:
    """Puts it aside until a date, else until it is due; without either it is refused (G6)."""
    ticket = job.the_ticket
    if not argument.strip() and (ticket.due is None or ticket.due <= job.desk.now):
        raise Refused(
            sentence(
                "{ticket} cannot be deferred without a date; write one, like "
                '"#defer 2026-12-03" or "is deferred until 3 December".',
                ticket=ticket.number,
            )
        )
    until = _until(job, argument)
    job.desk.set_field(ticket, "due", until)
    name = job.desk.profile.deferred_status
    if not name:  # the profile knows no such status: he is reminded instead
        reminders.remind(job.desk, ticket, job.may.person, until)
        step = {"do": "remind", "ticket": ticket.id, "person": job.may.person.id}
        job.steps.append(step)
        return sentence(
            "{ticket} is due {when}, and you will be reminded then.",
            ticket=ticket.number,
            when=until,
        )
    _set(job, ticket, status_requirements.may_set(job.desk, ticket, name).name)
    return sentence(
        "{ticket} is {status} until {when}.", ticket=ticket.number, status=name, when=until
    )


def _until(job: Job, argument: str) -> datetime:
    """The date that is named, else when the ticket is due, in the desk's zone."""
    due = job.the_ticket.due
    if due is not None and not argument.strip():
        return due.astimezone(job.desk.settings.config.desk.zone)
    return future(job, job.names.date(argument, MORNING))


def schedule(job: Job, argument: str) -> str:
    """Makes or moves the appointment (G10); "none" cancels it."""
    ticket = job.the_ticket
    when = job.names.appointment(argument)
    if when is None:
        return _unschedule(job, ticket)
    start, end = future(job, when[0]), when[1]
    wanted = job.desk.profile.scheduled_status
    name = status_requirements.may_set(job.desk, ticket, wanted).name if wanted else None
    appointments.book(job.desk, ticket, appointments.Booking(start, end))
    if name is None:
        return sentence(
            "The appointment of {ticket} is on {when}.", ticket=ticket.number, when=start
        )
    _set(job, ticket, name)
    return sentence(
        "{ticket} is {status} for {when}.", ticket=ticket.number, status=name, when=start
    )


def _unschedule(job: Job, ticket: Ticket) -> str:
    if not appointments.end(job.desk, ticket):
        raise Refused(sentence("{ticket} has no appointment.", ticket=ticket.number))
    return sentence(
        "The appointment of {ticket} is cancelled; its status is still {status}.",
        ticket=ticket.number,
        status=ticket.status,
    )


def due(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    when = future(job, job.names.date(argument, EVENING))
    job.desk.set_field(ticket, "due", when)
    return sentence("{ticket} is due {when}.", ticket=ticket.number, when=when)


def future(job: Job, when: datetime) -> datetime:
    """The same moment; Refused where it is past."""
    if when <= job.desk.now:
        raise Refused(sentence("{when} is past; write a date that is still to come.", when=when))
    return when


def priority(job: Job, argument: str) -> str:
    return field(job, "priority", job.names.priority(argument))


def type_(job: Job, argument: str) -> str:
    return field(job, "type", job.names.type(argument))


def title(job: Job, argument: str) -> str:
    return field(job, "title", argument.strip())


def resolution(job: Job, argument: str) -> str:
    return field(job, "resolution", argument.strip())


def field(job: Job, name: str, value: str) -> str:
    """Gives a plain field its value, and says so."""
    field = fields.label(name)
    if job.desk.set_field(job.the_ticket, name, value):
        return sentence('{field!c} is "{value}".', field=field, value=value)
    return sentence('{field!c} is already "{value}".', field=field, value=value)


def issue(job: Job, argument: str) -> str:
    """ "network/vpn": issue type and sub-issue type, as the profile has them."""
    first, _, second = (part.strip() for part in argument.partition("/"))
    known = job.desk.profile.issue_types
    if known:
        first = _among(tuple(known), first, sentence("issue type"))
        second = _among(tuple(known[first]), second, sentence("sub-issue type")) if second else ""
    done = field(job, "issue_type", first)
    return together(done, field(job, "sub_issue_type", second)) if second else done


def _among(known: tuple[str, ...], text: str, what: str) -> str:
    by_key = {name.casefold(): name for name in known}
    if text.casefold() in by_key or not known:
        return by_key.get(text.casefold(), text)
    raise Refused(
        sentence(
            'There is no {what} "{text}"; possible are {known}.', what=what, text=text, known=known
        )
    )


def impact(job: Job, argument: str) -> str:
    return _by_matrix(job, field(job, "impact", job.names.level(argument)))


def urgency(job: Job, argument: str) -> str:
    return _by_matrix(job, field(job, "urgency", job.names.level(argument)))


def _by_matrix(job: Job, done: str) -> str:
    """Impact and urgency together make the priority, where the profile says so (R5)."""
    ticket = job.the_ticket
    both = ticket.fields.get("impact"), ticket.fields.get("urgency")
    if None in both:
        return done
    name = job.desk.profile.matrix.priority(str(both[0]), str(both[1]))
    return together(done, field(job, "priority", name)) if name else done


def tag(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    fields.tag(job.desk, ticket, _tags(argument))
    return sentence("Tags: {tags}.", tags=ticket.tags)


def untag(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    fields.untag(job.desk, ticket, _tags(argument))
    return sentence("Tags: {tags}.", tags=ticket.tags or sentence("none"))


def _tags(argument: str) -> list[str]:
    return [t.lstrip("#")[:LONGEST_TAG] for t in re.split(r"[\s,;]+", argument) if t.lstrip("#")]
