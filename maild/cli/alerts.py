"""`maild alerts`: what an admin should know."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.store import asking


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("alerts")(alerts)


def alerts(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what an admin should know, and what is over."""
    with open_store(config).look() as unit:
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
