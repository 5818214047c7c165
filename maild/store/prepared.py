"""Statements that are compiled once and run by the driver alone, and the two ways to run them.

A statement is written in SQLAlchemy's Core: one text for both databases, with our types.  Core
spends two to four times on running it what the driver does (34 µs against 12 for a row by its id),
so `Bare` hands the compiled text to the driver; `Plain` has Core do it all.  They give the same:
every test can be run by `Plain` (MAILD_PLAIN_SQL=1), and one compares them statement by statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.sql import visitors

Row = tuple[Any, ...]
Params = Mapping[str, Any]


class Statement:
    """One statement; `columns` are those that it gives back, where it is no SELECT."""

    __slots__ = ("_compiled", "columns", "core")

    def __init__(self, core: Any, columns: Sequence[sa.ColumnElement[Any]] = ()) -> None:
        self.core = core
        self.columns: Sequence[sa.ColumnElement[Any]] = columns
        if isinstance(core, sa.Select):
            self.columns = tuple(core.selected_columns)
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: sa.Dialect) -> Compiled:
        """The statement as this database takes it."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self, dialect)
        return found


Asked = tuple[Statement, Params]  # one that gives rows, with its values


@dataclass(frozen=True, slots=True)
class Compiled:
    """The text of a statement, and what turns its values into the driver's and back."""

    sql: str
    bind: Callable[[Params], Any]
    read: Callable[[Row], Row]


def _compile(statement: Statement, dialect: sa.Dialect) -> Compiled:
    compiled: Any = _inlined(statement.core, dialect).compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    binds = [(name, compiled.binds[name]) for name in names]
    bind = _binder(binds, dialect, compiled.positiontup is None)
    return Compiled(compiled.string, bind, _reader(statement.columns, dialect))


def _inlined(core: Any, dialect: sa.Dialect) -> Any:
    """The statement with its constants in its text, so that the database can plan with them (an
    index over some of the rows is used only then)."""

    def constant(element: Any, **_: Any) -> Any:
        if not isinstance(element, sa.BindParameter) or element.required:
            return None
        write = element.type.dialect_impl(dialect).literal_processor(dialect)
        if write is None or element.value is None:
            return None
        if element.expanding:
            return sa.literal_column(f"({', '.join(map(write, element.value))})", element.type)
        return sa.literal_column(write(element.value), element.type)

    return visitors.replacement_traverse(core, {}, constant)


def _binder(
    binds: Sequence[tuple[str, sa.BindParameter[Any]]], dialect: sa.Dialect, by_name: bool
) -> Callable[[Params], Any]:
    """What gives the driver's values for parameters, in their order or by their names in the
    statement (a constant of an UPDATE is called like its column there); written out, as it runs for
    every row."""
    given: dict[str, Any] = {}
    parts = []
    for n, (name, bind) in enumerate(binds):
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        value = f"p[{bind.key!r}]"
        if not bind.required and bind.value is not None:
            given[f"v{n}"] = process(bind.value) if process else bind.value
            value = f"v{n}"
        elif process:
            given[f"f{n}"] = process
            value = f"f{n}({value})"
        parts.append(f"{name!r}: {value}" if by_name else f"{value},")
    made: Callable[[Params], Any]
    body = f"{{{', '.join(parts)}}}" if by_name else f"({''.join(parts)})"
    made = eval(f"lambda p: {body}", given)
    return made


def _reader(columns: Sequence[sa.ColumnElement[Any]], dialect: sa.Dialect) -> Callable[[Row], Row]:
    """What gives our values for a row of the driver's, in the same way."""
    found = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns]
    if not any(found):
        return lambda row: row
    parts = ", ".join(f"p{n}(r[{n}])" if p else f"r[{n}]" for n, p in enumerate(found))
    names = {f"p{n}": process for n, process in enumerate(found) if process}
    made: Callable[[Row], Row] = eval(f"lambda r: ({parts},)", names)
    return made


@lru_cache(maxsize=256)
def _joined(statements: tuple[Statement, ...], dialect: sa.Dialect) -> str:
    """One text for SQLite that gives the rows of all of these, one after the other in its order:
    which of them, its columns, and NULL up to the widest one's."""
    widest = max(len(one.columns) for one in statements)
    parts = []
    for n, one in enumerate(statements):
        sql, nothing = one.on(dialect).sql, ", NULL" * (widest - len(one.columns))
        parts.append(f"SELECT {n}, s.*{nothing} FROM ({sql}) AS s")
    return " UNION ALL ".join(parts)


# ---- running them


