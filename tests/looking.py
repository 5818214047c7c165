"""What a test looks at in the database."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa

from maild.store import Store
from maild.store.question import Question
from maild.store.schema import metadata

R = TypeVar("R")


def every(store: Store, record: type[R], **values: Any) -> list[R]:
    """All records of this kind, in the order of their keys, that have these values."""
    with store.look() as unit:
        found = unit.all(Question(record, sa.true()))
    return [one for one in found if all(getattr(one, n) == v for n, v in values.items())]


def all_kept(store: Store) -> str:
    """All text that the database holds."""
    with store.engine.connect() as connection:
        tables = metadata().sorted_tables
        return "\n".join(str(row) for table in tables for row in connection.execute(table.select()))


def the(store: Store, record: type[R], **values: Any) -> R:
    """The only one."""
    (found,) = every(store, record, **values)
    return found
