"""Lists of tickets for a screen: filters, order, pages by key, counts, groups.

One question serves the list, its number and its export: `Ask`.  Its shape is compiled once, its
values are parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from maild.model import StatusKind, TicketRole
from maild.store.prepared import Row, Statement
from maild.store.question import among, param
from maild.store.records import Organization, Person, Ticket, TicketPerson, TimeEntry
from maild.store.schema import TABLES, columns
from maild.store.types import UTCDateTime
from maild.store.unit import Unit

MOST_COUNTED = 1000
LATEST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")

_ticket, _of, _time = columns(Ticket), columns(TicketPerson), columns(TimeEntry)
_organization = columns(Organization)
_contact, _primary = TABLES[Person].alias("contact"), TABLES[Person].alias("holder")

DATES = frozenset({"created", "updated", "due", "completed"})
PLAIN = frozenset({"status", "status_kind", "priority", "type", "queue", "source", "number"})
PEOPLE = {"client": _ticket.organization_id, "contact": _ticket.contact_id,
          "resource": _ticket.primary_id}  # fmt: skip
_HOURS = (
    sa.select(sa.func.coalesce(sa.func.sum(_time.minutes), 0))
    .where(_time.ticket_id == _ticket.id)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a list.  Several values: any of them."""

    field: str  # of a ticket, or "fields.NAME" of its long tail
    op: str  # is not has before after empty filled
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Sees:
    """Who looks at a list: of a shared ticket it shows them their side's (`desk/sides.py`)."""

    person: int
    side: str | None  # None: that of the two which they work on, else the first


@dataclass(frozen=True, slots=True)
class Ask:
    """Which tickets a list has, in which order."""

    kinds: tuple[str, ...] = ()  # status of one of these kinds …
    statuses: tuple[str, ...] = ()  # … or one of these; neither: any
    or_called_before: str = ""  # … or open with a service call before this time (ISO 8601)
    filters: tuple[Filter, ...] = ()
    organization_id: int | None = None  # of this client alone, whoever asks for more
    sees: Sees | None = None  # None: both sides of what is shared
    sort: str = "updated"
    descending: bool = True
    ranks: tuple[str, ...] = ()  # the order of the words of the sorted column (priorities …)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list."""

    ticket: Ticket
    client: str | None
    contact: str | None
    holder: str | None
    key: tuple[Any, int]  # where the next page begins
    secondaries: tuple[str, ...] = ()
    minutes: int = 0


def page(
    unit: Unit,
    ask: Ask,
    limit: int,
    after: tuple[Any, int] | None = None,
    number: int | None = None,
) -> list[Listed]:
    """So many rows, from the beginning or behind the row with this key.

    `number`: how many there are, where `count` has been asked already.
    """
    params, shape = _params(ask), _shape(ask)
    if shape.by_status and shape.sort in _INDEXED:
        many = (count(unit, ask) if number is None else number) > MOST_COUNTED
        shape = replace(shape, walks=many)
    if after is not None:
        params |= {"after": after[0], "after_id": after[1]}
    rows = unit.rows(_listed(shape, after is not None), limit=limit, **params)
    return _with_more(unit, [_row(unit, row) for row in rows])


def every(unit_of: Any, ask: Ask, step: int = 500) -> Iterator[Listed]:
    """All rows, each page by a unit of its own, so that nothing is held open meanwhile."""
    after: tuple[Any, int] | None = None
    number: int | None = None
    while True:
        with unit_of() as unit:
            number = count(unit, ask) if number is None else number
            rows = page(unit, ask, step, after, number)
        yield from rows
        if len(rows) < step:
            return
        after = rows[-1].key


def count(unit: Unit, ask: Ask) -> int:
    """How many there are; MOST_COUNTED + 1 where there are more than that."""
    return int(unit.rows(_counted(_shape(ask)), **_params(ask))[0][0])


