"""Looking at one ticket with all that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from maild import config as configuration
from maild.cli.database import open_desk
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.desk import field_values, sides, sla, status_requirements, views
from maild.desk.explain import in_words
from maild.desk.field_values import length_of
from maild.model import Role


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    side: Annotated[
        sides.Side | None,
        typer.Option(help="Of a shared ticket this side's; default: whose it was first."),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one ticket with all that belongs to it."""
    store, profile = open_desk(config)
    with store.look() as unit:
        ticket = views.ticket(unit, number, side)
        data = views.whole(unit, ticket)
        looking = status_requirements.Look(unit, profile, datetime.now(UTC))
        zone = configuration.load(configuration.config_file(config)).config.desk.zone
        data["sla_left"] = [
            {"which": which, "minutes": round(minutes), "stands_still": still}
            for which, minutes, still in sla.left(profile, zone, ticket, looking.now)
        ]
        data["closing_needs"] = status_requirements.closing_needs(looking, ticket)
    if json:
        print_json(data)
    else:
        print_ticket(Console(), data)


# ---- printing, also for the demo


def _promises(data: dict[str, Any]) -> Iterator[str]:
    """What we owe by when (R6)."""
    sla = data.get("fields", {}).get("sla") or {}
    for which in ("first response", "resolution"):
        due = sla.get(f"{which.replace(' ', '_')}_due")
        if due:
            missed = ", missed" if sla.get(f"{which.replace(' ', '_')}_missed") else ""
            paused = ", stands still" if sla.get("paused_since") and not missed else ""
            left = "".join(
                f", {length_of(one['minutes'])} of business time left"
                for one in data.get("sla_left", ())
                if one["which"] == which
            )
            yield f"{which} by {local(datetime.fromisoformat(due))}{left}{missed}{paused}"


# Events that only say again what another one says; `explain` and --json have them.
TOLD_TWICE = ("rule fired", "completed", "reopened")


def print_ticket(console: Console, data: dict[str, Any]) -> None:
    """One ticket: its facts, its conversation, its events."""
    title = f"{data['number']} · {escape(data['title'])}"
    console.print(Panel(_facts(data), title=title, expand=False))
    for note in data["notes"]:
        _print_note(console, note)
    for event in data["events"]:
        if event["event"] not in TOLD_TWICE:
            said = in_words(event["event"], event["by"], event["detail"])
            console.print(f"{local(event['at'])}  {escape(said)}", style="dim", highlight=False)


# What stands in fields for the desk alone, or elsewhere on the page.
HIDDEN = ("sla", "checklist", "form", "also_in", "completed_by_side")


def _facts(data: dict[str, Any]) -> Table:
    facts = Table.grid(padding=(0, 2))
    for name, value in _named(data):
        if value:
            facts.add_row(name.replace("_", " "), escape(str(value)))
    for line in (*_promises(data), *(f"to close: {n}" for n in data.get("closing_needs", ()))):
        facts.add_row("", escape(line))
    for entry in data.get("time_entries", ()):
        facts.add_row("time", escape(_worked(entry)))
    return facts


def _named(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every fact that there is, by its name; dates in the machine's zone, which is named."""
    for key in ("status", "priority", "type", "source", "queue", "organization"):
        yield key, data[key]
    for key in ("contact", "primary_resource"):
        yield key, _people([data[key]])
    for key in ("secondary_resources", "additional_contacts"):
        yield key, _people(data[key])
    for key in ("due", "created", "updated", "completed"):
        yield key, f"{local(data[key])} {data[key].astimezone():%Z}" if data[key] else ""
    yield "shared with", _shared(data.get("shared"))
    yield "tags", ", ".join(map(str, data["tags"]))
    yield "resolution", data["resolution"]
    yield "hours worked", f"{data['total_hours']:g}" if data["total_hours"] else ""
    for name, value in data.get("fields", {}).items():
        if name not in HIDDEN:
            yield name, _moment(value) or field_values.cell(value).removeprefix("'")
    for item in data.get("fields", {}).get("checklist") or ():
        yield "checklist", f"[{'x' if item.get('done') else ' '}] {item['item']}"


def _shared(shared: dict[str, Any] | None) -> str:
    """The other desk, its number, and what is known of its ticket."""
    if shared is None:
        return ""
    parts = [shared["partner"], shared["reference"] or "number not known yet"]
    parts += [f"status {shared['status']}"] if shared["status"] else []
    parts += [f"{shared['says']} said last"] if shared["says"] else []
    for who, when in (("they", shared["completed"]), ("we", shared["done"])):
        parts += [f"{who} were done {local(when)}"] if when else []
    return ", ".join(parts)


def _moment(value: Any) -> str:
    """The time that a field holds, in the machine's zone, which is named; "" where it is none."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        when = None
    return f"{local(when)} {when.astimezone():%Z}" if when and when.tzinfo else ""


def _people(several: list[dict[str, str] | None]) -> str:
    return ", ".join(f"{p['name']} <{p['address']}>" for p in several if p)


def _worked(entry: dict[str, Any]) -> str:
    kind = f", {entry['work_type']}" if entry["work_type"] else ""
    free = "" if entry.get("billable", True) else ", not billable"
    summary = f": {entry['summary']}" if entry["summary"] else ""
    hours = f"{entry['minutes'] / 60:.2f} h"
    return f"{local(entry['worked_on'])[:10]} {entry['by']} {hours}{kind}{free}{summary}"


def _print_note(console: Console, note: dict[str, Any]) -> None:
    kept = "filed" if note["by_kind"] == Role.CONTACT else "internal"
    kind = "" if note["public"] else f" · {kept}"
    console.print(
        f"[bold]{escape(note['by'])}[/bold] ({note['by_kind']}{kind}) "
        f"{local(note['created'])}  note {note['id']}",
        highlight=False,
    )
    if note["title"]:
        console.print(f"  [bold]{escape(note['title'])}[/bold]", highlight=False)
    for line in note["text"].splitlines() or [""]:
        console.print(f"  {escape(line)}", highlight=False)
    for attachment in note["attachments"]:
        refused = f", refused: {attachment['refused']}" if attachment["refused"] else ""
        said = f"{attachment['filename']} ({attachment['size']:,} bytes{refused})"
        console.print(f"  + {escape(said)}")
    console.print()
