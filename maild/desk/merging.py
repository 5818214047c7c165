"""Tickets that become one, and notes that become a ticket (A4); both can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from maild.desk.desk import Desk
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import EventName, LinkKind, Role, StatusKind, TicketRole
from maild.parse.first_look import recipients
from maild.store import asking
from maild.store.records import Message, Note, Person, Ticket, TimeEntry


def merge(
    desk: Desk, ticket: Ticket, into: Ticket, *, with_contact: bool = False
) -> dict[str, Any]:
    """Moves notes and time of a ticket into another, and closes it.

    Its contacts read nothing of the other, unless `with_contact` says so.  Mail to it goes to the
    other one from now on.  Gives what `unmerge` needs.
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
    if ticket.shared_side and ticket.number == into.number:
        raise Refused(sentence("The two sides of {ticket} stay apart.", ticket=ticket.number))
    if ticket.shared_side and asking.tickets.other_side(desk.unit, ticket) is not None:
        raise Refused(
            sentence(
                "{ticket} is shared: the other side would lose it. Merge the other one into it, "
                "or say #mydone and close it.",
                ticket=ticket.number,
            )
        )
    complete = desk.profile.status(desk.profile.complete_status)
    detail: dict[str, Any] = {
        "from": ticket.number,
        "to": into.number,
        "notes": [note.id for note in asking.notes.of(desk.unit, ticket)],
        "times": [entry.id for entry in asking.tickets.times(desk.unit, ticket)],
        "people": [p.id for p in _add_people(desk, ticket, into)] if with_contact else [],
        "status": ticket.status,
        "completed": ticket.completed.isoformat() if ticket.completed else None,
        "was_kind": ticket.status_kind,
        "into_status": into.status,
    }
    _move(desk, detail, ticket, into)
    desk.link(ticket, into, LinkKind.MERGED)
    desk.change(
        ticket,
        EventName.MERGED,
        detail,
        merged_id=into.id,
        status=complete.name,
        status_kind=StatusKind(complete.kind),
        completed=ticket.completed or desk.now,
    )
    desk.emit(into, EventName.TOOK_IN, {n: detail[n] for n in ("from", "to", "was_kind")})
    return detail


def unmerge(desk: Desk, ticket: Ticket, into: Ticket, detail: Mapping[str, Any]) -> None:
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
    for person_id in detail["people"]:
        person = desk.unit.get(Person, person_id)
        if person is not None:
            desk.remove_person(into, person, TicketRole.ADDITIONAL)
    desk.unlink(ticket, into, LinkKind.MERGED)
    _close_again(desk, into, detail)
    status, completed = desk.profile.status(str(detail["status"])), detail["completed"]
    desk.change(
        ticket,
        EventName.UNMERGED,
        {"from": into.number, "to": ticket.number},
        merged_id=None,
        status=status.name,
        status_kind=StatusKind(status.kind),
        completed=datetime.fromisoformat(completed) if completed else None,
    )


def _close_again(desk: Desk, into: Ticket, detail: Mapping[str, Any]) -> None:
    """The ticket that was reopened by what went into it has its status back."""
    before = desk.profile.statuses.get(str(detail.get("into_status")))
    closed = before is not None and before.kind == StatusKind.CLOSED
    if before is None or not closed or into.status != desk.profile.reopened_status:
        return
    values = {"status": before.name, "status_kind": StatusKind(before.kind), "completed": desk.now}
    desk.change(into, EventName.UNMERGED, {"from": into.number, "to": detail["from"]}, **values)


def split(desk: Desk, ticket: Ticket, note: Note, title: str) -> Ticket:
    """A note becomes a ticket of its own, by whoever wrote it, tied to the old one.

    Who splits holds it; whom the note's mail was sent to as well goes along.
    """
    unit = desk.unit
    if len(asking.notes.of(unit, ticket)) < 2:
        raise Refused(
            sentence(
                "{ticket} has no other note; there is nothing to split off.", ticket=ticket.number
            )
        )
    if ticket.shared_side and not note.public:
        raise Refused(
            sentence(
                "An internal note of a shared ticket stays with its side; a ticket of its own "
                "would be everybody's."
            )
        )
    writer = asking.notes.writer(unit, note) if note.by_kind == Role.CONTACT else None
    fresh = desk.open_ticket(
        title=title,
        contact=writer or asking.tickets.contact(unit, ticket),
        organization=asking.tickets.organization(unit, ticket),
        source=ticket.source,
        queue=ticket.queue,
    )
    _move_note(desk, note, fresh)
    desk.link(ticket, fresh, LinkKind.SPLIT)
    _take_along(desk, ticket, fresh, note)
    holder = desk.by if desk.actor.kind == Role.RESOURCE else None
    holder = holder or asking.tickets.primary(unit, ticket)
    if holder is not None:
        desk.assign(fresh, holder)
    desk.announce(fresh, note)
    desk.emit(fresh, EventName.SPLIT_OFF, {"from": ticket.number}, note)
    return fresh