def groups(unit: Unit, ask: Ask, by: str, limit: int = 200) -> list[tuple[Any, str, int]]:
    """(value, what it is called, how many) of the tickets by a column, the most first."""
    rows = unit.rows(_grouped(_shape(ask), by), limit=limit, **_params(ask))
    return [(row[0], str(row[1] or ""), int(row[2])) for row in rows]


def numbers(unit: Unit, ids: Sequence[int]) -> list[Listed]:
    """The tickets with these ids, in the order of the ids."""
    rows = unit.rows(_BY_ID, ids=list(ids))
    found = {row.ticket.id: row for row in _with_more(unit, [_row(unit, r) for r in rows])}
    return [found[i] for i in ids if i in found]


# ---- rows


def _row(unit: Unit, row: Row) -> Listed:
    width = len(_ticket)
    ticket = unit.adopt(Ticket, row[:width])
    client, contact, holder, key = row[width:]
    return Listed(ticket, client, contact, holder, (key, ticket.id))


def _with_more(unit: Unit, rows: list[Listed]) -> list[Listed]:
    """With who else works on them, and how long."""
    ids = [row.ticket.id for row in rows]
    if not ids:
        return rows
    others: dict[int, list[str]] = {}
    for ticket_id, name in unit.rows(_SECONDARIES, ids=ids):
        others.setdefault(ticket_id, []).append(name)
    minutes: dict[int, int] = {row[0]: row[1] for row in unit.rows(_MINUTES, ids=ids)}
    return [
        replace(
            row,
            secondaries=tuple(others.get(row.ticket.id, ())),
            minutes=int(minutes.get(row.ticket.id, 0)),
        )
        for row in rows
    ]


_SECONDARIES = Statement(
    sa.select(_of.ticket_id, columns(Person).name)
    .select_from(TABLES[TicketPerson].join(TABLES[Person], columns(Person).id == _of.person_id))
    .where(among(_of.ticket_id, "ids") & (_of.role == TicketRole.SECONDARY))
    .order_by(_of.id)
)
_MINUTES = Statement(
    sa.select(_time.ticket_id, sa.func.sum(_time.minutes, type_=sa.Integer()))
    .where(among(_time.ticket_id, "ids"))
    .group_by(_time.ticket_id)
)

