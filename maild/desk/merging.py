"""Tickets that become one, and notes that become a ticket (A4); both can be taken back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from maild.desk.desk import Desk
from maild.errors import Refused
from maild.i18n import sentence
from maild.store.tables import Note, Person, Ticket, TicketLink, TimeEntry


def merge(desk: Desk, ticket: Ticket, into: Ticket) -> dict[str, Any]:
    """Moves notes, time and people of a ticket into another, and closes it without a word.

    Mail to it goes to the other one from now on.  Gives what `unmerge` needs.
    """
    if ticket is into:
        raise Refused(sentence("{ticket} cannot be merged into itself.", ticket=ticket.number))
    if into.deleted is not None or into.merged_id is not None:
        raise Refused(
            sentence(
                "{ticket} is deleted or merged itself; nothing can be added to it.",
                ticket=into.number,
            )
        )
    session = desk.session
    complete = desk.profile.status(desk.profile.complete_status)
    detail: dict[str, Any] = {
        "from": ticket.number,
        "to": into.number,
        "notes": list(session.scalars(sa.select(Note.id).where(Note.ticket_id == ticket.id))),
        "times": list(
            session.scalars(sa.select(TimeEntry.id).where(TimeEntry.ticket_id == ticket.id))
        ),
        "people": [p.id for p in _add_people(desk, ticket, into)],
        "status": ticket.status,
        "completed": ticket.completed.isoformat() if ticket.completed else None,
    }
    _move(desk, detail, ticket, into)
    ticket.merged_id = into.id
    ticket.status, ticket.status_kind = complete.name, complete.kind
    ticket.completed = ticket.completed or desk.now
    desk.link(ticket, into, "merged")
    desk.emit(ticket, "merged", detail)
    return detail


def unmerge(desk: Desk, ticket: Ticket, into: Ticket, detail: dict[str, Any]) -> None:
    """Gives a merged ticket back what it had."""
    if ticket.merged_id != into.id:
        raise Refused(
            sentence(
                "{ticket} is not merged into {into} any more.",
                ticket=ticket.number,
                into=into.number,
            )
        )
    _move(desk, detail, into, ticket)
    status = desk.profile.status(str(detail["status"]))
    ticket.merged_id = None
    ticket.status, ticket.status_kind = status.name, status.kind
    if detail["completed"] is None:
        ticket.completed = None
    for person_id in detail["people"]:
        desk.remove_person(into, desk.session.get_one(Person, person_id), "additional")
    _unlink(desk, ticket, into, "merged")
    desk.emit(ticket, "unmerged", {"from": into.number, "to": ticket.number})


def split(desk: Desk, ticket: Ticket, note: Note, title: str) -> Ticket:
    """A note becomes a ticket of its own, by whoever wrote it, tied to the old one."""
    if len(ticket.notes) < 2:
        raise Refused(
            sentence(
                "{ticket} has no other note; there is nothing to split off.", ticket=ticket.number
            )
        )
    contact = note.by if note.by is not None and note.by_kind == "contact" else ticket.contact
    fresh = desk.open_ticket(
        title=title,
        contact=contact,
        organization=ticket.organization,
        source=ticket.source,
        queue=ticket.queue,
    )
    note.ticket = fresh
    desk.session.flush()
    desk.session.expire(ticket, ["notes"])
    if note.stored is not None:
        note.stored.ticket = fresh
    desk.link(ticket, fresh, "split")
    desk.announce(fresh, note)
    return fresh


def unsplit(desk: Desk, ticket: Ticket, fresh: Ticket, note_id: int) -> None:
    """Puts the note back; the ticket that it made is deleted."""
    note = desk.session.get_one(Note, note_id)
    note.ticket = ticket
    desk.session.flush()
    desk.session.expire(ticket, ["notes"])
    desk.session.expire(fresh, ["notes"])
    if note.stored is not None:
        note.stored.ticket = ticket
    _unlink(desk, ticket, fresh, "split")
    delete(desk, fresh)


def delete(desk: Desk, ticket: Ticket, *, spam: bool = False) -> None:
    """Takes the ticket out of every list; it and its mail are kept."""
    if ticket.deleted is not None:
        raise Refused(sentence("{ticket} is deleted already.", ticket=ticket.number))
    ticket.deleted = desk.now
    desk.emit(ticket, "deleted", {"spam": spam} if spam else {})


def restore(desk: Desk, ticket: Ticket) -> None:
    """A deleted ticket is back."""
    if ticket.deleted is None:
        return
    ticket.deleted = None
    desk.emit(ticket, "restored", {})


def _add_people(desk: Desk, ticket: Ticket, into: Ticket) -> list[Person]:
    """Contacts of the one who are not of the other become additional contacts there."""
    contacts = [ticket.contact, *ticket.with_role("additional")]
    new = [p for p in contacts if p is not None and p is not into.contact]
    return [person for person in new if desk.add_person(into, person, "additional")]


def _move(desk: Desk, detail: dict[str, Any], start: Ticket, end: Ticket) -> None:
    session = desk.session
    for table, ids in ((Note, detail["notes"]), (TimeEntry, detail["times"])):
        session.execute(
            sa.update(table)
            .where(table.id.in_(ids), table.ticket_id == start.id)
            .values(ticket_id=end.id)
        )
    for ticket in (start, end):
        ticket.updated = desk.now
        session.flush()
        session.expire(ticket, ["notes", "time_entries"])


def _unlink(desk: Desk, ticket: Ticket, other: Ticket, kind: str) -> None:
    desk.session.execute(
        sa.delete(TicketLink).where(
            TicketLink.ticket_id == ticket.id,
            TicketLink.other_id == other.id,
            TicketLink.kind == kind,
        )
    )
