"""Watching a real Dovecot: how soon a delivered mail is accepted, and how many a second.

    .venv/bin/python benchmarks/watch.py [--count 2000]

Prints the latency from the LMTP delivery's "250" to the commit with IDLE, beside the time at
which a bare connection in IDLE hears of it (the server's own share); then messages a second
for a full mailbox, and the peak memory.
"""

from __future__ import annotations

import argparse
import logging
import resource
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))

from maild.config import LimitsSection, MailboxSection
from maild.ingest.imap import Stop, Watcher
from maild.store import Store
from maild.store.migrate import migrate
from tests.servers.dovecot import Dovecot, running


def mail(number: int) -> bytes:
    body = "The printer on the second floor says that it is on fire.\r\n" * (5 + number % 60)
    return f"Subject: {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\n{body}".encode()


def watcher(store: Store, section: MailboxSection, accepted: threading.Event) -> Watcher:
    return Watcher(
        section,
        store,
        LimitsSection(),
        lambda: datetime.now(UTC),
        accepted.set,
        lambda key, text: print("alert:", text),
    )


def latency(dovecot: Dovecot, store: Store, count: int) -> None:
    user = dovecot.add_user("latency")
    accepted, stop = threading.Event(), Stop()
    thread = threading.Thread(
        target=watcher(store, dovecot.section(user), accepted).run, args=(stop,)
    )
    thread.start()
    ours, bare = [], []
    with dovecot.client(user, "INBOX") as client:
        for number in range(count):
            accepted.clear()
            client.idle()
            dovecot.deliver(user, mail(number))
            start = time.monotonic()
            client.idle_check(10)
            bare.append(time.monotonic() - start)
            accepted.wait(10)
            ours.append(time.monotonic() - start)
            client.idle_done()
    stop.set()
    thread.join()
    for name, values in (("accepted", ours), ("bare IDLE hears of it", bare)):
        print(
            f"{name}: median {statistics.median(values) * 1000:.0f} ms, "
            f"slowest of {count} {max(values) * 1000:.0f} ms"
        )


def throughput(dovecot: Dovecot, store: Store, count: int) -> None:
    user = dovecot.add_user("throughput")
    dovecot.fill(user, (mail(number) for number in range(count)))
    for after in ("keep", "move:Done"):
        section = dovecot.section(user, name=after, after=after)
        one = watcher(store, section, threading.Event())
        start = time.monotonic()
        accepted = one.once()
        seconds = time.monotonic() - start
        print(
            f'{accepted} messages, after = "{after}": {seconds:.2f} s, {accepted / seconds:.0f} /s'
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    count = parser.parse_args().count
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder, running() as dovecot:
        store = Store(f"sqlite:///{folder}/maild.db")
        migrate(store)
        latency(dovecot, store, 20)
        throughput(dovecot, store, count)
        store.close()


if __name__ == "__main__":
    main()