# ---- the question in SQL


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of an Ask changes its SQL: all but the values."""

    by_status: bool
    or_called: bool
    filters: tuple[tuple[str, str, int], ...]  # field, op, how many values
    scoped: bool
    sees: str  # all | side | work: what of shared tickets is shown
    sort: str
    descending: bool
    ranks: tuple[str, ...]
    walks: bool = False  # through all in their order, as most of them fit

    @property
    def is_due(self) -> bool:
        """Whether the index of what is due leads to few tickets."""
        return ("due", "before", 1) in self.filters


def _shape(ask: Ask) -> _Shape:
    return _Shape(
        bool(ask.kinds or ask.statuses),
        bool(ask.or_called_before),
        tuple((f.field, f.op, len(f.values)) for f in ask.filters),
        ask.organization_id is not None,
        "all" if ask.sees is None else "work" if ask.sees.side is None else "side",
        ask.sort,
        ask.descending,
        ask.ranks,
    )


def _params(ask: Ask) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if ask.kinds or ask.statuses:
        params |= {"kinds": list(ask.kinds), "statuses": list(ask.statuses)}
    if ask.or_called_before:
        params["called"] = ask.or_called_before
    if ask.organization_id is not None:
        params["organization"] = ask.organization_id
    if ask.sees is not None:
        params |= {"who": ask.sees.person} if ask.sees.side is None else {"side": ask.sees.side}
    for place, one in enumerate(ask.filters):
        values = one.values
        if one.op == "has" or one.field == "tags":
            quote = '"' if one.field == "tags" else ""
            wanted = (f"%{quote}{_like(str(v))}{quote}%" for v in values)
            params |= {f"f{place}_{n}": text for n, text in enumerate(wanted)}
        elif one.op in ("before", "after"):
            params[f"f{place}"] = values[0]
        elif one.op in ("is", "not"):
            params[f"f{place}"] = list(values)
    return params


def _like(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return text.lower()


def _where(shape: _Shape) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [_ticket.deleted.is_(None)]
    if shape.by_status:
        kind, status = _ticket.status_kind, _ticket.status
        if shape.walks:  # by an index of these, all that are open would be looked at and sorted
            kind, status = sa.func.coalesce(kind, ""), sa.func.coalesce(status, "")
        wanted = among(kind, "kinds") | among(status, "statuses")
        found.append(wanted | _called() if shape.or_called else wanted)
    if shape.scoped:
        found.append(_ticket.organization_id == param("organization"))
    if shape.sees == "side":
        found.append((_ticket.shared_side == "") | (_ticket.shared_side == param("side")))
    elif shape.sees == "work":
        found.append((_ticket.shared_side == "") | _worked_on())
    for place, (field, op, number) in enumerate(shape.filters):
        found.append(_condition(field, op, f"f{place}", number))
    return found


def _worked_on() -> sa.ColumnElement[bool]:
    """Of the two that are shared the one that they work on, else the first."""
    other = TABLES[Ticket].alias("other")
    here, there = _works_on(_ticket), _works_on(other.c)
    elsewhere = sa.exists().where(
        (other.c.number == _ticket.number) & (other.c.id != _ticket.id) & there
    )
    first = _ticket.twin_of.is_(None)
    return sa.or_(here & ~elsewhere, first & here, first & ~elsewhere)


def _works_on(ticket: Any) -> sa.ColumnElement[bool]:
    on_it = sa.exists().where(
        (_of.ticket_id == ticket.id)
        & (_of.role == TicketRole.SECONDARY)
        & (_of.person_id == param("who"))
    )
    return (sa.func.coalesce(ticket.primary_id, 0) == param("who", sa.Integer())) | on_it


def _called() -> sa.ColumnElement[bool]:
    """Open, and its service call should have been."""
    call = _column("fields.service_call")
    return sa.and_(
        _ticket.status_kind.in_([kind for kind in StatusKind if kind != StatusKind.CLOSED]),
        sa.func.coalesce(call, "") != "",
        call < param("called", sa.Text()),
    )


def _condition(field: str, op: str, name: str, number: int) -> Any:
    column = _column(field)
    if op == "empty":
        return _empty(field, column)
    if op == "filled":
        return sa.not_(_empty(field, column))
    if op == "has":
        lower = sa.func.lower(column)
        parts = [lower.like(param(f"{name}_{n}", sa.Text()), escape="\\") for n in range(number)]
        return sa.or_(sa.false(), *parts)
    if op in ("before", "after"):
        bound = param(name, UTCDateTime() if field in DATES else sa.Text())
        return column < bound if op == "before" else column >= bound
    if field == "resources":
        on_it = sa.exists().where(
            (_of.ticket_id == _ticket.id)
            & (_of.role == TicketRole.SECONDARY)
            & among(_of.person_id, name)
        )
        found = among(_ticket.primary_id, name) | on_it
    elif field == "tags":
        found = sa.or_(sa.false(), *[_tagged(f"{name}_{n}") for n in range(number)])
    else:
        found = among(column, name)
    return found if op == "is" else sa.not_(found) | column.is_(None)


def _tagged(name: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(sa.cast(_ticket.tags, sa.Text())).like(param(name, sa.Text()))


def _empty(field: str, column: Any) -> Any:
    if field.startswith("fields.") or field in ("title", "resolution"):
        return sa.func.coalesce(column, "") == ""
    return column.is_(None)


def _column(field: str) -> Any:
    if field in PEOPLE:
        return PEOPLE[field]
    if field == "resources":
        return _ticket.primary_id
    if field.startswith("fields."):
        return _ticket.fields[field.removeprefix("fields.")].as_string()
    return _ticket[field]


_NAMED = {
    "client": (TABLES[Organization], _organization.id == _ticket.organization_id),
    "contact": (_contact, _contact.c.id == _ticket.contact_id),
    "resource": (_primary, _primary.c.id == _ticket.primary_id),
}
_INDEXED = frozenset({"updated", "number"})  # columns that have the tickets in their order


def _with_names(tickets: Any, names: Iterable[str] = tuple(_NAMED)) -> Any:
    """Tickets with what these columns are called by."""
    for name in names:
        tickets = tickets.outerjoin(*_NAMED[name])
    return tickets


def _order(shape: _Shape) -> Any:
    """What the list is sorted by; never NULL, so that a page can begin behind any row."""
    by_name = {"client": _organization.name, "contact": _contact.c.name,
               "resource": _primary.c.name}  # fmt: skip
    if shape.ranks:
        whens = {word: rank for rank, word in enumerate(shape.ranks)}
        return sa.case(whens, value=_column(shape.sort), else_=len(whens))
    if shape.sort in by_name:
        return sa.func.lower(sa.func.coalesce(by_name[shape.sort], ""))
    if shape.sort in ("due", "completed"):
        return sa.func.coalesce(_ticket[shape.sort], sa.literal(LATEST, UTCDateTime()))
    if shape.sort == "hours":
        return _HOURS
    if shape.sort in ("created", "updated"):
        return _ticket[shape.sort]
    if shape.sort == "number":
        return _ticket.id
    return sa.func.lower(sa.func.coalesce(_column(shape.sort), ""))


@lru_cache(maxsize=256)
def _listed(shape: _Shape, behind: bool) -> Statement:
    """Which rows is asked by themselves first: what is sorted is narrow then."""
    order = _order(shape)
    named = [shape.sort] if shape.sort in _NAMED and not shape.ranks else []
    query = sa.select(_ticket.id, order.label("key"))
    query = query.select_from(_with_names(TABLES[Ticket], named)).where(*_where(shape))
    if behind:
        place = sa.tuple_(order, _ticket.id)
        kind = UTCDateTime() if shape.sort in DATES else order.type
        bound = sa.tuple_(param("after", kind), param("after_id", sa.Integer()))
        query = query.where(place < bound if shape.descending else place > bound)
    found = _sorted(query, order, _ticket.id, shape).limit(param("limit", sa.Integer())).subquery()
    whole = sa.select(*TABLES[Ticket].c, _organization.name, _contact.c.name, _primary.c.name,
                      found.c.key)  # fmt: skip
    whole = whole.select_from(_with_names(found.join(TABLES[Ticket], _ticket.id == found.c.id)))
    return Statement(_sorted(whole, found.c.key, found.c.id, shape))


def _sorted(query: Any, key: Any, ticket_id: Any, shape: _Shape) -> Any:
    if shape.descending:
        return query.order_by(key.desc(), ticket_id.desc())
    return query.order_by(key, ticket_id)


@lru_cache(maxsize=256)
def _counted(shape: _Shape) -> Statement:
    shape = replace(shape, walks=shape.is_due)
    some = sa.select(sa.literal(1)).select_from(TABLES[Ticket]).where(*_where(shape))
    some = some.limit(MOST_COUNTED + 1)
    return Statement(sa.select(sa.func.count()).select_from(some.subquery()))


@lru_cache(maxsize=64)
def _grouped(shape: _Shape, by: str) -> Statement:
    value = _column(by)
    called = {"client": _organization.name, "contact": _contact.c.name,
              "resource": _primary.c.name}.get(by, value)  # fmt: skip
    number = sa.func.count()
    named = [by] if by in _NAMED else []
    query = sa.select(value, called, number).select_from(_with_names(TABLES[Ticket], named))
    query = query.where(*_where(shape))
    query = query.group_by(value, called).order_by(number.desc(), called)
    return Statement(query.limit(param("limit", sa.Integer())))


_BY_ID = Statement(
    sa.select(*TABLES[Ticket].c, _organization.name, _contact.c.name, _primary.c.name, _ticket.id)
    .select_from(_with_names(TABLES[Ticket]))
    .where(among(_ticket.id, "ids") & _ticket.deleted.is_(None))
)
