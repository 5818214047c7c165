"""Commands about the note of the same mail, and about tickets as wholes."""

from __future__ import annotations

from maild.commands.arguments import fold, ticket_number
from maild.commands.job import Job
from maild.desk import merging, sides, spam_lists
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import LinkKind
from maild.store import asking
from maild.store.records import Ticket

TITLE = 120  # characters of the title of a note, or made from one


def internal(job: Job, argument: str) -> str:
    if job.note is None:
        return sentence("There was no text to keep as a note.")
    return sentence("The note is for resources only.")


def reply(job: Job, argument: str) -> str:
    if job.note is None:
        return sentence("There was no text to send.")
    if job.note.public and job.asked.canned:
        return sentence('The contact gets the reply "{name}".', name=job.asked.canned)
    if job.note.public:
        return sentence("The note goes to the contact.")
    return sentence("The note is kept internal.")


def titled(job: Job, argument: str) -> str:
    """The title of the note that the same mail makes: it had it from the beginning (N14)."""
    if job.note is None:
        raise Refused(sentence("There was no text to keep as a note."))
    return sentence('The note is called "{title}".', title=title_in(argument) or "")


def title_in(text: str) -> str | None:
    """The title of a note as it is kept."""
    return " ".join(text.split())[:TITLE] or None


def merge(job: Job, argument: str) -> str:
    ticket, into = job.the_ticket, other(job, argument)
    with_contact = bool(set(fold(argument).split()) & job.names.vocabulary.with_contact)
    detail = merging.merge(job.desk, ticket, into, with_contact=with_contact)
    job.steps.append({"do": "merge", "ticket": ticket.id, "into": into.id, "detail": detail})
    job.desk.settle()  # what is open reopens the other
    return sentence(
        "{ticket} went into {other}, {title}. {other} is {status}.",
        ticket=ticket.number,
        other=into.number,
        title=into.title,
        status=into.status,
    )


def link(job: Job, argument: str) -> str:
    ticket, with_ = job.the_ticket, other(job, argument)
    if ticket is with_:
        raise Refused(sentence("{ticket} cannot be tied to itself.", ticket=ticket.number))
    job.desk.link(ticket, with_, LinkKind.RELATED)
    job.steps.append({"do": "link", "ticket": ticket.id, "other": with_.id})
    return sentence(
        "{ticket} and {other}, {title}, are tied together.",
        ticket=ticket.number,
        other=with_.number,
        title=with_.title,
    )


def other(job: Job, argument: str) -> Ticket:
    """Another ticket by its number, where it went if it was merged."""
    number = ticket_number(argument)
    found = job.desk.reach.ticket(number)
    if found is None:
        raise Refused(sentence("There is no ticket {ticket}; #list shows yours.", ticket=number))
    went = asking.tickets.survivor(job.desk.unit, found, before=job.ticket)
    return sides.own(job.desk.unit, job.desk.profile, went, job.may.person)


def split(job: Job, argument: str) -> str:
    ticket = job.the_ticket
    note = job.answered
    if note is None or note.ticket_id != ticket.id:
        raise Refused(sentence("Reply to the mail of the note that is to become a ticket."))
    words = next((line.strip() for line in note.text.split("\n") if line.strip()), "")
    fresh = merging.split(job.desk, ticket, note, argument.strip() or words[:TITLE])
    step = {"do": "split", "ticket": ticket.id, "fresh": fresh.id, "note": note.id}
    job.steps.append(step)
    return sentence("The note is now {ticket}, {title}.", ticket=fresh.number, title=fresh.title)


def spam(job: Job, argument: str) -> str:
    """Deletes it; a stranger's later mail is kept in the list of spam."""
    contact = asking.tickets.contact(job.desk.unit, job.the_ticket)
    number = _delete(job, spam=True)
    if contact is not None and contact.source == "mail" and contact.organization_id is None:
        address = asking.people.email(job.desk.unit, contact)
        spam_lists.put(job.desk.unit, spam_lists.BLOCK, address)
        return sentence(
            "{ticket} is deleted as spam, and mail of {address} is kept as spam from now on.",
            ticket=number,
            address=address,
        )
    return sentence("{ticket} is deleted as spam.", ticket=number)


def notspam(job: Job, argument: str) -> str:
    """The ticket is back, and its contact's mail is never spam."""
    ticket = job.the_ticket
    merging.restore(job.desk, ticket)
    contact = asking.tickets.contact(job.desk.unit, ticket)
    if contact is not None:
        address = asking.people.email(job.desk.unit, contact)
        spam_lists.put(job.desk.unit, spam_lists.ALLOW, address)
    return sentence("{ticket} is no spam; it is back.", ticket=ticket.number)


def delete(job: Job, argument: str) -> str:
    return sentence("{ticket} is deleted; its mail is kept.", ticket=_delete(job, spam=False))


def _delete(job: Job, *, spam: bool) -> str:
    ticket = job.the_ticket
    merging.delete(job.desk, ticket, spam=spam)
    job.steps.append({"do": "delete", "ticket": ticket.id})
    return ticket.number
