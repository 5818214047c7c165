"""Lists of tickets as people name them: views, columns, filters, order (N17, N19).

A list is an address: `?view=open&status=New&due.before=2026-12-01&sort=-priority`.  Here it becomes
the question that the database is asked, and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from maild.desk.profile import Profile, View, named
from maild.errors import UsageError
from maild.i18n import Sentence, sentence
from maild.model import StatusKind
from maild.store.asking.listing import Ask, Filter, Listed, Sees

MAILING_LIST = "mailing list"  # source of a ticket that holds a thread of one
OPEN_KINDS = tuple(kind for kind in StatusKind if kind is not StatusKind.CLOSED)
OPS = ("is", "not", "has", "before", "after", "empty", "filled")


@dataclass(frozen=True, slots=True)
class Field:
    """What a list can show, filter by or be sorted by."""

    name: str
    label: Sentence
    kind: str  # choice person client date text number
    sorts: bool = True
    filters: bool = True


FIELDS = {
    field.name: field
    for field in (
        Field("number", sentence("number"), "text", filters=False),
        Field("priority", sentence("priority"), "choice"),
        Field("client", sentence("client"), "client"),
        Field("title", sentence("title"), "text"),
        Field("contact", sentence("contact"), "person"),
        Field("resources", sentence("resources"), "person", sorts=False),
        Field("resource", sentence("primary resource"), "person"),
        Field("status", sentence("status"), "choice"),
        Field("estimated_hours", sentence("estimated hours"), "number", filters=False),
        Field("hours", sentence("hours worked"), "number", filters=False),
        Field("due", sentence("due"), "date"),
        Field("service_call", sentence("service call"), "date", filters=False),
        Field("age", sentence("age"), "number", sorts=False, filters=False),
        Field("created", sentence("created"), "date"),
        Field("updated", sentence("updated"), "date"),
        Field("completed", sentence("completed"), "date"),
        Field("asset", sentence("asset"), "text"),
        Field("asset_reference", sentence("asset reference"), "text"),
        Field("queue", sentence("queue"), "choice"),
        Field("type", sentence("type"), "choice"),
        Field("source", sentence("source"), "choice"),
        Field("status_kind", sentence("kind of status"), "choice"),
        Field("tags", sentence("tags"), "text", sorts=False),
        Field("resolution", sentence("resolution"), "text", sorts=False),
    )
}
COLUMNS_OF_TICKET = frozenset(
    {
        "id",
        "number",
        "priority",
        "client",
        "title",
        "contact",
        "resources",
        "resource",
        "status",
        "hours",
        "due",
        "age",
        "created",
        "updated",
        "completed",
        "queue",
        "type",
        "source",
        "status_kind",
        "tags",
        "resolution",
    }
)
# The fourteen that the documents name, and what a list shows before anybody chooses.
FOURTEEN = (
    "priority", "client", "title", "contact", "resources", "status", "estimated_hours", "hours",
    "due", "service_call", "age", "created", "asset", "asset_reference",
)  # fmt: skip
SHOWN = ("priority", "title", "client", "contact", "status", "resources", "due", "updated")

_OF_US = ("new", "working", "review")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of tickets: which, in which order, with which columns."""

    view: str = "open"
    filters: tuple[Filter, ...] = ()
    sort: str = "updated"
    descending: bool = True
    columns: tuple[str, ...] = SHOWN
    group: str = ""

    def with_(self, **changes: Any) -> Listing:
        return replace(self, **changes)


