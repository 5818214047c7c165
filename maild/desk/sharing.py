"""Shared tickets: two sides work on one, each with a ticket of its own (P5, P8).

Both have one number.  The first is whoever's it was, and contacts' mail comes to it; the other is
its twin.  Status, resource, queue, dates, clocks, time and internal notes are each side's own; what
contacts read is on both, and so is what one side says to the other (`Across`).  `sides` knows who
is of which.
"""

from __future__ import annotations

from maild.desk import partners
from maild.desk.desk import Desk
from maild.desk.language import for_all
from maild.desk.sides import CLIENT, OTHER, side_of
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Across, EventName, Role, StatusKind
from maild.store import asking
from maild.store.records import Note, Person, Ticket


def share(desk: Desk, ticket: Ticket, queue: str, person: Person, note: Note | None) -> Ticket:
    """Makes the other side's ticket; one's own stays.  Refused without a note that explains."""
    note = partners.explained(note)
    _may_be_shared(desk, ticket, person)
    there = side_of(desk.unit, desk.profile, person) or OTHER[_here(desk, ticket)]
    twin = desk.open_twin(ticket, there, queue, person)
    _part(desk, ticket, twin)
    for earlier in asking.notes.of(desk.unit, ticket):
        if earlier.public:
            desk.copy_note(earlier, twin)
    desk.file_ticket(twin, for_all(desk, sentence("It is shared by {person}.", person=_by(desk))))
    _say(desk, ticket, Across.SHARED, note)
    return twin


def _may_be_shared(desk: Desk, ticket: Ticket, person: Person) -> None:
    partners.may_share(desk, ticket)
    if person.organization_id not in (None, ticket.organization_id):
        raise Refused(sentence("{person} is a technician of another client.", person=person.name))
    theirs, ours = (side_of(desk.unit, desk.profile, one) for one in (person, desk.by))
    if theirs is not None and theirs == ours:
        raise Refused(
            sentence(
                "{person} is of your own side; `#assign` gives them the ticket.", person=person.name
            )
        )


def _here(desk: Desk, ticket: Ticket) -> str:
    """The side that shares it."""
    return side_of(desk.unit, desk.profile, desk.by) or str(ticket.fields.get("side", CLIENT))


def _by(desk: Desk) -> str:
    return desk.by.name if desk.by is not None else desk.actor.name


def _part(desk: Desk, ticket: Ticket, twin: Ticket) -> None:
    """Each side keeps its own people; contacts are of both."""
    holder = asking.tickets.primary(desk.unit, ticket)
    if holder is not None and _is_of(desk, holder, twin):
        desk.unassign(ticket)
    for entry in list(asking.tickets.people(desk.unit, ticket)):
        person = desk.unit.get(Person, entry.person_id)
        if person is None:
            continue
        moves = person.role == Role.RESOURCE and _is_of(desk, person, twin)
        comes = person.role == Role.CONTACT or (moves and person.id != twin.primary_id)
        desk.pass_to_twin(entry, twin, stays=not moves, comes=comes)


def _is_of(desk: Desk, person: Person, twin: Ticket) -> bool:
    """Whether he is of the twin's side: it is his, or his side is known."""
    side = side_of(desk.unit, desk.profile, person)
    return person.id == twin.primary_id if side is None else side == twin.shared_side


def work_is_complete(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """One's own work is done: the other side's status changes, not one's own."""
    other = _shared(desk, ticket)
    _say(desk, ticket, Across.COMPLETE, note or _note(desk, ticket))
    if other.status_kind != StatusKind.CLOSED:
        desk.set_status(other, desk.profile.shared_done_status)


def ask(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """A question: the other side's resource is told."""
    _shared(desk, ticket)
    if note is None:
        raise Refused(sentence("Write the question in the same mail."))
    _say(desk, ticket, Across.QUESTION, note)


def show(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """Both sides read this note; the other side's resource is told."""
    _shared(desk, ticket)
    if note is None:
        raise Refused(sentence("Write in the same mail what both sides are to read."))
    if not note.public:  # what contacts read is on both anyway
        _say(desk, ticket, Across.NOTE, note)


def _shared(desk: Desk, ticket: Ticket) -> Ticket:
    """The other side's ticket; Refused where it is not shared."""
    other = asking.tickets.other_side(desk.unit, ticket)
    if other is None:
        raise Refused(
            sentence(
                "{ticket} is not shared; `#share QUEUE RESOURCE` does that.", ticket=ticket.number
            )
        )
    return other


def _note(desk: Desk, ticket: Ticket) -> Note:
    text = for_all(desk, desk.profile.shared_done_note)
    return desk.add_note(ticket, text=text, public=False)


def _say(desk: Desk, ticket: Ticket, what: Across, note: Note) -> None:
    """Puts the note on the other side's ticket too, and lets the rules tell who is there."""
    desk.copy_note(note, _shared(desk, ticket))
    detail = {"says": what, "side": desk.profile.sides.get(ticket.shared_side, ticket.shared_side)}
    desk.emit(ticket, EventName.OTHER_SIDE, detail, note)
