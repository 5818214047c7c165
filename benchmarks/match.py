"""What it costs to find a mail's ticket, at a thousand, a hundred thousand and a million messages.

    python -m benchmarks.match [--sizes 1000,100000,1000000]

Fills a SQLite desk with that many messages (ten a ticket, each known by its Message-ID), then
times everything that is decided before anything is done: who wrote, which ticket, whether this is
a copy.  Prints the median for each size and the ratio of the largest to the smallest.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maild.desk import reply_tokens
from maild.ingest import duplicates
from maild.ingest.match import decide, gather
from maild.ingest.sender import claim, who
from maild.model import Mail
from maild.parse.parser import parse
from maild.store import Store
from maild.store.migrate import migrate
from maild.store.records import Message, Person, PersonAddress, Thread, Ticket
from maild.store.schema import TABLES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
A_TICKET = 10  # messages
ROUNDS = 300
DEFAULTS: dict[type, dict[str, Any]] = {
    Person: {"active": True, "source": "mail", "fields": {}},
    PersonAddress: {"bounces": 0},
    Ticket: {"notify_contact": True, "reopened": 0, "tags": [], "fields": {}},
    Message: {"attempts": 0, "reasons": [], "commands": []},
}


def fill(store: Store, size: int) -> None:
    """`size` messages of `size / 10` tickets by as many people, made by the database itself."""
    with store.engine.begin() as connection:
        i = _numbers(size // A_TICKET)
        _insert(connection, Person, i, id=i, name="Person", role="contact", created=NOW)
        address = sa.func.printf("person%d@host%d.example", i, i % 997)
        _insert(connection, PersonAddress, i, person_id=i, address=address)
        _insert(
            connection,
            Ticket,
            i,
            id=i,
            number=sa.func.printf("T20261121.%06d", i),
            title="Printer",
            status="New",
            status_kind="new",
            priority="3 Medium",
            type="Incident",
            source="email",
            queue="Co-managed",
            contact_id=i,
            created=NOW,
            updated=NOW,
        )
        i = _numbers(size)
        message_id = sa.func.printf("m%d@example.com", i)
        _insert(
            connection,
            Message,
            i,
            mailbox="support",
            sha256=sa.func.printf("%064d", i),
            size=1000,
            accepted=NOW,
            state="processed",
            message_id=message_id,
            fingerprint=sa.func.printf("%064d", i),
            sender=sa.func.printf("person%d@host.example", i % 997),
            outcome="note",
        )
        ticket = (i - 1) // A_TICKET + 1
        _insert(connection, Thread, i, message_id=message_id, ticket_id=ticket, ours=False)


def _numbers(last: int) -> sa.ColumnElement[int]:
    """1, 2, 3 … as a column."""
    series = sa.select(sa.literal(1).label("i")).cte(f"to_{last}", recursive=True)
    series = series.union_all(sa.select(series.c.i + 1).where(series.c.i < last))
    return series.c.i


def _insert(connection: sa.Connection, record: type, i: Any, **columns: Any) -> None:
    table = TABLES[record]
    values = {**DEFAULTS.get(record, {}), **columns}
    made = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, table.c[name].type)
        for name, value in values.items()
    ]
    connection.execute(
        sa.insert(table).from_select(list(values), sa.select(*made).select_from(i.table))
    )


def mails(size: int) -> list[Mail]:
    """Answers to mail all over the desk, numbers in subjects, and mail of nothing that we know."""
    found = []
    step = max(1, size // ROUNDS)
    for n in range(ROUNDS):
        message = 1 + n * step % size
        ticket = (message - 1) // A_TICKET + 1
        head = (
            f"From: person{ticket}@host{ticket % 997}.example\r\nMessage-ID: <new{n}@x.example>\r\n"
        )
        if n % 3 == 0:
            chain = " ".join(f"<m{max(1, message - k)}@example.com>" for k in range(9, -1, -1))
            head += f"In-Reply-To: <m{message}@example.com>\r\nReferences: {chain}\r\n"
        elif n % 3 == 1:
            head += f"Subject: Re: [T20261121.{ticket:06d}] Printer\r\n"
        found.append(parse(head.encode() + b"\r\nx\r\n"))
    return found


def once(store: Store, mail: Mail, secret: bytes) -> float:
    """Seconds to decide about one mail."""
    stored = Message(
        mailbox="support",
        sha256="0",
        size=1,
        message_id=mail.message_id,
        fingerprint=duplicates.fingerprint(mail),
        accepted=NOW,
    )
    with store.look() as unit:
        started = time.perf_counter()
        duplicates.twin(unit, stored)
        claimed = claim(mail, ours=lambda _: False, program=lambda _: False)
        assert claimed is not None
        sender = who(unit, claimed, NOW)
        decide(unit, gather(unit, mail, secret), sender)
        return time.perf_counter() - started


def measure(folder: Path, sizes: list[int]) -> dict[int, float]:
    """The median in seconds at each size; the sizes take turns, so that the machine's load tells
    for all of them alike."""
    times: dict[int, list[float]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        desks = {}
        for size in sizes:
            store = Store(f"sqlite:///{folder}/{size}.db")
            stack.callback(store.close)
            migrate(store)
            fill(store, size)
            desks[size] = (store, store.act(reply_tokens.desk_secret), mails(size))
        for n in range(ROUNDS):
            for size, (store, secret, work) in desks.items():
                times[size].append(once(store, work[n], secret))
    return {size: statistics.median(taken) for size, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,100000,1000000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), sizes)
    for size, seconds in found.items():
        print(f"{size:>9,} messages  {seconds * 1000:6.2f} ms a mail")
    print(f"ratio     {found[max(sizes)] / found[min(sizes)]:.2f}")


if __name__ == "__main__":
    main()
