"""`make faults`: everything that can go wrong, seeded, for as long as one likes.

    python -m tests.faults.suite [--seed N] [--kills N] [--rounds N] [--only NAME …]

Runs on SQLite and on PostgreSQL, with one daemon and with two, and ends with a line a run and one
for all: faults, mails, lost, doubled, stalled, with the seed.  All traffic stays on loopback.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy.engine.url import make_url

from maild.outbox import rows
from tests.faults import faults
from tests.faults.checker import Report
from tests.faults.disk import small_disk
from tests.faults.rude import RUDE
from tests.faults.world import World
from tests.servers.postgres import started_server

SHORT, LONG = 0.3, 3.0  # how long a fault lasts, seconds


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
    `hurry`: what a killed daemon had claimed is free at once, by a clock that goes ahead.
    """
    table = [faults.kill, faults.kill_at_a_step]
    for done in range(1, count + 1):
        fault = world.random.choices(table, weights=[4, 1])[0]
        faults.happen(world, fault, world.random.uniform(0, 0.2), most=most)
        world.report.faults["kill"] += 1
        if done % settle_every == 0 or done == count:
            if hurry:
                world.go_ahead(rows.STALE.total_seconds() + 1)
            world.say(f"{done} kills: {world.settle(f'{done} kills'):.1f} s")
    return world.finish()


def main() -> None:
    """The long run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2, help="of each other fault")
    parser.add_argument("--only", nargs="*", help="names of faults")
    parser.add_argument("--but", nargs="*", default=[], help="names of faults to leave out")
    parser.add_argument("--keep", type=Path, help="a folder that stays, with the logs")
    parser.add_argument("--say", action="store_true", help="say each fault as it is over")
    asked = parser.parse_args()
    total = Report()
    with tempfile.TemporaryDirectory() as temporary, started_server() as postgres:
        place = asked.keep or Path(temporary)
        for index, (database, daemons) in enumerate(
            ((None, 1), (postgres, 2), (None, 2), (postgres, 1))
        ):
            label = f"{'PostgreSQL' if database else 'SQLite'}, {daemons} daemon(s)"
            names = _names(database, asked, random.Random(asked.seed + index))
            for what in ("kills", "faults"):
                if not (asked.kills if what == "kills" else names):
                    continue
                folder = place / f"{index}-{what}"
                folder.mkdir(parents=True)
                seed = asked.seed + index
                with world(
                    folder,
                    seed=seed,
                    postgres=database,
                    daemons=daemons,
                    disk=what == "faults",
                ) as made:
                    if asked.say:
                        made.say = partial(print, " ", flush=True)
                    report = (
                        kills(made, asked.kills // 4) if what == "kills" else rounds(made, names)
                    )
                print(f"{label}: {report.text(seed)}", flush=True)
                for line in (*report.stalled[:9], *report.doubled[:9], *report.lost[:9]):
                    print(f"  {line}", flush=True)
                total.add(report)
    print(f"all: {total.text(asked.seed)}")
    sys.exit(0 if total.clean else 1)


def _table(postgres: bool) -> dict[str, faults.Fault]:
    return (faults.POSTGRESQL if postgres else faults.SQLITE) | RUDE


def _names(postgres: str | None, asked: argparse.Namespace, chance: random.Random) -> list[str]:
    """Those that are asked for, in an order of their own."""
    table = _table(postgres is not None)
    wanted = [name for name in table if name in (asked.only or table) and name not in asked.but]
    names = wanted * int(asked.rounds)
    chance.shuffle(names)
    return names


if __name__ == "__main__":
    main()
