"""Somebody's working time, with the tickets that it was on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import Organization, Ticket, TimeEntry
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_time, _ticket, _organization = columns(TimeEntry), columns(Ticket), columns(Organization)


@dataclass(frozen=True, slots=True)
class Worked:
    """A time entry with its ticket."""

    id: int
    worked_on: datetime
    start: datetime | None
    end: datetime | None
    minutes: int
    work_type: str | None
    summary: str
    internal: str | None
    number: str
    title: str
    organization_id: int | None
    client: str | None


_OF = Statement(
    sa.select(
        _time.id,
        _time.worked_on,
        _time.start,
        _time.end,
        _time.minutes,
        _time.work_type,
        _time.summary,
        _time.internal,
        _ticket.number,
        _ticket.title,
        _ticket.organization_id,
        _organization.name,
    )
    .select_from(
        TABLES[TimeEntry]
        .join(TABLES[Ticket], _ticket.id == _time.ticket_id)
        .outerjoin(TABLES[Organization], _organization.id == _ticket.organization_id)
    )
    .where(
        (_time.by_id == param("person"))
        & (_time.worked_on >= param("start"))
        & (_time.worked_on < param("end"))
    )
    .order_by(_time.worked_on, _time.id)
)


def of(unit: Unit, person_id: int, start: datetime, end: datetime) -> list[Worked]:
    """All his time of a span, in its order."""
    return [Worked(*row) for row in unit.rows(_OF, person=person_id, start=start, end=end)]
