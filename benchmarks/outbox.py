"""2,000 notifications through a real SMTP server on loopback, beside bare aiosmtplib.

    python -m benchmarks.outbox [COUNT]

Ours: claim, render in the limited process, compose, send, journal, record. The reference sends the
very octets that came of it to the same server, in the same order and over as many connections of
aiosmtplib, and does nothing else. The two take turns, each after a pass of 20 mails that is not
counted, as for a daemon that runs already. The server (aiosmtpd) runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
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
from tests.office import Office, a_note, the_ticket
from tests.scenario.conversation import KeptRenderer

ROUNDS = 3
WARM = 20  # mails before those that count
CONNECTIONS = (1, 4)  # on both sides; 4 is what [smtp] connections says by default
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


def _fill(office: Office, count: int, cause: str) -> None:
    """Half acknowledgements of tickets, half technicians' replies."""
    for first in range(0, count, 100):
        numbers = [office.ticket(f"Request {i}") for i in range(first, min(first + 100, count), 2)]
        with office.desk(f"{cause}:{first}", by="bob@example.com") as desk:
            for number in numbers:
                ticket = the_ticket(desk, number)
                address = [f"{number.lower()}@acme.example"]
                notify(desk, ticket, "acknowledgement", address)
                notify(desk, ticket, "reply", address, note=a_note(desk, ticket, TEXT))


def _reference(port: int, mails: list[tuple[str, bytes]], connections: int) -> float:
    """Seconds that bare aiosmtplib takes for these mails."""
    waiting = list(reversed(mails))

    async def work(client: Client) -> None:
        while waiting:
            address, octets = waiting.pop()
            await client.sendmail("support@example.com", [address], octets)

    async def send() -> float:
        clients = [
            Client(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(connections)
        ]
        for client in clients:
            await client.connect()
        start = time.perf_counter()
        await asyncio.gather(*map(work, clients))
        took = time.perf_counter() - start
        for client in clients:
            await client.quit()
        return took

    return asyncio.run(send())


def _ours(office: Office, deliverer: Deliverer, count: int) -> float:
    start = time.perf_counter()
    counts = deliverer.once(office.at)
    took = time.perf_counter() - start
    assert counts["sent"] == count, counts
    return took


def _round(folder: Path, port: int, count: int, connections: int) -> tuple[float, float]:
    """Seconds of ours and of the reference, one after the other."""
    smtp = {"port": port, "connections": connections}
    office = Office(folder, smtp=smtp, floods=dict.fromkeys(CAPS, HIGH))
    renderer = KeptRenderer(office.settings.templates)
    deliverer = Deliverer(office.store, office.settings, renderer=renderer)
    _fill(office, WARM, "first")
    _ours(office, deliverer, WARM)
    _fill(office, count, "message")
    ours = _ours(office, deliverer, count)
    mails = [(item.address, item.octets or b"") for item in office.items()]
    _reference(port, mails[:WARM], connections)
    return ours, _reference(port, mails[WARM:], connections)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    ratios: dict[int, list[float]] = {connections: [] for connections in CONNECTIONS}
    with _server() as port:
        for _ in range(ROUNDS):
            for connections in CONNECTIONS:
                with tempfile.TemporaryDirectory() as folder:
                    ours, theirs = _round(Path(folder), port, count, connections)
                ratios[connections].append(ours / theirs)
                print(
                    f"{connections} connection(s): ours {count / ours:6.0f} mails/s"
                    f"   aiosmtplib {count / theirs:6.0f} mails/s   ratio {ours / theirs:.2f}",
                    flush=True,
                )
    for connections, of_rounds in ratios.items():
        middle = statistics.median(of_rounds)
        print(f"{connections} connection(s): ratio, middle of {ROUNDS}: {middle:.2f}")


if __name__ == "__main__":
    main()
