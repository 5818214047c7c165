"""Leases: what only one of several daemons does at a time."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from maild.store.prepared import Statement
from maild.store.question import among, param
from maild.store.records import Lease
from maild.store.schema import TABLES, columns
from maild.store.types import KeyText
from maild.store.unit import Unit

_lease = columns(Lease)
_MINE = (_lease.name == param("the_name")) & (_lease.holder == param("the_holder"))


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it is now; whoever holds it counts `beat` up as long as he lives."""

    holder: str
    beat: int


_HELD = Statement(
    sa.select(_lease.name, _lease.holder, _lease.beat).where(among(_lease.name, "names"))
)
_NEW = Statement(
    sa.text(
        "INSERT INTO lease (name, holder, beat) VALUES (:name, :holder, 1) "
        "ON CONFLICT (name) DO NOTHING"
    ).bindparams(param("name", KeyText()), param("holder", KeyText()))
)
_BEAT = Statement(sa.update(TABLES[Lease]).where(_MINE).values(beat=_lease.beat + 1))
_TAKE = Statement(
    sa.update(TABLES[Lease])
    .where(_MINE, _lease.beat == param("the_beat"))
    .values(holder=param("taker"), beat=_lease.beat + 1)
)
_FREE = Statement(sa.delete(TABLES[Lease]).where(_MINE))


def held(unit: Unit, names: list[str]) -> dict[str, Held]:
    """Those of these that somebody has, dead or alive."""
    return {name: Held(holder, beat) for name, holder, beat in unit.rows(_HELD, names=names)}


def new(unit: Unit, name: str, holder: str) -> bool:
    """Takes one that nobody has; False where somebody was quicker."""
    return bool(unit.run(_NEW, name=name, holder=holder))


def beat(unit: Unit, name: str, holder: str) -> bool:
    """Says that its holder lives; False where it is his no more."""
    return bool(unit.run(_BEAT, the_name=name, the_holder=holder))


def take(unit: Unit, name: str, seen: Held, taker: str) -> bool:
    """Takes it from a holder who has not moved since `seen`; False where he, or another, has."""
    given = {"the_name": name, "the_holder": seen.holder, "the_beat": seen.beat, "taker": taker}
    return bool(unit.run(_TAKE, **given))


def free(unit: Unit, name: str, holder: str) -> None:
    """Gives it back."""
    unit.run(_FREE, the_name=name, the_holder=holder)
