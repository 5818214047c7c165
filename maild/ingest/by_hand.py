"""What somebody does on a screen: the same commands as by mail, whole or not at all.

All of it is kept as a small message of the mailbox "console", with its words and files: so undo,
explain and the files of a note find it as they find a mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from maild.commands import execute
from maild.commands.job import Job, May
from maild.commands.mail_commands import names_of
from maild.commands.values import Asked, Command
from maild.config import Settings
from maild.desk import fields, merging, sign_off, worktime
from maild.desk.desk import Desk
from maild.desk.notify import AWAY, notify
from maild.desk.worktime import Work
from maild.errors import NotFound, Refused
from maild.i18n import sentence
from maild.ingest.accept import accept
from maild.ingest.scanner import Scanner
from maild.model import Became, EventName, Kind, MessageState, Role, SendState
from maild.parse.parser import parse
from maild.store import asking
from maild.store.records import Message, Note, Organization, Person, Ticket, TimeEntry

MAILBOX = "console"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is put to a note."""

    filename: str
    content_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in the files of a submission."""

    views: tuple[dict[str, Any], ...]  # as those of a mail
    scanner: Scanner | None  # that looked at them


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked for, about one ticket."""

    commands: tuple[tuple[str, str], ...] = ()  # (command, argument)
    values: tuple[tuple[str, Any], ...] = ()  # (field, value), of any field
    text: str = ""  # of a note
    public: bool = False  # the note is for contacts too
    title: str | None = None
    told: tuple[int, ...] = ()  # ids of people who are told of the note besides
    files: tuple[File, ...] = ()
    work: Work | None = None  # time worked
    note_id: int | None = None  # of the note that a command is about
    restores: bool = False  # a deleted ticket is back
    undoes: int | None = None  # id of the message whose doing is taken back
    looked: Looked | None = None  # at the files, before the transaction


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who is told, as the rules decide."""

    name: str
    address: str
    template: str
    audience: str
    held: str | None  # why he is not told after all


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it."""

    number: str
    note_id: int | None
    message_id: int  # of the stored wanted: what `undoes` names
    said: tuple[str, ...]  # a sentence for each thing done
    told: tuple[Told, ...] = ()
    undo: bool = False  # it can be taken back
    away: tuple[str, ...] = ()  # a sentence for each colleague who is away and was written to
    values: dict[str, Any] = field(default_factory=dict)


def do(desk: Desk, ticket: Ticket, person: Person, wanted: Submission) -> Done:
    """Does it all; Refused with the first reason where anything may not be, and nothing is done."""
    stored = desk.stored = keep(desk, ticket, person, wanted)
    note = _note(desk, ticket, wanted, stored)
    job = _job(desk, ticket, person, wanted, note)
    results = execute.run(job)
    refused = next((result for result in results if not result.done), None)
    if refused is not None:
        raise Refused(refused.why)
    said = [result.why for result in results]
    for name, value in wanted.values:
        fields.may_be_given(name)
        fields.set_value(desk, ticket, name, value)
    if wanted.restores:
        merging.restore(desk, ticket)
    if wanted.work is not None:
        entry = worktime.add_time(desk, ticket, person, wanted.work, note)
        said.append(f"{entry.minutes} min")
    desk.settle()
    return Done(
        ticket.number,
        note.id if note else None,
        stored.id,
        tuple(said),
        _told(desk, stored),
        bool(stored.undo),
        away=_away(desk, stored),
    )


def signed(desk: Desk, ticket: Ticket, person: Person, name: str, text: str) -> Done:
    """A customer has signed on this person's screen: kept with the ticket as a sign-off by mail is
    (A7); `text` says so in a note."""
    wanted = Submission(text=text, title=sentence("Sign-off"))
    stored = desk.stored = keep(desk, ticket, person, wanted)
    note = desk.add_note(
        ticket, text=text, title=wanted.title, public=False, event=EventName.NOTE_FILED,
        because="it signs off",
    )  # fmt: skip
    sign_off.keep(desk, ticket, name, note, by=name, address=None, proof="drawn")
    desk.settle()
    return Done(ticket.number, note.id, stored.id, (text,), _told(desk, stored))


