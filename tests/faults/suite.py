"""`make faults`: everything that can go wrong, seeded, for as long as one likes.

    python -m tests.faults.suite [--seed N] [--kills N] [--rounds N] [--only NAME …]
    python -m tests.faults.suite --load MINUTES [--seed N]

Runs on SQLite and on PostgreSQL, with one daemon and with two, side by side, and ends with a line a
run and one for all: faults, mails, lost, doubled, stalled, with the seed.  All traffic stays on
loopback.  `--load` is two and three daemons on PostgreSQL, mail that never ceases, and one of them
killed every few seconds.
"""

from __future__ import annotations

import argparse
import ctypes
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psycopg
from sqlalchemy.engine.url import make_url

from tests.faults import faults
from tests.faults.checker import Report
from tests.faults.disk import small_disk
from tests.faults.rude import RUDE
from tests.faults.world import World
from tests.servers.postgres import started_server
from tests.zygote import DIE_WITH_PARENT

SHORT, LONG = 0.3, 3.0  # how long a fault lasts, seconds
BETWEEN_KILLS = (2.0, 4.0)  # seconds, under load
LOAD_PAUSE = 0.5  # seconds between mails, one to three at a time …
MOST_OWED = 200  # … while no more notifications are to come: a busy machine gets what it can
WORLDS = (("sqlite", 1), ("postgresql", 2), ("sqlite", 2), ("postgresql", 1))  # daemons of each


@contextmanager
def world(
    folder: Path,
    *,
    seed: int,
    postgres: str | None = None,
    daemons: int = 1,
    disk: bool = True,
    after: str = "keep",
) -> Iterator[World]:
    """A world with this many daemons, on a small disk of its own where one can be mounted."""
    with ExitStack() as stack:
        url = "sqlite:///var/maild.db"
        if postgres is not None:
            url = stack.enter_context(_database(postgres, seed))
        small = None
        if disk:
            try:
                small = stack.enter_context(small_disk(folder / "var"))
            except (PermissionError, FileNotFoundError):
                small = None  # then files are kept from growing
        made = World(folder, seed=seed, database=url, disk=small, after=after)
        with made:
            for _ in range(daemons):
                made.start()
            yield made


@contextmanager
def _database(server: str, seed: int) -> Iterator[str]:
    name = f"faults_{seed}_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rounds(
    world: World, names: list[str], *, settle_every: int = 1, longest: float = LONG
) -> Report:
    """These faults one after the other; after each (or some) all must be done within a minute."""
    table = _table(world.database.startswith("postgresql"))
    world.mail(1)
    world.settle("the start")
    for count, name in enumerate(names, 1):
        faults.happen(world, table[name], world.random.uniform(SHORT, longest))
        world.report.faults[name] += 1
        if count % settle_every == 0 or count == len(names):
            world.say(f"{name}: {world.settle(name):.1f} s")
    return world.finish()


def kills(
    world: World, count: int, *, most: int = 2, settle_every: int = 25, hurry: bool = False
) -> Report:
    """So many kills at random moments, while mail comes in, at most so many at a time.

    Now and then all must be done: a daemon that lives for half a second gets little sent.
    `hurry`: what a killed daemon had claimed is free at once, as all stop and begin again.
    """
    table = [faults.kill, faults.kill_at_a_step]
    for done in range(1, count + 1):
        fault = world.random.choices(table, weights=[4, 1])[0]
        faults.happen(world, fault, world.random.uniform(0, 0.2), most=most)
        world.report.faults["kill"] += 1
        if done % settle_every == 0 or done == count:
            if hurry:
                world.begin_again()
            world.say(f"{done} kills: {world.settle(f'{done} kills'):.1f} s")
    return world.finish()


def load(world: World, minutes: float) -> Report:
    """Mail all the time, and a daemon killed every few seconds, in whose place another begins."""
    world.mail(1)
    world.settle("the start")
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        until = time.monotonic() + world.random.uniform(*BETWEEN_KILLS)
        while time.monotonic() < until:
            if world.owed < MOST_OWED:
                world.mail(world.random.randint(1, 3))
            time.sleep(LOAD_PAUSE)
        world.kill(world.random.choice(world.daemons))
        world.report.faults["kill"] += 1
        world.start()
    world.say(f"{minutes:g} minutes: {world.settle('the load', 180):.1f} s")
    return world.finish()


