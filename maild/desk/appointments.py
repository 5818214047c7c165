"""Appointments of tickets: a service call is made, moved, cancelled, missed (G4, G10, G13).

A ticket may have several.  The next one that is planned shows in its fields `service_call` and
`service_call_end`, by which lists, rules and clocks go; `show_next` keeps them so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.desk import items
from maild.desk.desk import Desk
from maild.desk.item_kinds import KINDS
from maild.store import asking
from maild.store.records import Item, Ticket
from maild.store.unit import Unit

KIND = KINDS["service call"]
CANCELLED, MISSED = ENDINGS = ("cancelled", "missed")


@dataclass(frozen=True, slots=True)
class Booking:
    """What is agreed."""

    start: datetime  # aware
    end: datetime | None = None
    place: str = ""  # "": as it was
    uid: str = ""  # of a scheduler's own appointment, by which it moves and cancels it


def planned(unit: Unit, ticket: Ticket) -> list[Item]:
    """The service calls of the ticket that are to come about, the earliest first."""
    return items.planned_calls(unit, ticket)


def last(unit: Unit, ticket: Ticket) -> Item | None:
    """The next planned one; else the one that was changed last."""
    found = planned(unit, ticket)
    if found:
        return found[0]
    calls = [call for call in asking.items.of_ticket(unit, ticket, KIND.name) if call.active]
    return max(calls, key=lambda call: (call.updated, call.id), default=None)


def book(desk: Desk, ticket: Ticket, booking: Booking) -> bool:
    """Makes the ticket's appointment, or moves the one that is to come; False: it was so already.

    One that is over by now counts as done.
    """
    for over in [call for call in planned(desk.unit, ticket) if _over(call, desk.now)]:
        items.put(desk, KIND, over.name, {"status": "done"})
    call = _meant(desk.unit, ticket, booking.uid)
    before = dict(call.fields) if call is not None else {}
    end = booking.end or _moved_end(before, booking.start)
    wanted: dict[str, Any] = {
        "ticket": ticket.number,
        "start": booking.start.isoformat(),
        "end": end.isoformat() if end else None,
        "status": "planned",
    }
    if booking.place:
        wanted["place"] = booking.place
    primary = asking.tickets.primary(desk.unit, ticket)
    if call is None and primary is not None:
        wanted["resources"] = asking.people.email(desk.unit, primary)
    name = call.name if call is not None else _free_name(desk.unit, ticket)
    kept = items.put(desk, KIND, name, wanted)
    assert isinstance(kept, Item)
    changed = call is None or dict(kept.fields) != before
    if changed:
        desk.unit.change(kept, fields={**kept.fields, "uid": booking.uid or before.get("uid", "")})
    return changed


def end(desk: Desk, ticket: Ticket, how: str = CANCELLED, uid: str = "") -> bool:
    """Says of the ticket's appointment that it was cancelled or missed; False: there is none."""
    call = _meant(desk.unit, ticket, uid)
    if call is None:
        there = ticket.fields.get("service_call") is not None  # from before there were records
        desk.set_field(ticket, "service_call", None)
        desk.set_field(ticket, "service_call_end", None)
        return there
    items.put(desk, KIND, call.name, {"status": how})
    return True


def _over(call: Item, now: datetime) -> bool:
    return datetime.fromisoformat(call.fields.get("end") or call.fields["start"]) < now


def _meant(unit: Unit, ticket: Ticket, uid: str) -> Item | None:
    """The one with this id of a scheduler's; else the next one that nobody else's id names."""
    found = planned(unit, ticket)
    own = next((call for call in found if uid and call.fields.get("uid") == uid), None)
    free = (call for call in found if not (uid and call.fields.get("uid")))
    return own or next(free, None)


def _moved_end(before: dict[str, Any], start: datetime) -> datetime | None:
    """Where only the start is said, it lasts as long as before."""
    if not before.get("end") or not before.get("start"):
        return None
    lasts = datetime.fromisoformat(before["end"]) - datetime.fromisoformat(before["start"])
    return start + lasts


def _free_name(unit: Unit, ticket: Ticket) -> str:
    """ "T20261123.0001 2": the number of the ticket, and which of its service calls."""
    count = len(asking.items.of_ticket(unit, ticket, KIND.name)) + 1
    while asking.items.named(unit, KIND.name, f"{ticket.number} {count}".casefold()) is not None:
        count += 1
    return f"{ticket.number} {count}"
