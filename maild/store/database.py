"""One database, SQLite or PostgreSQL, with transactions that either happened or did not."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine.url import make_url

from maild.errors import MaildError, Temporary, Unavailable, UsageError
from maild.store.prepared import Bare, Link, Plain
from maild.store.turns import Turns
from maild.store.types import as_json, octets_of_digest
from maild.store.unit import Unit

Result = TypeVar("Result")

ATTEMPTS = 5  # of a transaction that the database itself asks us to repeat
BUSY_SECONDS = 10  # how long SQLite waits for another writer
UNIQUE = "23505"  # PostgreSQL's code for a row that is there already
READ_ONLY = "25006"  # … and for a database that takes no writes


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the database has against us."""

    error: MaildError
    since: float  # monotonic; when the first transaction began that it is in the way of


class Store:
    """The desk's database.

    `unit()` gives a unit of work that is committed durably at the end of the block, or not at all;
    `look()` one that may only look; `act(work)` repeats `work` when the database was locked or
    chose us as a deadlock's victim.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Opens nothing yet.  `sqlite:///file` or `postgresql://…`; UsageError for others."""
        self.url = _normal(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url, busy_seconds) if self.is_sqlite else _postgresql(self.url)
        self._turns = Turns(busy_seconds)
        self._lasting: dict[str, Any] = {}
        self.trouble: Trouble | None = None  # while it is in the way of who would write
        self.executed = 0  # statements so far of units that were not given up
        self.plain = "MAILD_PLAIN_SQL" in os.environ  # Core runs every statement itself

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A unit of work, written and committed durably at the end of the block, or not at all.

        Temporary where another try may help, Unavailable where the database cannot be opened.
        """
        with self._link(write=True) as link:
            unit = Unit(link, lasting=self._lasting)
            yield unit
            unit.write()
            link.commit()

    def together(
        self,
        works: Sequence[Callable[[Unit], Result]],
        *,
        seconds: float,
        most: float,
        gives_way: Callable[[Unit], bool] | None = None,
    ) -> list[Result | Exception]:
        """Runs each of these on a unit of its own, all of them in one transaction: until `seconds`
        are over where somebody waits to write, else for `most`; what each gave that was run.

        `gives_way`: asked when it is their turn; where it says so none is run.  One that fails
        gives its error, nothing of it is kept, and the others are as they were.  Temporary where
        the database was in the way again and again; nothing is kept then.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._together(works, seconds, most, gives_way)
            except Temporary:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))
        return self._together(works, seconds, most, gives_way)

    def _together(
        self,
        works: Sequence[Callable[[Unit], Result]],
        seconds: float,
        most: float,
        gives_way: Callable[[Unit], bool] | None,
    ) -> list[Result | Exception]:
        given: list[Result | Exception] = []
        with self._link(write=True) as link:
            if gives_way and gives_way(Unit(link, writes=False, lasting=self._lasting)):
                return []
            began = time.monotonic()
            for work in works:
                given.append(self._part(link, work))
                if time.monotonic() - began >= (seconds if self._is_waited_for() else most):
                    break
            link.commit()
        return given

    def _is_waited_for(self) -> bool:
        """Whether somebody waits for who writes now; what waits inside PostgreSQL nobody sees."""
        return self._turns.wanted or not self.is_sqlite

    def _part(self, link: Link, work: Callable[[Unit], Result]) -> Result | Exception:
        try:
            with told_apart(self.engine), link.savepoint():
                unit = Unit(link, lasting=self._lasting)
                result = work(unit)
                unit.write()
                return result
        except (Temporary, Unavailable):
            raise
        except Exception as error:
            return error

    @contextmanager
    def look(self) -> Iterator[Unit]:
        """A unit of work that may only look."""
        with self._link(write=False) as link:
            yield Unit(link, writes=False, lasting=self._lasting)

    def act(self, work: Callable[[Unit], Result]) -> Result:
        """Runs `work` on a unit, again (bounded) where the database was in the way."""
        for attempt in range(1, ATTEMPTS):
            try:
                with self.unit() as unit:
                    return work(unit)
            except Temporary:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))
        with self.unit() as unit:
            return work(unit)

    @contextmanager
    def _link(self, *, write: bool) -> Iterator[Link]:
        """A connection in a transaction, which the pool undoes unless it was committed."""
        turn = self._turns.taken() if write and self.is_sqlite else nullcontext()
        began = time.monotonic()
        try:
            with told_apart(self.engine), turn, self._connected() as link:
                link.begin(write=write)
                yield link
                self.executed += link.executed
        except (Temporary, Unavailable) as error:
            if isinstance(error.__cause__, Exception) and is_database(error.__cause__):
                self.trouble = self.trouble or Trouble(error, began)
            raise
        if write:
            self.trouble = None

    @contextmanager
    def _connected(self) -> Iterator[Link]:
        if self.plain:
            with self.engine.connect() as connection:
                yield Plain(connection)
            return
        with closing(self.engine.raw_connection()) as raw:
            yield Bare(raw, self.engine.dialect)

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()


