"""Counts what came of every mail.  It shares no code with maild but what reads kept octets.

What must be true, whatever went wrong meanwhile:
  every mail that was delivered is stored once, octet for octet, and processed once: one ticket
  everybody who is to be told is told: each notification was seen, under one Message-ID
  a repeat is the same octets, at most one of each, and at most as many as there were kills
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from maild.spool import measured
from maild.store.packing import unpack


@dataclass(frozen=True)
class Delivered:
    """A mail that was put into the mailbox, and who must hear of it."""

    octets: bytes
    sender: str
    tells: tuple[str, ...]  # addresses

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.octets)["Message-ID"])

    @property
    def subject(self) -> str:
        return str(message_from_bytes(self.octets)["Subject"])


@dataclass(frozen=True)
class Seen:
    """A mail that the relay took."""

    recipient: str
    octets: bytes


@dataclass
class Report:
    """What is not as it must be, a sentence each."""

    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    mails: int = 0
    notifications: int = 0
    repeats: int = 0
    unknown: int = 0  # notifications of which maild itself says that it does not know
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stalled: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds from the end of a fault until all was done

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.stalled)

    def add(self, other: Report) -> None:
        self.faults += other.faults
        self.slowest = max(self.slowest, other.slowest)
        for name in ("kills", "mails", "notifications", "repeats", "unknown"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("lost", "doubled", "stalled"):
            getattr(self, name).extend(getattr(other, name))

    def text(self, seed: int) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        return (
            f"seed {seed}: {sum(self.faults.values())} faults ({faults}); {self.mails} mails, "
            f"{self.notifications} notifications, {self.repeats} repeats, {self.unknown} unknown; "
            f"lost {len(self.lost)}, doubled {len(self.doubled)}, stalled {len(self.stalled)}; "
            f"slowest {self.slowest:.0f} s"
        )


def check(
    database: str, delivered: Iterable[Delivered], seen: Iterable[Seen], kills: int
) -> Report:
    """`database`: the path of a SQLite file, or a postgresql:// address."""
    report = Report(kills=kills)
    mails = list(delivered)
    tables = _tables(database)
    _check_stored(report, mails, tables)
    _check_told(report, mails, list(seen), tables)
    return report


# ---- what is stored


@dataclass(frozen=True)
class _Tables:
    messages: list[tuple[Any, ...]]  # id, sha256, state, ticket_id
    raw: dict[int, str]  # message id → SHA-256 of the octets
    notes: Counter[int]  # by message id
    tickets: int
    unknown: set[tuple[str, str]]  # address, Message-ID without <>


def _tables(database: str) -> _Tables:
    def rows(query: str) -> list[tuple[Any, ...]]:
        if not database.startswith("postgresql"):
            with sqlite3.connect(database, timeout=30) as connection:
                return connection.execute(query).fetchall()
        import psycopg

        with psycopg.connect(database.replace("postgresql+psycopg", "postgresql")) as connection:
            return connection.execute(query).fetchall()

    return _Tables(
        messages=[
            (key, _digest(kept), *rest)
            for key, kept, *rest in rows("SELECT id, sha256, state, ticket_id FROM message")
        ],
        raw={
            key: measured(unpack(bytes(octets)))[1]
            for key, octets in rows("SELECT stored_id, octets FROM raw")
        },
        notes=Counter(
            key for (key,) in rows("SELECT stored_id FROM note WHERE stored_id IS NOT NULL")
        ),
        tickets=rows("SELECT count(*) FROM ticket")[0][0],
        unknown=set(rows("SELECT address, message_id FROM outbox WHERE state = 'unknown'")),
    )


def _digest(kept: bytes | str) -> str:
    """As it is written: SQLite keeps its octets, PostgreSQL its digits."""
    return kept.hex() if isinstance(kept, bytes) else kept


def _check_stored(report: Report, mails: list[Delivered], tables: _Tables) -> None:
    by_hash = defaultdict(list)
    for row in tables.messages:
        by_hash[row[1]].append(row)
    tickets: list[int] = []
    for mail in mails:
        report.mails += 1
        digest = hashlib.sha256(mail.octets).hexdigest()
        found = by_hash.pop(digest, [])
        if not found:
            report.lost.append(f"{mail.subject} is not stored")
            continue
        if len(found) > 1:
            report.doubled.append(f"{mail.subject} is stored {len(found)} times")
        if tables.raw.get(found[0][0]) != digest:
            report.lost.append(f"{mail.subject} is stored with other octets")
        tickets += _processed(report, mail, found[0], tables)
    if by_hash:
        report.doubled.append(f"{len(by_hash)} messages are stored that nobody delivered")
    for ticket, count in Counter(tickets).items():
        if count > 1:
            report.doubled.append(f"{count} mails are one ticket ({ticket})")
    if tables.tickets != len(set(tickets)):
        report.doubled.append(f"{len(set(tickets))} mails made {tables.tickets} tickets")


def _processed(report: Report, mail: Delivered, row: tuple[Any, ...], tables: _Tables) -> list[int]:
    """The ticket of a message that was processed as it must be."""
    key, _, state, ticket = row
    if state != "processed":
        report.lost.append(f"{mail.subject} is {state}")
    elif ticket is None:
        report.lost.append(f"{mail.subject} has no ticket")
    elif tables.notes[key] != 1:
        report.doubled.append(f"{mail.subject} made {tables.notes[key]} notes")
    return [] if ticket is None else [ticket]


# ---- what was told


def _check_told(report: Report, mails: list[Delivered], seen: list[Seen], tables: _Tables) -> None:
    heard = _heard(mails, seen)
    report.unknown = len(tables.unknown)
    unknown = {address for address, _ in tables.unknown}
    for mail in mails:
        for address in mail.tells:
            copies = heard.pop((address, mail.subject), {})
            if not copies and address not in unknown:
                report.lost.append(f"{address} never heard of {mail.subject}")
            if len(copies) > 1:
                report.doubled.append(f"{address} heard {len(copies)} times of {mail.subject}")
            for octets in copies.values():
                _check_copies(report, address, octets)
    if report.repeats > report.kills:
        report.doubled.append(f"{report.repeats} repeats for {report.kills} kills")
    for address, about in heard:
        report.doubled.append(f"{address} was told of {about}, which is not for him")


def _check_copies(report: Report, address: str, octets: list[bytes]) -> None:
    report.notifications += 1
    report.repeats += len(octets) - 1
    if len(octets) > 2:
        report.doubled.append(f"{address} got one mail {len(octets)} times")
    if len(set(octets)) > 1:
        report.doubled.append(f"{address} got a repeat that is not the same mail")


def _heard(
    mails: list[Delivered], seen: list[Seen]
) -> dict[tuple[str, str], dict[str, list[bytes]]]:
    """(address, subject of the mail that it is about) → Message-ID → each time that it came."""
    subjects = {mail.subject for mail in mails}
    answered = {mail.message_id: mail.subject for mail in mails}
    heard: dict[tuple[str, str], dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        parsed = message_from_bytes(one.octets)
        about = answered.get(str(parsed["In-Reply-To"]))
        about = about or next((s for s in _words(parsed) if s in subjects), "?")
        heard[one.recipient, about][str(parsed["Message-ID"])].append(one.octets)
    return heard


def _words(parsed: Message) -> list[str]:
    """The subject in its parts: [T20261126.0001] Mail 7 → Mail 7."""
    subject = str(parsed["Subject"]).replace("\r\n", "").replace("\n", "")
    return [subject, subject.partition("] ")[2], subject.partition(": ")[2]]
