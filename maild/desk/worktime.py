"""Working time on tickets (N15), and a resource's week of it (N16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from maild.desk import facts
from maild.desk.desk import Desk
from maild.model import EventName
from maild.store import asking
from maild.store.records import Note, Person, Ticket, TimeEntry
from maild.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Work:
    """What was worked."""

    minutes: int
    worked_on: datetime  # its start if known, else midnight of its day; aware
    start: datetime | None = None
    end: datetime | None = None
    work_type: str | None = None  # remote, on-site …
    summary: str = ""  # an end user can read it
    internal: str | None = None


def add_time(desk: Desk, ticket: Ticket, by: Person, work: Work, note: Note | None) -> TimeEntry:
    """A time entry of this resource; `note`: what he wrote in the same mail."""
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
        )
    )
    desk.touch(ticket)
    detail = {"time_id": entry.id, "minutes": work.minutes, "work_type": work.work_type}
    desk.emit(ticket, EventName.TIME_ADDED, detail, note)
    return entry


def remove_time(desk: Desk, ticket: Ticket, entry: TimeEntry) -> None:
    """Takes a time entry back; the event keeps what it said."""
    by = facts.name_of(desk.unit.get(Person, entry.by_id))
    detail = {"minutes": entry.minutes, "by": by, "summary": entry.summary}
    desk.unit.delete(entry)
    desk.touch(ticket)
    desk.emit(ticket, EventName.TIME_REMOVED, detail)


def monday(day: date) -> date:
    """The first day of this day's week."""
    return day - timedelta(days=day.weekday())


def week(unit: Unit, person: Person, first: date, zone: tzinfo) -> dict[str, Any]:
    """The facts of the `timesheet` notification: all his time in the week of this Monday."""
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=7), time(), zone)
    rows = asking.tickets.times_of(unit, person, start, end)
    return {
        "week": {
            "from": start.isoformat(),
            "to": (end - timedelta(seconds=1)).isoformat(),
            "hours": facts.hours(sum(entry.minutes for entry, _ in rows)),
        },
        "entries": [
            {
                "worked_on": entry.worked_on.isoformat(),
                "number": ticket.number,
                "title": ticket.title,
                "summary": entry.summary,
                "hours": facts.hours(entry.minutes),
            }
            for entry, ticket in rows
        ],
    }