def keep(desk: Desk, ticket: Ticket | None, person: Person, wanted: Submission) -> Message:
    """The submission as a stored message, done with."""
    stored = accept(
        desk.unit,
        mailbox=MAILBOX,
        uidvalidity=None,
        uid=None,
        octets=_eml(desk, ticket, person, wanted),
        now=desk.now,
    )
    assert stored is not None  # it has no place that could be taken
    desk.unit.change(
        stored,
        state=MessageState.PROCESSED,
        processed=desk.now,
        sender=asking.people.email(desk.unit, person),
        subject=", ".join(f"{name} {value}".strip() for name, value in wanted.commands)[:500],
        kind=Kind.HUMAN,
        proof="session",
        outcome=Became.NOTE,
        ticket_id=ticket.id if ticket else None,
        why=f"by {person.name} in the console",
        reasons=[["who", person.name, "signed in to the console"]],
    )
    return stored


def _eml(desk: Desk, ticket: Ticket | None, person: Person, wanted: Submission) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = asking.people.email(desk.unit, person)
    message["To"] = desk.settings.config.desk.address
    message["Date"] = format_datetime(desk.now)
    message["Subject"] = wanted.title or (ticket.number if ticket else "")
    return _with_files(message, wanted).as_bytes()


def _with_files(message: EmailMessage, wanted: Submission) -> EmailMessage:
    lines = [f"#{name} {value}".rstrip() for name, value in wanted.commands]
    message.set_content("\n".join([*lines, wanted.text]))
    for file in wanted.files:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(
            file.octets,
            maintype=main or "application",
            subtype=sub or "octet-stream",
            filename=file.filename,
        )
    return message


def _note(desk: Desk, ticket: Ticket, wanted: Submission, stored: Message) -> Note | None:
    if not wanted.text.strip() and not wanted.files:
        return None
    note = desk.add_note(
        ticket,
        text=wanted.text.strip(),
        public=wanted.public,
        title=wanted.title or None,
        attachments=views_of(wanted, desk),
    )
    desk.settle()
    for person_id in wanted.told:
        one = desk.unit.get(Person, person_id)
        if one is not None and one.role == Role.RESOURCE:
            notify(desk, ticket, "note", [one], note=note)
    return note


def looked_at(settings: Settings, wanted: Submission, *, scan: bool = True) -> Submission:
    """The same with its files read and scanned: a scanner may take long, and no transaction is to
    wait for it."""
    if not wanted.files:
        return wanted
    octets = _with_files(EmailMessage(policy=SMTP), wanted).as_bytes()
    scanner = Scanner(settings.config.attachments)
    mail = scanner.scanned(parse(octets), octets) if scan else parse(octets)
    views = tuple(asdict(attachment) for attachment in mail.attachments)
    return replace(wanted, looked=Looked(views, scanner if scan and scanner.is_there else None))


def views_of(wanted: Submission, desk: Desk) -> list[dict[str, Any]]:
    """The submission's files, as those of a mail."""
    looked = (wanted if wanted.looked else looked_at(desk.settings, wanted)).looked
    if looked is None:
        return []
    if looked.scanner is not None:
        looked.scanner.report(desk.unit, desk.now)
    return list(looked.views)


def _job(desk: Desk, ticket: Ticket, person: Person, wanted: Submission, note: Note | None) -> Job:
    asked = tuple(
        Command(name, value, f"{name} {value}".strip(), "text") for name, value in wanted.commands
    )
    answered = desk.unit.get(Note, wanted.note_id)
    return Job(
        desk=desk,
        may=May(person, Role.RESOURCE, proven=True),
        asked=Asked("", wanted.text, asked),
        names=names_of(desk),
        ticket=ticket,
        note=note,
        answered=answered,
        undoes=desk.unit.get(Message, wanted.undoes),
    )


