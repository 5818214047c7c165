"""How long after a mail reached the mailbox there is a ticket, and an acknowledgement.

    python -m benchmarks.latency [--count 20]

Real daemon, real Dovecot with IDLE, SMTP server on loopback; prints the median and the slowest.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sized
from functools import partial
from pathlib import Path

from tests.scenario.conversation import Daemon, Desk
from tests.servers.dovecot import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20, help="mails (default %(default)s)")
    count = parser.parse_args().count
    tickets, told = [], []
    with running() as dovecot, tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), transport=partial(Daemon, dovecot=dovecot))
        desk.ann.mail("The first one waits for the daemon to start")
        for number in range(1, count + 1):
            octets: list[bytes] = []
            desk.ann.send = octets.append
            desk.ann.mail(f"Printer {number} is on fire")
            desk.transport.put(octets[0])
            started = time.perf_counter()
            desk.servers.wait_for(partial(_more, desk.tickets, number), every=0.002)
            tickets.append(time.perf_counter() - started)
            desk.servers.wait_for(partial(_more, desk.ann.inbox, number), every=0.002)
            told.append(time.perf_counter() - started)
        desk.close()
    for name, seconds in (("ticket", tickets), ("acknowledgement", told)):
        median, slowest = statistics.median(seconds), max(seconds)
        print(f"{name:<16} median {median * 1000:5.0f} ms   slowest {slowest * 1000:5.0f} ms")


def _more(things: Callable[[], Sized], than: int) -> bool:
    return len(things()) > than


if __name__ == "__main__":
    main()
