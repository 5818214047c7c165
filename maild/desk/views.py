"""What people ask to see: lists of tickets (N17) and one ticket whole, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.desk import facts, lists, sides, timesheet
from maild.desk.profile import Profile
from maild.errors import NotFound
from maild.model import TicketRole
from maild.store import asking
from maild.store.records import Message, Note, Person, Ticket, TimeEntry
from maild.store.unit import Unit

COMING = timedelta(days=30)  # of a series, contacts see what is due so soon (P7)
MOST = 1000  # tickets of a list
MAILING_LIST = lists.MAILING_LIST


def names(profile: Profile) -> tuple[str, ...]:
    """Every list of tickets that there is: those of every profile, and its own."""
    return lists.names(profile)


def title(profile: Profile, name: str) -> str:
    """What the list of this name is called."""
    return lists.title(profile, name)


def tickets(
    unit: Unit,
    profile: Profile,
    view: str = "open",
    limit: int = MOST,
    *,
    now: datetime | None = None,
    me: Person | None = None,
    client: int | None = None,
) -> Sequence[Ticket]:
    """The tickets of a view, the newest last; UsageError where there is no such view.

    `me`: whose "mine" it is, and who looks; `now`: before which a service call is
    overdue; `client`: of this
    organization alone.
    """
    listing = lists.Listing(view, sort="number")
    ask = lists.ask(
        profile,
        listing,
        me=me.id if me else 0,
        now=now or datetime.now(UTC),
        organization_id=client,
        sees=sides.sees(unit, profile, me),
    )
    found = [row.ticket for row in asking.listing.page(unit, ask, limit)]
    asking.lists.complete(unit, found)
    return found[::-1]


def of_person(unit: Unit, person: Person, now: datetime, *, as_resource: bool) -> list[Ticket]:
    """What he works on; of a contact, what he asked for or is told of (P6), of a series of tickets
    those that are due soon (P7)."""
    found = asking.lists.with_person(unit, person, as_resource=as_resource)
    access = person.fields.get("access", "own")
    if not as_resource and access == "none":
        return []
    if not as_resource and access == "organization" and person.organization_id is not None:
        more = asking.lists.of_organization(unit, person.organization_id)
        found = sorted({ticket.id: ticket for ticket in [*found, *more]}.values(), key=_by_id)
    return found if as_resource else [ticket for ticket in found if _shown(ticket, now)]


def _by_id(ticket: Ticket) -> int:
    return ticket.id


def _shown(ticket: Ticket, now: datetime) -> bool:
    in_series = ticket.fields.get("series") is not None
    return not in_series or ticket.due is None or ticket.due <= now + COMING


def listed(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    """A ticket in a list that is mailed."""
    return {
        "number": ticket.number,
        "title": ticket.title,
        "contact": facts.name_of(asking.tickets.contact(unit, ticket)),
        "status": ticket.status,
        "priority": ticket.priority,
        "due": ticket.due.isoformat() if ticket.due else None,
    }


def ticket(unit: Unit, number: str, side: str | None = None) -> Ticket:
    """The ticket of this number, in any case, of a shared one that of this side, else the first;
    NotFound otherwise."""
    found = asking.tickets.numbered(unit, number)
    if found is None:
        raise NotFound(f"There is no ticket {number}. `maild tickets --view all` lists them.")
    if side is None or side == found.shared_side:
        return found
    other = asking.tickets.other_side(unit, found)
    if other is None:
        raise NotFound(f"{found.number} is not shared; it has no side of its own.")
    return other


def summary(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    """A ticket in JSON (contract); times are datetimes."""
    organization = asking.tickets.organization(unit, ticket)
    return {
        "number": ticket.number,
        "title": ticket.title,
        "status": ticket.status,
        "status_kind": ticket.status_kind,
        "priority": ticket.priority,
        "type": ticket.type,
        "source": ticket.source,
        "queue": ticket.queue,
        "organization": organization.name if organization else None,
        "contact": _person(unit, asking.tickets.contact(unit, ticket)),
        "additional_contacts": _people(unit, ticket, TicketRole.ADDITIONAL),
        "primary_resource": _person(unit, asking.tickets.primary(unit, ticket)),
        "secondary_resources": _people(unit, ticket, TicketRole.SECONDARY),
        "due": ticket.due,
        "created": ticket.created,
        "updated": ticket.updated,
        "completed": ticket.completed,
        "resolution": ticket.resolution,
        "tags": list(ticket.tags),
        "side": ticket.shared_side or None,
        "total_hours": facts.hours(asking.tickets.minutes(unit, ticket)),
    }


def whole(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    """The same with notes, time, attachments, events and notifications (contract: `show`)."""
    notes = asking.notes.of(unit, ticket)
    unit.some(Message, [note.stored_id for note in notes if note.stored_id])
    return summary(unit, ticket) | {
        "fields": dict(ticket.fields),
        "rating": _rating(unit, ticket),
        "shared": _shared(unit, ticket),
        "notes": [_note(unit, note) for note in notes],
        "time_entries": [_time(unit, entry) for entry in asking.tickets.times(unit, ticket)],
        "attachments": [a for note in notes for a in _attachments(note)],
        "events": [
            {"at": e.at, "event": e.event, "by": e.by, "detail": e.detail}
            for e in asking.tickets.events(unit, ticket)
        ],
        "notifications": [
            {
                "template": item.template,
                "to": item.address,
                "message_id": item.message_id,
                "state": item.state,
            }
            for item in asking.outbox.of(unit, ticket)
        ],
    }


def _shared(unit: Unit, ticket: Ticket) -> dict[str, Any] | None:
    """The ticket that another desk has beside this one, and what it said of it last."""
    known = asking.partners.of_ticket(unit, ticket)
    if known is None:
        return None
    return {
        "partner": known.partner,
        "reference": known.reference,
        "since": known.since,
        "told": known.said,
        "says": known.state,
        "status": known.status,
        "done": known.done,
        "completed": known.completed,
    }


def _rating(unit: Unit, ticket: Ticket) -> dict[str, Any] | None:
    said = asking.taps.rating(unit, ticket)
    if said is None:
        return None
    by = _person(unit, unit.get(Person, said.person_id))
    return {"score": said.score, "by": by, "at": said.at}


def _person(unit: Unit, person: Person | None) -> dict[str, str] | None:
    if person is None:
        return None
    return {"name": person.name, "address": asking.people.email(unit, person)}


def _people(unit: Unit, ticket: Ticket, role: TicketRole) -> list[dict[str, str] | None]:
    return [_person(unit, p) for p in asking.tickets.with_role(unit, ticket, role)]


def _note(unit: Unit, note: Note) -> dict[str, Any]:
    stored = unit.get(Message, note.stored_id)
    return {
        "id": note.id,
        "by": facts.writer(unit, note),
        "by_kind": note.by_kind,
        "public": note.public,
        "title": note.title,
        "text": note.text,
        "quoted_text": note.quoted_text,
        "created": note.created,
        "message_id": stored.message_id if stored else None,
        "attachments": _attachments(note),
    }


def _attachments(note: Note) -> list[dict[str, Any]]:
    keys = ("filename", "content_type", "size", "sha256", "inline", "content_id")
    return [
        {"note": note.id} | {key: a[key] for key in keys} | {"refused": a.get("refused")}
        for a in note.attachments
    ]


def _time(unit: Unit, entry: TimeEntry) -> dict[str, Any]:
    return {
        "by": facts.name_of(unit.get(Person, entry.by_id)),
        "worked_on": entry.worked_on,
        "start": entry.start,
        "end": entry.end,
        "minutes": entry.minutes,
        "work_type": entry.work_type,
        "summary": entry.summary,
        "internal": entry.internal,
        "billable": entry.billable,
        "rate": timesheet.rate(entry),
        "entered_by": facts.name_of(unit.get(Person, entry.entered_by_id)),
    }
