"""What did not arrive is told to who wrote it: the rules hear of it by a clock that is due at once,
as who found it out has no desk (`notify.not_delivered`)."""

from __future__ import annotations

from maild.desk.desk import Desk, Occurrence
from maild.desk.notify import UNDELIVERED
from maild.model import EventName
from maild.store import asking
from maild.store.records import Clock, Event, Note, OutboxItem, Ticket

PREFIX = f"{UNDELIVERED}: "


def is_clock(name: str) -> bool:
    """Whether a clock of this name is ours."""
    return name.startswith(PREFIX)


def fire(desk: Desk, ticket: Ticket, clock: Clock) -> None:
    """Lets the rules answer what the ticket shows already."""
    item = desk.unit.get(OutboxItem, int(clock.name.removeprefix(PREFIX)))
    event = _event(desk, ticket, item) if item is not None else None
    if item is None or event is None:
        return
    desk.memory[UNDELIVERED] = {"address": item.address, "why": item.error or ""}
    note = desk.unit.get(Note, item.note_id)
    desk.hear(Occurrence(event, ticket, note, None, ()))


def _event(desk: Desk, ticket: Ticket, item: OutboxItem) -> Event | None:
    """What the ticket says of it."""
    failed = (
        event
        for event in reversed(asking.tickets.events(desk.unit, ticket))
        if event.event == EventName.NOTIFICATION_FAILED
        and (event.detail.get("to"), event.detail.get("template")) == (item.address, item.template)
    )
    return next(failed, None)