@dataclass(frozen=True)
class Run:
    """A world, and what goes wrong in it."""

    folder: Path
    seed: int
    postgres: str | None
    daemons: int
    kills: int  # these, or:
    names: tuple[str, ...]  # faults, in this order
    say: bool
    minutes: float = 0  # of load, instead

    @property
    def label(self) -> str:
        return f"{'PostgreSQL' if self.postgres else 'SQLite'}, {self.daemons} daemon(s)"

    def __call__(self) -> Report:
        self.folder.mkdir(parents=True)
        with world(
            self.folder,
            seed=self.seed,
            postgres=self.postgres,
            daemons=self.daemons,
            disk=bool(self.names),
        ) as made:
            if self.say:
                made.say = partial(print, f"  {self.label}:", flush=True)
            if self.minutes:
                return load(made, self.minutes)
            return rounds(made, list(self.names)) if self.names else kills(made, self.kills)


def main() -> None:
    """The long run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2, help="of each other fault")
    parser.add_argument("--load", type=float, metavar="MINUTES", help="nothing but this")
    parser.add_argument("--only", nargs="*", help="names of faults")
    parser.add_argument("--but", nargs="*", default=[], help="names of faults to leave out")
    parser.add_argument("--beside", type=int, default=4, help="worlds at a time: most only wait")
    parser.add_argument("--keep", type=Path, help="a folder that stays, with the logs")
    parser.add_argument("--say", action="store_true", help="say each fault as it is over")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    total = Report()
    with (
        tempfile.TemporaryDirectory() as temporary,
        started_server() as postgres,
        get_context("spawn").Pool(asked.beside, _end_together, maxtasksperchild=1) as pool,
    ):
        runs = list(_runs(asked, asked.keep or Path(temporary), postgres))
        for run, report in zip(runs, pool.imap(Run.__call__, runs, 1), strict=True):
            print(f"{run.label}: {report.text(run.seed)}", flush=True)
            for line in (*report.stalled[:9], *report.doubled[:9], *report.lost[:9]):
                print(f"  {line}", flush=True)
            total.add(report)
    print(f"all: {total.text(asked.seed)}")
    sys.exit(0 if total.clean else 1)


def _end_together() -> None:
    """Whoever ends the suite ends its worlds, and their daemons, disks and servers are gone."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))


def _runs(asked: argparse.Namespace, place: Path, postgres: str) -> Iterator[Run]:
    """As many as there are databases, numbers of daemons and sorts of faults, or some more where
    more may run at a time."""
    if asked.load:
        for daemons in (2, 3):
            folder = place / f"load-{daemons}"
            seed = asked.seed + daemons
            yield Run(folder, seed, postgres, daemons, 0, (), asked.say, asked.load)
        return
    for index, (database, daemons) in enumerate(WORLDS):
        parts = max(1, asked.beside // len(WORLDS))
        names = _names(database, asked, random.Random(asked.seed + index))
        for part in range(parts):
            label, seed = f"{index}-{part}", asked.seed + index + len(WORLDS) * part
            server = postgres if database == "postgresql" else None
            count = len(range(part, asked.kills // len(WORLDS), parts))
            if count:
                yield Run(place / f"{label}-kills", seed, server, daemons, count, (), asked.say)
            if some := tuple(names[part::parts]):
                yield Run(place / f"{label}-faults", seed, server, daemons, 0, some, asked.say)


def _table(postgres: bool) -> dict[str, faults.Fault]:
    return (faults.POSTGRESQL if postgres else faults.SQLITE) | RUDE


def _names(database: str, asked: argparse.Namespace, chance: random.Random) -> list[str]:
    """Those that are asked for, in an order of their own."""
    table = _table(database == "postgresql")
    wanted = [name for name in table if name in (asked.only or table) and name not in asked.but]
    names = wanted * int(asked.rounds)
    chance.shuffle(names)
    return names


if __name__ == "__main__":
    main()
