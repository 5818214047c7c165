"""Working time on tickets (N15), and a resource's week of it (N16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from maild.desk import facts
from maild.desk.desk import Desk
from maild.store.tables import Note, Person, Ticket, TimeEntry


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
    entry = TimeEntry(
        ticket_id=ticket.id,
        by=by,
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
    desk.session.add(entry)
    ticket.updated = desk.now
    desk.session.flush()
    desk.session.expire(ticket, ["time_entries"])
    detail = {"time_id": entry.id, "minutes": work.minutes, "work_type": work.work_type}
    desk.emit(ticket, "time added", detail, note)
    return entry


def remove_time(desk: Desk, ticket: Ticket, entry: TimeEntry) -> None:
    """Takes a time entry back; the event keeps what it said."""
    detail = {"minutes": entry.minutes, "by": entry.by.name, "summary": entry.summary}
    desk.session.delete(entry)
    desk.session.flush()
    desk.session.expire(ticket, ["time_entries"])
    ticket.updated = desk.now
    desk.emit(ticket, "time removed", detail)


def monday(day: date) -> date:
    """The first day of this day's week."""
    return day - timedelta(days=day.weekday())


def week(session: Session, person: Person, first: date, zone: tzinfo) -> dict[str, Any]:
    """The facts of the `timesheet` notification: all his time in the week of this Monday."""
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=7), time(), zone)
    rows = session.execute(
        sa.select(TimeEntry, Ticket)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .where(
            TimeEntry.by_id == person.id, TimeEntry.worked_on >= start, TimeEntry.worked_on < end
        )
        .options(joinedload(TimeEntry.by))
        .order_by(TimeEntry.worked_on, TimeEntry.id)
    ).all()
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
