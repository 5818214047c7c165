"""One, two and three daemons on one PostgreSQL, and what a backlog costs in memory.

    python -m benchmarks.daemons [--count 300] [--waiting 100000]

The mails are stored before the daemons begin, so what is measured is taking them through and
writing what they cause: mails a second of one daemon are the reference for two and three.  Then as
many small mails wait in SQLite as `--waiting` says, and the memory of a daemon that begins on them
(PSS of all its processes) stands beside that of one on which a thousand wait.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.mails import mails
from benchmarks.memory import memory
from maild.ingest.accept import accept
from maild.store import Store
from maild.store.migrate import migrate
from tests.processes import Process
from tests.servers.postgres import fresh_database, started_server

TOML = """
[desk]
address = "support@example.com"
mode = "listen"
[floods]
mails = {{hour = 1000000, day = 1000000}}
tickets = {{hour = 1000000, day = 1000000}}
[database]
url = "{url}"
[[organization]]
name = "Acme"
domains = ["acme.example"]
"""
MOST_SECONDS = 300.0
LOOK_SECONDS = 0.1
WATCHED_SECONDS = 20.0  # of a daemon with a backlog
FEW = 1000


def main() -> None:
    """Prints a line a measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--waiting", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="maild-daemons-") as name, started_server() as server:
        reference = 0.0
        for daemons in (1, 2, 3):
            folder = Path(name) / str(daemons)
            with fresh_database(server) as url:
                rate, most, octets = through(folder, url, daemons, asked.count)
            reference = reference or rate
            print(
                f"{daemons} daemon(s): {rate:.1f} mails/s, {rate / reference:.2f} times one; "
                f"{most} connections at most; {octets:.0f} octets of database a mail",
                flush=True,
            )
        small = waiting(Path(name) / "few", FEW)
        large = waiting(Path(name) / "many", asked.waiting)
        print(
            f"memory with {asked.waiting:,} mails waiting: {large:.0f} MB, with {FEW:,} "
            f"{small:.0f} MB, {large / small:.2f} times"
        )


def through(folder: Path, url: str, daemons: int, count: int) -> tuple[float, int, float]:
    """Mails a second, connections at most, octets of database a mail."""
    store = _filled(folder, url, count)
    with psycopg.connect(url, autocommit=True) as database:
        before = _size(database)
        began, most, processes = time.monotonic(), 0, _started(folder, daemons)
        try:
            first = 0.0  # when somebody was at work: what it takes to begin is measured elsewhere
            while left := _left(database):
                first = first or (time.monotonic() if left < count else 0.0)
                most = max(most, _connections(database) - 1)
                assert time.monotonic() - began < MOST_SECONDS, "too slow"
                time.sleep(LOOK_SECONDS)
            took = time.monotonic() - (first or began)
        finally:
            _end(processes)
        octets = (_size(database) - before) / count
    store.close()
    return count / took, most, octets


def _filled(folder: Path, url: str, count: int) -> Store:
    folder.mkdir(parents=True)
    (folder / "maild.toml").write_text(TOML.format(url=url))
    store = Store(url)
    migrate(store)
    now = datetime.now(UTC)
    with store.unit() as unit:
        for octets in mails(count):
            accept(unit, mailbox="files", uidvalidity=None, uid=None, octets=octets, now=now)
    return store


def _started(folder: Path, daemons: int) -> list[Process]:
    words = ("run", "--config", str(folder / "maild.toml"))
    return [Process(*words, stderr=folder / f"log-{n}") for n in range(daemons)]


def _end(processes: list[Process]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def _left(database: psycopg.Connection) -> int:
    query = "SELECT count(*) FROM message WHERE state = 'stored'"
    return int((database.execute(query).fetchone() or (0,))[0])


def _connections(database: psycopg.Connection) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    return int((database.execute(query).fetchone() or (0,))[0])


def _size(database: psycopg.Connection) -> int:
    query = "SELECT pg_database_size(current_database())"
    return int((database.execute(query).fetchone() or (0,))[0])


def waiting(folder: Path, count: int) -> float:
    """The most memory that a daemon and its workers have while so many mails wait, in MB."""
    _filled(folder, f"sqlite:///{folder / 'maild.db'}", 1).close()
    with sqlite3.connect(folder / "maild.db") as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(message)")]
        chosen = ", ".join("m.id + n" if name == "id" else f'm."{name}"' for name in names)
        numbers = (
            f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})"
        )
        database.execute(f"INSERT INTO message {numbers} SELECT {chosen} FROM c, message m")
        database.execute(
            "INSERT INTO raw SELECT m.id, r.octets FROM message m, raw r WHERE m.id <> r.stored_id"
        )
    database.close()
    processes, most = _started(folder, 1), 0.0
    try:
        end = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < end:
            most = max(most, memory(processes[0].pid))
            time.sleep(LOOK_SECONDS)
    finally:
        _end(processes)
    return most


if __name__ == "__main__":
    main()
