"""A desk with a million tickets: what lists cost, and what a reply costs beside a small desk.

    python -m benchmarks.many [--tickets 1000000]

The desk is filled by copying the rows of one real ticket.  The commands run as a person runs them;
their CPU beyond that of the same command on a desk of one ticket stands beside that of the same
question asked by sqlite3 alone.  Replies to the newest tickets are processed as in `core`.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import structlog

from benchmarks.core import Bench
from benchmarks.mails import conversation
from maild.store.records import (
    Event,
    Message,
    Note,
    OutboxItem,
    Person,
    PersonAddress,
    Thread,
    Ticket,
)
from maild.store.schema import TABLES
from maild.store.types import DigestText

SMALL = 1000  # tickets of the desk beside it
STEP = 1000  # between the ids of two copies
REPLIES = 60
RUNS = 5  # in turns; the least counts
COPIED = {  # and so many rows of each
    Person: 1, PersonAddress: 1, Ticket: 1, Message: 1, Note: 1, Thread: 2, Event: 3, OutboxItem: 1
}  # fmt: skip
FILLING = {
    "synchronous": "OFF", "foreign_keys": "OFF", "cache_size": -4_000_000, "temp_store": "MEMORY"
}  # fmt: skip
INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
NEWEST = "SELECT number FROM ticket ORDER BY id DESC LIMIT 1"
COMMANDS = {
    ("tickets",): (
        "SELECT * FROM ticket WHERE deleted IS NULL AND status_kind IN "
        "('new', 'working', 'waiting', 'review') ORDER BY id DESC LIMIT 32"
    ),
    ("tickets", "--view", "all"): (
        "SELECT * FROM ticket WHERE deleted IS NULL ORDER BY id DESC LIMIT 32"
    ),
    ("show", "NUMBER"): "SELECT * FROM ticket WHERE number = (" + NEWEST + ")",
    ("outbox",): (
        "SELECT * FROM (SELECT * FROM outbox ORDER BY id DESC LIMIT 40), "
        "(SELECT count(*) FROM outbox)"
    ),
    ("people", "list"): (
        "SELECT * FROM (SELECT * FROM person ORDER BY id DESC LIMIT 40), "
        "(SELECT count(*) FROM person)"
    ),
}


def fill(file: Path, tickets: int) -> None:
    """Copies the first ticket, with what belongs to it, so often; a few of the copies are open."""
    database = sqlite3.connect(file, isolation_level=None)
    for name, value in FILLING.items():
        database.execute(f"PRAGMA {name}={value}")
    (contact,) = database.execute("SELECT contact_id FROM ticket ORDER BY id LIMIT 1").fetchone()
    numbers = (
        f"WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies "
        f"WHERE n < {tickets}) "
    )
    database.execute("BEGIN")
    indexes = database.execute(INDEXES).fetchall()
    for name, _ in indexes:  # sorted at the end they cost a fraction
        database.execute(f'DROP INDEX "{name}"')
    for record, most in COPIED.items():
        table = TABLES[record]
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        values = ", ".join(_copied(table, column, contact) for column in table.columns)
        mine = {"person": f"id = {contact}", "person_address": f"person_id = {contact}"}
        where = mine.get(table.name, "true")
        database.execute(
            f"INSERT INTO {table.name} ({names}) {numbers}"
            f"SELECT {values} FROM copies, "
            f"(SELECT * FROM {table.name} WHERE {where} ORDER BY 1 LIMIT {most})"
        )
    for _, statement in indexes:
        database.execute(statement)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _copied(table: sa.Table, column: sa.Column[object], contact: int) -> str:
    """The value of a column in the n-th copy."""
    name = f'"{column.name}"'
    refers = [key.column.table.name for key in column.foreign_keys]
    if refers == ["person"] and table.name != "person_address":
        return f"CASE {name} WHEN {contact} THEN {contact} + n * {STEP} ELSE {name} END"
    texts = ("message_id", "key", "address", "sha256", "fingerprint", "relay_id", "sender")
    if column.name in texts:
        said = f"hex({name})" if isinstance(column.type, DigestText) else name
        return f"'{table.name[0]}' || n || {said}"
    if column.primary_key or (refers and refers != ["organization"]) or column.name == "uid":
        return f"{name} + n * {STEP}"
    special = {
        ("ticket", "number"): "printf('T20%06d.%04d', n / 10000, n % 10000)",
        ("ticket", "status"): "CASE n % 33 WHEN 0 THEN status ELSE 'Complete' END",
        ("ticket", "status_kind"): "CASE n % 33 WHEN 0 THEN status_kind ELSE 'resolved' END",
        ("message", "conversation"): "conversation + n",
        ("person", "name"): "name || ' ' || n",
        ("outbox", "octets"): "NULL",  # the lists do not read them
        ("outbox", "common_id"): "common_id",
    }
    if (table.name, column.name) in special:
        return special[table.name, column.name]
    return name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=100_000, help="(default %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the databases are made, and deleted")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        one, few, many = (_desk(Path(folder) / name) for name in ("one", "few", "many"))
        fill(few / "var/maild.db", SMALL)
        began = time.perf_counter()
        fill(many / "var/maild.db", asked.tickets)
        size = (many / "var/maild.db").stat().st_size / 1e9
        print(f"{asked.tickets} tickets, {size:.1f} GB, {time.perf_counter() - began:.0f} s")
        for words, query in COMMANDS.items():
            _compare(words, query, one, many)
        _replies(few, many, asked.tickets)
        shutil.rmtree(many)


def _desk(place: Path) -> Path:
    """A desk of one ticket."""
    place.mkdir()
    bench = Bench(place)
    list(bench.rounds(range(1)))
    bench.app.close()
    return place


def _compare(words: Sequence[str], query: str, one: Path, many: Path) -> None:
    turns = [(_cpu(one, words), _cpu(many, words)) for _ in range(RUNS)]
    start, whole = map(min, zip(*turns, strict=True))
    beyond = whole - start
    database = sqlite3.connect(many / "var/maild.db")
    began = time.process_time()
    database.execute(query).fetchall()
    bare = time.process_time() - began
    database.close()
    print(
        f"maild {' '.join(words):<20} {beyond:6.2f} s CPU beyond start-up   sqlite3 {bare:6.3f} s",
        flush=True,
    )


def _cpu(place: Path, words: Sequence[str]) -> float:
    """Seconds of CPU of a command."""
    database = sqlite3.connect(place / "var/maild.db")
    (number,) = database.execute(NEWEST).fetchone()
    database.close()
    command = [str(Path(sys.executable).with_name("maild"))]
    command += [number if word == "NUMBER" else word for word in words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*command, "--config", str(place / "maild.toml")], stdout=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _replies(few: Path, many: Path, tickets: int) -> None:
    """Replies on both desks, in turns."""
    desks = [Bench(few), Bench(many)]
    costs: list[list[float]] = [[], []]
    for n in range(1_000_000, 1_000_000 + REPLIES):
        new, reply, *_ = conversation(n)
        for bench, found in zip(desks, costs, strict=True):
            bench.take(new)
            found.append(bench.take(reply))
    small, large = map(statistics.median, costs)
    print(
        f"a reply: {1000 * small:.2f} ms CPU at {SMALL} tickets, {1000 * large:.2f} ms at "
        f"{tickets}, ratio {large / small:.2f}"
    )


if __name__ == "__main__":
    main()
