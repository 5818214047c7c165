"""A copy of the desk's data to try things on; nothing of it is kept (E15)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from maild.store.database import Store
from maild.store.migrate import migrate
from maild.store.records import Raw
from maild.store.schema import TABLES, metadata

CHUNK = 1000  # rows copied at a time


@contextmanager
def rehearsal(store: Store) -> Iterator[Store]:
    """A store of its own with the same rows but the octets of old mail; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="maild-rehearsal-") as folder:
        copy = Store(f"sqlite:///{folder}/maild.db")
        try:
            migrate(copy)
            _fill(store, copy)
            yield copy
        finally:
            copy.close()


def _fill(store: Store, copy: Store) -> None:
    tables = [table for table in metadata().sorted_tables if table is not TABLES[Raw]]
    with store.engine.connect() as source, copy.engine.begin() as target:
        for table in tables:
            rows = source.execute(sa.select(table).execution_options(yield_per=CHUNK))
            for part in rows.mappings().partitions():
                target.execute(table.insert(), [dict(row) for row in part])
