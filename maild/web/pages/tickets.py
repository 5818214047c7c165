"""Lists of tickets: their rows, filters, columns and numbers; saved and exported."""

from __future__ import annotations

import base64
import csv
import hmac
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from markupsafe import Markup, escape
from starlette.responses import Response, StreamingResponse

from maild.desk import lists
from maild.desk.field_values import no_formula
from maild.desk.lists import FIELDS, Field, Listing
from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.model import StatusKind
from maild.store.asking import clients as asking_clients
from maild.store.asking import console as asking
from maild.store.asking import listing as store_listing
from maild.store.asking.listing import MOST_COUNTED, Ask, Listed
from maild.store.console_records import Preference, SavedView
from maild.store.records import Organization, Person
from maild.store.unit import Unit
from maild.web.look import Words
from maild.web.site import action, page
from maild.web.visit import Visit, row_number
from maild.web.wording import colour, initials

ROWS = 50
SEAL = 12  # octets by which we know an address of the next page as ours
GROUPABLE = ("resource", "client", "status", "priority", "queue", "type", "contact")
OF_VIEW = ("to process", "mine", "unassigned", "waiting on us", "mine waiting", "overdue", "open")
FILTERS = (
    "status", "priority", "resources", "client", "queue", "type", "source", "title", "due",
    "created", "updated", "tags",
)  # fmt: skip


@page("/", "tickets list")
def landing(visit: Visit) -> Response:
    """What he wants to see first."""
    return visit.to(visit.visitor.wish("landing", "/tickets?view=to+process"))


@page("/tickets", "tickets list")
def tickets(visit: Visit) -> Response:
    """A list: a page of it, its rows alone, or the next ones."""
    listing = _listing(visit)
    ask = _ask(visit, listing)
    number = store_listing.count(visit.unit, ask)
    part = visit.query("part")
    if listing.group and not visit.query("after"):
        grouped = _groups(visit, listing, ask)
        values: dict[str, Any] = {"rows": [], "heads": [], "more": "", "groups": grouped}
    else:
        found = store_listing.page(visit.unit, ask, ROWS + 1, _after(visit, listing), number)
        more = _key(visit, listing, found[ROWS - 1]) if len(found) > ROWS else ""
        rows = [Row(visit, listing, one) for one in found[:ROWS]]
        values = {"rows": rows, "heads": _heads(visit, listing), "more": more, "groups": None}
    values |= {"listing": listing, "query": lists.address(listing)}
    if part == "more":
        return visit.page("row-more.html", **values)
    if part:
        return visit.page("rows.html", **values)
    return visit.page("tickets.html", **values, **_around(visit, listing, number))


def _around(visit: Visit, listing: Listing, number: int) -> dict[str, Any]:
    """What stands around the rows."""
    saved = _saved(visit)
    pairs = parse_qsl(lists.address(listing), keep_blank_values=True)
    return {
        "title": saved.name if saved else visit.view_title(listing.view),
        "saved": saved if saved and saved.owner_id == visit.person.id else None,
        "nav_view": f"saved:{saved.id}" if saved else listing.view,
        "count": counted(number),
        "chips": list(_chips(visit, listing)),
        "filter_fields": [_filter_field(visit, listing, FIELDS[name]) for name in FILTERS],
        "all_columns": _ordered_columns(listing),
        "fourteen": lists.address(listing, columns=lists.FOURTEEN),
        "groupable": GROUPABLE,
        "kept_pairs": [(k, v) for k, v in pairs if k != "columns"],
        "kept_pairs_without_group": [(k, v) for k, v in pairs if k != "group"],
        "kept_order": [(k, v) for k, v in pairs if k in ("sort", "columns", "group")],
    }


def counted(number: int) -> str:
    """A number, or "1,000+"."""
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"


