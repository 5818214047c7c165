"""The console at 100,000 tickets: what a page costs beside its bare SQL, in queries and weight.

    python -m benchmarks.web [--tickets 100000]

The desk is filled as in `many`; its newest ticket gets 200 notes.  Each page is asked for over HTTP
of a console in this process.  The statements of one such request are run again by sqlite3 alone, on
a connection of the same process, and all their rows fetched: a page's time stands beside theirs.
What the desk makes of the rows (texts unpacked, JSON and moments read) counts as the page's.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from benchmarks.core import Bench
from benchmarks.many import fill
from maild import config
from maild.app import build
from maild.desk import search
from maild.store import asking
from maild.web import signing
from maild.web.console import Console
from maild.web.server import Server

NOTES = 200
RUNS = 15
PAGES = {  # and by how much at most the page costs more than its SQL; None: it is only measured
    "/tickets?view=open": 5.0,
    "/tickets?view=all": 5.0,
    "/tickets?view=open&sort=due": None,
    "/tickets?view=open&group=client": None,
    "/tickets/{number}": 5.0,
    "/tickets/{number}/history": None,
    "/search?q=printer": None,
    "/nav": None,
    "/new": None,
    "/work": None,
    "/recent": None,
    "/timesheet": None,
    "/clients": None,
    "/me": None,
    "/admin": None,
    "/admin/people": None,
    "/admin/outbox": None,
    "/admin/audit": None,
    "/admin/rules": None,
    "/admin/templates": None,
    "/admin/templates/acknowledgement?lang=en": None,  # on the last twenty mails of this kind
}
KILOBYTES = 100  # that a page may weigh
SECONDS = 0.3  # of CPU that it may take


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page costs."""

    page: float  # seconds of CPU, the median
    first: float  # … where no note is kept as it was shown before
    bare: float  # … of its SQL alone
    queries: int
    octets: int

    @property
    def ratio(self) -> float:
        return self.page / self.bare


