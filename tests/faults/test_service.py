"""The daemon is told things: to read again, to stop, to stop again; and waits for what is away."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine.url import make_url

from maild.app import open_app
from maild.service import Newcomers
from maild.store.records import Person
from tests import processes
from tests.faults import suite
from tests.faults.world import ADA, World
from tests.looking import every
from tests.waiting import busy, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with suite.world(tmp_path, seed=1, disk=False) as made:
        yield made


def _rows(world: World, query: str) -> list[Any]:
    with sqlite3.connect(world.checked, timeout=30) as connection:
        return connection.execute(query).fetchall()


def _events(world: World) -> str:
    log = world.folder / "log"
    return log.read_text() if log.exists() else ""


def _is_done(world: World) -> None:
    world.settle("this")
    report = world.finish()
    assert report.clean, (report.lost, report.doubled, report.stalled)


def test_sighup_reads_maild_toml_again(world: World) -> None:
    world.mail(1)
    world.settle("the start")
    world.config.write_text(world.config.read_text().replace("Bob Tech", "Robert Tech"))
    os.kill(world.daemons[0], signal.SIGHUP)
    until(lambda: ("Robert Tech",) in _rows(world, "SELECT name FROM person"))
    until(lambda: _events(world).count('"event": "started"') == 2)
    world.mail(2)
    _is_done(world)


def test_a_broken_maild_toml_leaves_the_old_in_force_and_is_told(world: World) -> None:
    world.mail(1)
    world.settle("the start")
    good = world.config.read_text()
    alert = "SELECT cleared IS NULL FROM alert WHERE key = 'configuration'"
    world.config.write_text(good + "\n[nonsense\n")
    os.kill(world.daemons[0], signal.SIGHUP)
    until(lambda: _rows(world, alert) == [(1,)])
    world.mail(2)
    world.settle("a broken file")
    world.config.write_text(good)
    os.kill(world.daemons[0], signal.SIGHUP)
    until(lambda: _rows(world, alert) == [(0,)])
    world.mail(1)
    _is_done(world)


def test_a_second_sigterm_is_harmless(world: World) -> None:
    world.mail(5)
    until(lambda: '"event": "started"' in _events(world))
    pid = world.daemons[-1]
    os.kill(pid, signal.SIGTERM)
    _, status = world.stop(pid)
    assert status == 0
    assert "Traceback" not in _events(world)
    world.start()
    _is_done(world)


def test_h21_sigterm_ends_within_ten_seconds_with_a_slow_relay_and_a_full_load(
    world: World,
) -> None:
    world.mail(60)
    until(lambda: len(world.seen()) > 3)
    world.smtp.silent = True
    time.sleep(1)
    seconds, status = world.stop()
    assert seconds < busy(10)
    assert status == 0


def test_two_daemons_begin_on_a_fresh_postgresql_that_is_not_there_yet(
    tmp_path: Path, postgres_server: str
) -> None:
    """They wait for it, and then for each other."""
    name = f"fresh_{time.monotonic_ns()}"
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with World(tmp_path, seed=1, database=url) as world:
        world.start()
        world.start()
        until(lambda: _events(world).count('"event": "waiting"') >= 2)
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        world.mail(5)
        _is_done(world)
        assert len(world.daemons) == 2
        assert all(map(world.is_alive, world.daemons))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_second_daemon_on_one_sqlite_says_so_and_waits(world: World) -> None:
    """Nobody is told, as nothing is wrong; it takes over when the first one is killed."""
    first = world.daemons[0]
    until(lambda: '"event": "started"' in _events(world))  # it is the first
    second = world.start()
    until(lambda: f"already (process {first})" in _events(world))
    world.mail(2)
    _is_done(world)
    world.kill(first)
    world.mail(2)
    _is_done(world)
    assert world.is_alive(second)
    assert "already (process" not in processes.maild("alerts", "--config", str(world.config))


def test_the_old_daemon_stops_when_the_database_has_become_newer(world: World) -> None:
    world.mail(1)
    _is_done(world)
    (old,) = world.daemons
    with sqlite3.connect(world.checked, timeout=30) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    world.daemons.remove(old)
    assert world.ended(old) == 1
    assert "A newer version of maild has brought the database up to date" in _events(world)


def test_when_who_watches_is_killed_another_does_within_ten_seconds(
    tmp_path: Path, postgres: str
) -> None:
    """Three daemons on one PostgreSQL; the mailbox has one connection at a time, and nobody is told
    of a trouble, as there is none."""
    with World(tmp_path, seed=1, database=postgres) as world:
        for _ in range(3):
            world.start()
        world.mail(3)
        _is_done(world)
        for _ in range(2):
            (watching,) = _watching(postgres)
            assert watching in world.daemons
            began = time.monotonic()
            world.kill(watching)
            world.mail(1)
            until(partial(_another_watches, postgres, watching))
            assert time.monotonic() - began < busy(10)
            _is_done(world)
        with psycopg.connect(postgres) as connection:
            assert connection.execute("SELECT key, text FROM alert").fetchall() == []
        assert [mail for mail in world.relay.received if mail.recipient == ADA] == []


def _another_watches(url: str, than: int) -> bool:
    return _watching(url) not in ([than], [])


def _watching(url: str) -> list[int]:
    """The process ids of those who hold the lease of the mailbox."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT holder FROM lease").fetchall()
    return [int(holder.split(":")[-2]) for (holder,) in rows]


def test_it_waits_for_a_folder_that_may_not_be_written_yet(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with World(tmp_path, seed=1) as world:
        world.start()
        until(lambda: '"event": "waiting"' in _events(world))
        (tmp_path / "var").unlink()
        world.mail(2)
        _is_done(world)


@pytest.mark.parametrize("how", ["active = false", "gone"])
def test_who_left_has_no_rights_from_the_next_mail_on(tmp_path: Path, how: str) -> None:
    file = tmp_path / "maild.toml"
    both = (
        '[[resource]]\nname = "Bob"\nemail = "bob@example.com"\n'
        '[[resource]]\nname = "Cem"\nemail = "cem@example.com"\n'
    )
    file.write_text(both)
    app = open_app(file, now=datetime(2026, 11, 23, 9, tzinfo=UTC))
    newcomers = Newcomers(file)
    assert newcomers(app) is None, "nothing has changed"
    file.write_text(
        both + "active = false\n" if how == "active = false" else both.partition("\n[[")[0] + "\n"
    )
    changed = newcomers(app)
    assert changed is not None
    assert {p.name: p.active for p in every(app.store, Person)} == {"Bob": True, "Cem": False}
    assert newcomers(changed) is None
    file.write_text("[[resource\n")
    assert newcomers(changed) is None, "a broken file changes nothing"
    app.close()
