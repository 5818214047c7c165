"""Every question has two halves, of the database and of what is not written yet: they agree.

Rows are made up, some are stored, and every question of `maild.store.asking` is asked three ways:
of the database alone, of a unit that has not written any of them, and of one that has added,
changed and deleted some.  A new question is tried as it stands, with nothing to add here.
"""

from __future__ import annotations

import dataclasses
import enum
import random
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from maild.model import StatusKind
from maild.store import Store, asking, records
from maild.store.declare import RECORDS, Unique, hint
from maild.store.memory import memory
from maild.store.prepared import Statement
from maild.store.question import Among, Question
from maild.store.schema import TABLES, metadata, primary_of
from maild.store.types import keyed
from maild.store.unit import Unit
from tests.fresh import make_tables

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROWS = 12  # of each table
TEXTS = ("a", "A", "  ", "b c", "", "x" * 600)
SEEDS = range(6)


def questions() -> list[tuple[str, Question[Any]]]:
    """Every question that there is, by its name."""
    return [
        (f"{name}.{attribute}", value)
        for name in asking.__all__
        for attribute, value in vars(getattr(asking, name)).items()
        if isinstance(value, Question)
    ]


def test_there_are_questions() -> None:
    assert len(questions()) > 40


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('asking')}/maild.db")
    make_tables(store)
    yield store
    store.close()


# ---- rows that are made up


def value(dice: random.Random, field: dataclasses.Field[Any], python: Any, place: int) -> Any:
    """A value of few, so that a question often finds some."""
    told = hint(field)
    inner = [a for a in typing.get_args(python) if a is not types.NoneType]
    if types.NoneType in typing.get_args(python):
        if field.name in ("parent_id", "merged_id", "twin_of", "copy_of") or dice.random() < 0.3:
            return None
        python = inner[0]
    if told.unique or (told.primary and python is str):
        return f"{TEXTS[place % len(TEXTS)]}{place}"
    if told.ref or python is int:
        return dice.randint(1, 3)
    return plain(dice, python)


def plain(dice: random.Random, python: Any) -> Any:
    if python is bool:
        return dice.random() < 0.5
    if python is datetime:
        return NOW + timedelta(hours=dice.randint(-2, 2))
    if python is str:
        return dice.choice(TEXTS)
    if python is bytes or bytes in typing.get_args(python):
        return b"octets"
    if isinstance(python, type) and issubclass(python, enum.StrEnum):
        return dice.choice(list(python)[:4])
    return {"cause": "x"} if "Mapping" in str(python) else []


def made(dice: random.Random) -> list[Any]:
    """Rows of every table, what others refer to first."""
    order = {table: n for n, table in enumerate(metadata().sorted_tables)}
    found, seed = [], dice.random()
    for record in sorted(RECORDS, key=lambda r: order[TABLES[r]]):
        dice = random.Random(f"{seed} {record.__name__}")  # whatever other tables there are
        seen: set[tuple[Any, ...]] = set()
        unique = [p.columns for p in RECORDS[record].parts if isinstance(p, Unique)]
        for place in range(1, ROWS + 1):
            for _ in range(100):  # until nothing is there twice
                values = one(dice, record, place)
                keys = [(columns, tuple(values[c] for c in columns)) for columns in unique]
                if seen.isdisjoint(keys):
                    seen.update(keys)
                    found.append(record(**values))
                    break
    return found


def one(dice: random.Random, record: type, place: int) -> dict[str, Any]:
    python = typing.get_type_hints(record, vars(records))
    values = {f.name: value(dice, f, python[f.name], place) for f in dataclasses.fields(record)}
    if not isinstance(values[primary_of(record)], str):
        values[primary_of(record)] = place
    return values


