"""A database of either kind, for tests of what both must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.store import Store
from tests.fresh import make_tables, try_templates


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database that is not there yet."""
    if kind == "postgresql":
        return str(request.getfixturevalue("empty_postgres"))
    return f"sqlite:///{tmp_path}/maild.db"


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """With our tables and nothing in them."""
    if kind == "postgresql":
        store = Store(request.getfixturevalue("postgres"))
    else:
        store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def tried_templates() -> None:
    """For tests whose commands try all templates, each in a worker of its own."""
    try_templates()