# Of every profile: name → (what it lists, its kinds of status, more filters).  "me": who looks.
VIEWS: dict[str, tuple[Sentence, tuple[str, ...], tuple[Filter, ...]]] = {
    "to process": (sentence("Tickets to process"), ("new", "review"), ()),
    "mine": (sentence("My open tickets"), OPEN_KINDS, (Filter("resources", "is", ("me",)),)),
    "unassigned": (sentence("Unassigned"), OPEN_KINDS, (Filter("resource", "empty"),)),
    "waiting on us": (sentence("Waiting on us"), _OF_US, ()),
    "mine waiting": (
        sentence("Mine, waiting on others"),
        ("waiting",),
        (Filter("resources", "is", ("me",)),),
    ),
    "waiting on them": (sentence("Waiting on others"), ("waiting",), ()),
    "overdue": (sentence("Overdue"), OPEN_KINDS, (Filter("due", "before", ("now",)),)),
    "overdue service calls": (
        sentence("Overdue service calls"),
        OPEN_KINDS,
        (Filter("service_call", "before", ("now",)), Filter("service_call", "filled")),
    ),
    "open": (sentence("All open tickets"), OPEN_KINDS, ()),
    "by resource": (sentence("Open, by resource"), OPEN_KINDS, ()),
    "by client": (sentence("Open, by client"), OPEN_KINDS, ()),
    "closed": (sentence("Closed tickets"), ("closed",), ()),
    "all": (sentence("All tickets"), (), ()),
    "mailing lists": (
        sentence("Threads of mailing lists"),
        (),
        (Filter("source", "is", (MAILING_LIST,)),),
    ),
}
# What the documents call them, and people who come from other helpdesks.
ALSO_CALLED = {
    "all open": "open",
    "tickets to process": "to process",
    "by company": "by client",
    "by customer": "by client",
    "by organization": "by client",
    "by technician": "by resource",
    "my tickets": "mine",
    "mine waiting on customer or vendor": "mine waiting",
    "waiting on customer or vendor": "waiting on them",
}
# Besides those whose status says it, where the profile has no list of this name.
WITH_OVERDUE_CALLS = ("to process",)
TASKS = "tasks to process"  # a list beside those of tickets (`desk/tasks.py`)
GROUPED = {"by resource": "resource", "by client": "client"}


def names(profile: Profile) -> tuple[str, ...]:
    """Every view that there is: those of every profile, and its own."""
    return tuple(dict.fromkeys((*VIEWS, *profile.views)))


def view_named(text: str) -> str:
    """A view's name as it is compared, by whatever name it goes: "By-Company" → "by client"."""
    name = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    return ALSO_CALLED.get(name, name)


def title(profile: Profile, name: str) -> str:
    """What the view of this name is called."""
    own = profile.views.get(name)
    if own is not None and own.title:
        return Sentence(own.title, {})
    return VIEWS[name][0] if name in VIEWS else Sentence(name.capitalize(), {})


def ask(
    profile: Profile,
    listing: Listing,
    *,
    me: int,
    now: datetime,
    organization_id: int | None,
    sees: Sees | None = None,
) -> Ask:
    """The question that the database is asked for a list; UsageError: there is no such view."""
    name = named(view_named(listing.view), names(profile), "view")
    own: View | None = profile.views.get(name)
    kinds, statuses, more = (
        (own.kinds, own.statuses, ()) if own else (VIEWS[name][1], (), VIEWS[name][2])
    )
    filters = tuple(_meant(one, me, now) for one in (*more, *listing.filters))
    return Ask(
        tuple(kinds),
        tuple(statuses),
        now.isoformat() if (own.overdue_calls if own else name in WITH_OVERDUE_CALLS) else "",
        filters,
        organization_id,
        sees,
        _stored(listing.sort),
        listing.descending,
        ranks(profile, listing.sort),
    )


def ranks(profile: Profile, sort: str) -> tuple[str, ...]:
    """The order of the words of a column, as the profile has them."""
    return {
        "priority": profile.priorities,
        "status": tuple(profile.statuses),
        "queue": profile.queues,
        "type": profile.types,
    }.get(sort, ())


def choices(profile: Profile, name: str) -> tuple[str, ...]:
    """What a choice can be."""
    if name == "status_kind":
        return (*OPEN_KINDS, "closed")
    return ranks(profile, name) or (profile.sources if name == "source" else ())


def _meant(one: Filter, me: int, now: datetime) -> Filter:
    field = _stored(one.field)
    # What stands in the long tail is text: a time as ISO 8601, in the zone of who wrote it.
    moment = now.isoformat() if field.startswith("fields.") else now
    values = tuple(me if v == "me" else moment if v == "now" else v for v in one.values)
    return Filter(field, one.op, values)


def _stored(name: str) -> str:
    return name if name in COLUMNS_OF_TICKET else f"fields.{name}"


# ---- as plain data


def cell(row: Listed, name: str, now: datetime) -> Any:
    """What a list shows of a ticket in the column of this name; times are datetimes."""
    found = computed(row, now)
    if name in found:
        return found[name]
    value = field_of(row, name)
    if FIELDS[name].kind == "date" and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def computed(row: Listed, now: datetime) -> dict[str, Any]:
    """The columns that are no field of the ticket."""
    ticket = row.ticket
    return {
        "client": row.client,
        "contact": row.contact,
        "resource": row.holder,
        "resources": ", ".join(filter(None, (row.holder, *row.secondaries))),
        "hours": round(row.minutes / 60, 2),
        "age": (now - ticket.created).days,
        "tags": ", ".join(map(str, ticket.tags)),
    }


