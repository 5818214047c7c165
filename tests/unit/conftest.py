"""A database of either kind, for tests of what both must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.store import Store
from tests.fresh import make_tables


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database that is not there yet, of each kind in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres"))
    return f"sqlite:///{tmp_path}/maild.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """With our tables and nothing in them."""
    store = Store(url)
    make_tables(store)
    yield store
    store.close()
