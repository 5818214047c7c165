"""A list of tickets at the terminal: which, in which columns and order, as a table or CSV."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from maild import config as configuration
from maild.cli.database import open_desk
from maild.cli.options import local
from maild.desk import field_values, lists, own_lists, people, sides, ticket_query
from maild.desk.lists import Listing
from maild.desk.profile import Profile
from maild.errors import UsageError
from maild.store import asking
from maild.store.asking.listing import MOST_COUNTED, Filter, Listed
from maild.store.records import Person
from maild.store.unit import Unit

USUAL = ("number", "title", "status", "priority", "client", "contact", "resource")
AROUND = 8  # lines of a screen that are no rows
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    listing: Listing
    search: str
    by: str | None
    in_order: bool  # the order was asked for


@dataclass(frozen=True, slots=True)
class Found:
    """What there is."""

    listing: Listing
    rows: Sequence[Listed]
    summaries: list[dict[str, Any]]  # of the rows, where they were asked for: as --json has them
    now: datetime
    counted: int  # of the view; more than MOST_COUNTED: nobody has counted
    cut: bool  # there are more than the rows
    in_order: bool  # of somebody's own list, or asked for: newest first otherwise
    also: tuple[str, ...] = ()  # people, organizations, records that a search has found

    @property
    def more(self) -> str:
        """How many more there are than the rows."""
        return f"{self.counted - len(self.rows):,}" if self.counted <= MOST_COUNTED else "many"


def screenful() -> int:
    """How many rows a screen has."""
    return max(shutil.get_terminal_size((100, 40)).lines - AROUND, FEWEST)


def wanted(
    view: str,
    search: str | None,
    columns: str | None,
    sort: str | None,
    group: str | None,
    by: str | None,
) -> Wanted:
    """The list that the options mean; UsageError for a column that there is not."""
    chosen: tuple[str, ...] = USUAL
    if columns == "fourteen":
        chosen = ("number", *lists.FOURTEEN)
    elif columns is not None:
        chosen = tuple(lists.column(name) for name in columns.split(",") if name.strip())
    grouped = lists.column(group) if group else lists.GROUPED.get(lists.view_named(view), "")
    listing = Listing(view, columns=chosen, group=grouped, sort="number", descending=True)
    if sort is not None:
        listing = listing.with_(sort=lists.sorted_by(sort), descending=sort.startswith("-"))
    return Wanted(listing, search or "", by, sort is not None)


def find(config: Path | None, asked: Wanted, most: int, *, summaries: bool) -> Found:
    """The rows, so many at most, read in one look; a search takes into the index what is new first.

    `summaries`: with all that `--json` prints of each.
    """
    settings = configuration.load(configuration.config_file(config))
    store, profile = open_desk(config)
    now = datetime.now(UTC).astimezone(settings.config.desk.zone)
    if asked.search:
        from maild.desk import search as search_index

        search_index.follow(store)
    with store.look() as unit:
        me = _person(unit, asked.by) if asked.by else None
        client = people.only_client(unit, settings.config, me)
        query = ticket_query.read(unit, profile, asked.search, now, me, client)
        own = _own(unit, profile, asked, me)
        listing = asked.listing if own is None else _of_these(asked.listing, own)
        hits = ticket_query.find(
            unit, profile, listing, query, now=now, me=me, limit=most + 1, client=client
        )
        rows, counted = list(hits.rows), len(hits.rows)
        cut = counted > most
        if cut and not asked.search:
            who = me.id if me else 0
            seen = sides.sees(unit, profile, me)
            ask = lists.ask(profile, listing, me=who, now=now, organization_id=client, sees=seen)
            counted = asking.listing.count(unit, ask)
        if own is not None and not asked.in_order:
            rows.sort(key=lambda row: own.index(row.ticket.id))
        rows = rows[:most]
        told = _summaries(unit, rows) if summaries else []
        in_order = asked.in_order or own is not None
        return Found(asked.listing, rows, told, now, counted, cut, in_order, hits.also)


def _summaries(unit: Unit, rows: Sequence[Listed]) -> list[dict[str, Any]]:
    from maild.desk import views  # it knows much that no table shows

    tickets = [row.ticket for row in rows]
    asking.lists.complete(unit, tickets)
    return [views.summary(unit, ticket) for ticket in tickets]


def _person(unit: Unit, text: str) -> Person:
    """The technician of this name, or whose address it is."""
    return people.resource_named(unit, text) or people.the_person(unit, text)


def _own(unit: Unit, profile: Profile, asked: Wanted, me: Person | None) -> list[int] | None:
    """The tickets of somebody's own list (N20); None: the view is everybody's."""
    name = lists.view_named(asked.listing.view)
    if not own_lists.is_one(profile, name):
        return None
    if me is None:
        raise UsageError(f"The list {name} is somebody's own: add --as, like --as bob@example.com.")
    return own_lists.ids(unit, name, me)


def _of_these(listing: Listing, ids: list[int]) -> Listing:
    return listing.with_(view="all", filters=(Filter("id", "is", tuple(ids)),))


def screen() -> Console:
    """Where a list is printed: what stands in its cells is text and nothing else."""
    return Console(markup=False, emoji=False, highlight=False)


def print_table(console: Console, found: Found) -> None:
    """The rows as a table, or a table a group with its number and hours."""
    if not found.listing.group:
        console.print(_table(found, found.rows))
        return
    by = found.listing.group
    keyed = sorted(found.rows, key=lambda row: str(lists.cell(row, by, found.now) or ""))
    for value, some in groupby(keyed, key=lambda row: lists.cell(row, by, found.now)):
        group = list(some)
        hours = sum(row.minutes for row in group) / 60
        console.print(Text(_shown(value) or "none", "bold"), f": {len(group)}, {hours:g} h", sep="")
        console.print(_table(found, group))


def _table(found: Found, rows: Sequence[Listed]) -> Table:
    table = Table()
    for name in found.listing.columns:
        table.add_column(str(lists.FIELDS[name].label), no_wrap=name == "number")
    for row in rows:
        cells = (lists.cell(row, name, found.now) for name in found.listing.columns)
        table.add_row(*map(_shown, cells))
    return table


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return local(value)
    return "" if value is None else field_values.cell(value).removeprefix("'")


def print_csv(found: Found) -> None:
    """Every row; of the usual columns, all fourteen and the number."""
    chosen = found.listing.columns
    names = ("number", *lists.FOURTEEN) if chosen == USUAL else chosen
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in found.rows:
        writer.writerow(field_values.cell(lists.cell(row, name, found.now)) for name in names)


def ticket_table(rows: Iterable[dict[str, Any]]) -> Table:
    """Tickets as `--json` has them, as a table."""
    table = Table(Column("number", no_wrap=True), "title", "status", "priority", "client")
    table.add_column("contact")
    table.add_column("resource")
    for row in rows:
        table.add_row(
            row["number"],
            escape(row["title"]),
            row["status"],
            row["priority"],
            escape(row["organization"] or ""),
            _name(row["contact"]),
            _name(row["primary_resource"]),
        )
    return table


def _name(person: dict[str, str] | None) -> str:
    return escape(person["name"]) if person else ""
