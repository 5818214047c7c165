"""Commands that only answer: lists, a ticket, a week's time, the commands themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from maild.commands import work_details
from maild.commands.arguments import fold
from maild.commands.handlers.notes import other
from maild.commands.job import Job
from maild.desk import (
    fields,
    note_form,
    own_lists,
    tasks,
    ticket_details,
    ticket_query,
    views,
)
from maild.desk import timesheet as sheets
from maild.desk.lists import TASKS, Listing
from maild.desk.notify import notify
from maild.errors import MaildError, Refused
from maild.i18n import base_language, sentence
from maild.model import Role
from maild.store import asking
from maild.store.records import Ticket

MOST = 200  # tickets in one mail
OF_CONTACTS = ("", "open", "mine", "all")  # what a contact can call his list


def list_(job: Job, argument: str) -> str:
    """His own open tickets, or those of a view; a contact has his own alone."""
    name = fold(argument)
    if job.may.role == Role.CONTACT and job.names.also_views.get(name, name) not in OF_CONTACTS:
        raise Refused(
            sentence('There is no list "{text}"; write #list for your open tickets.', text=argument)
        )
    if not argument.strip() or job.may.role != Role.RESOURCE:
        return _listed(job, sentence("Your open tickets"), _own(job))
    unit, profile, name = job.desk.unit, job.desk.profile, job.names.view(argument)
    if name == TASKS:
        found = tasks.to_process(unit, _client(job))[:MOST]
        return _listed(job, tasks.TITLE, [], [tasks.in_words(task) for task in found])
    if own_lists.is_one(profile, name):
        own = own_lists.rows(unit, profile, name, job.may.person, _client(job), MOST)
        kept = [row.ticket for row in own]
        asking.lists.complete(unit, kept)
        return _listed(job, own_lists.LISTS[name][0], kept)
    rows = views.tickets(
        unit, profile, name, MOST, now=job.names.now, me=job.may.person, client=_client(job)
    )
    return _listed(job, views.title(profile, name), rows)


def search(job: Job, argument: str) -> str:
    """Tickets with these words, and filters like status:open client:acme (N19)."""
    unit, profile, now, me = job.desk.unit, job.desk.profile, job.names.now, job.may.person
    try:
        query = ticket_query.read(unit, profile, argument, now, me, _client(job))
        found = ticket_query.find(
            unit, profile, Listing("all"), query, now=now, me=me, limit=MOST, client=_client(job)
        )
    except MaildError as error:
        raise Refused(error.message) from error
    rows = [row.ticket for row in found.rows]
    asking.lists.complete(unit, rows)
    return _listed(job, sentence("Found: {words}", words=argument.strip()[:100]), rows, found.also)


def _client(job: Job) -> int | None:
    """Whose tickets alone he sees."""
    return job.desk.reach.client


def _listed(job: Job, title: str, rows: Sequence[Ticket], also: Sequence[str] = ()) -> str:
    facts = {
        "list": {"title": title, "also": list(also)},
        "tickets": [views.listed(job.desk.unit, t) for t in rows],
    }
    send(job, "ticket-list", facts)
    if not rows and also:
        return sentence("{what} was sent to you.", what=title)
    if len(rows) == 1:
        return sentence("One ticket was sent to you.")
    return sentence("{count} tickets were sent to you.", count=len(rows))


def _own(job: Job) -> list[Ticket]:
    """What he works on; of a contact, what he asked for or is told of (P6)."""
    desk, resource = job.desk, job.may.role == Role.RESOURCE
    found = views.of_person(desk.unit, job.may.person, desk.now, as_resource=resource)
    found = [t for t in found if not resource or desk.reach.has_ticket(t)][:MOST]
    asking.lists.complete(desk.unit, found)
    return found


def status(job: Job, argument: str) -> str:
    """A contact's #status is his list."""
    return list_(job, "")


def show(job: Job, argument: str) -> str:
    """The ticket with its latest notes; without a number, the one that the mail belongs to."""
    ticket = other(job, argument) if argument.strip() else job.the_ticket
    own_lists.opened(job.desk.unit, job.may.person, ticket, job.desk.now)
    zone = ZoneInfo(job.may.person.timezone or job.desk.settings.config.desk.timezone)
    send(job, "ticket-shown", {"details": ticket_details.rows(job.desk, ticket, zone)}, ticket)
    return sentence("{ticket} was sent to you.", ticket=ticket.number)


def form(job: Job, argument: str) -> str:
    """The empty note form, in his language (R8)."""
    send(job, "note-form", {"headings": list(map(fields.label, note_form.parts()))}, job.ticket)
    return sentence("The note form was sent to you.")


def timesheet(job: Job, argument: str) -> str:
    wanted = work_details.wanted_sheet(job, argument)
    zone = job.desk.settings.config.desk.zone
    sheet = sheets.week(job.desk.unit, wanted.person, wanted.first, zone, wanted.client)
    send(job, "timesheet", sheet)
    return sentence("The week from {day} was sent to you.", day=wanted.first)


def help_(job: Job, argument: str) -> str:
    """The commands that he has, from the same table as docs/commands.md."""
    language = job.may.person.language or job.desk.settings.config.desk.language
    short = base_language(language)
    contact = job.may.role == Role.CONTACT
    entries = []
    for word in job.names.vocabulary.commands.values():
        if job.may.role in word.who:
            lines = word.contact_help if contact else word.help
            example = f"#{word.name}" if contact else word.examples[0]
            entries.append({"example": example, "meaning": lines.get(short) or lines["en"]})
    send(job, "command-help", {"commands": entries})
    return sentence("The list of commands was sent to you.")


def send(job: Job, template: str, facts: dict[str, Any], ticket: Ticket | None = None) -> None:
    if job.desk.mail is not None and not job.desk.mail.answerable:
        raise Refused(sentence("This mail may not be answered by a machine."))
    job.told += 1
    which = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]  # one mail may ask for several
    told = [job.may.person]
    notify(job.desk, ticket, template, told, auto="auto-replied", extra=facts, which=which)
