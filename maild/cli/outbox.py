"""`maild outbox`: what waits, was sent, failed; delivery paused and resumed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from maild.app import open_app
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.outbox import rows as delivery
from maild.store.tables import OutboxItem
from maild.templates.history import me


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("outbox")(outbox)


def outbox(
    pause: Annotated[bool, typer.Option("--pause", help="Send nothing until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Send again.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List notifications: waiting, sent, failed.

    Or pause their delivery, and resume it.
    """
    store = open_app(config, look=not (pause or resume)).store
    if pause:
        store.write(lambda session: delivery.pause(session, me(), datetime.now(UTC)))
    if resume:
        store.write(delivery.resume)
    with store.read() as session:
        held = delivery.paused(session)
    if held:
        since = local(datetime.fromisoformat(held["since"]))
        print(f"Paused by {held['by']} since {since}; --resume goes on.", file=sys.stderr)
    elif resume:
        print("Delivery goes on.", file=sys.stderr)
    if pause or resume:
        return
    with store.read() as session:
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