def _listing(visit: Visit) -> Listing:
    pairs = list(visit.request.query_params.multi_items())
    columns = [value for key, value in pairs if key == "column"]
    listing = lists.read(visit.profile, pairs, visit.zone)
    if columns:
        return listing.with_(columns=lists.columns(columns))
    if not any(key == "columns" for key, _ in pairs):
        own = visit.visitor.wishes.get("columns")
        if isinstance(own, list):
            return listing.with_(columns=lists.columns(own))
    return listing


def _ask(visit: Visit, listing: Listing) -> Ask:
    scope = visit.visitor.scope.organization_id
    return lists.ask(
        visit.profile,
        listing,
        me=visit.person.id,
        now=visit.now,
        organization_id=scope,
        sees=visit.sees,
    )


def _saved(visit: Visit) -> SavedView | None:
    found = visit.unit.get(SavedView, row_number(visit.query("saved")))
    return found if found and (found.shared or found.owner_id == visit.person.id) else None


# ---- pages by key


def _key(visit: Visit, listing: Listing, row: Listed) -> str:
    """Where the next page begins, as a word of an address, which only we can write."""
    value, ticket_id = row.key
    kind = "d" if isinstance(value, datetime) else "v"
    text = value.isoformat() if isinstance(value, datetime) else value
    packed = json.dumps([kind, text, ticket_id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sealed(visit, listing, packed) + packed).decode()


def _sealed(visit: Visit, listing: Listing, packed: bytes) -> bytes:
    words = f"page by {listing.sort} ".encode() + packed
    return hmac.digest(visit.console.secret, words, "sha256")[:SEAL]


def _after(visit: Visit, listing: Listing) -> tuple[Any, int] | None:
    word = visit.query("after")
    if not word:
        return None
    with suppress(ValueError):  # no base64
        octets = base64.urlsafe_b64decode(word.encode())
        seal, packed = octets[:SEAL], octets[SEAL:]
        if hmac.compare_digest(seal, _sealed(visit, listing, packed)):
            kind, value, ticket_id = json.loads(packed)
            return (datetime.fromisoformat(value) if kind == "d" else value), ticket_id
    raise UsageError(sentence("This page of the list is not there; start anew."))


# ---- rows


class Row:
    """A ticket as the list shows it: one cell a column."""

    __slots__ = ("cells", "number")

    def __init__(self, visit: Visit, listing: Listing, listed: Listed) -> None:
        self.number = listed.ticket.number
        self.cells = [(_CLASS.get(name, ""), cell(visit, name, listed)) for name in listing.columns]

    @property
    def of_table(self) -> Markup:
        """Its cells in a table."""
        cells = ((f' class="{name}"' if name else "", escape(shown)) for name, shown in self.cells)
        return Markup("".join(f"<td{name}>{shown}</td>" for name, shown in cells))


_CLASS = {
    "priority": "tight",
    "title": "title",
    "status": "tight",
    "due": "tight",
    "updated": "tight right",
    "created": "tight right",
    "age": "tight right",
    "hours": "tight right",
    "estimated_hours": "tight right",
    "completed": "tight right",
    "number": "tight number",
    "service_call": "tight",
}
_TAG = Markup(' <span class="tag">%s</span>')


def cell(visit: Visit, name: str, listed: Listed) -> Markup:
    """What stands in this column."""
    make = _CELLS.get(name)
    if make is not None:
        made: Markup = make(visit, listed)
        return made
    value = listed.ticket.fields.get(name)
    return escape("" if value is None else value)


def _title(visit: Visit, listed: Listed) -> Markup:
    ticket = listed.ticket
    tags = Markup("").join(_TAG % tag for tag in list(ticket.tags)[:3])
    number, title = escape(ticket.number), escape(ticket.title)
    return Markup(
        f'<a href="/tickets/{number}"><span class="number">{number}</span>{title}</a>{tags}'
    )


def _people(visit: Visit, listed: Listed) -> Markup:
    names = [*([listed.holder] if listed.holder else []), *listed.secondaries]
    if not names:
        return Markup("")
    shown = _who(names[0])
    return shown + (Markup(" +%d") % (len(names) - 1) if names[1:] else "")


@lru_cache(maxsize=1000)
def _who(name: str | None) -> Markup:
    if not name:
        return Markup("")
    avatar = (
        f'<span class="avatar a{colour(name)}" aria-hidden="true">{escape(initials(name))}</span>'
    )
    return Markup(f'<span class="who">{avatar}<span>{escape(name)}</span></span>')


@lru_cache(maxsize=1000)
def _status(words: Words, name: str, kind: str) -> Markup:
    return Markup('<span class="badge %s"><span>%s</span></span>') % (kind, words.called(name))


@lru_cache(maxsize=1000)
def _priority(words: Words, level: int, name: str) -> Markup:
    return Markup('<span class="prio p%d" title="%s"><i></i><i></i><i></i></span>') % (
        level,
        words.called(name),
    )


def _due(visit: Visit, listed: Listed) -> Markup:
    due = listed.ticket.due
    if due is None:
        return Markup("")
    late = due < visit.now and listed.ticket.status_kind not in (
        StatusKind.CLOSED,
        StatusKind.RESOLVED,
    )
    shown = visit.times.on(due)
    return Markup('<span class="late">%s</span>') % shown if late else shown


def _moment(visit: Visit, when: datetime | None) -> Markup:
    return visit.times.ago(when) if when else Markup("")


def _call(visit: Visit, listed: Listed) -> Markup:
    when = listed.ticket.fields.get("service_call")
    try:
        return visit.times.on(datetime.fromisoformat(str(when))) if when else Markup("")
    except (ValueError, TypeError):
        return escape(when)


_CELLS: dict[str, Any] = {
    "number": lambda visit, row: (
        Markup('<a href="/tickets/%s">%s</a>') % ((row.ticket.number,) * 2)
    ),
    "priority": lambda visit, row: _priority(
        visit.words, visit.level(row.ticket.priority), row.ticket.priority
    ),
    "title": _title,
    "client": lambda visit, row: escape(row.client or ""),
    "contact": lambda visit, row: escape(row.contact or ""),
    "resources": _people,
    "resource": lambda visit, row: _who(row.holder),
    "status": lambda visit, row: _status(visit.words, row.ticket.status, row.ticket.status_kind),
    "hours": lambda visit, row: escape(visit.hours(row.minutes) if row.minutes else ""),
    "due": _due,
    "service_call": _call,
    "age": lambda visit, row: Markup("%d d") % (visit.now - row.ticket.created).days,
    "created": lambda visit, row: _moment(visit, row.ticket.created),
    "updated": lambda visit, row: _moment(visit, row.ticket.updated),
    "completed": lambda visit, row: _moment(visit, row.ticket.completed),
    "queue": lambda visit, row: escape(visit.called(row.ticket.queue)),
    "type": lambda visit, row: escape(visit.called(row.ticket.type)),
    "source": lambda visit, row: escape(visit.called(row.ticket.source)),
    "status_kind": lambda visit, row: escape(visit.called(row.ticket.status_kind)),
    "tags": lambda visit, row: escape(", ".join(map(str, row.ticket.tags))),
    "resolution": lambda visit, row: escape(row.ticket.resolution or ""),
}


def _heads(visit: Visit, listing: Listing) -> list[dict[str, str]]:
    return [_head(visit, listing, FIELDS[name]) for name in listing.columns]


def _head(visit: Visit, listing: Listing, field: Field) -> dict[str, str]:
    is_sorted = listing.sort == field.name
    down = not listing.descending if is_sorted else field.kind == "date"
    return {
        "label": visit.label(field.name),
        "class": _CLASS.get(field.name, "").replace("title", ""),
        "sorted": ("descending" if listing.descending else "ascending") if is_sorted else "",
        "query": lists.address(listing, sort=field.name, descending=down) if field.sorts else "",
    }


def _ordered_columns(listing: Listing) -> list[Field]:
    shown = [FIELDS[name] for name in listing.columns]
    return shown + [field for field in FIELDS.values() if field not in shown]


def _groups(visit: Visit, listing: Listing, ask: Ask) -> list[dict[str, Any]]:
    by = listing.group
    found = store_listing.groups(visit.unit, ask, by)
    return [
        {
            "label": label,
            "number": number,
            "query": lists.address(
                listing,
                view="open" if listing.view in lists.GROUPED else listing.view,
                group="",
                filters=(*listing.filters, _one(by, value)),
            ),
        }
        for value, label, number in found
    ]


def _one(field: str, value: Any) -> store_listing.Filter:
    if value is None or value == "":
        return store_listing.Filter(field, "empty")
    return store_listing.Filter(field, "is", (value,))


# ---- filters


def _chips(visit: Visit, listing: Listing) -> Iterator[dict[str, str]]:
    for one in listing.filters:
        rest = tuple(f for f in listing.filters if f is not one)
        yield {
            "label": visit.label(one.field),
            "text": _said(visit, one),
            "without": lists.address(listing, filters=rest),
        }


def _said(visit: Visit, one: store_listing.Filter) -> str:
    values = ", ".join(_value(visit, one.field, value) for value in one.values)
    says = {
        "is": sentence("{values}", values=values),
        "not": sentence("not {values}", values=values),
        "has": sentence("“{values}”", values=values),
        "before": sentence("before {values}", values=values),
        "after": sentence("from {values}", values=values),
        "empty": sentence("none"),
        "filled": sentence("any"),
    }
    return visit.words.write(says[one.op])


def _value(visit: Visit, field: str, value: Any) -> str:
    if isinstance(value, datetime):
        return visit.times.day(value)
    if value == "me":
        return visit.words("me")
    if value == "now":
        return visit.words("now")
    if field == "client":
        found = visit.unit.get(Organization, value)
        return found.name if found else str(value)
    if FIELDS[field].kind == "person":
        person = visit.unit.get(Person, value)
        return person.name if person else str(value)
    return visit.called(str(value))


def _filter_field(visit: Visit, listing: Listing, field: Field) -> dict[str, Any]:
    mine = [one for one in listing.filters if one.field == field.name]
    by_op = {one.op: one for one in mine}
    values = by_op["is"].values if "is" in by_op else ()
    choices: Any = lists.choices(visit.profile, field.name)
    if field.kind == "client":
        choices = [(o.id, o.name) for o in clients(visit)]
    elif field.kind == "person":
        choices = visit.resource_choices()
    return {
        "name": field.name,
        "kind": field.kind,
        "chosen": values,
        "choices": choices,
        "empty": "empty" in by_op,
        "text": by_op["has"].values[0] if "has" in by_op else "",
        "after": _iso(by_op.get("after"), visit),
        "before": _iso(by_op.get("before"), visit),
    }


def _iso(one: store_listing.Filter | None, visit: Visit) -> str:
    when = one.values[0] if one else None
    return when.astimezone(visit.zone).date().isoformat() if isinstance(when, datetime) else ""


def clients(visit: Visit, most: int = 60) -> list[Organization]:
    """The clients that he can choose among."""
    return asking_clients.some(visit.unit, visit.visitor.scope.organization_id, most)


# ---- the numbers of the lists


@page("/nav", "tickets list")
def nav(visit: Visit) -> Response:
    """The navigation with its numbers; asked for once the page is there."""
    counts = {name: _count_of(visit, name) for name in OF_VIEW}
    work = visit.unit.count(asking.WORK_LIST, person=visit.person.id)
    counts["work"] = str(work) if work else ""
    saved = visit.unit.all(asking.OWN_VIEWS, person=visit.person.id)
    return visit.page(
        "nav.html",
        nav_at=visit.query("at"),
        nav_view=visit.query("view"),
        nav_counts={k: v for k, v in counts.items() if v and v != "0"},
        nav_saved=saved,
    )


def _count_of(visit: Visit, name: str) -> str:
    return counted(store_listing.count(visit.unit, _ask(visit, Listing(view=name))))


# ---- saved lists


@page("/views/{id}", "tickets list")
def saved_view(visit: Visit) -> Response:
    """Leads to the list that somebody saved."""
    found = visit.unit.get(SavedView, visit.number_in_path("id"))
    if found is None or not (found.shared or found.owner_id == visit.person.id):
        raise NotFound(sentence("There is no such saved list."))
    return visit.to(f"/tickets?{found.asked.get('query', '')}&saved={found.id}")


@action("/views", "views save")
def save_view(visit: Visit) -> Response:
    """Keeps a list under a name; the same name again: changes it."""
    name = visit.field("name").strip()[:80]
    if not name:
        raise UsageError(sentence("Give the list a name."))
    shared = bool(visit.field("shared"))
    if shared:
        visit.needs("views share")
    query = lists.address(lists.read(visit.profile, parse_qsl(visit.field("query")), visit.zone))

    def keep(unit: Unit) -> None:
        own = unit.all(asking.OWN_VIEWS, person=visit.person.id)
        found = next((v for v in own if v.name == name and v.owner_id == visit.person.id), None)
        if found is not None:
            unit.change(found, asked={"query": query}, shared=shared, updated=visit.now)
        else:
            unit.add(
                SavedView(
                    owner_id=visit.person.id,
                    name=name,
                    shared=shared,
                    asked={"query": query},
                    updated=visit.now,
                )
            )
        visit.note_down(unit, sentence("saved a list"), name)

    visit.keep(keep)
    return visit.to(f"/tickets?{query}")


@action("/views/{id}/delete", "views save")
def delete_view(visit: Visit) -> Response:
    """Forgets a list of one's own."""

    def forget(unit: Unit) -> None:
        found = unit.get(SavedView, visit.number_in_path("id"))
        if found is None or found.owner_id != visit.person.id:
            raise NotFound(sentence("There is no such saved list."))
        unit.delete(found)
        visit.note_down(unit, sentence("deleted a list"), found.name)

    visit.keep(forget)
    return visit.to("/")


@action("/me/columns", "self change")
def own_columns(visit: Visit) -> Response:
    """The columns that all his lists show."""
    chosen = list(lists.columns(visit.fields("column")))

    def keep(unit: Unit) -> None:
        mine = unit.get(Preference, visit.person.id)
        if mine is None:
            unit.add(Preference(person_id=visit.person.id, wishes={"columns": chosen}))
        else:
            unit.change(mine, wishes={**mine.wishes, "columns": chosen})

    visit.keep(keep)
    return visit.to(visit.field("back", "/"))


# ---- CSV


@page("/tickets.csv", "tickets export", looks=False)
def export(visit: Visit) -> Response:
    """All rows of a list, not those of its page."""
    listing = _listing(visit)
    with visit.looking():
        ask = _ask(visit, listing)
    names = ("number", *[name for name in listing.columns if name != "number"])
    lines = _csv_lines(visit, ask, names)
    headers = {"Content-Disposition": f'attachment; filename="tickets-{visit.now:%Y-%m-%d}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _csv_lines(visit: Visit, ask: Ask, names: tuple[str, ...]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def line(values: list[Any]) -> str:
        writer.writerow([no_formula("" if value is None else str(value)) for value in values])
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    yield "\ufeff" + line([visit.label(name) for name in names])
    for row in store_listing.every(visit.console.store.look, ask):
        yield line([plain(visit, name, row) for name in names])


def plain(visit: Visit, name: str, row: Listed) -> Any:
    """A column's value as text: times in his zone, hours as a number."""
    if name == "resources":
        return "; ".join([*([row.holder] if row.holder else []), *row.secondaries])
    computed = lists.computed(row, visit.now)
    value = computed[name] if name in computed else lists.field_of(row, name)
    if isinstance(value, datetime):
        return value.astimezone(visit.zone).strftime("%Y-%m-%d %H:%M")
    return value
