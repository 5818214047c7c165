"""What a rule sees: one event, the ticket, note and mail around it, and what was captured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from maild.desk.desk import Desk, Occurrence
from maild.model import Mail
from maild.store.records import Event, Note, Person, Ticket, TimeEntry


class Clocks(Protocol):
    """What actions need of the rules that wait."""

    def start_named(self, context: Context, name: str) -> bool: ...

    def stop_named(self, context: Context, name: str) -> bool: ...


@dataclass(slots=True)
class Context:
    """The world of one rule at one event; a mail that has no ticket yet has no occurrence."""

    desk: Desk
    occurrence: Occurrence | None = None
    captures: dict[str, str] = field(default_factory=dict)  # of `matches`, for ${name}
    clocks: Clocks | None = None
    written: Note | None = None  # what "note" wrote last
    follow_up: Ticket | None = None  # what "create ticket" made last

    @property
    def is_used(self) -> bool:
        """Whether a rule has left something in it, which the next one must not see."""
        return bool(self.captures or self.written or self.follow_up)

    @property
    def ticket(self) -> Ticket | None:
        return self.occurrence.ticket if self.occurrence else None

    @property
    def note(self) -> Note | None:
        return self.occurrence.note if self.occurrence else None

    @property
    def event(self) -> Event | None:
        return self.occurrence.event if self.occurrence else None

    @property
    def by(self) -> Person | None:
        """Whose mail or command began it all."""
        return self.occurrence.by if self.occurrence else None

    @property
    def mail(self) -> Mail | None:
        return self.desk.mail

    @property
    def time(self) -> TimeEntry | None:
        """The time entry that the event is about."""
        wanted = (self.event.detail if self.event else {}).get("time_id")
        return self.desk.unit.get(TimeEntry, wanted) if wanted else None
