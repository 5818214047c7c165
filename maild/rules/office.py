"""A small office in memory, on which rules are tried: Ann's ticket at a desk of three technicians.

Nothing is opened and nothing is written; the desk's own actions change it and the rules answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.config import Config, Settings
from maild.desk import absence
from maild.desk.desk import MAILD, Actor, Desk
from maild.model import Kind, Mail, Role, StatusKind
from maild.rules.engine import Rules
from maild.rules.rule import RuleSet
from maild.store.memory import memory
from maild.store.records import Note, Person, PersonAddress, Ticket
from maild.store.unit import Unit

HELD, UNHELD, AWAY = "held", "unheld", "holder away"  # what the ticket is
STATES = (HELD, UNHELD, AWAY)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MAIL = Mail(
    sha256="",
    size=0,
    message_id="1@acme.example",
    date=NOW,
    subject="Words",
    sender=None,
    senders=(),
    reply_to=(),
    to=(),
    cc=(),
    in_reply_to=(),
    references=(),
    kind=Kind.HUMAN,
    answerable=True,
    failed_recipients=(),
    text="Words.",
    html=None,
    new_text="Words.",
    quoted_text="",
    attachments=(),
    headers=(),
    defects=(),
)


class _DryRun(Desk):
    """A desk that alerts nobody: what is missing is told when it is missed."""

    def alert(self, key: str, text: str) -> None:
        pass


@dataclass(slots=True)
class Office:
    """A desk in memory with a ticket, its contact, and three technicians."""

    desk: Desk
    rule_set: RuleSet
    contact: Person
    holder: Person
    stand_in: Person
    colleague: Person
    ticket: Ticket
    first: Note

    @contextmanager
    def by(self, person: Person | None) -> Iterator[Desk]:
        """The desk while this person acts; None: the desk itself."""
        self.desk.author = person
        with self.desk.acting(Actor.of(person) if person else MAILD):
            yield self.desk

    def note(self, person: Person | None, *, public: bool = True) -> Note:
        """Somebody writes; without a person the monitoring does."""
        actor = Actor.of(person) if person else Actor("Monitoring", Role.MONITORING)
        self.desk.author = person
        with self.desk.acting(actor):
            return self.desk.add_note(self.ticket, text="Words.", public=public)

    @contextmanager
    def before(self) -> Iterator[Desk]:
        """What is done within was so before anything happens: no rule hears of it."""
        desk = self.desk
        listeners, desk.listeners = desk.listeners, ()
        try:
            yield desk
            desk.settle()
        finally:
            desk.listeners = listeners


def office(rules: Rules, state: str, config: Config | None = None) -> Office:
    """Ann's ticket in this state, with these rules in force.

    `config`: of a desk whose technicians are there besides, as rules may name them.
    """
    unit = memory()
    given = config or Config.model_validate({"desk": {"admins": ["admin@desk.example"]}})
    desk = _DryRun(
        unit,
        Settings(given, Path("maild.toml")),
        rules.profile,
        NOW,
        "who",
        mail=MAIL,
        listeners=(rules,),
    )
    ann = _person(unit, "Ann", "ann@people.invalid", Role.CONTACT)
    bob, carla, dan = (
        _person(unit, name, f"{name.lower()}@people.invalid", Role.RESOURCE)
        for name in ("Bob", "Carla", "Dan")
    )
    for section in given.resource:
        _person(unit, section.name, section.email.lower(), Role.RESOURCE)
    if state == AWAY:
        absence.leave(unit, bob, NOW + timedelta(days=7), carla)
    ticket = desk.open_ticket(title="Words", contact=ann)
    with desk.acting(Actor.of(ann)):
        first = desk.add_note(ticket, text="Words.", public=True, first=True)
    made = Office(desk, rules.rule_set, ann, bob, carla, dan, ticket, first)
    with made.before():
        begun = [s for s in rules.profile.statuses.values() if s.kind == StatusKind.WORKING]
        for status in begun[:1]:
            desk.set_status(ticket, status.name)
        if state != UNHELD:
            desk.assign(ticket, bob)
    return made


def _person(unit: Unit, name: str, address: str, role: Role) -> Person:
    person = unit.add(Person(name=name, role=role, source="config", created=NOW))
    unit.add(PersonAddress(person_id=person.id, address=address))
    return person
