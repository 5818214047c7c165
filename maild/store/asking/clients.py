"""Clients: who they are, and the numbers of their pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maild.model import StatusKind
from maild.store.asking.listing import Sees
from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import Domain, Note, Organization, Person, PersonAddress, Ticket, TimeEntry
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_organization, _domain, _person = columns(Organization), columns(Domain), columns(Person)
_address, _ticket, _note, _time = (
    columns(PersonAddress),
    columns(Ticket),
    columns(Note),
    columns(TimeEntry),
)

_SOME = Statement(
    sa.select(TABLES[Organization])
    .where(
        _organization.active
        & ((param("only", sa.Integer()) == 0) | (_organization.id == param("only", sa.Integer())))
    )
    .order_by(sa.func.lower(_organization.name))
    .limit(param("most", sa.Integer()))
)


def some(unit: Unit, only: int | None, most: int) -> list[Organization]:
    """The first clients by name; `only`: this one."""
    return [unit.adopt(Organization, row) for row in unit.rows(_SOME, only=only or 0, most=most)]


# ---- the list of clients


@dataclass(frozen=True, slots=True)
class Numbers:
    """A client with its numbers."""

    id: int
    name: str
    active: bool
    open: int
    people: int


_OPEN = (
    sa.select(sa.func.count())
    .select_from(TABLES[Ticket])
    .where(
        (_ticket.organization_id == _organization.id)
        & (_ticket.status_kind != StatusKind.CLOSED)
        & _ticket.twin_of.is_(None)
        & _ticket.deleted.is_(None)
    )
    .scalar_subquery()
)
_PEOPLE = (
    sa.select(sa.func.count())
    .select_from(TABLES[Person])
    .where((_person.organization_id == _organization.id) & _person.active)
    .scalar_subquery()
)
_NUMBERS = Statement(
    sa.select(_organization.id, _organization.name, _organization.active, _OPEN, _PEOPLE)
    .where(sa.func.lower(_organization.name).like(param("like", sa.Text()), escape="\\"))
    .order_by(_organization.active.desc(), sa.func.lower(_organization.name))
    .limit(500)
)
_DOMAINS = Statement(
    sa.select(_domain.domain)
    .where(_domain.organization_id == param("organization"))
    .order_by(_domain.domain)
)
_CONTACTS = Statement(
    sa.select(
        _person.id, _person.name, _person.role, _person.active, _address.address, _address.held
    )
    .select_from(TABLES[Person].outerjoin(TABLES[PersonAddress], _address.person_id == _person.id))
    .where(_person.organization_id == param("organization"))
    .order_by(_person.active.desc(), sa.func.lower(_person.name), _address.id)
    .limit(1000)
)
_ACTIVITY = Statement(
    sa.select(
        _note.created, _note.by_kind, _person.name, _note.public, _note.text,
        _ticket.number, _ticket.title,
    )
    .select_from(
        TABLES[Note]
        .join(TABLES[Ticket], _ticket.id == _note.ticket_id)
        .outerjoin(TABLES[Person], _person.id == _note.by_id)
    )
    .where(
        (_ticket.organization_id == param("organization"))
        & _ticket.deleted.is_(None)
        & ((_ticket.shared_side == "") | (_ticket.shared_side == param("side", sa.Text())))
    )
    .order_by(_note.id.desc())
    .limit(50)
)  # fmt: skip
_MINUTES = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_time.minutes), 0))
    .select_from(TABLES[TimeEntry].join(TABLES[Ticket], _ticket.id == _time.ticket_id))
    .where((_ticket.organization_id == param("organization")) & (_time.worked_on >= param("since")))
)


def numbers(unit: Unit, typed: str) -> list[Numbers]:
    """Every client whose name has these letters, with its numbers."""
    plain = typed.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [Numbers(*row) for row in unit.rows(_NUMBERS, like=f"%{plain}%")]


def domains(unit: Unit, organization_id: int) -> list[str]:
    """The mail domains that mean it."""
    return [row[0] for row in unit.rows(_DOMAINS, organization=organization_id)]


def people(unit: Unit, organization_id: int) -> list[tuple[Any, ...]]:
    """(id, name, role, active, addresses, why one is held) of its people."""
    found: dict[int, list[Any]] = {}
    for person_id, name, role, active, address, held in unit.rows(
        _CONTACTS, organization=organization_id
    ):
        entry = found.setdefault(person_id, [person_id, name, role, active, [], None])
        entry[4].append(address)
        entry[5] = entry[5] or held
    return [tuple(entry) for entry in found.values()]


def activity(unit: Unit, organization_id: int, sees: Sees | None) -> list[tuple[Any, ...]]:
    """(when, kind of writer, writer, public, text, number, title) of its latest notes; of what is
    shared those of the reader's side."""
    side = sees.side if sees is not None and sees.side is not None else ""
    return unit.rows(_ACTIVITY, organization=organization_id, side=side)


def minutes(unit: Unit, organization_id: int, now: datetime) -> int:
    """Worked for it in the last thirty days."""
    rows = unit.rows(_MINUTES, organization=organization_id, since=now - timedelta(days=30))
    return int(rows[0][0])