@dataclass(slots=True)
class Desk:
    """A console over a large desk, and somebody who is signed in."""

    bench: Bench
    file: Path
    console: Console
    server: Server
    port: int
    cookie: str
    heard: list[str] = field(default_factory=list)
    listens: bool = False  # not while time is taken: a full-text search alone runs many statements

    def ask(self, path: str) -> int:
        """Asks for a page; its octets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path, headers={"Cookie": f"maild={self.cookie}"})
        answer = connection.getresponse()
        octets = len(answer.read())
        connection.close()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status}")
        return octets

    def cost(self, path: str) -> Cost:
        """The medians of some requests, and of their SQL."""
        octets = self.ask(path)  # what is compiled once is compiled now
        self.heard.clear()
        self.listens = True
        self.ask(path)
        self.listens = False
        said = [line for line in self.heard if line.lstrip()[:5].upper() in ("SELEC", "WITH ")]
        pages = [_seconds(lambda: self.ask(path), asked=True) for _ in range(RUNS)]
        first = [self._first(path) for _ in range(3)]
        database = sqlite3.connect(self.file)
        bare = [_seconds(lambda: _fetch(database, said)) for _ in range(RUNS)]
        database.close()
        page, again, alone = map(statistics.median, (pages, first, bare))
        return Cost(page, again, alone, len(said), octets)

    def _first(self, path: str) -> float:
        self.console.look.follow(self.console.app.settings)
        return _seconds(lambda: self.ask(path), asked=True)


def _seconds(work: Any, *, asked: bool = False) -> float:
    """The CPU of all threads of this process and of processes that it has ended (the machine may be
    busy); without that of the one who asks, where the work is asked for."""
    began, own = _spent(), time.thread_time()
    work()
    spent = time.thread_time() - own
    return _spent() - began - (spent if asked else 0)


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _fetch(database: sqlite3.Connection, statements: list[str]) -> None:
    for statement in statements:
        database.execute(statement).fetchall()


def _opened(place: Path, tickets: int) -> tuple[Desk, str]:
    """The desk, and the number of its ticket of many notes."""
    bench = Bench(place)
    list(bench.rounds(range(1)))
    bench.app.close()
    file = place / "var/maild.db"
    fill(file, tickets)
    number = _long(file)
    toml = place / "maild.toml"
    bench = Bench(place)
    mine = toml.read_text().replace("[desk]", '[desk]\nadmins = ["bob@example.com"]')
    toml.write_text(mine + '[web]\nlisten = "127.0.0.1:0"\n')
    app = build(config.load(toml), bench.store, now=datetime.now(UTC))
    console = Console(app)
    search.follow(app.store)  # else the index of words is made meanwhile
    with bench.store.unit() as unit:
        person = asking.people.resources(unit)[0]
        cookie = signing.open_session(console, unit, person, "127.0.0.1", "bench", console.now())
    server = Server(console)
    desk = Desk(bench, file, console, server, server.start(), cookie)

    @sa.event.listens_for(bench.store.engine, "checkout")
    def _trace(connection: Any, _record: Any, _proxy: Any) -> None:
        driver = getattr(connection, "driver_connection", connection)
        driver.set_trace_callback(desk.heard.append if desk.listens else None)

    return desk, number


def _long(file: Path) -> str:
    """Gives the newest ticket so many notes, each with a notification and a change of status; its
    number."""
    database = sqlite3.connect(file)
    ticket, number = database.execute(
        "SELECT id, number FROM ticket ORDER BY id DESC LIMIT 1"
    ).fetchone()
    (last,) = database.execute("SELECT max(id) FROM note").fetchone()
    then = "strftime('%Y-%m-%d %H:%M:%f', {}, '+' || n || ' minutes')"
    mail = {"key": "key || '+' || n", "message_id": "message_id || '+' || n", "octets": "NULL"}
    _copy(database, "note", ticket, {"created": then.format("created")})
    _copy(database, "outbox", ticket, mail | {"note_id": f"{last} + n"})
    changed = {"event": "'status changed'", "at": then.format("at")}
    _copy(database, "event", ticket, changed)
    database.commit()
    database.close()
    return str(number)


def _copy(database: sqlite3.Connection, table: str, ticket: int, other: dict[str, str]) -> None:
    """So many copies of a row of the ticket, these columns otherwise."""
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    (last,) = database.execute(f"SELECT max(id) FROM {table}").fetchone()
    made = {name: f'"{name}"' for name in names} | {"id": f"{last} + n"} | other
    database.execute(
        "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?) "
        f"INSERT INTO {table} ({', '.join(map(json.dumps, names))}) "
        f"SELECT {', '.join(made[name] for name in names)} FROM copies, "
        f"(SELECT * FROM {table} WHERE ticket_id = ? ORDER BY id LIMIT 1)",
        (NOTES, ticket),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=100_000, help="(default %(default)s)")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        desk, number = _opened(Path(folder), asked.tickets)
        print(f"{asked.tickets} tickets, {time.perf_counter() - began:.0f} s to fill")
        for page, most in PAGES.items():
            cost = desk.cost(page.replace("{number}", number))
            _tell(page, most, cost)
        desk.server.stop()


def _tell(page: str, most: float | None, cost: Cost) -> None:
    over = most is not None and cost.ratio > most
    heavy = cost.octets > KILOBYTES * 1000
    print(
        f"{page:<34} {1000 * cost.page:7.1f} ms{' (slow)' if cost.page > SECONDS else ''}, first "
        f"{1000 * cost.first:.1f}, SQL alone {1000 * cost.bare:7.2f} ms, ratio "
        f"{cost.ratio:5.1f}{' (over ' + str(most) + ')' if over else ''}, {cost.queries} queries, "
        f"{cost.octets / 1000:.0f} kB{' (heavy)' if heavy else ''}",
        flush=True,
    )


if __name__ == "__main__":
    main()
