"""What is kept outside the database (`maild/octets.py`) and named by no row any more goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from maild import octets
from maild.store.database import Store, told_apart
from maild.store.packing import OUTSIDE, PIECES, names_in
from maild.store.schema import metadata

HOLDERS = ("raw", "outbox")  # tables with a column of octets
YOUNG_SECONDS = 86_400.0  # what was put since may belong to a row that is just being written


def named(store: Store) -> set[str]:
    """Every name that a row says."""
    with told_apart(store.engine), store.engine.connect() as connection:
        return set(_named(connection))


def sweep(store: Store, *, young: float = YOUNG_SECONDS, only: Iterable[str] | None = None) -> int:
    """Deletes what no row names and was put longer ago; `only`: among these.  How many went."""
    there = octets.place_of_large()
    if there is None:
        return 0
    listed = there.names() if only is None else ((name, young + 1) for name in only)
    old = [name for name, age in listed if age > young]
    kept = named(store) if old else set()
    gone = [name for name in old if name not in kept]
    for name in gone:
        there.delete(name)
    return len(gone)


def _named(connection: sa.Connection) -> Iterator[str]:
    for table in HOLDERS:
        column = metadata().tables[table].c.octets
        plain = sa.type_coerce(column, sa.LargeBinary())
        mark = sa.func.substr(plain, 1, len(OUTSIDE))
        for (kept,) in connection.execute(sa.select(plain).where(mark.in_((OUTSIDE, PIECES)))):
            yield from names_in(kept)
