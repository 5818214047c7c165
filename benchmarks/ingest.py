"""Messages a second through `maild ingest`, beside a bare parse-and-commit in the same run.

    python -m benchmarks.ingest [--count 2000] [--postgresql]

Prints both speeds, their ratio (above 1: maild takes that many times as long) with the start-up
and without it (that of one mail, in a run of its own), peak memory, and the size of the database.
The reference parses each file with the standard library, decodes its text, and commits its octets
to SQLite durably, one transaction a message.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.mails import text_of, write_folder

TOML = """
[desk]
address = "support@example.com"
[[resource]]
name = "Bob Tech"
email = "bob@example.com"
"""


def reference(folder: Path, database: Path) -> float:
    """Seconds for the bare work."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, octets BLOB, text TEXT)")
    started = time.perf_counter()
    for path in sorted(folder.iterdir()):
        octets = path.read_bytes()
        text = text_of(octets)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO mail (octets, text) VALUES (?, ?)", (octets, text))
        connection.execute("COMMIT")
    return time.perf_counter() - started


def maild(folder: Path, place: Path, url: str = "") -> tuple[float, list[dict[str, object]]]:
    """Seconds for `maild ingest`, with what it made of each file; `url`: of another database."""
    database = f'[database]\nurl = "{url}"\n' if url else ""
    (place / "maild.toml").write_text(database + TOML)
    command = [str(Path(sys.executable).with_name("maild")), "ingest", "--jsonl"]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--config", str(place / "maild.toml"), str(folder)],
        capture_output=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    return seconds, [json.loads(line) for line in done.stdout.splitlines()]


def beside_postgresql(folder: Path, place: Path, seconds: float) -> None:
    """Prints what the same costs on PostgreSQL on this machine; `seconds`: on SQLite."""
    from tests.servers.postgres import fresh_database, started_server

    for name in ("first-postgresql", "postgresql"):
        (place / name).mkdir()
    with started_server() as server:
        with fresh_database(server) as url:
            start, _ = maild(place / "one", place / "first-postgresql", url)
        with fresh_database(server) as url:
            took, _ = maild(folder, place / "postgresql", url)
    print(f"PostgreSQL    {(took - start) / seconds:7.2f} times SQLite, without start-up")


def _cpu() -> float:
    """Seconds of CPU that programs took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kept(place: Path) -> int:
    """Octets of the database that a run there left."""
    return sum(file.stat().st_size for file in (place / "var").glob("maild.db*"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="mails (default %(default)s)")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL too")
    asked = parser.parse_args()
    count = asked.count
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        size = write_folder(place / "mail", count)
        print(f"{count} mails, {size / 1e6:.0f} MB")
        began = time.process_time()
        bare = reference(place / "mail", place / "reference.db")
        bare_cpu = time.process_time() - began
        print(f"reference     {count / bare:7.0f} msg/s")
        one = write_folder(place / "one", 1)
        (place / "first").mkdir()
        start, _ = maild(place / "one", place / "first")
        start_cpu = _cpu()
        seconds, outcomes = maild(place / "mail", place)
        cpu = _cpu() - 2 * start_cpu
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"maild ingest  {count / seconds:7.0f} msg/s   peak memory {peak:.0f} MB")
        print(f"ratio         {seconds / bare:7.2f}")
        print(f"without start {(seconds - start) / bare:7.2f}   (start-up {start:.1f} s)")
        print(f"the same, CPU {cpu / bare_cpu:7.2f}   (all processes)")
        begun, kept = _kept(place / "first"), _kept(place)
        print(f"database      {(kept - begun) / (size - one):7.2f} times the .eml", end="")
        print(f"   (with the {(begun - one) / 1000:.0f} kB that it begins with {kept / size:.2f})")
        kinds = sorted({str(o["outcome"]) for o in outcomes})
        print({k: sum(o["outcome"] == k for o in outcomes) for k in kinds})
        if asked.postgresql:
            beside_postgresql(place / "mail", place, seconds - start)


if __name__ == "__main__":
    main()