def asked(dice: random.Random, question: Question[Any]) -> dict[str, Any]:
    """Parameters to ask it with: values such as the columns that they are compared with have."""
    found: dict[str, Any] = {}
    for element in visitors.iterate(question.where):
        if isinstance(element, Among):
            column, values = element.clauses
            several = [like(dice, column) for _ in range(dice.randint(0, 3))]
            found[str(values.key)] = [one for one in several if one is not None]
        elif isinstance(element, sa.BinaryExpression):
            for one, other in ((element.left, element.right), (element.right, element.left)):
                if isinstance(one, sa.BindParameter) and one.required:
                    found[one.key] = like(dice, other)
    return found


def like(dice: random.Random, element: Any) -> Any:
    """A value that stands in this column, or nearly."""
    column = next(c for c in visitors.iterate(element) if isinstance(c, sa.Column))
    record = next(r for r, table in TABLES.items() if table is column.table)
    field = next(f for f in dataclasses.fields(record) if f.name == column.name)
    python = typing.get_type_hints(record, vars(records))[column.name]
    inner = [a for a in typing.get_args(python) if a is not types.NoneType]
    bare = inner[0] if types.NoneType in typing.get_args(python) else python
    found = value(dice, field, bare, dice.randint(1, ROWS))
    return found.lower().strip() if isinstance(element, sa.sql.functions.Function) else found


