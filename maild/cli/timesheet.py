"""`maild timesheet`: working time of a week."""

from __future__ import annotations

import csv
import sys
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import open_app
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.desk import field_values, people, timesheet
from maild.errors import UsageError

# Columns of the CSV, in their order.
COLUMNS = (
    "worked_on", "start", "end", "by", "client", "number", "title", "work_type", "hours",
    "billable", "rate", "amount", "summary", "internal", "overlaps",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("timesheet")(show)


def show(
    person: Annotated[
        str | None, typer.Argument(metavar="PERSON", help="Address or name; default: everybody.")
    ] = None,
    week: Annotated[
        str | None, typer.Option("--week", metavar="WEEK", help="Like 2026-W48; default: this one.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option("--organization", metavar="NAME", help="On its tickets alone.")
    ] = None,
    json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every entry as CSV.")] = False,
    config: ConfigOption = None,
) -> None:
    """Working time of a week, with sums by day and client."""
    if json and as_csv:
        raise UsageError("--json and --csv: choose one of them.")
    app = open_app(config, look=True)
    zone = app.settings.config.desk.zone
    first = _monday(week, datetime.now(zone).date())
    with app.store.look() as unit:
        of = people.resource_named(unit, person) if person else None
        if person and of is None:
            raise UsageError(
                f'There is no one technician "{person}"; `maild people list --role resource` '
                "shows who there is."
            )
        client = people.the_organization(unit, organization) if organization else None
        sheet = timesheet.week(unit, of, first, zone, client)
    if json:
        print_json(sheet)
    elif as_csv:
        _print_csv(sheet["entries"])
    else:
        _print(sheet)


def _monday(week: str | None, today: date) -> date:
    if week is None:
        return timesheet.monday(today)
    found = timesheet.week_of(week)
    if found is None:
        raise UsageError(f"--week {week}: write a week like 2026-W48.")
    return found


def _print_csv(entries: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: field_values.cell(entry[name]) for name in COLUMNS} for entry in entries
    )


def _print(sheet: dict[str, Any]) -> None:
    console, week = Console(highlight=False), sheet["week"]
    table = Table("when", "by", "ticket", "client", "type", "hours", "summary")
    for entry in sheet["entries"]:
        free = "" if entry["billable"] else ", free"
        marks = "  overlaps" if entry["overlaps"] else ""
        table.add_row(
            _when(entry),
            escape(entry["by"] or ""),
            f"{entry['number']} {escape(entry['title'])}",
            escape(entry["client"] or ""),
            f"{escape(entry['work_type'] or '')}{free}",
            f"{entry['hours']:.2f}{marks}",
            escape(entry["summary"]),
        )
    console.print(table)
    for day in sheet["days"]:
        console.print(f"{day['day']}  {day['hours']:.2f} h")
    for client in sheet["clients"]:
        name = escape(client["client"] or "no client")
        console.print(f"{name}: {client['hours']:.2f} h, {client['billable']:.2f} h billable")
    console.print(f"{week['number']}: {week['hours']:.2f} h, {week['billable']:.2f} h billable")


def _when(entry: dict[str, Any]) -> str:
    if not entry["start"]:
        return str(entry["worked_on"])[:10]
    start = datetime.fromisoformat(entry["start"]).astimezone()
    end = datetime.fromisoformat(entry["end"]).astimezone()
    return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}"
