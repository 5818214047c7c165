"""2,000 notifications through a real SMTP server on loopback, beside bare aiosmtplib.

    python -m benchmarks.outbox [COUNT]

Ours: claim, render in the limited process, compose, send, journal, record. The reference sends the
very octets that came of it, in the same order, over one connection of aiosmtplib, and does nothing
else. The SMTP server (aiosmtpd) runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP
from aiosmtplib import SMTP as Client

from maild.desk.notify import notify
from maild.outbox.deliver import Deliverer
from maild.store.tables import OutboxItem
from tests.office import Office, a_note, the_ticket

ROUNDS = 3
CAPS = ("conversation", "words", "recipient", "resource", "strangers", "total")
HIGH = {"hour": 1_000_000, "day": 1_000_000}
TEXT = "We have looked at it and found the cause.\n\nThe part comes tomorrow.\n\nBob\n"


class _Sink:
    async def handle_DATA(self, smtp: Any, session: Any, envelope: Any) -> str:
        return "250 2.0.0 OK"


def _serve(ready: Any) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(_Sink(), hostname="localhost"), "127.0.0.1", 0
        )
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def _server() -> Iterator[int]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs,), daemon=True
    )
    process.start()
    try:
        yield int(ours.recv())
    finally:
        process.terminate()
        process.join()


def _fill(office: Office, count: int) -> None:
    """Half acknowledgements of tickets, half technicians' replies."""
    for first in range(0, count, 100):
        numbers = [office.ticket(f"Request {i}") for i in range(first, min(first + 100, count), 2)]
        with office.desk(f"message:{first}", by="bob@example.com") as desk:
            for number in numbers:
                ticket = the_ticket(desk, number)
                address = [f"{number.lower()}@acme.example"]
                notify(desk, ticket, "acknowledgement", address)
                notify(desk, ticket, "reply", address, note=a_note(desk, ticket, TEXT))


def _reference(port: int, mails: list[tuple[str, bytes]]) -> float:
    async def send() -> float:
        client = Client(hostname="127.0.0.1", port=port, start_tls=False)
        await client.connect()
        start = time.perf_counter()
        for address, octets in mails:
            await client.sendmail("support@example.com", [address], octets)
        took = time.perf_counter() - start
        await client.quit()
        return took

    return asyncio.run(send())


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    ratios = []
    with _server() as port:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                office = Office(Path(folder), smtp={"port": port}, floods=dict.fromkeys(CAPS, HIGH))
                _fill(office, count)
                deliverer = Deliverer(office.store, office.settings)
                start = time.perf_counter()
                counts = deliverer.once(office.at)
                ours = time.perf_counter() - start
                assert counts["sent"] == count, counts
                with office.store.read() as session:
                    rows = session.query(OutboxItem.address, OutboxItem.octets)
                    mails = [(address, octets or b"") for address, octets in rows]
                theirs = _reference(port, mails)
                ratios.append(ours / theirs)
                print(
                    f"ours {count / ours:6.0f} mails/s   aiosmtplib {count / theirs:6.0f} mails/s"
                    f"   ratio {ours / theirs:.2f}",
                    flush=True,
                )
    print(f"ratio, middle of {ROUNDS}: {sorted(ratios)[ROUNDS // 2]:.2f}")


if __name__ == "__main__":
    main()
