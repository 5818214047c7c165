"""How long a technician's command and a contact's new mail take while 2,000 mails come in.

    python -m benchmarks.burst [--count 2000] [--samples 100]

Real daemon, real Dovecot.  First commands on an idle desk, each from the delivery's "250" to its
commit; then the burst, and commands and new mails while it is worked.  The same idle figures are
the reference; what mail costs that keeps coming (one in 200 ms) is shown beside them.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.mails import mails
from benchmarks.memory import memory
from tests.scenario.conversation import Daemon, Desk
from tests.servers.dovecot import Dovecot, running

LOOK_SECONDS = 0.003  # how often we look whether it is committed
APART = 0.2  # seconds between two mails where mail keeps coming
GIVEN_UP = 600.0


class Bench:
    """A desk behind Dovecot, and how long mails take there."""

    def __init__(self, desk: Desk, dovecot: Dovecot) -> None:
        assert isinstance(desk.transport, Daemon)
        self.desk, self.dovecot, self.user = desk, dovecot, desk.transport.user
        self.numbers = itertools.count()
        self._database = sqlite3.connect(desk.folder / "var/maild.db", timeout=60)
        desk.ann.mail("The first one waits for the daemon to start")
        self.ticket = desk.ticket()["number"]

    def command(self) -> float:
        """Seconds until a technician's command is done."""
        n = next(self.numbers)
        priority = ("high", "medium")[n % 2]
        subject = f"Re: {self.ticket}"
        return self._took(lambda: self.desk.bob.mail(subject, f"#priority {priority}"))

    def fresh(self) -> float:
        """Seconds until a contact's new mail is a ticket."""
        n = next(self.numbers)
        return self._took(lambda: self.desk.ann.mail(f"Printer {n} is on fire"))

    def waiting(self) -> int:
        """Mails that are accepted and still wait."""
        query = "SELECT count(*) FROM message WHERE state = 'stored'"
        return int(self._database.execute(query).fetchone()[0])

    def done(self) -> int:
        """Mails that are done with."""
        query = "SELECT count(*) FROM message WHERE state <> 'stored'"
        return int(self._database.execute(query).fetchone()[0])

    def untold(self) -> int:
        """Notifications that are due, or on their way."""
        query = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending') AND next_try < ?"
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        return int(self._database.execute(query, (now,)).fetchone()[0])

    def _took(self, write: Callable[[], str]) -> float:
        octets: list[bytes] = []
        for writer in (self.desk.ann, self.desk.bob):
            writer.send = octets.append
        message_id = write()
        self.dovecot.deliver(self.user, octets[0])
        started = time.perf_counter()
        return self.until_done(message_id) - started

    def until_done(self, message_id: str) -> float:
        """When this mail is done with (`time.perf_counter`)."""
        started = time.perf_counter()
        query = "SELECT 1 FROM message WHERE message_id = ? AND state <> 'stored'"
        while not self._database.execute(query, (message_id,)).fetchone():
            time.sleep(LOOK_SECONDS)
            assert time.perf_counter() - started < GIVEN_UP, "it never came"
        return time.perf_counter()


def apart(take: Callable[[], float], count: int, seconds: float) -> list[float]:
    """Takes so many samples, one in so many seconds."""
    found = []
    for _ in range(count):
        began = time.monotonic()
        found.append(take())
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    return found


def in_burst(bench: Bench, count: int) -> tuple[list[float], list[float], float]:
    """Commands and fresh mails while the burst is worked, and the seconds that it took."""
    before, began = bench.done(), time.monotonic()
    octets: Iterator[bytes] = mails(count)
    fill = threading.Thread(target=bench.dovecot.fill, args=(bench.user, octets))
    fill.start()
    commands: list[float] = []
    fresh: list[float] = []
    while bench.done() - before < count + len(commands) + len(fresh):
        for take, found in ((bench.command, commands), (bench.fresh, fresh)):
            if bench.waiting() > 50 or fill.is_alive():
                found.append(take())
        time.sleep(0.05)
    fill.join()
    return commands, fresh, time.monotonic() - began


def line(name: str, seconds: list[float], reference: list[float] | None = None) -> None:
    if len(seconds) < 2:
        print(f"{name:<32} {len(seconds)} samples, too few")
        return
    middle, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    beside = ""
    if reference is not None:
        beside = f"   ratio of p99 {p99 / statistics.quantiles(reference, n=100)[98]:6.2f}"
    print(
        f"{name:<32} {len(seconds):4} samples   p50 {middle * 1000:6.0f} ms   "
        f"p99 {p99 * 1000:6.0f} ms{beside}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="mails of the burst")
    parser.add_argument("--samples", type=int, default=100, help="on the idle desk")
    asked = parser.parse_args()
    with running() as dovecot, tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), transport=partial(Daemon, dovecot=dovecot))
        bench = Bench(desk, dovecot)
        try:
            idle = [bench.command() for _ in range(asked.samples)]
            line("command, idle", idle)
            line("new ticket, mail keeps coming", apart(bench.fresh, asked.samples, APART))
            commands, fresh, seconds = in_burst(bench, asked.count)
            line(f"command, burst of {asked.count}", commands, idle)
            line(f"new ticket, burst of {asked.count}", fresh, idle)
            print(f"the burst took {seconds:.1f} s, {asked.count / seconds:.0f} mails/s")
            assert isinstance(desk.transport, Daemon)
            print(f"daemon with its workers {memory(desk.transport.process.pid):.0f} MB (PSS)")
        finally:
            desk.close()


if __name__ == "__main__":
    main()
