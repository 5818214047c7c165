"""What tests need and is not made anew for each: databases, which take a second to migrate from
nothing, and compiled templates."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from maild.desk.notifications import catalogue
from maild.store import Store
from maild.store.migrate import migrate
from maild.templates.renderer import check, languages_of


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


def try_templates() -> None:
    """All that we ship; workers that are forked later need not compile them again."""
    for kind in catalogue():
        for language in languages_of(None, kind):
            assert not check(None, kind.name, language)
