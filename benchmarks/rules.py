"""What rules and clocks cost: one message and one tick, with many tickets, rules and clocks.

    python -m benchmarks.rules [--tickets 10000] [--messages 200]

Two clocks wait on each ticket.  A message is a contact's answer to a ticket, parsed, processed and
committed durably.  It is measured with no rules, with 30 rules that listen and find that they do
not apply, with 30 rules of which 5 act, and with the rules of next7, which also write mail.  A
tick that finds nothing due is measured with a tenth of the clocks and with all of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.ingest import TOML
from maild import config
from maild.app import App, build
from maild.desk.profile import SHIPPED
from maild.ingest.accept import accept
from maild.ingest.process import Pipeline
from maild.model import Role
from maild.parse.limits import LocalReader
from maild.rules.clocks import Clocks
from maild.rules.engine import Rules
from maild.store import Store
from maild.store.records import Clock, Person, PersonAddress, Thread, Ticket
from maild.store.schema import TABLES

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHUNK = 1000
IDLE = """
- rule: Idle {n}
  when: [note added, status changed, ticket created]
  if:
    ticket.title: {{contains: "nothing like it {n}"}}
    ticket.status: [Waiting Customer, Waiting Vendor]
    note.by_kind: contact
  then: [{{tag: "t{n}"}}]
"""
ACTS = """
- rule: Act {n}
  when: note added
  if:
    note.by_kind: contact
    ticket.status_kind: {{not: closed}}
    mail.subject: {{matches: '(?P<word>printer|network|server)'}}
  then: [{{set: {{location: "floor {n}"}}}}]
"""


def own(place: Path, name: str, rules: str) -> Rules:
    """A profile like next7's with other rules."""
    folder = place / name
    folder.mkdir()
    (folder / "profile.yaml").write_text((SHIPPED / "next7" / "profile.yaml").read_text("utf-8"))
    (folder / "rules.yaml").write_text(rules or "[]")
    return Rules(folder)


def fill(store: Store, tickets: int) -> None:
    """Tickets of two hundred contacts, each with two clocks and a Message-ID to answer to."""
    with store.unit() as unit:
        people = [
            unit.add(Person(name=f"User {n}", role=Role.CONTACT, created=NOW)) for n in range(200)
        ]
        ids = [person.id for person in people]
        for n, key in enumerate(ids):
            unit.add(PersonAddress(person_id=key, address=f"user{n}@customer.example"))
    for start in range(0, tickets, CHUNK):
        numbers = range(start, min(start + CHUNK, tickets))
        with store.engine.begin() as connection:
            connection.execute(sa.insert(TABLES[Ticket]), [_ticket(n, ids) for n in numbers])
            connection.execute(
                sa.insert(TABLES[Thread]),
                [
                    {"message_id": f"{n}@example.com", "ticket_id": n + 1, "ours": False}
                    for n in numbers
                ],
            )
            connection.execute(sa.insert(TABLES[Clock]), [c for n in numbers for c in _clocks(n)])


def _ticket(n: int, people: list[int]) -> dict[str, object]:
    return {
        "id": n + 1,
        "number": f"T20261120.{n + 1:05d}",
        "title": f"printer network {n}",
        "status": "In Progress",
        "status_kind": "working",
        "priority": "3 Medium",
        "type": "Service Request",
        "source": "email",
        "queue": "Co-managed",
        "contact_id": people[n % len(people)],
        "created": NOW - timedelta(days=3),
        "updated": NOW - timedelta(days=1),
        "notify_contact": True,
        "reopened": 0,
        "tags": [],
        "fields": {},
    }


def _clocks(n: int) -> list[dict[str, object]]:
    return [
        {
            "ticket_id": n + 1,
            "name": f"clock {k}",
            "due": NOW + timedelta(days=30, seconds=n),
            "started": NOW,
            "detail": {},
        }
        for k in range(2)
    ]


def mail(n: int, count: int) -> bytes:
    """An answer to the nth ticket."""
    return (
        f"From: User {n % 200} <user{n % 200}@customer.example>\r\nTo: support@example.com\r\n"
        f"Subject: Re: printer network {n}\r\nMessage-ID: <{n}.{count}@customer.example>\r\n"
        f"In-Reply-To: <{n}@example.com>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\n"
        f"It is still slow since yesterday, number {count}.\r\n"
    ).encode()


def messages(store: Store, app: App, all_rules: list[Rules], count: int) -> list[float]:
    """Median seconds of a message under each set of rules, taken in turn on the same desk."""
    spent: list[list[float]] = [[] for _ in all_rules]
    lines = [Pipeline(store, app.settings, rules, LocalReader()) for rules in all_rules]
    for n in range(count):
        for which, pipeline in enumerate(lines):
            octets = mail(n * len(lines) + which, which)
            with store.unit() as unit:
                stored = accept(
                    unit, mailbox="files", uidvalidity=None, uid=None, octets=octets, now=NOW
                )
                assert stored is not None
                key = stored.id
            started = time.perf_counter()
            outcome = pipeline.process(key, NOW)
            spent[which].append(time.perf_counter() - started)
            assert outcome is not None and outcome.outcome == "note", outcome
    return [statistics.median(times) for times in spent]


def tick(store: Store, app: App) -> float:
    """Median seconds of a look at the clocks that finds nothing due."""
    clocks = Clocks(store, app.settings, app.rules)
    clocks.due(NOW)
    times = []
    for _ in range(300):
        started = time.perf_counter()
        clocks.due(NOW)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "maild.toml").write_text(TOML)
        settings = config.load(place / "maild.toml")
        ticks = {}
        for tickets in (options.tickets // 10, options.tickets):
            store = Store(f"sqlite:///{place}/{tickets}.db")
            app = build(settings, store, now=NOW)
            fill(store, tickets)
            ticks[tickets * 2] = tick(store, app)
        idle = "".join(IDLE.format(n=n) for n in range(25))
        sets = {
            "no rules": own(place, "none", ""),
            "30 rules that do not apply": own(
                place, "idle", "".join(IDLE.format(n=n) for n in range(30))
            ),
            "30 rules, 5 of them act": own(
                place, "acts", idle + "".join(ACTS.format(n=n) for n in range(5))
            ),
            f"next7 ({len(app.rules.rules)} rules, with mail)": app.rules,
        }
        medians = messages(store, app, list(sets.values()), options.messages)
        print(f"{options.tickets} tickets, {options.tickets * 2} clocks")
        for name, median in zip(sets, medians, strict=True):
            print(f"{name:<32}{median * 1000:7.2f} ms a message, ratio {median / medians[0]:.2f}")
        for clocks, median in ticks.items():
            print(f"tick, nothing due, {clocks:>6} clocks  {median * 1e6:7.0f} µs")


if __name__ == "__main__":
    main()
