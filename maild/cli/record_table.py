"""Records as a table at the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table


def table(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Records, as `items.plain` has them, with these of their fields."""
    columns = list(names)
    found = Table(*(name.replace("_", " ") for name in columns))
    for row in rows:
        found.add_row(*(escape(shown(row[name])) for name in columns))
    return found


def shown(value: Any) -> str:
    """A field's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount:g}" for name, amount in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
