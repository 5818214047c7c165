"""Who is away, and who stands in for him: what comes for him meanwhile goes there.

It is kept with the person, `fields.away`, and is over by itself at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from maild.store import asking
from maild.store.records import Person
from maild.store.unit import Unit

KEY = "away"


@dataclass(frozen=True, slots=True)
class Absence:
    """That a technician is away."""

    until: datetime | None  # from when on he is back; None: until he says so
    stand_in_id: int | None  # who gets what comes for him; None: every other technician


def of(person: Person, now: datetime) -> Absence | None:
    """His absence at this moment; None while he is there."""
    kept = person.fields.get(KEY)
    if not kept:
        return None
    until = datetime.fromisoformat(kept["until"]) if kept.get("until") else None
    return None if until is not None and until <= now else Absence(until, kept.get("stand_in"))


def leave(unit: Unit, person: Person, until: datetime | None, stand_in: Person | None) -> None:
    """He is away from now on."""
    kept = {
        "until": until.isoformat() if until else None,
        "stand_in": stand_in.id if stand_in else None,
    }
    unit.change(person, fields={**person.fields, KEY: kept})


def come_back(unit: Unit, person: Person) -> bool:
    """He is there again; False where he was."""
    if KEY not in person.fields:
        return False
    unit.change(person, fields={k: v for k, v in person.fields.items() if k != KEY})
    return True


def stand_ins(unit: Unit, person: Person, now: datetime) -> list[Person]:
    """Who gets what comes for somebody who is away: the one whom he named, or who stands in for
    that one; else every technician who is there; else he himself."""
    seen, who = {person.id}, person
    while (absence := of(who, now)) is not None:
        named = unit.get(Person, absence.stand_in_id)
        if named is None or not named.active or named.id in seen:
            return _others(unit, person, now) or [person]
        seen.add(named.id)
        who = named
    return [who]


def _others(unit: Unit, person: Person, now: datetime) -> list[Person]:
    there = asking.people.resources(unit)
    same = (None, person.organization_id)  # a client's technician hears of its own tickets only
    return [
        p for p in there if p is not person and of(p, now) is None and p.organization_id in same
    ]
