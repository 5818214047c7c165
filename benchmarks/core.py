"""What a mail costs the desk: CPU of the main process and statements, beside a bare
parse-and-commit of the same mail in turns.

    python -m benchmarks.core [--rounds 60] [--url postgresql://…]

A round is a contact's new ticket, his reply, a technician's command and an automatic mail, with the
rules of next7, as long and as often with HTML and files as those of `benchmarks.mails`.  Each is
processed and committed durably by itself; then the same is done in groups.  What reading costs is
left out, as it is done in workers, and so is accepting.  The reference parses with the standard
library, decodes the texts and commits the octets to SQLite durably.  CPU and reference are means,
as a mail with a large file is part of the work; the last ratio is the middle one of single mails
(alone) or groups.  An executemany counts as one statement.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.mails import KINDS, conversation, text_of
from maild import config
from maild.app import App, build
from maild.ingest.accept import accept
from maild.ingest.process import Pipeline
from maild.model import Mail
from maild.parse.limits import LocalReader
from maild.parse.parser import parse
from maild.store import Store, asking
from maild.store.unit import Unit

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOML = """
[desk]
address = "support@example.com"
[trust]
authserv_id = "mx.example.com"
[[resource]]
name = "Bob Tech"
email = "bob@example.com"
[[resource]]
name = "Cem Tech"
email = "cem@example.com"
[[resource]]
name = "Dora Tech"
email = "dora@example.com"
"""
MOST = {"new ticket": 17, "reply": 13, "command": 17, "automatic": 8}  # statements
GROUP = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one mail."""

    cpu: float  # seconds, of this process
    statements: int
    floor: float  # seconds of CPU for the bare work


class Bench:
    """A desk, and the bare work beside it."""

    def __init__(self, place: Path, url: str | None = None) -> None:
        (place / "maild.toml").write_text(TOML)
        settings = config.load(place / "maild.toml")
        self.store = Store(url or settings.database_url)
        self.app: App = build(settings, self.store, now=NOW)
        self.pipeline = Pipeline(self.store, settings, self.app.rules, LocalReader())
        self._bare = sqlite3.connect(place / "bare.db", isolation_level=None)
        for line in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, octets BLOB, text TEXT)",
        ):
            self._bare.execute(line)

    def rounds(self, numbers: range) -> Iterator[tuple[str, Cost]]:
        """Each kind's cost, a mail a transaction."""
        for n in numbers:
            for kind, raw in zip(KINDS, conversation(n), strict=True):
                mail, stored_id = parse(raw), self.accept(raw)
                floor = self._floor(raw)
                began, before = time.process_time(), self.store.executed
                self.pipeline.process(stored_id, NOW, mail)
                cpu = time.process_time() - began
                yield kind, Cost(cpu, self.store.executed - before, floor)

    def groups(self, numbers: range) -> Iterator[tuple[str, Cost]]:
        """The same in groups of one kind; the statements are a mail's share."""
        for start in range(numbers.start, numbers.stop, GROUP):
            rounds = [conversation(n) for n in range(start, min(start + GROUP, numbers.stop))]
            for kind, raws in zip(KINDS, zip(*rounds, strict=True), strict=True):
                some: list[tuple[int, Mail | Exception]] = [
                    (self.accept(raw), parse(raw)) for raw in raws
                ]
                floor = sum(map(self._floor, raws))
                began, before = time.process_time(), self.store.executed
                list(self.pipeline.process_all(some, NOW))
                cpu, statements = time.process_time() - began, self.store.executed - before
                count = len(some)
                yield kind, Cost(cpu / count, round(statements / count), floor / count)

    def take(self, raw: bytes) -> float:
        """Seconds of CPU of this mail alone."""
        mail, stored_id = parse(raw), self.accept(raw)
        began = time.process_time()
        self.pipeline.process(stored_id, NOW, mail)
        return time.process_time() - began

    def outcomes(self) -> dict[str, int]:
        """How many messages became what."""
        with self.store.look() as unit:
            found = [m.outcome for m in unit.all(asking.messages.PROCESSED)]
        return {str(one): found.count(one) for one in sorted(set(found), key=str)}

    def accept(self, raw: bytes) -> int:
        """The id of this mail, which is stored and waits."""

        def take(unit: Unit) -> int:
            stored = accept(unit, mailbox="files", uidvalidity=None, uid=None, octets=raw, now=NOW)
            assert stored is not None
            return stored.id

        return self.store.act(take)

    def _floor(self, raw: bytes) -> float:
        began = time.process_time()
        text = text_of(raw)
        self._bare.execute("BEGIN IMMEDIATE")
        self._bare.execute("INSERT INTO mail (octets, text) VALUES (?, ?)", (raw, text))
        self._bare.execute("COMMIT")
        return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60, help="of four mails each")
    parser.add_argument("--url", help="another database than a new SQLite file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked.url)
        list(bench.rounds(range(10)))  # imports, caches
        one = list(bench.rounds(range(10, 10 + asked.rounds)))
        many = list(bench.groups(range(10_000, 10_000 + asked.rounds)))
        for kind in KINDS:
            print(f"{kind:<12} alone   {_line([c for k, c in one if k == kind])}")
            print(f"{'':<12} grouped {_line([c for k, c in many if k == kind])}")


def _line(costs: list[Cost]) -> str:
    cpu, floor = (statistics.mean(c) for c in ([c.cpu for c in costs], [c.floor for c in costs]))
    statements = statistics.median([c.statements for c in costs])
    middle = statistics.median([c.cpu / c.floor for c in costs])
    return (
        f"{statements:4.0f} statements   {1000 * cpu:6.2f} ms CPU   "
        f"floor {1000 * floor:5.2f} ms   ratio {cpu / floor:5.2f}   middle {middle:5.2f}"
    )


if __name__ == "__main__":
    main()
