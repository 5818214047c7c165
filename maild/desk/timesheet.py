"""Working time of a week: one resource's, everybody's, or that on one client's tickets (N16)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from maild.desk import facts
from maild.errors import UsageError
from maild.i18n import sentence
from maild.store import asking
from maild.store.records import Organization, Person, Ticket, TimeEntry
from maild.store.unit import Unit

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)
Row = tuple[TimeEntry, Ticket]


def monday(day: date) -> date:
    """The first day of this day's week."""
    return day - timedelta(days=day.weekday())


def previous(first: date) -> date:
    """The Monday before this one."""
    return first - timedelta(days=7)


def week_of(text: str) -> date | None:
    """The Monday of a week as ISO 8601 writes it, "2026-W48"; None where it is none.

    UsageError where that year has no such week.
    """
    found = _WEEK.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise UsageError(sentence("There is no week {text}.", text=text.strip())) from error


def rows_of(
    unit: Unit,
    first: date,
    zone: tzinfo,
    person: Person | None = None,
    organization: Organization | None = None,
) -> list[Row]:
    """The entries of the week of this Monday, with their tickets; None: of everybody, of all."""
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=7), time(), zone)
    found = (
        asking.tickets.times_between(unit, start, end)
        if person is None
        else asking.tickets.times_of(unit, person, start, end)
    )
    wanted = organization.id if organization else None
    return [row for row in found if wanted is None or row[1].organization_id == wanted]


def week(
    unit: Unit,
    person: Person | None,
    first: date,
    zone: tzinfo,
    organization: Organization | None = None,
) -> dict[str, Any]:
    """The facts of a timesheet: the week, its entries, and sums by day, client and work type."""
    rows = rows_of(unit, first, zone, person, organization)
    last = datetime.combine(first + timedelta(days=7), time(), zone) - timedelta(seconds=1)
    year, number, _ = first.isocalendar()
    return {
        "week": {
            "number": f"{year}-W{number:02}",
            "person": person.name if person else None,
            "organization": organization.name if organization else None,
            "from": datetime.combine(first, time(), zone).isoformat(),
            "to": last.isoformat(),
            **_sums(rows),
        },
        "entries": entries(unit, rows),
        "days": _by(rows, lambda row: row[0].worked_on.astimezone(zone).date().isoformat(), "day"),
        "clients": _by(rows, lambda row: _client(unit, row[1]) or "", "client"),
        "work_types": _by(rows, lambda row: row[0].work_type or "", "work_type"),
    }


def entries(unit: Unit, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each entry of the rows as plain data; overlaps are marked."""
    by_person: dict[int, list[TimeEntry]] = {}
    for entry, _ in rows:
        by_person.setdefault(entry.by_id, []).append(entry)
    marked = frozenset[int]().union(*map(overlaps_among, by_person.values()))
    return [
        {
            "worked_on": entry.worked_on.isoformat(),
            "start": entry.start.isoformat() if entry.start else None,
            "end": entry.end.isoformat() if entry.end else None,
            "by": facts.name_of(unit.get(Person, entry.by_id)),
            "number": ticket.number,
            "title": ticket.title,
            "client": _client(unit, ticket),
            "summary": entry.summary,
            "internal": entry.internal,
            "work_type": entry.work_type,
            "minutes": entry.minutes,
            "hours": facts.hours(entry.minutes),
            "billable": entry.billable,
            "rate": rate(entry),
            "amount": amount(entry),
            "overlaps": entry.id in marked,
        }
        for entry, ticket in rows
    ]


def overlaps_among(entries: Iterable[TimeEntry]) -> frozenset[int]:
    """Ids of entries of one person that share time with another one of them."""
    spans = sorted(
        ((e.start, e.end, e.id) for e in entries if e.start and e.end), key=lambda span: span[0]
    )
    found: set[int] = set()
    last: tuple[datetime, int] | None = None  # the latest end so far, and whose
    for start, end, entry_id in spans:
        if last is not None and start < last[0]:
            found |= {entry_id, last[1]}
        if last is None or end > last[0]:
            last = end, entry_id
    return frozenset(found)


def rate(entry: TimeEntry) -> float | None:
    """What an hour of it costs."""
    return entry.rate / 100 if entry.rate is not None else None


def amount(entry: TimeEntry) -> float | None:
    """What it costs, where it is billable and a rate is known."""
    if entry.rate is None or not entry.billable:
        return None
    return round(entry.rate * entry.minutes / 6000, 2)


def _sums(rows: Iterable[Row]) -> dict[str, float]:
    kept = [entry for entry, _ in rows]
    return {
        "hours": facts.hours(sum(e.minutes for e in kept)),
        "billable": facts.hours(sum(e.minutes for e in kept if e.billable)),
    }


def _by(rows: Iterable[Row], called: Any, name: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(called(row), []).append(row)
    return [{name: key, **_sums(found)} for key, found in sorted(groups.items())]


def _client(unit: Unit, ticket: Ticket) -> str | None:
    organization = asking.tickets.organization(unit, ticket)
    return organization.name if organization else None
