"""The running daemon behind a real Dovecot, beside what the server and the bare work take.

    python -m benchmarks.daemon [--count 2000] [--samples 60]

First an idle desk: from when a bare connection in IDLE hears of a mail (EXISTS) to its ticket's
commit.  Then a full mailbox: the mails of `ingest` lie there while the daemon is held (SIGSTOP);
from when it goes on to the last one's commit, beside the reference of `ingest` for the same mails.
Notifications go out meanwhile, and where very much waits after it; how long that takes too is the
last figure.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.burst import Bench
from benchmarks.ingest import reference
from benchmarks.mails import mails, write_folder
from tests.scenario.conversation import Daemon, Desk
from tests.servers.dovecot import running

LONGEST = 600.0  # seconds for the full mailbox
SELDOM = 0.03  # seconds between two looks meanwhile: they cost CPU which the daemon could use


def seen(bench: Bench, samples: int) -> list[float]:
    """Seconds from a bare client's EXISTS to the ticket, of mails that come one by one."""
    found = []
    for number in range(samples):
        octets: list[bytes] = []
        bench.desk.ann.send = octets.append
        message_id = bench.desk.ann.mail(f"Scanner {number} is on fire")
        with bench.dovecot.client(bench.user, "INBOX") as client:
            client.idle()
            bench.dovecot.deliver(bench.user, octets[0])
            client.idle_check(10)
            heard = time.perf_counter()
            client.idle_done()
        found.append(bench.until_done(message_id) - heard)
    return found


def full(bench: Bench, daemon: Daemon, count: int) -> tuple[float, float]:
    """Seconds for so many mails that lie there, and until all are told of them."""
    before = bench.done()
    daemon.process.send_signal(signal.SIGSTOP)
    bench.dovecot.fill(bench.user, mails(count))
    began = time.perf_counter()
    daemon.process.send_signal(signal.SIGCONT)
    while bench.done() - before < count:
        assert time.perf_counter() - began < LONGEST, "they never came"
        time.sleep(SELDOM)
    heard = time.perf_counter()
    while bench.untold():
        assert time.perf_counter() - began < LONGEST, "nobody told them"
        time.sleep(SELDOM)
    return heard - began, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="mails of the full mailbox")
    parser.add_argument("--samples", type=int, default=60, help="mails on the idle desk")
    asked = parser.parse_args()
    with running() as dovecot, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "desk").mkdir()
        desk = Desk(folder / "desk", transport=partial(Daemon, dovecot=dovecot))
        try:
            bench = Bench(desk, dovecot)
            found = [1000 * one for one in seen(bench, asked.samples)]
            p99 = statistics.quantiles(found, n=100)[98]
            print(
                f"EXISTS at a bare client to the ticket   {len(found)} samples   "
                f"p50 {statistics.median(found):+.0f} ms   p99 {p99:+.0f} ms",
                flush=True,
            )
            write_folder(folder / "mail", asked.count)
            bare = reference(folder / "mail", folder / "reference.db")
            assert isinstance(desk.transport, Daemon)
            took, told = full(bench, desk.transport, asked.count)
            print(
                f"{asked.count} mails from Dovecot   {asked.count / took:.0f} mails/s   "
                f"reference {asked.count / bare:.0f}   ratio {took / bare:.2f}\n"
                f"all told after {told:.1f} s, of which {took:.1f} until the last one was a ticket"
            )
        finally:
            desk.close()


if __name__ == "__main__":
    main()
