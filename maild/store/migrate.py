"""Brings the database to the shape that this version needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from maild.errors import UsageError
from maild.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(store: Store) -> None:
    """Applies what is missing, in one transaction; UsageError where the database is newer."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    with store.transaction() as session:
        connection = session.connection()
        if not store.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20261121)")
        current = MigrationContext.configure(connection).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {r.revision for r in script.walk_revisions()}:
            raise UsageError(
                "The database was written by a newer version of maild; run that version, "
                "or restore the database that belongs to this one."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
