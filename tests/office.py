"""A small desk for tests of what goes out: a store, a few people, a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from maild.config import Config, Settings
from maild.desk import people
from maild.desk.desk import Actor, Desk
from maild.desk.profile import load_profile, profile_folder
from maild.model import Address, MessageState, Role
from maild.outbox.compose import Order, compose, job
from maild.outbox.deliver import Deliverer
from maild.outbox.rows import order
from maild.store import Store, asking
from maild.store.question import Question
from maild.store.records import Message, Note, OutboxItem, Person, Ticket
from maild.store.unit import Unit
from maild.templates.renderer import LocalRenderer
from tests.fresh import make_tables

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

PEOPLE: dict[str, Any] = {
    "desk": {
        "name": "Example Support",
        "address": "support@example.com",
        "timezone": "Europe/Berlin",
    },
    "resource": [
        {"name": "Bob Tech", "email": "bob@example.com"},
        {"name": "Cem Yıldız", "email": "cem@example.com"},
    ],
    "organization": [{"name": "Acme", "domains": ["acme.example"]}],
    "contact": [
        {"name": "Ann Archer", "email": "ann@acme.example", "organization": "Acme"},
        {"name": "Dora", "email": "dora@acme.example", "organization": "Acme", "language": "de"},
    ],
}


class Office:
    """The desk; `at` is its clock."""

    def __init__(self, folder: Path, url: str = "sqlite:///var/maild.db", **more: Any) -> None:
        config = Config.model_validate({**PEOPLE, "database": {"url": url}, **more})
        self.settings = Settings(config, folder / "maild.toml")
        self.store = Store(self.settings.database_url)
        make_tables(self.store)
        self.profile = load_profile(profile_folder("next7", folder))
        self.at = NOW
        self.store.act(lambda unit: people.sync(unit, config, NOW))

    @contextmanager
    def desk(self, cause: str, by: str | None = None, mail: str | None = None) -> Iterator[Desk]:
        """One unit of work, as its author's mail (`mail`: its Message-ID) or without one."""
        with self.store.unit() as unit:
            person = self.person(unit, by) if by else None
            stored = None
            if mail:
                stored = unit.add(
                    Message(
                        mailbox="files",
                        sha256=cause,
                        size=1,
                        accepted=self.at,
                        message_id=mail,
                        sender=by,
                        state=MessageState.PROCESSED,
                    )
                )
            actor = Actor.of(person) if person else Actor("maild", Role.SYSTEM)
            yield Desk(unit, self.settings, self.profile, self.at, cause, actor, stored=stored)

    @staticmethod
    def person(unit: Unit, address: str) -> Person:
        found = people.by_address(unit, Address("", address))
        assert found is not None
        return found

    def ticket(self, title: str = "Printer is on fire", **columns: Any) -> str:
        """A new ticket of Ann's, in Bob's hands; its number."""
        with self.desk("setup", "ann@acme.example") as desk:
            ticket = desk.open_ticket(title=title, contact=desk.by)
            desk.unit.change_ticket(
                ticket, primary_id=self.person(desk.unit, "bob@example.com").id, **columns
            )
            desk.add_note(ticket, text="Smoke comes out of the printer.", public=True, first=True)
            return ticket.number

    def later(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at

    def deliver(self) -> dict[str, int]:
        return Deliverer(self.store, self.settings).once(self.at)

    def items(self) -> list[OutboxItem]:
        with self.store.look() as unit:
            return unit.all(Question(OutboxItem, sa.true()))

    def order(self, item: OutboxItem) -> Order:
        """What would be composed of a row now."""
        with self.store.look() as unit:
            note, ticket = unit.get(Note, item.note_id), unit.get(Ticket, item.ticket_id)
            number, public = ticket.number if ticket else None, note.public if note else None
            return order(item, number, public)

    def octets(self, item: OutboxItem) -> bytes:
        order = self.order(item)
        outcome = LocalRenderer(self.settings.templates).render([job(order)])[0]
        return compose(order, self.settings.config.desk, b"secret", outcome).octets


def the_ticket(desk: Desk, number: str) -> Ticket:
    found = asking.tickets.numbered(desk.unit, number)
    assert found is not None
    return found


def the_note(desk: Desk, ticket: Ticket) -> Note:
    """The first one."""
    found = asking.notes.first(desk.unit, ticket)
    assert found is not None
    return found


def a_note(desk: Desk, ticket: Ticket, text: str, *, public: bool = True) -> Note:
    return desk.add_note(ticket, text=text, public=public)
