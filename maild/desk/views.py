"""What people ask to see: lists of tickets (N17) and one ticket whole, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from maild.desk.facts import minutes_worked
from maild.desk.profile import Profile, named
from maild.errors import NotFound
from maild.i18n import Sentence, sentence
from maild.store.tables import Note, OutboxItem, Person, Ticket, TicketPerson, TimeEntry

OPEN = Ticket.status_kind != "closed"
UNFINISHED = Ticket.status_kind.not_in(("resolved", "closed"))
COMING = timedelta(days=30)  # of a series, contacts see what is due so soon (P7)

# Of every profile: name → (what it lists, its condition)
VIEWS: dict[str, tuple[str, sa.ColumnElement[bool]]] = {
    "open": (sentence("All open tickets"), OPEN),
    "all": (sentence("All tickets"), sa.true()),
    "to process": (
        sentence("Tickets that await our action"),
        Ticket.status_kind.in_(("new", "review")),
    ),
    "unassigned": (sentence("Open tickets that nobody holds"), OPEN & Ticket.primary_id.is_(None)),
    "waiting on us": (
        sentence("Open tickets that wait for one of us"),
        Ticket.status_kind.in_(("new", "working", "review")),
    ),
    "waiting on them": (
        sentence("Tickets that wait for others"),
        Ticket.status_kind == "waiting",
    ),
    "closed": (sentence("Closed tickets"), Ticket.status_kind == "closed"),
}


def names(profile: Profile) -> tuple[str, ...]:
    """Every list of tickets that there is: those of every profile, and its own."""
    return tuple(dict.fromkeys((*VIEWS, *profile.views)))


def title(profile: Profile, name: str) -> str:
    """What the list of this name is called."""
    own = profile.views.get(name)
    if own is not None and own.title:
        return Sentence(own.title, {})
    return VIEWS[name][0] if name in VIEWS else Sentence(name, {})


def _where(profile: Profile, name: str) -> sa.ColumnElement[bool]:
    own = profile.views.get(name)
    if own is None:
        return VIEWS[name][1]
    return Ticket.status_kind.in_(own.kinds) | Ticket.status.in_(own.statuses)


def tickets(
    session: Session, profile: Profile, view: str = "open", limit: int = 1000
) -> Sequence[Ticket]:
    """The tickets of a view, the newest last; UsageError where there is no such view."""
    name = named(view.replace("-", " ").replace("_", " "), names(profile), "view")
    found = session.scalars(
        sa.select(Ticket)
        .where(_where(profile, name), Ticket.deleted.is_(None))
        .options(
            joinedload(Ticket.contact),
            joinedload(Ticket.primary),
            joinedload(Ticket.organization),
            selectinload(Ticket.people).joinedload(TicketPerson.person),
        )
        .order_by(Ticket.id.desc())
        .limit(limit)
    ).all()
    return found[::-1]


def listed(ticket: Ticket) -> dict[str, Any]:
    """A ticket in a list that is mailed."""
    return {
        "number": ticket.number,
        "title": ticket.title,
        "contact": ticket.contact.name if ticket.contact else None,
        "status": ticket.status,
        "priority": ticket.priority,
        "due": ticket.due.isoformat() if ticket.due else None,
    }


def for_contacts(now: datetime) -> sa.ColumnElement[bool]:
    """What a contact's list has of a series of tickets: those that are due soon (P7)."""
    return sa.or_(
        Ticket.fields["series"].as_string().is_(None),
        Ticket.due.is_(None),
        Ticket.due <= now + COMING,
    )


def ticket(session: Session, number: str) -> Ticket:
    """The ticket of this number, in any case; NotFound otherwise."""
    found = session.scalar(sa.select(Ticket).where(Ticket.number == number.strip("[]# ").upper()))
    if found is None:
        raise NotFound(f"There is no ticket {number}. `maild tickets --view all` lists them.")
    return found


def summary(session: Session, ticket: Ticket) -> dict[str, Any]:
    """A ticket in JSON (contract); times are datetimes."""
    minutes = minutes_worked(session, ticket)
    return {
        "number": ticket.number,
        "title": ticket.title,
        "status": ticket.status,
        "status_kind": ticket.status_kind,
        "priority": ticket.priority,
        "type": ticket.type,
        "source": ticket.source,
        "queue": ticket.queue,
        "organization": ticket.organization.name if ticket.organization else None,
        "contact": _person(ticket.contact),
        "additional_contacts": [_person(p) for p in ticket.with_role("additional")],
        "primary_resource": _person(ticket.primary),
        "secondary_resources": [_person(p) for p in ticket.with_role("secondary")],
        "due": ticket.due,
        "created": ticket.created,
        "updated": ticket.updated,
        "completed": ticket.completed,
        "resolution": ticket.resolution,
        "tags": list(ticket.tags),
        "total_hours": round(minutes / 60, 2),
    }


def whole(session: Session, ticket: Ticket) -> dict[str, Any]:
    """The same with notes, time, attachments, events and notifications (contract: `show`)."""
    sent = session.scalars(
        sa.select(OutboxItem).where(OutboxItem.ticket_id == ticket.id).order_by(OutboxItem.id)
    )
    return summary(session, ticket) | {
        "fields": dict(ticket.fields),
        "notes": [_note(note) for note in ticket.notes],
        "time_entries": [_time(entry) for entry in ticket.time_entries],
        "attachments": [a for note in ticket.notes for a in _attachments(note)],
        "events": [
            {"at": e.at, "event": e.event, "by": e.by, "detail": e.detail} for e in ticket.events
        ],
        "notifications": [
            {
                "template": item.template,
                "to": item.address,
                "message_id": item.message_id,
                "state": item.state,
            }
            for item in sent
        ],
    }


def _person(person: Person | None) -> dict[str, str] | None:
    return {"name": person.name, "address": person.email} if person else None


def _note(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "by": note.by.name if note.by else "maild",
        "by_kind": note.by_kind,
        "public": note.public,
        "title": note.title,
        "text": note.text,
        "quoted_text": note.quoted_text,
        "created": note.created,
        "message_id": note.stored.message_id if note.stored else None,
        "attachments": _attachments(note),
    }


def _attachments(note: Note) -> list[dict[str, Any]]:
    keys = ("filename", "content_type", "size", "sha256", "inline", "content_id")
    return [{"note": note.id} | {key: a[key] for key in keys} for a in note.attachments]


def _time(entry: TimeEntry) -> dict[str, Any]:
    return {
        "by": entry.by.name,
        "worked_on": entry.worked_on,
        "start": entry.start,
        "end": entry.end,
        "minutes": entry.minutes,
        "work_type": entry.work_type,
        "summary": entry.summary,
        "internal": entry.internal,
    }
