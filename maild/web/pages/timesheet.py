"""A week of somebody's work: sums, overlaps, gaps; corrected in place (N16)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from maild.desk.field_values import no_formula
from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.model import Role
from maild.store.asking import screens, worked
from maild.store.asking.worked import Worked
from maild.store.records import Person
from maild.web.site import page
from maild.web.visit import Visit, row_number


@dataclass(frozen=True, slots=True)
class Day:
    """One day with its entries, and what is odd about them."""

    day: date
    entries: list[tuple[Worked, bool]]  # and whether it overlaps another
    minutes: int
    gaps: list[tuple[datetime, datetime]]


def _person(visit: Visit) -> Person:
    text = visit.query("person")
    if not text or text == str(visit.person.id):
        return visit.person
    visit.needs("timesheet of others")
    found = visit.unit.get(Person, row_number(text))
    if found is None or found.role != Role.RESOURCE:
        raise NotFound(sentence("There is no such resource."))
    return found


def _monday(visit: Visit) -> date:
    today = visit.now.astimezone(visit.zone).date()
    text = visit.query("week")
    try:
        day = date.fromisoformat(f"{text}-1" if "W" in text else text) if text else today
        if not 1900 <= day.year < 3000:
            raise ValueError(day)
    except ValueError as error:
        raise UsageError(
            sentence('"{text}" is no week; write it like 2026-W48.', text=text)
        ) from error
    return day - timedelta(days=day.weekday())


@page("/timesheet", "timesheet read")
def timesheet(visit: Visit) -> Response:
    """One week of one person."""
    person, first = _person(visit), _monday(visit)
    entries = _entries(visit, person, first)
    if visit.query("format") == "csv":
        return _csv(visit, entries, first)
    days = list(_days(visit, entries, first))
    others = screens.resources(visit.unit) if visit.may("timesheet of others") else []
    by_client: dict[str, int] = {}
    for entry in entries:
        name = entry.client or ""
        by_client[name] = by_client.get(name, 0) + entry.minutes
    return visit.page(
        "timesheet.html",
        person=person,
        days=days,
        minutes=sum(entry.minutes for entry in entries),
        by_client=sorted(by_client.items(), key=lambda pair: -pair[1]),
        first=first,
        week=_name(first),
        before=_name(first - timedelta(days=7)),
        after=_name(first + timedelta(days=7)),
        others=others,
        at=lambda day: datetime.combine(day, time(12), visit.zone),
    )


def _name(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _entries(visit: Visit, person: Person, first: date) -> list[Worked]:
    start = datetime.combine(first, time(), visit.zone)
    end = datetime.combine(first + timedelta(days=7), time(), visit.zone)
    found = worked.of(visit.unit, person.id, start, end)
    return [entry for entry in found if visit.visitor.scope.has_client(entry.organization_id)]


def _days(visit: Visit, entries: list[Worked], first: date) -> Iterator[Day]:
    for number in range(7):
        day = first + timedelta(days=number)
        own = [e for e in entries if e.worked_on.astimezone(visit.zone).date() == day]
        spans = sorted((e.start, e.end) for e in own if e.start and e.end)
        overlaps = {id(e) for e in own if _overlaps(e, own)}
        yield Day(
            day,
            [(e, id(e) in overlaps) for e in own],
            sum(e.minutes for e in own),
            list(_gaps(spans)),
        )


def _overlaps(entry: Worked, others: list[Worked]) -> bool:
    if entry.start is None or entry.end is None:
        return False
    return any(
        other is not entry
        and other.start is not None
        and other.end is not None
        and other.start < entry.end
        and entry.start < other.end
        for other in others
    )


def _gaps(spans: list[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Half an hour and more between two entries with times."""
    until: datetime | None = None
    for start, end in spans:
        if until is not None and start - until >= timedelta(minutes=30):
            yield until, start
        until = max(until, end) if until else end


def _csv(visit: Visit, entries: list[Worked], first: date) -> Response:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = (
        "day",
        "from",
        "to",
        "hours",
        "ticket",
        "client",
        "title",
        "work_type",
        "summary",
        "internal",
    )
    writer.writerow([visit.label(name) for name in names])
    for e in entries:
        row: list[Any] = [
            e.worked_on.astimezone(visit.zone).date().isoformat(),
            visit.times.clock(e.start) if e.start else "",
            visit.times.clock(e.end) if e.end else "",
            round(e.minutes / 60, 2), e.number, e.client, e.title, e.work_type, e.summary,
            e.internal,
        ]  # fmt: skip
        writer.writerow([no_formula("" if value is None else str(value)) for value in row])
    headers = {"Content-Disposition": f'attachment; filename="timesheet-{_name(first)}.csv"'}
    return Response(
        "\ufeff" + buffer.getvalue(), media_type="text/csv; charset=utf-8", headers=headers
    )
