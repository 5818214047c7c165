"""New databases for tests: migrating from nothing takes a second, copying its result does not."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from maild.store import Store
from maild.store.migrate import migrate


def make_tables(store: Store) -> None:
    """As `migrate` does for a database that is not there yet."""
    file = Path(store.url.database or "")
    if store.is_sqlite:
        make_file(file)
    migrate(store)  # PostgreSQL without our tables; and what is not as we think it


def make_file(file: Path) -> None:
    """An SQLite database with our tables and nothing in them, where none is there yet."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(_made(), file)
    file.chmod(0o600)


@cache
def _made() -> Path:
    folder = tempfile.mkdtemp(prefix="maild-fresh-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = Path(folder) / "maild.db"
    store = Store(f"sqlite:///{file}")
    migrate(store)
    store.close()
    assert not file.with_name(file.name + "-wal").exists()
    return file
