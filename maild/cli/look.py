"""Looking: tickets, one ticket, its .eml, what happened to a message, the outbox."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Column, Table

from maild.app import open_app
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.desk import original_mail, status_requirements, views
from maild.desk.explain import Chapter, in_words, of_messages
from maild.ingest.files import read_paths
from maild.outbox import rows as delivery
from maild.parse.limits import Reader
from maild.store.tables import Alert, OutboxItem
from maild.templates.history import me


def register(app: typer.Typer) -> None:
    for command in (tickets, show, eml, explain, outbox, alerts):
        app.command(command.__name__)(command)


def tickets(
    view: Annotated[str, typer.Option("--view", metavar="NAME", help="Which tickets.")] = "all",
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List tickets."""
    app = open_app(config, look=True)
    with app.store.read() as session:
        rows = [views.summary(session, t) for t in views.tickets(session, app.profile, view)]
    if json:
        print_json(rows)
    else:
        Console().print(ticket_table(rows))


def show(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one ticket with its notes, time, attachments and events."""
    app = open_app(config, look=True)
    with app.store.read() as session:
        ticket = views.ticket(session, number)
        data = views.whole(session, ticket)
        asking = status_requirements.Look(session, app.profile, datetime.now(UTC))
        data["closing_needs"] = status_requirements.closing_needs(asking, ticket)
    if json:
        print_json(data)
    else:
        print_ticket(Console(), data)


def eml(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    note: Annotated[int | None, typer.Argument(help="Id of a note; default: the first.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print the original message, byte for byte."""
    app = open_app(config, look=True)
    with app.store.read() as session:
        octets = original_mail.eml(session, views.ticket(session, number), note)
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()


def explain(
    what: Annotated[str, typer.Argument(help="A file, a Message-ID or a ticket number.")],
    config: ConfigOption = None,
) -> None:
    """Tell what happened to a message, and why, step by step."""
    console = Console(highlight=False)
    for chapter in _chapters(what, config):
        console.print(f"[bold]{escape(chapter.title)}[/bold]")
        for reason in chapter.reasons:
            console.print(f"  {escape(reason.step):<9}[bold]{escape(reason.decided)}[/bold]")
            if reason.because:
                console.print(f"           because {escape(reason.because)}")
        for line in chapter.lines:
            console.print(f"  {escape(line)}")


def _chapters(what: str, config: Path | None) -> list[Chapter]:
    """A file is read as it stands, without a desk; the rest is looked up."""
    if not Path(what).is_file():
        return of_messages(open_app(config, look=True).store, what)
    with closing(Reader()) as reader:
        return [
            Chapter(
                source.label if error is None else f"{source.label}: {error}",
                mail.reasons if mail else (),
                (),
            )
            for source, mail, error in reader.read_all(read_paths([what]))
        ]


def outbox(
    pause: Annotated[bool, typer.Option("--pause", help="Send nothing until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Send again.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List notifications: waiting, sent, failed; or pause and resume their delivery."""
    app = open_app(config, look=not (pause or resume))
    if pause:
        app.store.write(lambda session: delivery.pause(session, me(), datetime.now(UTC)))
    if resume:
        app.store.write(delivery.resume)
    with app.store.read() as session:
        held = delivery.paused(session)
    if held:
        since = local(datetime.fromisoformat(held["since"]))
        print(f"Paused by {held['by']} since {since}; --resume goes on.", file=sys.stderr)
    elif resume:
        print("Delivery goes on.", file=sys.stderr)
    if pause or resume:
        return
    with app.store.read() as session:
        rows = [_item(item) for item in session.query(OutboxItem).order_by(OutboxItem.id)]
    if json:
        print_json(rows)
        return
    table = Table("id", "state", "template", "to", Column("ticket", no_wrap=True))
    for heading in ("tries", "created", "error"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            *(
                str(row[key] if row[key] is not None else "")
                for key in ("id", "state", "template", "to", "ticket", "attempts")
            ),
            local(row["created"]),
            escape(row["error"] or ""),
        )
    Console().print(table)


def alerts(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what an admin should know, and what is over."""
    app = open_app(config, look=True)
    with app.store.read() as session:
        rows: list[dict[str, Any]] = [
            {
                "text": alert.text,
                "first": alert.first,
                "last": alert.last,
                "count": alert.count,
                "cleared": alert.cleared,
            }
            for alert in session.scalars(sa.select(Alert).order_by(Alert.last))
        ]
    if json:
        print_json(rows)
        return
    table = Table("what", "times", "first", "last", "over")
    for row in rows:
        times = (local(row[key]) for key in ("first", "last", "cleared"))
        table.add_row(escape(row["text"]), str(row["count"]), *times)
    Console().print(table)


def _item(item: OutboxItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "state": item.state,
        "template": item.template,
        "to": item.address,
        "ticket": item.ticket.number if item.ticket else None,
        "message_id": item.message_id,
        "subject": item.subject,
        "attempts": item.attempts,
        "next_try": item.next_try if item.state == "waiting" else None,
        "created": item.created,
        "sent": item.sent,
        "error": item.error,
    }


# ---- printing, also for the demo


def local(value: datetime | None) -> str:
    """A time as a person reads it, in the machine's zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else ""


def name(person: dict[str, str] | None) -> str:
    return escape(person["name"]) if person else ""


def ticket_table(rows: Iterable[dict[str, Any]]) -> Table:
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
            name(row["contact"]),
            name(row["primary_resource"]),
        )
    return table


def _promises(data: dict[str, Any]) -> Iterator[str]:
    """What we owe by when (R6)."""
    sla = data.get("fields", {}).get("sla") or {}
    for which in ("first response", "resolution"):
        due = sla.get(f"{which.replace(' ', '_')}_due")
        if due:
            missed = ", missed" if sla.get(f"{which.replace(' ', '_')}_missed") else ""
            paused = ", stands still" if sla.get("paused_since") and not missed else ""
            yield f"{which} by {local(datetime.fromisoformat(due))}{missed}{paused}"


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


def _facts(data: dict[str, Any]) -> Table:
    facts = Table.grid(padding=(0, 2))
    for key in ("status", "priority", "type", "queue", "organization", "due", "resolution"):
        if data[key]:
            shown = local(data[key]) if isinstance(data[key], datetime) else str(data[key])
            facts.add_row(key, escape(shown))
    for key in ("contact", "primary_resource"):
        if data[key]:
            facts.add_row(key.replace("_", " "), f"{name(data[key])} <{data[key]['address']}>")
    for line in (*_promises(data), *(f"to close: {n}" for n in data.get("closing_needs", ()))):
        facts.add_row("", escape(line))
    return facts


def _print_note(console: Console, note: dict[str, Any]) -> None:
    kept = "filed" if note["by_kind"] == "contact" else "internal"
    kind = "" if note["public"] else f" · {kept}"
    console.print(
        f"[bold]{escape(note['by'])}[/bold] ({note['by_kind']}{kind}) "
        f"{local(note['created'])}  note {note['id']}",
        highlight=False,
    )
    for line in note["text"].splitlines() or [""]:
        console.print(f"  {escape(line)}", highlight=False)
    for attachment in note["attachments"]:
        console.print(f"  + {escape(attachment['filename'])} ({attachment['size']:,} bytes)")
    console.print()
