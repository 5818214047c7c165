"""Brings the database to the shape that this version needs, or says what keeps it from that.

A migration is one transaction on either database.  SQLite rebuilds a table to change it (alembic's
batch mode), which is only possible while it does not watch foreign keys, and that can only be said
outside a transaction (https://www.sqlite.org/lang_altertable.html#otheralter): so we say it before
we begin, and check every reference ourselves before we commit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maild.errors import MaildError, UsageError
from maild.store.database import Store, told_apart

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0024"  # the newest revision in there, known without importing alembic
LOCK = 20261121  # of PostgreSQL: two programs that begin at once migrate one after the other


def migrate(store: Store) -> None:
    """Applies what is missing, in one transaction; UsageError where the database is newer."""
    with told_apart(store.engine):
        with store.engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with _alone(store) as connection:
            if _revision(connection) != HEAD:  # nobody else has done it meanwhile
                _upgrade(connection)


def is_current(store: Store) -> bool:
    """For who must not migrate: True for a database of this version, False for a new one.

    UsageError, with what to do, for an older one: its daemon may be running, and would find other
    tables.
    """
    with told_apart(store.engine), store.engine.connect() as connection:
        found = _revision(connection)
    if found not in (None, HEAD):
        raise UsageError(
            f"The database has the shape of an older maild ({found}; this one needs {HEAD}). Stop "
            "the old daemon and start this one: `maild run` brings the database up to date."
        )
    return found is not None


def outgrown(store: Store) -> bool:
    """Whether a newer version has brought the database up to date since this one opened it."""
    with told_apart(store.engine), store.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found is not None and found != HEAD


def _revision(connection: sa.Connection) -> str | None:
    """The revision that the database is at; None: there is nothing in it yet.

    UsageError where it is not one of ours, or does not say.
    """
    there = set(sa.inspect(connection).get_table_names())
    if "alembic_version" not in there:
        if "ticket" in there:
            raise UsageError(_NAMELESS)
        return None
    rows = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    if not rows and "ticket" in there:
        raise UsageError(_NAMELESS)
    found: str | None = rows[0] if rows else None
    if found is not None and found not in _known():
        raise UsageError(
            "The database was written by a newer version of maild; run that version, "
            "or restore the database that belongs to this one."
        )
    return found


_NAMELESS = (
    "The database has maild's tables but does not say which version made them: its table "
    "alembic_version is empty or gone. Restore it from a backup; changing it by guess could "
    "destroy what is in it."
)


def _known() -> set[str]:
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    with warnings.catch_warnings():
        # A table that is rebuilt refers to one with an index over an expression, which stays as it
        # is; whoever starts maild for the first time need not read of it.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
        command.upgrade(config, "head")


@contextmanager
def _alone(store: Store) -> Iterator[sa.Connection]:
    """A transaction in which the shape of tables can change, committed at the end of the block."""
    with store.engine.connect() as connection:
        if not store.is_sqlite:
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                yield connection
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA temp_store=FILE")  # an index of a large table is sorted there
        try:
            exclusive = connection.execution_options(maild_begin="IMMEDIATE")
            with exclusive.begin():
                yield exclusive
                _check_references(exclusive)
        finally:
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA temp_store=MEMORY")


def _check_references(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise MaildError(
            f"The database was not brought up to date: {len(broken)} rows would point to nothing "
            f"({tables}). It is as it was. Run the version of maild before this one, and please "
            "report it."
        )
