"""`maild ratings`: how contacts found what was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.desk import ratings

LATEST = 20  # ratings that are printed one by one


def register(app: typer.Typer) -> None:
    app.command("ratings")(show)


def show(
    days: Annotated[int, typer.Option("--days", min=1, max=36_500, help="So many days back.")] = 30,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """How contacts found what was done.

    From 1 (poor) to 5 (very good), by technician.
    """
    with open_store(config).look() as unit:
        found = ratings.report(unit, datetime.now(UTC) - timedelta(days=days))
    if json:
        return print_json(found)
    return _print(found, days)


def _print(found: dict[str, Any], days: int) -> None:
    console = Console(highlight=False)
    if not found["count"]:
        return console.print(f"No ratings in the last {days} days.")
    table = Table("technician", "ratings", "mean", "5", "4", "3", "2", "1")
    for row in (*found["resources"], {**found, "resource": "all"}):
        counts = [str(row["scores"][str(score)]) for score in range(5, 0, -1)]
        name = escape(row["resource"] or "nobody")
        table.add_row(name, str(row["count"]), f"{row['mean']:.2f}", *counts)
    console.print(table)
    for one in found["ratings"][-LATEST:]:
        line = f"{one['at']:%Y-%m-%d}  {one['score']}  {one['number']} {one['title']}"
        console.print(escape(f"{line} ({one['by']})"))
    return None
