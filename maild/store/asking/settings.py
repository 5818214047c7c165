"""What the desk keeps for itself, by its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from maild.store.prepared import Asked
from maild.store.question import Question
from maild.store.records import Setting
from maild.store.unit import Unit


def kept(unit: Unit, key: str) -> Mapping[str, Any] | None:
    """What is kept under this key; None where nothing is."""
    row = unit.get(Setting, key)
    return row.value if row is not None else None


def asked(unit: Unit, key: str) -> Asked:
    """What `kept` asks the database."""
    return unit.row_of(Setting, key)


def keep(unit: Unit, key: str, value: Mapping[str, Any]) -> None:
    """Keeps it, in the place of what was kept before."""
    row = unit.get(Setting, key)
    if row is None:
        unit.add(Setting(key=key, value=value))
    else:
        unit.change(row, value=value)


def forget(unit: Unit, key: str) -> None:
    """Keeps it no longer."""
    row = unit.get(Setting, key)
    if row is not None:
        unit.delete(row)


_ALL = Question(Setting, sa.true())


def with_prefix(unit: Unit, prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
    """(key, value) of all whose key begins so, by their key."""
    found = [(row.key, row.value) for row in unit.all(_ALL) if row.key.startswith(prefix)]
    return sorted(found, key=lambda one: one[0])
