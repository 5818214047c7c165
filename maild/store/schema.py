"""The tables, made of the records (`declare`, `records`)."""

from __future__ import annotations

import dataclasses
import enum
import operator
import threading
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from maild.spool import Mass
from maild.store import console_records, records
from maild.store.declare import RECORDS, Hint, Index, Unique, hint
from maild.store.types import (
    JSON,
    CleanText,
    DigestText,
    KeyText,
    Packed,
    PackedJson,
    PackedMass,
    PackedText,
    RepeatedJson,
    UTCDateTime,
    Word,
)

_METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_TYPES: dict[Any, Any] = {
    int: sa.Integer(),
    bool: sa.Boolean(),
    bytes: Packed(),
    Mass: PackedMass(),
    datetime: UTCDateTime(),
    Mapping: JSON,
    Sequence: JSON,
}


def _table(record: type) -> sa.Table:
    declared = RECORDS[record]
    columns = [_column(f.name, f.type, hint(f)) for f in dataclasses.fields(record)]
    parts = [_part(part) for part in declared.parts]
    how: dict[str, Any] = {"sqlite_with_rowid": False} if declared.clustered else {}
    return sa.Table(declared.name, _METADATA, *columns, *parts, **how)


def _column(name: str, python: Any, hint: Hint) -> sa.Column[Any]:
    inner = [a for a in typing.get_args(python) if a is not types.NoneType]
    nullable = types.NoneType in typing.get_args(python)
    kind = _type(inner[0] if nullable else python, hint)
    refs = [sa.ForeignKey(hint.ref)] if hint.ref else []
    return sa.Column(
        name,
        kind,
        *refs,
        primary_key=hint.primary,
        nullable=nullable,
        index=hint.index or None,
        unique=hint.unique or None,
    )


def _type(python: Any, hint: Hint) -> Any:
    if python is str:
        if hint.digest:
            return DigestText()
        return KeyText() if hint.keyed else PackedText() if hint.packed else CleanText()
    if isinstance(python, type) and issubclass(python, enum.StrEnum):
        return Word(python)
    if hint.big:
        return sa.BigInteger()
    found = _TYPES[python if python in _TYPES else typing.get_origin(python)]
    return PackedJson() if hint.packed and found is JSON else found


def _part(part: Index | Unique) -> Any:
    if isinstance(part, Unique):
        return sa.UniqueConstraint(*part.columns, name=part.name)
    columns = [sa.text(name) if "(" in name else name for name in part.columns]
    # The migrations say the same to PostgreSQL; said here, its dialect would be imported too.
    some: dict[str, Any] = {"sqlite_where": sa.text(part.where)} if part.where else {}
    return sa.Index(part.name, *columns, **some)


NOUNS = (records, console_records)  # the modules that declare them


class _Tables(dict[type, sa.Table]):
    """The table of each record, made when it is first asked for: most commands need few."""

    _one_at_a_time = threading.RLock()

    def __missing__(self, record: type) -> sa.Table:
        with self._one_at_a_time:
            if record not in self:
                self[record] = _table(record)
            return self[record]


TABLES = _Tables()


@lru_cache(maxsize=1)
def metadata() -> sa.MetaData:
    """All tables, to go through them."""
    for record in RECORDS:
        TABLES[record]
    return _METADATA


def record_of(table: sa.Table) -> type:
    """The record that a table was made of."""
    return next(record for record, made in TABLES.items() if made is table)


def row_of(record: type) -> list[sa.ColumnElement[Any]]:
    """What is selected for a record to be made of: its columns, and for each that has entries in
    common with other rows those, as they stand elsewhere."""
    table = TABLES[record]
    return [*table.c, *(_common(table, name) for _, name in common_of(record))]


def _common(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    (key,) = table.c[name].foreign_keys
    there = key.column.table
    found = sa.select(there.c.data).where(key.column == table.c[name])
    return sa.type_coerce(found.correlate(table).scalar_subquery(), RepeatedJson()).label("common")


@cache
def common_of(record: type) -> tuple[tuple[str, str], ...]:
    """Columns of which entries stand elsewhere, each with the one that says where."""
    fields = ((f.name, hint(f).common) for f in dataclasses.fields(record))
    return tuple((name, where) for name, where in fields if where is not None)


def columns(record: type) -> Any:
    """The columns of a record's table, to build a condition with: `columns(Note).ticket_id`."""
    return TABLES[record].c


_PRIMARY = {
    record: tuple(f.name for f in dataclasses.fields(record) if hint(f).primary)
    for record in RECORDS
}


def primary_of(record: type) -> str:
    """The name of a record's primary key, which is one column of those that are asked for by it."""
    return _PRIMARY[record][0]


def key_of(record: type) -> Callable[[Any], Any]:
    """What gives a record's primary key; several values where it is several columns."""
    return _KEY[record]


_KEY = {record: operator.attrgetter(*names) for record, names in _PRIMARY.items()}


@cache
def key_in_row(record: type) -> Callable[[Sequence[Any]], Any]:
    """The same of a row of its table."""
    names = [f.name for f in dataclasses.fields(record)]
    return operator.itemgetter(*map(names.index, _PRIMARY[record]))
