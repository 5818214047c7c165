"""What goes wrong, by name: each begins, lasts a while in which mail comes in, and ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import psycopg
from sqlalchemy.engine.url import make_url

from tests.faults.world import World
from tests.servers.rude_imap import CUT
from tests.waiting import until

Fault: TypeAlias = Callable[[World], Iterator[None]]

ANY: dict[str, Fault] = {}  # on every database
SQLITE: dict[str, Fault] = {}
POSTGRESQL: dict[str, Fault] = {}

STEPS = (
    "accept.fetched",
    "accept.committed",
    "process.claimed",
    "process.done",
    "outbox.claimed",
    "outbox.composed",
    "outbox.marked",
    "outbox.sent",
    "outbox.recorded",
)


def named(name: str, *tables: dict[str, Fault]) -> Callable[[Fault], Fault]:
    def put(fault: Fault) -> Fault:
        for table in tables:
            table[name] = fault
        return fault

    return put


def happen(world: World, fault: Fault, seconds: float, *, most: int = 4) -> None:
    """The fault, with at most so many mails before, in the middle and after it."""
    world.mail(world.random.randint(1, most))
    with contextmanager(fault)(world):
        world.mail(world.random.randint(1, most))
        time.sleep(seconds)
        world.mail(world.random.randint(1, most))
    world.mail(1)


# ---- the daemon


@named("kill", ANY)
def kill(world: World) -> Iterator[None]:
    time.sleep(world.random.uniform(0, 0.6))
    world.kill(world.random.choice(world.daemons))
    yield
    world.start()


@named("kill at a step", ANY)
def kill_at_a_step(world: World) -> Iterator[None]:
    """It begins, and dies at a certain step that it comes to; then another begins."""
    world.kill(world.daemons[0], counted=False)
    step = world.random.choice(STEPS)
    pid = world.start(MAILD_KILL_AT=step)
    yield
    end = time.monotonic() + 5
    while world.is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    world.kill(pid)
    world.start()


@named("freeze the daemon", ANY)
def freeze(world: World) -> Iterator[None]:
    pid = world.random.choice(world.daemons)
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


@named("freeze a worker", ANY)
def freeze_a_worker(world: World) -> Iterator[None]:
    """For ever, as far as the daemon knows; those that it replaces are not ours any more."""
    until(world.workers)
    frozen = world.random.choice(world.workers())
    with suppress(ProcessLookupError):
        os.kill(frozen, signal.SIGSTOP)
    yield


@named("kill a worker", ANY)
def kill_a_worker(world: World) -> Iterator[None]:
    until(world.workers)
    for pid in world.workers():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    yield


@named("stop and start", ANY)
def stop_and_start(world: World) -> Iterator[None]:
    seconds, status = world.stop(world.daemons[0])
    if seconds > 10 or status != 0:
        world.report.stalled.append(f"SIGTERM took {seconds:.1f} s, status {status}")
    yield
    world.start()


@named("SIGHUP", ANY)
def hang_up(world: World) -> Iterator[None]:
    for pid in world.daemons:
        os.kill(pid, signal.SIGHUP)
    yield


# ---- the lines


@named("cut the line to the mailbox", ANY)
def cut_imap(world: World) -> Iterator[None]:
    for _ in range(3):
        world.imap.cut()
        time.sleep(world.random.uniform(0, 0.3))
    yield


@named("cut every connection to the mailbox after some octets", ANY)
def cut_imap_early(world: World) -> Iterator[None]:
    world.imap.cut_after = world.random.choice([300, 2000, 20_000])
    world.imap.cut()
    yield
    world.imap.heal()


@named("silence on the line to the mailbox", ANY)
def silent_imap(world: World) -> Iterator[None]:
    world.imap.silent = True
    yield
    world.imap.heal()


@named("a dripping line to the mailbox", ANY)
def drip_imap(world: World) -> Iterator[None]:
    world.imap.octets_a_second = 200.0
    yield
    world.imap.heal()


@named("no mailbox", ANY)
def no_imap(world: World) -> Iterator[None]:
    world.imap.cut_after = 0
    world.imap.cut()
    yield
    world.imap.heal()


@named("cut the line to the relay", ANY)
def cut_smtp(world: World) -> Iterator[None]:
    for _ in range(3):
        time.sleep(world.random.uniform(0, 0.5))
        world.smtp.cut()
        world.kills += 2  # each connection may have had a mail between its dot and the answer
    yield


@named("silence on the line to the relay", ANY)
def silent_smtp(world: World) -> Iterator[None]:
    world.smtp.silent = True
    yield
    world.kills += 2
    world.smtp.heal()


@named("no relay", ANY)
def no_smtp(world: World) -> Iterator[None]:
    world.smtp.cut_after = 0
    world.smtp.cut()
    world.kills += 2
    yield
    world.smtp.heal()


# ---- the servers


@named("a mailbox that has no time", ANY)
def busy_imap(world: World) -> Iterator[None]:
    answer = world.random.choice(
        ["NO [UNAVAILABLE] later", "NO [INUSE] x", "NO Server Unavailable. 15", "BYE bye", CUT]
    )
    command = world.random.choice(["LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"])
    world.mailbox.script[command] = [answer] * 1000
    world.imap.cut()
    yield
    world.mailbox.script.clear()


@named("a relay that refuses us", ANY)
def refusing_smtp(world: World) -> Iterator[None]:
    command, answer = world.random.choice(
        [
            ("GREETING", "554 no"),
            ("MAIL", "530 5.7.0 Authentication required"),
            ("MAIL", "421 4.7.0 too many"),
            ("RCPT", "421 4.3.2 shutting down"),
            ("DOT", "550 5.7.60 not permitted to send as"),
        ]
    )
    world.relay.always[command] = lambda argument: answer
    yield
    world.relay.always.clear()


# ---- the disk


@named("a full disk", ANY)
def full_disk(world: World) -> Iterator[None]:
    world.fill()
    yield
    world.clear()


# ---- the clock


@named("a clock that jumps a day ahead and back", ANY)
def clock_ahead(world: World) -> Iterator[None]:
    world.clock.write_text("86400")
    yield
    world.clock.write_text("0")


@named("a clock that jumps a day back and ahead", ANY)
def clock_back(world: World) -> Iterator[None]:
    world.clock.write_text("-86400")
    yield
    world.clock.write_text("0")


@named("a daemon that begins a day ahead", ANY)
def begins_ahead(world: World) -> Iterator[None]:
    world.stop(world.daemons[0])
    world.clock.write_text("86400")
    world.start()
    yield
    world.clock.write_text("0")


# ---- the database


@named("a locked database", SQLITE)
def locked_sqlite(world: World) -> Iterator[None]:
    connection = sqlite3.connect(world.checked, isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@contextmanager
def _admin(world: World) -> Iterator[psycopg.Connection]:
    """A connection to another database of the same server."""
    other = make_url(world.checked).set(database="postgres")
    address = other.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def _database(world: World) -> str:
    return str(make_url(world.checked).database)


@named("locked tables", POSTGRESQL)
def locked_postgresql(world: World) -> Iterator[None]:
    with psycopg.connect(world.checked) as connection:
        connection.execute("LOCK TABLE message, outbox, mailbox IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@named("a database that takes no writes", POSTGRESQL)
def read_only_postgresql(world: World) -> Iterator[None]:
    name = _database(world)
    with _admin(world) as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        _cut_all(admin, name)
        yield
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        _cut_all(admin, name)


@named("a database that restarts", POSTGRESQL)
def no_postgresql(world: World) -> Iterator[None]:
    name = _database(world)
    with _admin(world) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        _cut_all(admin, name)
        yield
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@named("cut connections to the database", POSTGRESQL)
def cut_postgresql(world: World) -> Iterator[None]:
    with _admin(world) as admin:
        for _ in range(5):
            time.sleep(world.random.uniform(0, 0.3))
            _cut_all(admin, _database(world))
    yield


def _cut_all(admin: psycopg.Connection, name: str) -> None:
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
    )


SQLITE |= ANY
POSTGRESQL |= ANY
