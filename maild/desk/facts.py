"""The facts of a ticket, a note, a person, as templates get them: plain data by the names that
`known_facts` declares, never objects that act (H70).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from maild.config import DeskSection, Front
from maild.desk import names, pictures
from maild.desk.known_facts import Facts
from maild.desk.passed_on import fitting
from maild.model import Role, TicketRole
from maild.store import asking
from maild.store.records import Note, Person, Ticket, TimeEntry
from maild.store.unit import Unit

Knows = Callable[[Note], bool]  # whether somebody has read a note
FOLDER = "templates"  # key beside the facts: the folder whose templates this mail is made of
TEXT_LIMIT = 100_000  # characters of a note that a mail carries
EARLIER_LIMIT = 4_000  # characters of each of these


def desk_facts(desk: DeskSection, front: Front | None = None) -> Facts:
    """Who writes: the desk, or the mailbox or alias whose address the ticket is answered from."""
    name = (front.sender if front else None) or desk.name
    return {
        "name": name,
        "address": (front.address if front else None) or desk.address,
        "signature": _signature(desk, front) or name,
    }


def _signature(desk: DeskSection, front: Front | None) -> str | None:
    """What is set for the mailbox or alias; the desk's is not set below another name's mails."""
    if front is not None and (front.signature or front.sender):
        return front.signature
    return desk.signature


def recipient_facts(name: str, address: str, audience: str, language: str, timezone: str) -> Facts:
    return {
        "name": names.full_name(name),
        "first_name": names.first_name(name),
        "address": address,
        "audience": audience,
        "language": language,
        "timezone": timezone,
    }


def current_facts(unit: Unit, ticket: Ticket) -> Facts:
    """Of these what is so at the end of a transaction counts, not when the mail was thought of."""
    return {
        "status": ticket.status,
        "status_kind": ticket.status_kind,
        "priority": ticket.priority,
        "type": ticket.type,
        "queue": ticket.queue,
        "primary": name_of(asking.tickets.primary(unit, ticket)),
        "secondaries": [
            p.name for p in asking.tickets.with_role(unit, ticket, TicketRole.SECONDARY)
        ],
        "due": _time(ticket.due),
        "completed": _time(ticket.completed),
        "resolution": ticket.resolution,
        "hours": hours(asking.tickets.minutes(unit, ticket)),
        "reopened": ticket.reopened,
    }


def ticket_facts(unit: Unit, ticket: Ticket) -> Facts:
    organization = asking.tickets.organization(unit, ticket)
    return {
        "number": ticket.number,
        "title": ticket.title,
        **current_facts(unit, ticket),
        "source": ticket.source,
        "organization": organization.name if organization else None,
        "contact": name_of(asking.tickets.contact(unit, ticket)),
        "waiting": [
            asking.people.email(unit, p)
            for p in asking.tickets.with_role(unit, ticket, TicketRole.PROPOSED)
            if p.active and p.organization_id and p.organization_id == ticket.organization_id
        ],
        "created": _time(ticket.created),
        "stopped": [],
        "left": [],
    }


def name_of(person: Person | None) -> str | None:
    return person.name if person is not None else None


def note_facts(unit: Unit, note: Note, limit: int | None = None, *, outside: bool = False) -> Facts:
    """What is said of a note; `limit`: octets of files that go out with it, where they do;
    `outside`: to somebody who is not told what stands below its words."""
    most = sys.maxsize if limit is None else limit
    shown = pictures.places(note.text, note.html, note.attachments)
    return {
        "by": writer(unit, note),
        "by_kind": note.by_kind,
        "public": note.public,
        "title": note.title,
        "text": _cut(note.text, TEXT_LIMIT),
        "below": None if outside else _below(unit, note),
        "html": note.html if note.html and len(note.html) <= TEXT_LIMIT else None,
        "created": _time(note.created),
        "attachments": [
            {
                "filename": str(a.get("filename", "")),
                "size": int(a.get("size", 0)),
                "passed": fits,
                "refused": a.get("refused"),
                "picture": place,
            }
            for a, fits, place in zip(
                note.attachments, fitting(note.attachments, most), shown, strict=True
            )
        ],
    }


def _below(unit: Unit, note: Note) -> str | None:
    """What stands below the words of a mail that opened a ticket: often that is the problem."""
    ticket = unit.get(Ticket, note.ticket_id) if note.quoted_text.strip() else None
    if ticket is None or asking.notes.earlier(unit, ticket, note):
        return None
    return _cut(note.quoted_text, TEXT_LIMIT)


def time_facts(unit: Unit, entry: TimeEntry, *, internal: bool) -> Facts:
    """A time entry; its internal notes only where `internal` (N15)."""
    return {
        "by": name_of(unit.get(Person, entry.by_id)),
        "worked_on": _time(entry.worked_on),
        "hours": hours(entry.minutes),
        "work_type": entry.work_type,
        "summary": _cut(entry.summary, TEXT_LIMIT),
        "internal": entry.internal if internal else None,
    }


def earlier_facts(
    unit: Unit, ticket: Ticket, *, before: Note | None, known: Knows | None = None
) -> list[Facts]:
    """The notes before this one, newest first, few and short; with `known` only public ones that it
    lets pass."""
    return [
        {
            "by": writer(unit, note),
            "public": note.public,
            "created": _time(note.created),
            "title": note.title,
            "text": _cut(note.text, EARLIER_LIMIT),
        }
        for note in asking.notes.earlier(unit, ticket, before, public_only=known is not None)
        if known is None or known(note)
    ]


def hours(minutes: int) -> float:
    return round(minutes / 60, 2)


def without_internal(facts: Mapping[str, Any]) -> Facts:
    """The same facts with nothing in them that a contact may not read; the last check of all."""
    data = dict(facts)
    data["earlier"] = [e for e in data.get("earlier") or [] if e.get("public") is True]
    if (data.get("note") or {}).get("public") is not True:
        data["note"] = None
    if data["note"] is not None:
        data["note"] = {**data["note"], "below": None}
    if data.get("time"):
        data["time"] = {**data["time"], "internal": None}
    return data


def writer(unit: Unit, note: Note) -> str:
    """Who wrote a note, by name; machines have theirs."""
    person = asking.notes.writer(unit, note)
    if person is not None:
        return person.name
    return "Monitoring" if note.by_kind == Role.MONITORING else "maild"


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rstrip() + " …"