@contextmanager
def told_apart(engine: sa.Engine) -> Iterator[None]:
    """Says of a database error whether another try may help: Temporary, else Unavailable."""
    try:
        yield
    except (sa.exc.DBAPIError, _driver(engine).Error) as error:
        told = _told(engine, error.orig if isinstance(error, sa.exc.DBAPIError) else error)
        if told is None:
            raise
        if any(word in told.detail for word in ("readonly", "I/O", "malformed")):
            engine.dispose()  # SQLite goes on as it once opened the file
        raise told from error


def _driver(engine: sa.Engine) -> Any:
    return engine.dialect.dbapi


def _told(engine: sa.Engine, error: BaseException | None) -> MaildError | None:
    """What a person is told of the driver's error; None: it is ours, and no try helps."""
    lines = str(error).strip().splitlines() if error is not None else []
    what, name = lines[0] if lines else "no answer", engine.url.database
    if "unable to open" in what:
        return Unavailable(
            f"The database {name} cannot be opened. Does its folder exist, "
            "and may this user write there?",
            detail=what,
        )
    if "not a database" in what:
        return Unavailable(
            f"{name} is not a database. Name another file in `[database] url`, "
            "or put yours back from a backup."
        )
    if getattr(error, "sqlstate", None) == UNIQUE:
        return Temporary("Somebody else wrote the same at this moment.", detail=what)
    read_only = getattr(error, "sqlstate", None) == READ_ONLY
    if read_only or isinstance(error, _driver(engine).OperationalError):
        return Temporary(
            f"The database does not answer as it should ({what}). It is tried again by itself; "
            "if this lasts, look at `[database] url` and at the disk.",
            detail=what,
        )
    return None


def is_database(error: Exception) -> bool:
    """Whether the transaction that this error comes from can go on with nothing."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    return isinstance(error, sa.exc.DBAPIError) or bool(kinds & {"sqlite3.Error", "psycopg.Error"})


def _normal(url: str) -> sa.URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise UsageError(
            "[database] url is not an address of a database; write sqlite:///var/maild.db "
            "or postgresql://user@host/name."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise UsageError(f"[database] url starts with {backend}:; sqlite and postgresql are possible.")


def _sqlite(url: sa.URL, busy_seconds: float) -> sa.Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"The folder of the database {url.database} cannot be made ({error.strerror}). "
                "Make it, or name another in `[database] url`."
            ) from error
    engine = sa.create_engine(
        url,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
        pool_use_lifo=True,  # who is asked for next has the pages in its cache; the others rest
        json_serializer=as_json,
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        name = octets_of_digest.__name__
        connection.create_function(name, 1, octets_of_digest, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # no acknowledgement precedes the disk (H2)
        cursor.execute("PRAGMA foreign_keys=ON")
        # What a savepoint would take back is kept here: in a file it was seven writes of ten.
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = connection.get_execution_options().get("maild_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url, pool_pre_ping=True, pool_size=10, max_overflow=10, json_serializer=as_json
    )
