"""A desk in the middle of everything that can go wrong: its mailbox, relay, database and the lines
between them, and as many daemons as are wanted, each to be killed at any time."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.faults.checker import Delivered, Report, Seen, check
from tests.faults.disk import Disk
from tests.fresh import make_file
from tests.processes import Process
from tests.servers.line import Line
from tests.servers.rude_imap import RudeImap
from tests.servers.rude_smtp import RudeSmtp
from tests.waiting import WAIT_SECONDS

BOB = "bob@example.com"
ADA = "ada@example.com"  # who hears of alerts, and of nothing else
SETTLE_SECONDS = WAIT_SECONDS  # from the end of what stood in the way until all is done

TOML = """
[desk]
name = "Example Support"
address = "support@example.com"
admins = ["ada@example.com"]
timezone = "Europe/Berlin"
[database]
url = "{database}"
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "support"
password = "secret"
poll_seconds = 1
after = "{after}"
[smtp]
port = {smtp}
timeout_seconds = 5
connections = {connections}
[[resource]]
name = "Bob Tech"
email = "bob@example.com"
[[organization]]
name = "Acme"
domains = ["acme.example"]
[floods]
conversation = {{hour = 100000, day = 100000}}
recipient = {{hour = 100000, day = 100000}}
resource = {{hour = 100000, day = 100000}}
strangers = {{hour = 100000, day = 100000}}
total = {{hour = 100000, day = 100000}}
mails = {{hour = 100000, day = 100000}}
tickets = {{hour = 100000, day = 100000}}
"""


class World:
    """One desk and its surroundings in `folder`."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        database: str = "sqlite:///var/maild.db",
        after: str = "keep",
        connections: int = 2,
        disk: Disk | None = None,
    ) -> None:
        """`disk`: a small one that holds `var`; without it files are kept from growing."""
        self.folder = folder
        self.random = random.Random(seed)
        self.database = database
        self.mailbox = RudeImap({})
        self.relay = RudeSmtp()
        self.imap = Line(self.mailbox.port)
        self.smtp = Line(self.relay.port)
        self.delivered: list[Delivered] = []
        self.kills = 0
        self.daemons: list[int] = []  # process ids, which lead their process groups
        self._processes: dict[int, Process] = {}
        self.report = Report()
        self.say: Callable[[str], object] = lambda line: None  # of each fault that is over
        self.clock = folder / "clock"  # how many seconds the daemons' clocks are off
        self.clock.write_text("0")
        self.full = folder / "full"  # while it exists, no file of a daemon grows
        self.disk = disk
        if database.startswith("sqlite") and not (folder / "var").is_file():
            make_file(folder / "var" / "maild.db")
        self._log = folder / "log"
        self.config = folder / "maild.toml"
        self.config.write_text(
            TOML.format(
                database=database,
                imap=self.imap.port,
                smtp=self.smtp.port,
                after=after,
                connections=connections,
            )
        )

    def __enter__(self) -> Self:
        for server in (self.mailbox, self.relay, self.imap, self.smtp):
            server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        for pid in list(self.daemons):
            self.kill(pid, counted=False)
        for server in (self.imap, self.smtp, self.mailbox, self.relay):
            server.__exit__(kind, error, where)

    # ---- daemons

    def start(self, **environment: str) -> int:
        """One more daemon; its process id."""
        process = Process(
            "run",
            "--config",
            str(self.config),
            env={**os.environ, **environment},
            stdout=self._log,
            stderr=self._log,
            clock=str(self.clock),
            full=str(self.full),
        )
        self._processes[process.pid] = process
        self.daemons.append(process.pid)
        return process.pid

    def kill(self, pid: int | None = None, *, counted: bool = True) -> None:
        """SIGKILL, without a word: the daemon, and nobody else."""
        pid = pid or self.daemons[-1]
        self.daemons.remove(pid)
        self.kills += counted
        self._processes[pid].kill()
        self._processes[pid].wait()

    def stop(self, pid: int | None = None) -> tuple[float, int]:
        """SIGTERM; how long it took, and the exit status."""
        pid = pid or self.daemons[-1]
        self.daemons.remove(pid)
        began = time.monotonic()
        self._processes[pid].terminate()
        status = self._processes[pid].wait()
        return time.monotonic() - began, status

    def begin_again(self) -> None:
        """All stop, so that every claim is nobody's and is free at once; then as many begin."""
        count = len(self.daemons)
        for _ in range(count):
            self.stop()
        if not self.database.startswith("sqlite"):  # there the first who begins does it
            with psycopg.connect(self.checked) as connection:
                connection.execute(
                    "UPDATE outbox SET state = 'waiting', claimed = NULL WHERE state = 'sending'"
                )
        for _ in range(count):
            self.start()

    def ended(self, pid: int) -> int:
        """Waits for a daemon that ends by itself; its exit status."""
        return self._processes[pid].wait()

    @staticmethod
    def is_alive(pid: int) -> bool:
        with suppress(OSError):
            return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[
                0
            ] != "Z"
        return False

    def go_ahead(self, seconds: float) -> None:
        """The daemons' clocks are so many seconds further ahead."""
        self.clock.write_text(str(float(self.clock.read_text()) + seconds))

    def fill(self) -> None:
        """The disk is full, until `clear`."""
        if self.disk is not None:
            self.disk.fill()
        else:
            self.full.touch()

    def clear(self) -> None:
        if self.disk is not None:
            self.disk.clear()
        self.full.unlink(missing_ok=True)

    def workers(self) -> list[int]:
        """The processes that the daemons started."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent in self.daemons:
                    found.append(int(entry.name))
        return found

    # ---- mail

    def mail(self, count: int = 1) -> None:
        """So many people write, each a mail of his own."""
        for _ in range(count):
            number = len(self.delivered)
            padding = "x" * self.random.choice([0, 50, 5000, 60_000])
            octets = (
                f"From: Person {number} <p{number}@acme.example>\r\nTo: support@example.com\r\n"
                f"Subject: Mail {number} of many\r\nMessage-ID: <{number}@acme.example>\r\n\r\n"
                f"Number {number} is on fire.\r\n{padding}\r\n"
            ).encode()
            self.mailbox.put(number + 1, octets)
            sender = f"p{number}@acme.example"
            self.delivered.append(Delivered(octets, sender, (sender, BOB)))

    def seen(self) -> list[Seen]:
        """What the relay took, of mail that is about a mail."""
        taken = list(self.relay.received)
        return [Seen(mail.recipient, mail.octets) for mail in taken if mail.recipient != ADA]

    # ---- waiting and counting

    @property
    def owed(self) -> int:
        """How many notifications are still to come."""
        return sum(len(mail.tells) for mail in self.delivered) - len(self.seen())

    @property
    def checked(self) -> str:
        """The database, as the checker opens it."""
        if self.database.startswith("sqlite:///"):
            return str(self.folder / self.database.removeprefix("sqlite:///"))
        return self.database

    def look(self) -> Report:
        """What the checker says now."""
        return check(self.checked, self.delivered, self.seen(), self.kills)

    def settle(self, what: str, seconds: float = SETTLE_SECONDS) -> float:
        """Waits until all is done, and says how long that took; else it has stalled."""
        began = time.monotonic()
        expected = sum(len(mail.tells) for mail in self.delivered)
        while time.monotonic() - began < seconds:
            if len(self.seen()) >= expected and self._all_there():
                break
            time.sleep(0.2)
        else:
            lost = self.look().lost[:3]
            self.report.stalled.append(f"after {what}: {lost} within {seconds:g} s")
        took = time.monotonic() - began
        self.report.slowest = max(self.report.slowest, took)
        return took

    def _all_there(self) -> bool:
        try:
            return not self.look().lost
        except (sqlite3.Error, psycopg.Error):  # it is not there yet, or not again
            return False

    def finish(self) -> Report:
        """The final count."""
        report = self.look()
        report.add(self.report)
        return report
