"""What must be so before a person may give a ticket a status (G1, G2, G5, G6, G20, R11).

Rules are not asked: they are the desk's own policy.  A command that changes several things sets
the status last, so that what it brings along (a due date, a note, time) counts already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from maild.desk.profile import NEEDS, Profile, Status, key
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import StatusKind
from maild.store import asking
from maild.store.records import Message, Ticket
from maild.store.unit import Unit


class Asking(Protocol):
    """What we need of `Desk`: when and by whom a status is asked for."""

    @property
    def unit(self) -> Unit: ...
    @property
    def profile(self) -> Profile: ...
    @property
    def now(self) -> datetime: ...
    @property
    def stored(self) -> Message | None: ...


def may_set(desk: Asking, ticket: Ticket, name: str) -> Status:
    """The status of this name, where a person may set it now.

    Refused, with the reason and the way out, where he may not; UsageError: there is no such one.
    """
    status = desk.profile.status(name)
    if not status.for_people:
        raise Refused(
            sentence(
                '"{status}" is set by the desk itself only; possible are {known}.',
                status=status.name,
                known=choices(desk.profile, ticket),
            )
        )
    if not visible(status, ticket):
        raise Refused(
            sentence(
                '"{status}" is not for tickets of the category {category}; possible are {known}. '
                "Or change the category first.",
                status=status.name,
                category=str(ticket.fields.get("category")),
                known=choices(desk.profile, ticket),
            )
        )
    lacking = missing(desk, ticket, status)
    if lacking:
        raise Refused(
            sentence(
                '{ticket} cannot be "{status}" yet. It needs {needs:; and }.',
                ticket=ticket.number,
                status=status.name,
                needs=[NEEDS[word] for word in lacking],
            )
        )
    return status


def held_back(desk: Asking, ticket: Ticket, name: str) -> str | None:
    """Why the ticket cannot be closed yet by whoever is no technician: a rule, a contact; None
    where nothing is lacking, or the status closes nothing."""
    status = desk.profile.status(name)
    if status.kind != StatusKind.CLOSED or ticket.status_kind == StatusKind.CLOSED:
        return None
    lacking = missing(desk, ticket, status)
    if not lacking:
        return None
    return sentence(
        '{ticket} cannot be "{status}" yet. It needs {needs:; and }.',
        ticket=ticket.number,
        status=status.name,
        needs=[NEEDS[word] for word in lacking],
    )


def visible(status: Status, ticket: Ticket) -> bool:
    """Whether the ticket's category allows the status (G20); a ticket without one has them all."""
    category = ticket.fields.get("category")
    if not status.categories or not category:
        return True
    return key(str(category)) in map(key, status.categories)


def choices(profile: Profile, ticket: Ticket) -> list[str]:
    """The statuses that a person can choose for this ticket."""
    return [
        status.name
        for status in profile.statuses.values()
        if status.for_people and visible(status, ticket)
    ]


def missing(desk: Asking, ticket: Ticket, status: Status) -> list[str]:
    """What the status demands and the ticket lacks: words of `NEEDS`."""
    return [word for word in status.needs if not _MET[word](desk, ticket)]


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody who asks what is missing, and sets nothing."""

    unit: Unit
    profile: Profile
    now: datetime
    stored: Message | None = None


def closing_needs(desk: Asking, ticket: Ticket) -> list[str]:
    """What is lacking for the ticket to be complete, in a sentence each (R11, G5)."""
    if ticket.status_kind == StatusKind.CLOSED:
        return []
    items: list[str] = [sentence("Not done yet: {item}.", item=item) for item in open_items(ticket)]
    if key(str(ticket.fields.get("time_entries_done", ""))) in ("no", "false", "not completed"):
        items.append(sentence("The time entries are not done."))
    lacking = missing(desk, ticket, desk.profile.status(desk.profile.complete_status))
    return items + [sentence("{need!c}.", need=NEEDS[word]) for word in lacking]


def _note_now(desk: Asking, ticket: Ticket) -> bool:
    """Somebody has said what is to be done, in the very mail that asks."""
    stored_id = desk.stored.id if desk.stored is not None else None
    return asking.notes.has_words(desk.unit, ticket, stored_id=stored_id, at=desk.now)


def _told(desk: Asking, ticket: Ticket) -> bool:
    return asking.notes.first_answer(desk.unit, ticket) is not None


def _worked(desk: Asking, ticket: Ticket) -> bool:
    return bool(asking.tickets.times(desk.unit, ticket))


def open_items(ticket: Ticket) -> list[str]:
    """The checklist items that are not done."""
    return [str(i["item"]) for i in ticket.fields.get("checklist") or [] if not i.get("done")]


_MET: Mapping[str, Callable[[Asking, Ticket], bool]] = {
    "due": lambda desk, ticket: ticket.due is not None and ticket.due > desk.now,
    "note": _note_now,
    "resource": lambda desk, ticket: ticket.primary_id is not None,
    "resolution": lambda desk, ticket: bool((ticket.resolution or "").strip()),
    "contact told": _told,
    "time entry": _worked,
    "checklist": lambda desk, ticket: not open_items(ticket),
}