class Link(Protocol):
    """One connection in one transaction."""

    dialect: sa.Dialect
    executed: int  # statements so far, an executemany as one, BEGIN and COMMIT aside
    info: dict[str, Any]  # what is known for the time of this transaction

    def rows(self, statement: Statement, params: Params) -> list[Row]:
        """What it gives."""

    def several(self, asked: Sequence[Asked]) -> list[list[Row]]:
        """What each of these gives, asked in one go: a single statement, or a single round trip."""

    def run(self, statement: Statement, params: Params) -> int:
        """Runs one that gives nothing; how many rows it touched."""

    def many(self, statement: Statement, params: Sequence[Params]) -> None:
        """Runs it for each of these."""

    def together(self) -> AbstractContextManager[object]:
        """What is run within need not wait for the answers to what ran before."""

    def begin(self, *, write: bool) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """What is run within is undone where an error leaves it."""


class Bare:
    """By the driver alone."""

    def __init__(self, raw: Any, dialect: sa.Dialect) -> None:
        self.dialect = dialect
        self.executed = 0
        self.info: dict[str, Any] = {}
        self._raw = raw
        self._cursor = raw.cursor()

    def rows(self, statement: Statement, params: Params) -> list[Row]:
        compiled = statement.on(self.dialect)
        self.executed += 1
        self._cursor.execute(compiled.sql, compiled.bind(params))
        return list(map(compiled.read, self._cursor.fetchall()))

    def several(self, asked: Sequence[Asked]) -> list[list[Row]]:
        compiled = [statement.on(self.dialect) for statement, _ in asked]
        bound = [one.bind(params) for one, (_, params) in zip(compiled, asked, strict=True)]
        if self.dialect.name != "sqlite":
            return self._in_a_pipeline(compiled, bound)
        self.executed += 1
        statements = tuple(statement for statement, _ in asked)
        self._cursor.execute(_joined(statements, self.dialect), tuple(chain(*bound)))
        found: list[list[Row]] = [[] for _ in asked]
        for row in self._cursor.fetchall():
            place = row[0]
            found[place].append(compiled[place].read(row[1 : 1 + len(statements[place].columns)]))
        return found

    def _in_a_pipeline(self, some: Sequence[Compiled], bound: Sequence[Any]) -> list[list[Row]]:
        self.executed += len(some)
        cursors = [self._raw.cursor() for _ in some]
        with self.together():
            for cursor, one, values in zip(cursors, some, bound, strict=True):
                cursor.execute(one.sql, values)
        return [
            list(map(one.read, cursor.fetchall()))
            for one, cursor in zip(some, cursors, strict=True)
        ]

    def run(self, statement: Statement, params: Params) -> int:
        compiled = statement.on(self.dialect)
        self.executed += 1
        self._cursor.execute(compiled.sql, compiled.bind(params))
        count: int = self._cursor.rowcount
        return count

    def many(self, statement: Statement, params: Sequence[Params]) -> None:
        compiled = statement.on(self.dialect)
        self.executed += 1
        if len(params) == 1:
            self._cursor.execute(compiled.sql, compiled.bind(params[0]))
        else:
            self._cursor.executemany(compiled.sql, list(map(compiled.bind, params)))

    def together(self) -> AbstractContextManager[object]:
        if self.dialect.name == "sqlite":
            return nullcontext()
        pipeline: AbstractContextManager[object] = self._raw.driver_connection.pipeline()
        return pipeline

    def begin(self, *, write: bool) -> None:
        if self.dialect.name == "sqlite":  # psycopg says BEGIN itself
            # A deferred BEGIN that writes later can fail where it stands: a writer says so at once.
            self._cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        self._raw.commit()

    def rollback(self) -> None:
        self._raw.rollback()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._cursor.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK TO part")
            self._cursor.execute("RELEASE part")
            raise
        self._cursor.execute("RELEASE part")


class Plain:
    """By Core, with nothing of ours between."""

    def __init__(self, connection: sa.Connection) -> None:
        self.dialect = connection.dialect
        self.executed = 0
        self.info: dict[str, Any] = {}
        self._connection = connection

    def rows(self, statement: Statement, params: Params) -> list[Row]:
        self.executed += 1
        return [tuple(row) for row in self._connection.execute(statement.core, dict(params))]

    def several(self, asked: Sequence[Asked]) -> list[list[Row]]:
        return [self.rows(statement, params) for statement, params in asked]

    def run(self, statement: Statement, params: Params) -> int:
        self.executed += 1
        return self._connection.execute(statement.core, dict(params)).rowcount

    def many(self, statement: Statement, params: Sequence[Params]) -> None:
        self.executed += 1
        self._connection.execute(statement.core, [dict(some) for some in params])

    def together(self) -> AbstractContextManager[object]:
        return nullcontext()

    def begin(self, *, write: bool) -> None:
        mode = "IMMEDIATE" if write else "DEFERRED"
        self._connection = self._connection.execution_options(maild_begin=mode)
        self._connection.begin()

    def commit(self) -> None:
        self._connection.commit()

    def rollback(self) -> None:
        self._connection.rollback()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self._connection.begin_nested():
            yield
