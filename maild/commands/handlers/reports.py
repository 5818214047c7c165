"""Commands that only answer: lists, a ticket, a week's time, the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from maild.commands import work_details
from maild.commands.handlers.notes import other
from maild.commands.job import Job
from maild.desk import fields, note_form, people, ticket_query, views
from maild.desk import search as finding
from maild.desk import timesheet as sheets
from maild.desk.item_kinds import KINDS
from maild.desk.lists import Listing
from maild.desk.notify import notify
from maild.errors import MaildError, Refused
from maild.i18n import sentence, together
from maild.model import Role
from maild.store import asking
from maild.store.records import Item, Ticket

MOST = 200  # tickets in one mail
TASKS = "tasks to process"  # a list of tasks, among those of tickets


def list_(job: Job, argument: str) -> str:
    """His own open tickets, or those of a view."""
    if argument.strip() and job.may.role == Role.RESOURCE:
        name = job.names.view(argument)
        if name == TASKS:
            return _listed(job, sentence("Tasks to process"), [], _tasks(job))
        title = views.title(job.desk.profile, name)
        rows = list(
            views.tickets(
                job.desk.unit, job.desk.profile, name, MOST, now=job.names.now, me=job.may.person
            )
        )
    else:
        title, rows = sentence("Your open tickets"), _own(job)
    return _listed(job, title, rows)


def _tasks(job: Job) -> list[str]:
    """Tasks that are not done, what is due first before the others (N17, N23)."""
    unit = job.desk.unit
    tasks = [t for t in asking.items.of_kind(unit, "task") if t.fields.get("status") != "done"]
    tasks.sort(key=lambda task: (str(task.fields.get("due") or "9999"), task.name))
    return [together(_called(task), *_about_task(task)) for task in tasks[:MOST]]


def _about_task(task: Item) -> Iterator[str]:
    yield sentence("({status}, {project})", status=str(task.fields.get("status") or "new"),
                   project=str(task.fields["project"]))  # fmt: skip
    if task.fields.get("due"):
        yield sentence("due {when}", when=date.fromisoformat(str(task.fields["due"])[:10]))
    yield from task.fields.get("resources") or ()


def search(job: Job, argument: str) -> str:
    """Tickets with these words, and filters like status:open client:acme (N19)."""
    unit, profile, now = job.desk.unit, job.desk.profile, job.names.now
    try:
        query = ticket_query.read(unit, profile, argument, now, job.may.person)
        found = ticket_query.find(
            unit, profile, Listing("all"), query, now=now, me=job.may.person, limit=MOST
        )
    except MaildError as error:
        raise Refused(error.message) from error
    rows = [row.ticket for row in found]
    asking.lists.complete(unit, rows)
    also = [] if query.filters else [_called(item) for item in finding.records(unit, query.words)]
    return _listed(job, sentence("Found: {words}", words=argument.strip()[:100]), rows, also)


def _called(item: Item) -> str:
    """ "asset PC-1"."""
    return sentence("{kind} {name}", kind=KINDS[item.kind].called, name=item.name)


def _listed(job: Job, title: str, rows: Sequence[Ticket], also: Sequence[str] = ()) -> str:
    facts = {
        "list": {"title": title, "also": list(also)},
        "tickets": [views.listed(job.desk.unit, t) for t in rows],
    }
    send(job, "ticket-list", facts)
    return sentence("{count} tickets were sent to you.", count=len(rows))


def _own(job: Job) -> list[Ticket]:
    """What he works on; of a contact, what he asked for or is told of (P6)."""
    desk, resource = job.desk, job.may.role == Role.RESOURCE
    found = views.of_person(desk.unit, job.may.person, desk.now, as_resource=resource)[:MOST]
    asking.lists.complete(desk.unit, found)
    return found


def status(job: Job, argument: str) -> str:
    """A contact's #status is his list."""
    return list_(job, "")


def show(job: Job, argument: str) -> str:
    """The ticket with its latest notes; without a number, the one that the mail belongs to."""
    ticket = other(job, argument) if argument.strip() else job.the_ticket
    send(job, "ticket-shown", {}, ticket)
    return sentence("{ticket} was sent to you.", ticket=ticket.number)


def form(job: Job, argument: str) -> str:
    """The empty note form, in his language (R8)."""
    send(job, "note-form", {"headings": list(map(fields.label, note_form.parts()))}, job.ticket)
    return sentence("The note form was sent to you.")


def timesheet(job: Job, argument: str) -> str:
    wanted = work_details.wanted_sheet(job, argument)
    zone = job.desk.settings.config.desk.zone
    client = people.the_organization(job.desk.unit, wanted.client) if wanted.client else None
    sheet = sheets.week(job.desk.unit, wanted.person, wanted.first, zone, client)
    send(job, "timesheet", sheet)
    return sentence("The week from {day} was sent to you.", day=wanted.first)


def help_(job: Job, argument: str) -> str:
    """The commands that he has, from the same table as docs/commands.md."""
    language = job.may.person.language or job.desk.settings.config.desk.language
    short = language.partition("-")[0].lower()
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
    notify(job.desk, ticket, template, [job.may.person], auto="auto-replied", extra=facts)
