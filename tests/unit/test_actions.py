"""Actions of the desk are the only way to write a ticket, and each says so as an event."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import maild
from maild.model import EventName
from maild.rules.vocabulary import EVENTS, GROUPS, UNHEARD
from maild.store import records
from maild.store.unit import Unit

CODE = Path(maild.__file__).parent
DESK, UNIT = CODE / "desk" / "desk.py", CODE / "store" / "unit.py"
OF_A_TICKET = ("Ticket", "TicketPerson", "TicketLink")  # records that only actions make


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(CODE.rglob("*.py")):
        if "migrations" not in file.parts:
            yield file, ast.parse(file.read_text("utf-8"))


def named(tree: ast.Module, name: str) -> bool:
    """Whether an attribute or a function of this name is used."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Name) and node.id == name)
        for node in ast.walk(tree)
    )


def called(tree: ast.Module, *names: str) -> set[str]:
    """Those of these names that are called, by whatever they are reached."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = (ast.unparse(call).rpartition(".")[2] for call in calls)
    return {name for name in found if name in names}


def test_only_the_desk_writes_a_ticket() -> None:
    assert {file for file, tree in sources() if named(tree, "change_ticket")} == {DESK}


def test_only_the_desk_makes_a_ticket_and_what_ties_people_and_tickets_to_it() -> None:
    assert {file for file, tree in sources() if called(tree, *OF_A_TICKET)} == {DESK}


def test_only_the_desk_takes_people_off_a_ticket_and_parts_tickets() -> None:
    assert {file for file, tree in sources() if named(tree, "untie")} == {DESK}


@pytest.mark.parametrize("record", OF_A_TICKET)
def test_nobody_else_takes_away_what_is_of_a_ticket(record: str) -> None:
    one = getattr(records, record).__new__(getattr(records, record))
    with pytest.raises(TypeError, match="action of the desk"):
        Unit.delete(cast(Any, None), one)


def test_only_the_unit_of_work_writes_to_a_record() -> None:
    """Records are frozen; this is the one way round that."""
    assert {file for file, tree in sources() if named(tree, "__setattr__")} == {UNIT}


@pytest.mark.parametrize("name", ["change", "keep", "touch"])
def test_what_the_actions_are_made_of_is_used_by_actions(name: str) -> None:
    """`desk.change` and the like write a ticket: only `maild.desk` calls them, as actions."""
    for file, tree in sources():
        if file.is_relative_to(CODE / "desk"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == name:
                owner = node.value
                said = owner.attr if isinstance(owner, ast.Attribute) else ast.unparse(owner)
                assert said != "desk", f"{file}: {ast.unparse(node)}"


def test_no_event_is_unsaid() -> None:
    """A rule can listen to every event, or it is said that it cannot."""
    assert not set(EVENTS) & set(UNHEARD)
    assert set(EVENTS) | set(UNHEARD) == set(EventName)
    assert {event for group in GROUPS.values() for event in group} <= set(EVENTS)