def field_of(row: Listed, name: str) -> Any:
    """A field of the ticket, of its columns or its long tail."""
    ticket = row.ticket
    return getattr(ticket, name) if name in COLUMNS_OF_TICKET else ticket.fields.get(name)


def column(text: str) -> str:
    """The column that is meant, however it is written; UsageError with those that there are."""
    return named(text.strip().replace("-", "_").replace(" ", "_"), FIELDS, sentence("column"))


def sorted_by(text: str) -> str:
    """The column that a list can be sorted by; UsageError with those that can."""
    known = [name for name, field in FIELDS.items() if field.sorts]
    return named(
        text.lstrip("-").strip().replace("-", "_").replace(" ", "_"), known, sentence("column")
    )


# ---- as an address


def read(profile: Profile, asked: Iterable[tuple[str, str]], zone: tzinfo) -> Listing:
    """The list that an address asks for; UsageError where it names what there is not."""
    found: dict[tuple[str, str], list[str]] = {}
    listing = Listing()
    for key, value in asked:
        if key == "view":
            name = named(view_named(value), names(profile), "view")
            listing = listing.with_(view=name, group=listing.group or GROUPED.get(name, ""))
        elif key == "sort":
            listing = _sorted(listing, value)
        elif key == "columns":
            listing = listing.with_(columns=columns(value.split(",")))
        elif key == "group":
            listing = listing.with_(group=value if value in FIELDS else "")
        else:
            name, _, op = key.partition(".")
            if name in FIELDS and FIELDS[name].filters and (op or "is") in OPS and value:
                found.setdefault((name, op or "is"), []).append(value[:200])
    filters = tuple(_filter(name, op, values, zone) for (name, op), values in found.items())
    return listing.with_(filters=filters)


def _sorted(listing: Listing, value: str) -> Listing:
    name = value.lstrip("-")
    if name not in FIELDS or not FIELDS[name].sorts:
        return listing
    return listing.with_(sort=name, descending=value.startswith("-"))


def columns(wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of these columns that there are, in this order; the usual ones where none is."""
    found = tuple(dict.fromkeys(name for name in wanted if name in FIELDS))
    return found or SHOWN


def _filter(name: str, op: str, values: Sequence[str], zone: tzinfo) -> Filter:
    kind = FIELDS[name].kind
    if op in ("empty", "filled"):
        return Filter(name, op)
    if kind == "date":
        return Filter(
            name, op if op in ("before", "after") else "after", (_moment(values[-1], zone),)
        )
    if kind in ("person", "client"):
        return Filter(name, op, tuple(v if v == "me" else int(v) for v in values if _whole(v)))
    if kind == "text" and op == "is" and name != "tags":
        op = "has"
    return Filter(name, op, tuple(values))


def _whole(text: str) -> bool:
    return text == "me" or (text.isdecimal() and len(text) < 12)


def _moment(text: str, zone: tzinfo) -> Any:
    """ "now", "today", "7d" (so many days ago), or a day, as it begins for who asks."""
    if text in ("now", "today"):
        return "now" if text == "now" else datetime.combine(datetime.now(zone).date(), time(), zone)
    if text[-1:] == "d" and text[:-1].lstrip("-").isdecimal():
        text = text[:-1]
        if len(text) <= 5:
            return datetime.now(UTC) - timedelta(days=int(text))
    try:
        day = date.fromisoformat(text)
        if not 1900 <= day.year < 3000:
            raise ValueError(text)
        return datetime.combine(day, time(), zone)
    except ValueError as error:
        raise UsageError(
            sentence('"{text}" is no date; write it like 2026-12-03.', text=text)
        ) from error


def address(listing: Listing, **changes: Any) -> str:
    """The same as a query; what is as usual is left out."""
    one = listing.with_(**changes) if changes else listing
    pairs: list[tuple[str, str]] = [("view", one.view)]
    for part in one.filters:
        key = part.field if part.op == "is" else f"{part.field}.{part.op}"
        pairs += [(key, _written(v)) for v in part.values] or [(key, "1")]
    if (one.sort, one.descending) != ("updated", True):
        pairs.append(("sort", f"{'-' if one.descending else ''}{one.sort}"))
    if one.columns != SHOWN:
        pairs.append(("columns", ",".join(one.columns)))
    if one.group and one.group != GROUPED.get(one.view):
        pairs.append(("group", one.group))
    return urlencode(pairs)


def _written(value: Any) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


def stored(listing: Listing) -> Mapping[str, Any]:
    """The same as plain data, to be kept."""
    return {"query": address(listing)}
