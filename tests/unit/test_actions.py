"""Actions of the desk are the only way to write a ticket, and each says so as an event."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from maild.model import EventName
from maild.rules.vocabulary import EVENTS, GROUPS, UNHEARD
from maild.store.memory import memory
from maild.store.schema import TABLES
from maild.store.unit import OF_A_TICKET
from tests.code import CODE, nodes

DESK, UNIT = CODE / "desk" / "desk.py", CODE / "store" / "unit.py"
MEMORY = CODE / "store" / "memory.py"  # a unit on no database, filled with what is looked at


SOURCES = [file for file in sorted(CODE.rglob("*.py")) if "migrations" not in file.parts]


@cache
def named(file: Path) -> set[str]:
    """The names that are used, imported, or asked for as text (`getattr`)."""
    names = set()
    for node in nodes(file):
        match node:
            case ast.Attribute(attr=found) | ast.Name(id=found) | ast.alias(name=found):
                names.add(found)
            case ast.Constant(value=str(found)):
                names.add(found)
    return names


def users(name: str) -> set[Path]:
    return {file for file in SOURCES if name in named(file)}


@pytest.mark.parametrize("method", ["tie", "change_ticket", "untie"])
def test_only_the_desk_writes_a_ticket_and_what_ties_people_and_tickets_to_it(method: str) -> None:
    assert users(method) - {MEMORY} == {DESK}


@pytest.mark.parametrize("record", OF_A_TICKET)
@pytest.mark.parametrize("write", ["add", "change", "delete"])
def test_nobody_else_can(record: type, write: str) -> None:
    """Whatever it is called by, and whatever it was copied from."""
    one: object = object.__new__(record)
    with pytest.raises(TypeError, match="action of the desk"):
        getattr(memory(), write)(one)


@pytest.mark.parametrize("record", OF_A_TICKET)
def test_a_record_is_not_assigned_to(record: type) -> None:
    one: object = object.__new__(record)
    with pytest.raises(AttributeError, match="cannot be assigned"):
        setattr(one, "id", 1)  # noqa: B010
    with pytest.raises(AttributeError, match="cannot be assigned"):
        delattr(one, "id")


@pytest.mark.parametrize("way_round", ["__setattr__", "__delattr__"])
def test_only_the_unit_of_work_writes_to_a_record(way_round: str) -> None:
    """Records are frozen; this is the one way round that, and `declare` is what closes it."""
    assert users(way_round) - {CODE / "store" / "declare.py"} <= {UNIT}


# Who writes by SQL to a table that is not named where it is written.
ANY_TABLE = {
    "store/unit.py",  # what was added, changed and deleted, which is guarded above
    "store/erase.py",  # what of a person is to go, from every table
    "store/rehearsal.py",  # a copy of the whole, which is thrown away
    "backup/rebuild.py",  # the whole, read again from its mails
}


SQL_WRITES = {"sa.insert", "sa.update", "sa.delete"}
WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.I)


def test_sql_writes_no_ticket_past_the_desk() -> None:
    tables = {TABLES[record].name for record in OF_A_TICKET}
    names = {record.__name__ for record in OF_A_TICKET}
    for file in SOURCES:
        if file.relative_to(CODE).as_posix() in ANY_TABLE:
            continue
        for node in nodes(file):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SQL_WRITES:
                table = ast.unparse(node.args[0])
                assert table.removeprefix("TABLES[").removesuffix("]") not in names, (
                    f"{file}: {table}"
                )
            elif isinstance(node, ast.Constant):
                assert not set(WRITTEN.findall(str(node.value))) & tables, f"{file}: {node.value!r}"


@pytest.mark.parametrize("name", ["change", "keep", "touch"])
def test_what_the_actions_are_made_of_is_used_by_actions(name: str) -> None:
    """`desk.change` and the like write a ticket: only `maild.desk` calls them, as actions."""
    for file in SOURCES:
        if file.is_relative_to(CODE / "desk"):
            continue
        for node in nodes(file):
            if isinstance(node, ast.Attribute) and node.attr == name:
                owner = node.value
                said = owner.attr if isinstance(owner, ast.Attribute) else ast.unparse(owner)
                assert said != "desk", f"{file}: {ast.unparse(node)}"


def test_no_event_is_unsaid() -> None:
    """A rule can listen to every event, or it is said that it cannot."""
    assert not set(EVENTS) & set(UNHEARD)
    assert set(EVENTS) | set(UNHEARD) == set(EventName)
    assert {event for group in GROUPS.values() for event in group} <= set(EVENTS)
