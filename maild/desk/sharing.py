"""Shared tickets: two sides work on one, each with its own status, queue and resource (P5, P8).

The ticket is the side that had it first; the other side is its twin, kept in the field `twin`
under the same number.  Which side speaks is told by who does it: the twin's resource, or anybody
else.
"""

from __future__ import annotations

from typing import Any

from maild.desk.desk import Desk
from maild.desk.language import for_all
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import EventName, StatusKind
from maild.store import asking
from maild.store.records import Note, Person, Ticket
from maild.store.unit import Unit

OTHER = {"provider": "client", "client": "provider"}


def twin(ticket: Ticket) -> dict[str, Any] | None:
    """The other side's version; None where the ticket is not shared."""
    found: dict[str, Any] | None = ticket.fields.get("twin")
    return found


def other_side(unit: Unit, ticket: Ticket, by: Person | None) -> list[Person]:
    """The resource of the side that `by` is not of."""
    side = twin(ticket)
    if side is None:
        return []
    if by is not None and by.id == side["resource_id"]:
        primary = asking.tickets.primary(unit, ticket)
        return [primary] if primary is not None else []
    person = unit.get(Person, side["resource_id"])
    return [person] if person is not None and person.active else []


def share(desk: Desk, ticket: Ticket, queue: str, person: Person, note: Note | None) -> None:
    """Makes the other side's version; one's own stays.  Refused without a note that explains."""
    if note is None:
        raise Refused(
            sentence("Say in the same mail what the other side is to do; that note is mandatory.")
        )
    known = twin(ticket)
    if known is not None:
        raise Refused(
            sentence(
                "{ticket} is shared already, with {resource}.",
                ticket=ticket.number,
                resource=known["resource"],
            )
        )
    side = OTHER[ticket.fields.get("side", "client")]
    other = {
        "side": side,
        "queue": queue,
        "resource_id": person.id,
        "resource": person.name,
        "status": desk.profile.shared_status,
        "completed": None,
    }
    desk.keep(ticket, "twin", other)
    _say(desk, ticket, "assigned", note)


def work_is_complete(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """One's own work is done: the other side's status changes, not one's own."""
    status = desk.profile.shared_done_status
    side = _shared(ticket)
    if desk.by is not None and desk.by.id == side["resource_id"]:
        desk.keep(ticket, "twin", {**side, "completed": desk.now.isoformat()})
        desk.set_status(ticket, status)
    else:
        desk.keep(ticket, "twin", {**side, "status": status})
    _say(desk, ticket, "complete", note or _note(desk, ticket))


def is_of_twin(ticket: Ticket, by: Person | None) -> bool:
    """Whether he has the other side of the ticket: what he sets is that side's own."""
    side = twin(ticket)
    return side is not None and by is not None and by.id == side["resource_id"]


def set_own_status(desk: Desk, ticket: Ticket, name: str) -> bool:
    """Gives the twin a status, with a completed date of its own (P5); the ticket's own stays.
    False where it had it already."""
    side = _shared(ticket)
    status = desk.profile.status(name)
    if side["status"] == status.name:
        return False
    closed = status.kind == StatusKind.CLOSED
    completed = desk.now.isoformat() if closed else None
    desk.keep(ticket, "twin", {**side, "status": status.name, "completed": completed})
    detail = {"field": "twin", "from": side["status"], "to": status.name}
    desk.emit(ticket, EventName.FIELD_CHANGED, detail)
    return True


def ask(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """A question: the other side's resource is told."""
    _shared(ticket)
    if note is None:
        raise Refused(sentence("Write the question in the same mail."))
    _say(desk, ticket, "question", note)


def _shared(ticket: Ticket) -> dict[str, Any]:
    side = twin(ticket)
    if side is None:
        raise Refused(
            sentence(
                "{ticket} is not shared; `#share QUEUE RESOURCE` does that.", ticket=ticket.number
            )
        )
    return side


def _note(desk: Desk, ticket: Ticket) -> Note:
    text = for_all(desk, desk.profile.shared_done_note)
    return desk.add_note(ticket, text=text, public=False)


def _say(desk: Desk, ticket: Ticket, what: str, note: Note) -> None:
    side = _shared(ticket)
    by_twin = desk.by is not None and desk.by.id == side["resource_id"]
    here = side["side"] if by_twin else OTHER[side["side"]]
    detail = {"says": what, "side": desk.profile.sides[here]}
    desk.emit(ticket, EventName.OTHER_SIDE, detail, note)