def _take_along(desk: Desk, ticket: Ticket, fresh: Ticket, note: Note) -> None:
    """Whom the mail of the note was sent to is of the new ticket as he is of the old one."""
    octets = asking.messages.octets(desk.unit, note.stored_id)
    sent_to = set(recipients(octets)) if note.by_kind == Role.CONTACT else set()
    roles = (TicketRole.ADDITIONAL, TicketRole.PROPOSED)
    for entry in asking.tickets.people(desk.unit, ticket) if sent_to else ():
        person = desk.unit.get(Person, entry.person_id)
        if person is None or entry.role not in roles or person.id == fresh.contact_id:
            continue
        if not sent_to.isdisjoint(asking.people.keys(desk.unit, person)):
            desk.add_person(fresh, person, entry.role)


def unsplit(desk: Desk, ticket: Ticket, fresh: Ticket, note_id: int) -> None:
    """Puts the note back; the ticket that it made is deleted."""
    note = desk.unit.get(Note, note_id)
    if note is not None:
        _move_note(desk, note, ticket)
    desk.unlink(ticket, fresh, LinkKind.SPLIT)
    delete(desk, fresh)


def delete(desk: Desk, ticket: Ticket, *, spam: bool = False) -> None:
    """Takes the ticket out of every list; it and its mail are kept.  Of a shared ticket the other
    side's goes with it (P8)."""
    if ticket.deleted is not None:
        raise Refused(sentence("{ticket} is deleted already.", ticket=ticket.number))
    detail = {"spam": spam} if spam else {}
    desk.change(ticket, EventName.DELETED, detail, deleted=desk.now)
    _of_other_side(desk, ticket, EventName.DELETED, desk.now)


def restore(desk: Desk, ticket: Ticket) -> None:
    """A deleted ticket is back."""
    if ticket.deleted is not None:
        desk.change(ticket, EventName.RESTORED, {}, deleted=None)
        _of_other_side(desk, ticket, EventName.RESTORED, None)


def _of_other_side(desk: Desk, ticket: Ticket, event: EventName, deleted: datetime | None) -> None:
    """The other side's ticket is deleted or back too; whose rules told it are this side's."""
    other = asking.tickets.other_side(desk.unit, ticket)
    if other is not None:
        desk.change_unheard(other, event, {"side": ticket.shared_side}, deleted=deleted)


def _add_people(desk: Desk, ticket: Ticket, into: Ticket) -> list[Person]:
    """Contacts of the one who are not of the other become additional contacts there."""
    contact = asking.tickets.contact(desk.unit, ticket)
    others = asking.tickets.with_role(desk.unit, ticket, TicketRole.ADDITIONAL)
    new = [p for p in (contact, *others) if p is not None and p.id != into.contact_id]
    return [person for person in new if desk.add_person(into, person, TicketRole.ADDITIONAL)]


def _move(desk: Desk, detail: Mapping[str, Any], start: Ticket, end: Ticket) -> None:
    """Moves the notes and times that are named, as far as they are still there."""
    notes = desk.unit.some(Note, detail["notes"]).values()
    times = desk.unit.some(TimeEntry, detail["times"]).values()
    moved: tuple[Note | TimeEntry, ...] = (*notes, *times)
    for row in moved:
        if row.ticket_id == start.id:
            desk.unit.change(row, ticket_id=end.id)
    for ticket in (start, end):
        desk.touch(ticket)


def _move_note(desk: Desk, note: Note, ticket: Ticket) -> None:
    """A note and the mail that it came in by belong to this ticket now; the mail of what the other
    side of a shared ticket wrote stays there."""
    desk.unit.change(note, ticket_id=ticket.id)
    stored = desk.unit.get(Message, note.stored_id) if note.copy_of is None else None
    if stored is not None:
        desk.unit.change(stored, ticket_id=ticket.id)
