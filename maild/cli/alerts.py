"""`maild alerts`: what an admin should know."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.store import asking
from maild.store.unit import Unit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("alerts")(alerts)


def alerts(
    clear: Annotated[
        str | None,
        typer.Option("--clear", metavar="WORDS", help='End those whose text holds this; "": all.'),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what an admin should know, and what is over."""
    store = open_store(config)
    if clear is not None:
        count = store.act(partial(_clear, clear))
        print(f"{count} alert{'s' if count != 1 else ''} cleared.")
        return
    with store.look() as unit:
        rows: list[dict[str, Any]] = [
            {
                "text": alert.text,
                "first": alert.first,
                "last": alert.last,
                "count": alert.count,
                "cleared": alert.cleared,
            }
            for alert in asking.alerts.every(unit)
        ]
    if json:
        print_json(rows)
        return
    table = Table("what", "times", "first", "last", "over")
    for row in rows:
        times = (local(row[key]) for key in ("first", "last", "cleared"))
        table.add_row(escape(row["text"]), str(row["count"]), *times)
    Console().print(table)


def _clear(words: str, unit: Unit) -> int:
    standing = [alert for alert in asking.alerts.every(unit) if alert.cleared is None]
    found = [alert for alert in standing if words.lower() in alert.text.lower()]
    for alert in found:
        unit.change(alert, cleared=datetime.now(UTC))
    return len(found)
