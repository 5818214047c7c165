"""Who is told what: the rules in force, tried on a small office (`maild rules who`).

Each happening is done to a ticket that somebody holds, that nobody holds, and whose holder is
away; what stands in the outbox then is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maild.config import Config
from maild.model import Role
from maild.rules.engine import Rules
from maild.rules.happenings import Happening, happenings
from maild.rules.office import AWAY, STATES, UNHELD, Office, office
from maild.store.records import OutboxItem, Person


@dataclass(frozen=True, slots=True)
class Told:
    """One happening, and who is told in each state of the ticket."""

    happening: str
    words: bool  # somebody wrote it, or it is somebody's work now
    told: Mapping[str, tuple[str, ...]]  # state → who; empty: nobody

    @property
    def lost(self) -> tuple[str, ...]:
        """The states in which words reach nobody."""
        return tuple(state for state, told in self.told.items() if self.words and not told)


def table(rules: Rules, config: Config | None = None) -> list[Told]:
    """Of every happening who is told, in every state; `config`: of the desk whose people count."""
    return [
        Told(one.name, one.words, {state: _told(rules, one, state, config) for state in STATES})
        for one in happenings(rules.rule_set)
    ]


def _told(rules: Rules, one: Happening, state: str, config: Config | None) -> tuple[str, ...]:
    tried = office(rules, state, config)
    one.do(tried)
    tried.desk.settle()
    return tuple(_names(tried, state))


def _names(tried: Office, state: str) -> Iterator[str]:
    """Who is in the outbox, by what they are to the ticket."""
    unit, rows = tried.desk.unit, tried.desk.unit.added(OutboxItem)
    if any(row.audience == Role.CONTACT for row in rows):
        yield "contact"
    told = {row.person_id for row in rows if row.audience != Role.CONTACT}
    team = [p for p in unit.added(Person) if p.role == Role.RESOURCE and p is not tried.desk.author]
    there = [p for p in team if not (state == AWAY and p is tried.holder)]
    if len(there) > 1 and {p.id for p in there} <= told:
        yield "all resources"
    else:
        yield from (_name(tried, state, person) for person in team if person.id in told)
    if None in told:
        yield "admins"


def _name(tried: Office, state: str, person: Person) -> str:
    if person is tried.holder and state != UNHELD:
        return "holder"
    return "stand-in" if person is tried.stand_in and state == AWAY else person.name
