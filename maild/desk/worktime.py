"""Working time on tickets: entered, corrected, taken back (N15, A5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.desk import facts, items
from maild.desk.desk import Desk, plain_value
from maild.model import EventName
from maild.store import asking
from maild.store.records import Note, Person, Ticket, TimeEntry
from maild.store.unit import Unit

# What of an entry can be corrected, and is kept to take a correction back.
COLUMNS = (
    "by_id", "start", "end", "worked_on", "minutes", "work_type", "summary", "internal",
    "billable", "rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """What was worked."""

    minutes: int
    worked_on: datetime  # its start if known, else midnight of its day; aware
    start: datetime | None = None
    end: datetime | None = None
    work_type: str | None = None  # remote, on-site …
    summary: str = ""  # an end user can read it
    internal: str | None = None  # only resources can
    billable: bool = True
    rate: int | None = None  # hundredths an hour


def add_time(desk: Desk, ticket: Ticket, by: Person, work: Work, note: Note | None) -> TimeEntry:
    """A time entry of this resource; `note`: what he wrote in the same mail.

    Who acts may be somebody else, who writes it down for him.
    """
    other = desk.by if desk.by is not None and desk.by is not by else None
    entry = desk.unit.add(
        TimeEntry(
            ticket_id=ticket.id,
            by_id=by.id,
            start=work.start,
            end=work.end,
            worked_on=work.worked_on,
            minutes=work.minutes,
            work_type=work.work_type,
            summary=work.summary,
            internal=work.internal,
            created=desk.now,
            note_id=note.id if note else None,
            billable=work.billable,
            rate=work.rate,
            entered_by_id=other.id if other else None,
        )
    )
    desk.touch(ticket)
    detail = {"time_id": entry.id, "minutes": work.minutes, "work_type": work.work_type}
    if other is not None:
        detail |= {"of": by.name}
    desk.emit(ticket, EventName.TIME_ADDED, detail, note)
    return entry


def rate_of(desk: Desk, ticket: Ticket, work_type: str | None) -> int | None:
    """What an hour of this work on this ticket costs, in hundredths; None: nothing says so."""
    kept = ticket.fields.get("rate")
    if isinstance(kept, int | float):
        return round(float(kept) * 100)
    client = asking.tickets.organization(desk.unit, ticket)
    contract = items.contract_of(desk.unit, ticket.fields.get("contract"), client)
    return items.rate(desk.unit, contract, work_type, desk.now) if contract else None


def change_time(desk: Desk, ticket: Ticket, entry: TimeEntry, **columns: Any) -> bool:
    """Corrects columns of an entry (A5); the event says what they were.  False: nothing differs."""
    before = {name: getattr(entry, name) for name in columns}
    if not desk.unit.change(entry, **columns):
        return False
    desk.touch(ticket)
    detail = {
        "time_id": entry.id,
        "from": {
            name: plain_value(value) for name, value in before.items() if value != columns[name]
        },
        "to": {
            name: plain_value(columns[name]) for name in columns if before[name] != columns[name]
        },
    }
    desk.emit(ticket, EventName.TIME_CHANGED, detail)
    return True


def remove_time(desk: Desk, ticket: Ticket, entry: TimeEntry) -> None:
    """Takes a time entry back; the event keeps what it said."""
    by = facts.name_of(desk.unit.get(Person, entry.by_id))
    detail = {"minutes": entry.minutes, "by": by, "summary": entry.summary}
    desk.unit.delete(entry)
    desk.touch(ticket)
    desk.emit(ticket, EventName.TIME_REMOVED, detail)


def kept(entry: TimeEntry) -> dict[str, Any]:
    """What an entry says, as plain data from which `restored` makes its columns again."""
    return {name: plain_value(getattr(entry, name)) for name in COLUMNS}


def restored(data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an entry that `kept` has written down."""
    moments = ("start", "end", "worked_on")
    return {
        name: datetime.fromisoformat(value) if name in moments and value else value
        for name, value in data.items()
    }


def overlapping(
    unit: Unit, person: Person, start: datetime, end: datetime, besides: int | None = None
) -> list[tuple[TimeEntry, Ticket]]:
    """His entries that share time with this span, with their tickets."""
    rows = asking.tickets.times_around(unit, person, start, end)
    return [(e, t) for e, t in rows if e.id != besides and overlap(e, start, end)]


def overlap(entry: TimeEntry, start: datetime, end: datetime) -> bool:
    """Whether the entry has a start and an end, and shares time with this span."""
    return bool(entry.start and entry.end and entry.start < end and start < entry.end)
