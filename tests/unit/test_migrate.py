"""Bringing a database up to date: whole or not at all, and never by who only looks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from maild import config
from maild.app import build, open_app
from maild.errors import MaildError, UsageError
from maild.store import Store, migrate
from maild.store.asking import integrity
from maild.store.schema import metadata
from tests.scenario.conversation import Desk

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

# The next revision: rebuilds a table that others refer to, and itself refers to others.
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "7777", "{head}"


def upgrade():
    with op.batch_alter_table("ticket") as table:
        table.add_column(sa.Column("floor", sa.Integer(), server_default="3", nullable=False))
        table.alter_column("title", new_column_name="headline", nullable=True)
    {more}
"""


@pytest.fixture
def make_filled(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes desks with a ticket, notes, people, events and mail that went out."""
    desks = []

    def make(database: str = "sqlite:///var/maild.db") -> Desk:
        desk = Desk(tmp_path, database)
        desks.append(desk)
        desk.ann.mail("Printer is on fire")
        desk.bob.reply("On my way.")
        return desk

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, make_filled: Callable[..., Desk]) -> Desk:
    if request.param == "sqlite":
        return make_filled()
    return make_filled(request.getfixturevalue("postgres"))


def with_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """A version of maild that is one revision further."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in (*migrate.MIGRATIONS.glob("*.*"), *migrate.MIGRATIONS.glob("versions/*.py")):
        (folder / file.relative_to(migrate.MIGRATIONS)).write_bytes(file.read_bytes())
    text = NEXT.format(head=migrate.HEAD, more=more)
    (folder / "versions" / "7777_next.py").write_text(text)
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    monkeypatch.setattr(migrate, "HEAD", "7777")


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds, by table, but for the revision."""
    with store.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        return {
            table: sorted(
                map(tuple, connection.execute(sa.text(f"SELECT * FROM {table}"))), key=repr
            )
            for table in tables
            if table != "alembic_version"
        }


def test_the_head_is_that_of_the_files() -> None:
    script = Config()
    script.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(script).get_current_head() == migrate.HEAD


def test_a_table_that_others_refer_to_is_rebuilt_on_a_filled_database(
    filled: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(filled.store)
    with_next(tmp_path, monkeypatch)
    migrate.migrate(filled.store)
    after = rows(filled.store)
    assert [(*row, 3) for row in before.pop("ticket")] == after.pop("ticket")
    assert before == after
    with filled.store.engine.connect() as connection:
        assert "headline" in {c["name"] for c in sa.inspect(connection).get_columns("ticket")}
        if filled.store.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with pytest.raises(sa.exc.IntegrityError), filled.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE note SET ticket_id = 4711"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('op.execute("DELETE FROM ticket")', "would point to nothing"),
        ("raise ZeroDivisionError", "division|ZeroDivisionError"),
    ],
)
def test_a_migration_that_goes_wrong_changes_nothing(
    make_filled: Callable[..., Desk],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: str,
    said: str,
) -> None:
    filled = make_filled()
    before = rows(filled.store)
    with_next(tmp_path, monkeypatch, more)
    with pytest.raises((MaildError, ZeroDivisionError)) as caught:
        migrate.migrate(filled.store)
    assert said.split("|")[0] in str(caught.value) or isinstance(caught.value, ZeroDivisionError)
    assert rows(filled.store) == before
    with filled.store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_who_only_looks_leaves_an_older_database_alone(
    filled: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(filled.store)
    with_next(tmp_path, monkeypatch)
    for look in (True, False):
        with pytest.raises(UsageError, match="`maild run` brings the database up to date"):
            open_app(filled.file, look=look)
    assert rows(filled.store) == before
    migrate.migrate(filled.store)
    assert open_app(filled.file, look=True).store.is_sqlite == filled.store.is_sqlite


def test_who_only_looks_writes_nothing(make_filled: Callable[..., Desk]) -> None:
    filled = make_filled()
    with filled.file.open("a") as file:
        file.write('[[resource]]\nname = "Eve"\nemail = "eve@example.com"\n')
    before = rows(filled.store)
    open_app(filled.file, look=True).close()
    assert rows(filled.store) == before
    open_app(filled.file).close()
    assert rows(filled.store) != before


def test_a_new_database_gets_its_tables_whoever_comes_first(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_text('[[resource]]\nname = "Eve"\nemail = "eve@example.com"\n')
    app = open_app(tmp_path / "maild.toml", look=True)
    assert len(rows(app.store)["person"]) == 1
    app.close()


def test_a_new_database_is_made_without_a_word(tmp_path: Path) -> None:
    """What a library remarks about indexes is no news for whoever starts maild the first time."""
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        migrate.migrate(store)
    store.close()


@pytest.mark.parametrize("how", ["DELETE FROM alembic_version", "DROP TABLE alembic_version"])
def test_a_database_that_does_not_say_its_version_gets_a_true_sentence(
    filled: Desk, how: str
) -> None:
    with filled.store.engine.begin() as connection:
        connection.execute(sa.text(how))
    before = rows(filled.store)
    for attempt in (migrate.migrate, migrate.is_current):
        with pytest.raises(UsageError, match="does not say which version made them"):
            attempt(filled.store)
    assert rows(filled.store) == before


def test_two_programs_that_begin_at_once_migrate_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "maild.db"
    first, second = Store(f"sqlite:///{file}"), Store(f"sqlite:///{file}", busy_seconds=5)
    with migrate._alone(first) as connection:
        other = sqlite3.connect(file, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("PRAGMA busy_timeout=1").execute("BEGIN IMMEDIATE")
        migrate._upgrade(connection)
    migrate.migrate(second)
    (tmp_path / "maild.toml").write_text("")
    build(config.load(tmp_path / "maild.toml"), second, now=NOW).close()


def fill(connection: sa.Connection, mark: int) -> None:
    """A row in every table that there is, of made-up values of the right types; `mark` is its id,
    and in all that is there once."""
    tables = sa.MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        plain = not table.name.startswith(("search_words", "alembic_version"))
        if plain and table.name in metadata().tables:
            values = {c.name: value(c, mark) for c in table.columns if not c.nullable or c.unique}
            connection.execute(table.insert(), values)


def value(column: sa.Column[Any], mark: int) -> object:
    if column.foreign_keys or column.name == "id":
        return mark
    kind = repr(column.type).upper()
    if "JSON" in kind:
        return [] if column.name in LISTS else {}
    for word, found in (
        ("TIME", NOW.replace(tzinfo=None, day=mark)),
        ("BOOL", True),
        ("BLOB", b"octets"),
        ("BYTEA", b"octets"),
        ("INT", mark),
    ):
        if word in kind:
            return found
    return f"{column.name} {mark}"


LISTS = ("reasons", "commands", "attachments", "references", "tags")


def revisions() -> list[str]:
    return sorted(migrate._known())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_of_every_version_are_there_after_all_migrations(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """One database that every version wrote into: a row of each in every table that it had."""
    url = f"sqlite:///{tmp_path / 'maild.db'}"
    store = Store(url if kind == "sqlite" else request.getfixturevalue("empty_postgres"))
    there: dict[str, list[int]] = {}
    for mark, revision in enumerate(revisions(), 1):
        with migrate._alone(store) as connection:
            config = Config()
            config.set_main_option("script_location", str(migrate.MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            fill(connection, mark)
            for name in sa.inspect(connection).get_table_names():
                there.setdefault(name, []).append(mark)
    migrate.migrate(store)
    with store.engine.connect() as connection:
        for name in COUNTED:
            ids = connection.execute(sa.text(f"SELECT id FROM {name} ORDER BY id")).scalars().all()
            assert ids == there[name], name
    with store.look() as unit:
        assert list(integrity.dangling(unit)) == []
    store.close()


COUNTED = ("ticket", "note", "message", "outbox", "person", "event", "time_entry", "delivery")


def test_a_newer_database_is_refused_in_a_sentence(
    filled: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works on it when it becomes newer notices."""
    assert not migrate.outgrown(filled.store)
    with filled.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = rows(filled.store)
    for attempt in (migrate.migrate, migrate.is_current):
        with pytest.raises(UsageError, match="written by a newer version of maild; run that"):
            attempt(filled.store)
    assert migrate.outgrown(filled.store)
    assert rows(filled.store) == before


def test_a_migration_that_was_killed_runs_again(filled: Desk, tmp_path: Path) -> None:
    """In a process of its own that dies in the middle, on either database."""
    before = rows(filled.store)
    with pytest.MonkeyPatch.context() as patch:
        with_next(tmp_path, patch, "import os; os._exit(9)")
        filled.store.close()
        child = os.fork()
        if not child:
            migrate.migrate(Store(filled.store.url.render_as_string(hide_password=False)))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert rows(filled.store) == before
    shutil.rmtree(tmp_path / "migrations")
    with pytest.MonkeyPatch.context() as patch:
        with_next(tmp_path, patch)
        migrate.migrate(filled.store)
    assert len(rows(filled.store)["ticket"]) == len(before["ticket"])
