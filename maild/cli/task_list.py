"""The tasks that are to be processed, at the terminal: a list beside those of tickets."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from maild.cli import record_table
from maild.cli.database import open_store
from maild.cli.options import more, print_json
from maild.desk import item_files, items, tasks
from maild.desk.item_kinds import KINDS

COLUMNS = ("name", "project", "status", "due", "resources", "estimated_hours")


def print_tasks(config: Path | None, most: int, *, json: bool, as_csv: bool) -> None:
    """The tasks that are not done, what is due first before the others (N17, N23)."""
    kind = KINDS["task"]
    with open_store(config).look() as unit:
        rows = [items.plain(unit, kind, task) for task in tasks.to_process(unit)]
    shown = rows[:most]
    if json:
        print_json(shown)
    elif as_csv:
        item_files.write_rows(kind, shown, sys.stdout)
    else:
        Console().print(record_table.table(COLUMNS, shown))
        more(len(rows) - len(shown))