def seen(found: list[Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """Records as values, to be compared: texts as the database gives them back."""
    return [
        (
            type(one).__name__,
            tuple(getattr(one, f.name) for f in dataclasses.fields(one) if f.name != "address"),
        )
        for one in found
    ]


def keys(found: list[Any]) -> list[Any]:
    raw = [getattr(one, primary_of(type(one))) for one in found]
    return [keyed(key) if isinstance(key, str) else key for key in raw]


def copy(one: Any) -> Any:
    return dataclasses.replace(one)


# ---- the three ways


@pytest.mark.parametrize("seed", SEEDS)
def test_both_halves_of_every_question_agree(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    rows = made(dice)
    filled(store, rows)
    tries = [(name, q, asked(dice, q)) for name, q in questions() for _ in range(4)]
    with store.look() as unit:
        answers = [keys(unit.all(q, **params)) for _, q, params in tries]
    with store.look() as unit:
        for some in (tries[place : place + 9] for place in range(0, len(tries), 9)):
            unit.ahead([unit.about(q, **params) for _, q, params in some])
            assert [keys(unit.all(q, **params)) for _, q, params in some] == answers[: len(some)]
            del answers[: len(some)]
    with store.look() as unit:
        answers = [keys(unit.all(q, **params)) for _, q, params in tries]
        counts = [unit.count(q, **params) for _, q, params in tries]
    fresh = memory(*map(copy, rows))
    for (name, question, params), found, count in zip(tries, answers, counts, strict=True):
        said = f"{name} {params}"
        assert keys(fresh.all(question, **params)) == found, said
        if question.limit is None:
            assert count == len(found) == fresh.count(question, **params), said
    changed = [row for row in rows if dice.random() < 0.3]
    others = [row for row in rows if row not in changed and not _is_referred_to(type(row))]
    new = [row for row in others if dice.random() < 0.3]
    otherwise(store, dice, changed, new)
    with store.look() as unit:
        ask_some(unit, tries)
        as_before(unit, changed, new)
        for (name, question, params), found in zip(tries, answers, strict=True):
            assert keys(unit.all(question, **params)) == found, f"{name} {params}"


def _is_referred_to(record: type) -> bool:
    return RECORDS[record].early or record is records.CommonFacts


def filled(store: Store, rows: list[Any]) -> None:
    """The database holds these rows and no others."""
    with store.unit() as unit:
        for table in reversed(metadata().sorted_tables):
            link_of(unit).run(Statement(sa.delete(table)), {})
        for row in rows:
            unit.tie(copy(row))


def otherwise(store: Store, dice: random.Random, changed: list[Any], new: list[Any]) -> None:
    """Some rows stood otherwise, some were not there yet."""
    with store.unit() as unit:
        for row in new:
            unit.untie(stored(unit, row))
        for row in changed:
            unit.change_ticket(stored(unit, row), **other_values(dice, row))


def as_before(unit: Unit, changed: list[Any], new: list[Any]) -> None:
    """The unit makes them what they are, and adds those that were not there."""
    for row in changed:
        values = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)}
        unit.change_ticket(stored(unit, row), **values)
    for row in new:
        unit.tie(copy(row))


def stored(unit: Unit, row: Any) -> Any:
    return unit.get(type(row), keys([row])[0])


def ask_some(unit: Unit, tries: list[tuple[str, Question[Any], dict[str, Any]]]) -> None:
    """What is asked before a change must not be what is answered after it."""
    for _, question, params in tries[::2]:
        unit.all(question, **params)


def other_values(dice: random.Random, row: Any) -> dict[str, Any]:
    """Other values for columns that nothing keeps from having them."""
    python = typing.get_type_hints(type(row), vars(records))
    unique = {c for p in RECORDS[type(row)].parts if isinstance(p, Unique) for c in p.columns}
    return {
        f.name: value(dice, f, python[f.name], 1)
        for f in dataclasses.fields(row)
        if not (hint(f).primary or hint(f).unique or f.name in unique) and dice.random() < 0.7
    }


def link_of(unit: Unit) -> Any:
    return unit._link


def test_what_is_read_at_once_is_what_is_read_one_by_one(store: Store, tmp_path: Path) -> None:
    """`meet`, `bring`, `complete`, `look_up`: one statement in the place of many."""
    dice = random.Random(4)
    filled(store, made(dice))
    wanted = [f"{TEXTS[n % len(TEXTS)]}{n}" for n in range(1, 6)] + ["nobody@x.example"]
    with store.look() as one, store.look() as other:
        asking.people.meet(one, wanted)
        before = link_of(one).executed
        assert seen(asking.people.resources(one)) == seen(asking.people.resources(other))
        for address in wanted:
            there, same = asking.people.at(one, address), asking.people.at(other, address)
            assert (there is None) == (same is None)
            if there is not None and same is not None:
                assert seen([there]) == seen([same])
                theirs = asking.people.addresses(one, there)
                assert seen(theirs) == seen(asking.people.addresses(other, same))
                client = asking.people.organization(one, there)
                assert (client is None) == (asking.people.organization(other, same) is None)
        assert link_of(one).executed == before
        tickets = [r.ticket for r in asking.listing.page(one, asking.listing.Ask(sort="number"), 5)]
        asking.lists.complete(one, tickets)
        before = link_of(one).executed
        for ticket in tickets:
            same_people = seen(asking.tickets.people(other, ticket))
            assert seen(asking.tickets.people(one, ticket)) == same_people
            assert asking.tickets.minutes(one, ticket) == asking.tickets.minutes(other, ticket)
            contact = asking.tickets.contact(one, ticket)
            if contact is not None:
                asking.people.addresses(one, contact)
        assert link_of(one).executed == before


ASKED = [
    asking.listing.Ask(kinds=kinds, sort=sort, descending=descending, filters=filters)
    for kinds in (("new", "working"), tuple(StatusKind))
    for sort in ("updated", "number", "client", "due")
    for descending in (True, False)
    for filters in ((), (asking.listing.Filter("due", "before", (NOW,)),))
]


@pytest.mark.parametrize("ask", ASKED, ids=str)
def test_a_list_is_the_same_whichever_way_its_rows_are_found(
    store: Store, ask: asking.listing.Ask
) -> None:
    """A long one by going through all in their order, a short one by its statuses."""
    filled(store, made(random.Random(7)))
    listing = asking.listing
    with store.look() as unit:
        short = [listing.page(unit, ask, most, number=0) for most in (100, 3)]
        long = [listing.page(unit, ask, most, number=5000) for most in (100, 3)]
        number = listing.count(unit, ask)
        behind = listing.page(unit, ask, 100, after=short[1][-1].key if short[1] else None)
    assert long == short
    assert len(short[0]) == number
    assert behind == short[0][len(short[1]) :] or not short[1]
