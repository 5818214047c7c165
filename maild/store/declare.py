"""How a noun is declared: one class, from which its record, its table and its SQL are made.

    @record("note", Index("ix_note_by", "by_id"))
    class Note:
        id: int = primary(default=UNWRITTEN)
        ticket_id: int = ref("ticket.id", index=True)
        title: str | None = None
        text: str

A record is a plain value with slots.  Nobody can assign to it: what is to change goes through the
unit of work that read it (`Unit.change`), which knows so what to write, and can take it back.  Two
records are the same only where they are one object: the unit gives the same one for the same row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

R = TypeVar("R")

UNWRITTEN = 0  # the id of a record whose row has none yet


@dataclass(frozen=True, slots=True)
class Hint:
    """What a column is besides its type."""

    primary: bool = False
    ref: str | None = None  # "ticket.id"
    index: bool = False
    unique: bool = False
    keyed: bool = False  # text of any length that an index must hold
    digest: bool = False  # SHA-256 in hex, as a rule: SQLite keeps the half of it
    big: bool = False  # a whole number beyond 32 bits
    packed: bool = False  # text or JSON that may be long, and that no question looks into
    common: str | None = None  # column that says where entries stand that other rows have too


@dataclass(frozen=True, slots=True)
class Index:
    """An index over several columns or what SQL makes of them, or over the rows for which `where`
    (SQL) holds."""

    name: str
    columns: tuple[str, ...]
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns that together are there once."""

    columns: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What a record's class says of its table."""

    name: str
    parts: tuple[Index | Unique, ...]
    early: bool  # its ids are given when a record is added, as others refer to it
    locked: bool  # who may write it reads it FOR UPDATE (PostgreSQL)
    clustered: bool  # its rows stand in the index of their key (SQLite's WITHOUT ROWID)


RECORDS: dict[type, Table] = {}  # every noun, in the order of its declaration


def column(
    *,
    default: Any = dataclasses.MISSING,
    factory: Any = dataclasses.MISSING,
    index: bool = False,
    unique: bool = False,
    keyed: bool = False,
    digest: bool = False,
    big: bool = False,
    packed: bool = False,
    common: str | None = None,
) -> Any:
    """A column with a default, or one that an index helps to find."""
    keyed = keyed or index or unique
    hint = Hint(
        index=index,
        unique=unique,
        keyed=keyed,
        digest=digest,
        big=big,
        packed=packed,
        common=common,
    )
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata={"hint": hint})
    return dataclasses.field(default=default, metadata={"hint": hint})


def primary(*, default: int) -> Any:
    """The id, which the database or the unit gives; UNWRITTEN before."""
    return dataclasses.field(default=default, metadata={"hint": Hint(primary=True)})


def key() -> Any:
    """A column of the primary key that the record brings itself."""
    return dataclasses.field(metadata={"hint": Hint(primary=True, keyed=True)})


def ref(target: str, *, default: Any = dataclasses.MISSING, index: bool = False) -> Any:
    """The id of another record: `ref("ticket.id")`; with `default=None` perhaps none."""
    hint = Hint(ref=target, index=index)
    return dataclasses.field(default=default, metadata={"hint": hint})


def key_ref(target: str) -> Any:
    """The id of another record, of which this one is a part: its primary key too."""
    return dataclasses.field(metadata={"hint": Hint(primary=True, ref=target)})


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    eq_default=False,
    field_specifiers=(column, primary, key, ref, key_ref),
)
def record(
    name: str,
    *parts: Index | Unique,
    early: bool = False,
    locked: bool = False,
    clustered: bool = False,
) -> Callable[[type[R]], type[R]]:
    """Makes a class the record of the table `name`; see the module."""

    def declare(cls: type[R]) -> type[R]:
        made = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
        _give(made)
        RECORDS[made] = Table(name, parts, early, locked, clustered)
        return made

    return declare


# ---- what all records have in common.  The standard library would compile four functions a class
# for it while `records` is imported, which was a tenth of the start of a command.


def _give(cls: Any) -> None:
    """Its `__init__` is written out when somebody makes the first record of the class: most
    commands look at records of the database alone, and at few kinds of them."""

    def __init__(self: Any, **values: Any) -> None:
        cls.__init__ = _init(cls)
        cls.__init__(self, **values)

    cls.__init__, cls.__repr__ = __init__, _shown
    for name in ("__setattr__", "__delattr__"):
        setattr(cls, name, _refused)


def _init(cls: Any) -> Callable[..., None]:
    heads, lines = [], []
    place: dict[str, Any] = {"absent": dataclasses.MISSING}
    for n, field in enumerate(dataclasses.fields(cls)):
        name, default, value = field.name, "", field.name
        if field.default_factory is not dataclasses.MISSING:
            default, value = "=absent", f"make{n}() if {name} is absent else {name}"
            place[f"make{n}"] = field.default_factory
        elif field.default is not dataclasses.MISSING:
            default, place[f"default{n}"] = f"=default{n}", field.default
        place[f"set{n}"] = getattr(cls, name).__set__
        heads.append(f"{name}{default}")
        lines.append(f"    set{n}(self, {value})\n")
    exec(f"def __init__(self, *, {', '.join(heads)}):\n{''.join(lines)}", place)
    made: Callable[..., None] = place["__init__"]
    return made


def _shown(self: Any) -> str:
    parts = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self))
    return f"{type(self).__name__}({', '.join(parts)})"


def _refused(self: Any, name: str, value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__}.{name} cannot be assigned to")


def hint(field: dataclasses.Field[Any]) -> Hint:
    found: Hint = field.metadata.get("hint", Hint())
    return found