def _told(desk: Desk, stored: Message) -> tuple[Told, ...]:
    """Whom the rules have told because of it."""
    rows = [r for r in asking.outbox.of_message(desk.unit, stored.id) if r.template != AWAY]
    return tuple(
        Told(
            str((row.data.get("recipient") or {}).get("name", "")),
            row.address,
            row.template,
            row.audience,
            row.error if row.state == SendState.HELD else None,
        )
        for row in rows
    )


def _away(desk: Desk, stored: Message) -> tuple[str, ...]:
    """Who of those it is for is away, and who gets it meanwhile."""
    rows = asking.outbox.of_message(desk.unit, stored.id)
    return tuple(_gone(row.data["away"]) for row in rows if row.template == AWAY)


def _gone(said: Mapping[str, Any]) -> str:
    who, there = said["who"], list(said["stand_in"])
    if not said["until"]:
        return sentence("{who} is away; {names} gets it meanwhile.", who=who, names=there)
    day = date.fromisoformat(said["until"][:10])
    return sentence(
        "{who} is away until {day}; {names} gets it meanwhile.", who=who, day=day, names=there
    )


# ---- a new ticket


@dataclass(frozen=True, slots=True)
class Opening:
    """A ticket that somebody opens on a screen."""

    title: str
    text: str
    public: bool  # the description is for the contact too
    contact_id: int | None
    organization_id: int | None
    source: str
    queue: str | None
    template: str | None = None
    commands: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Any], ...] = ()
    files: tuple[File, ...] = ()
    looked: Looked | None = None  # at the files, before the transaction


def open_ticket(desk: Desk, person: Person, opening: Opening) -> Done:
    """A new ticket with its first note; Refused where a field of it may not be so."""
    contact = desk.unit.get(Person, opening.contact_id)
    client = opening.organization_id or (contact.organization_id if contact else None)
    wanted = Submission(
        opening.commands, opening.values, opening.text, files=opening.files, looked=opening.looked
    )
    stored = desk.stored = keep(desk, None, person, wanted)
    ticket = desk.open_ticket(
        title=opening.title,
        contact=contact,
        organization=desk.unit.get(Organization, client),
        source=opening.source,
        queue=opening.queue,
    )
    desk.unit.change(stored, ticket_id=ticket.id, outcome=Became.TICKET)
    note = desk.add_note(
        ticket,
        text=opening.text.strip() or opening.title,
        public=opening.public,
        first=True,
        attachments=views_of(wanted, desk),
    )
    if opening.template:
        fields.apply_template(desk, ticket, opening.template, set_status=False)
    for name, value in opening.values:
        fields.set_value(desk, ticket, name, value)
    desk.announce(ticket, note)
    desk.settle()
    results = execute.run(_job(desk, ticket, person, wanted, note))
    refused = next((result for result in results if not result.done), None)
    if refused is not None:
        raise Refused(refused.why)
    desk.settle()
    return Done(ticket.number, note.id, stored.id, (), _told(desk, stored))


# ---- time that was entered wrong


def correct_time(
    desk: Desk, ticket: Ticket, person: Person, entry_id: int, work: Work | None
) -> Done:
    """Takes a time entry off, and puts another in its place where there is one."""
    entry = desk.unit.get(TimeEntry, entry_id)
    by = desk.unit.get(Person, entry.by_id) if entry else None
    if entry is None or by is None:
        raise NotFound(sentence("There is no such time entry."))
    stored = desk.stored = keep(desk, ticket, person, Submission(commands=(("time", "-"),)))
    worktime.remove_time(desk, ticket, entry)
    if work is not None:
        worktime.add_time(desk, ticket, by, work, None)
    desk.settle()
    return Done(ticket.number, None, stored.id, ())
