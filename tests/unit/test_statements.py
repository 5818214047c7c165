"""What a mail costs in statements does not grow unseen."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from sqlalchemy.dialects.postgresql import psycopg as postgresql

import maild.store.asking
from benchmarks.core import MOST, NOW, Bench
from benchmarks.mails import KINDS, conversation
from maild.parse.parser import parse
from maild.store.prepared import Statement


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    bench = Bench(tmp_path_factory.mktemp("statements"))
    first, second = list(bench.rounds(range(1))), list(bench.rounds(range(1, 2)))
    assert bench.outcomes()["ticket"] == 2
    assert len(first) == len(second)
    return {kind: cost.statements for kind, cost in second}


@pytest.mark.parametrize("kind", MOST)
def test_a_mail_costs_so_many_statements_at_most(statements: dict[str, int], kind: str) -> None:
    assert 0 < statements[kind] <= MOST[kind]


def test_a_group_costs_no_more_a_mail(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    list(bench.rounds(range(1)))
    for kind, cost in bench.groups(range(10_000, 10_005)):
        assert cost.statements <= MOST[kind]


# Calls of functions, Python's and C's; a fifth more than there were when this was written.
CALLS = {"new ticket": 7_500, "reply": 6_500, "command": 9_800, "automatic": 1_800}


def test_a_mail_costs_so_many_calls_at_most(tmp_path: Path) -> None:
    """A file that is read for every mail, or a list that is gone through for every row, shows."""
    bench = Bench(tmp_path)
    list(bench.rounds(range(2)))  # imports, caches
    found: dict[str, int] = {}
    count = 0

    def tick(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    for kind, raw in zip(KINDS, conversation(2), strict=True):
        mail, stored_id = parse(raw), bench.accept(raw)
        before, count = sys.getprofile(), 0
        sys.setprofile(tick)
        try:
            bench.pipeline.process(stored_id, NOW, mail)
        finally:
            sys.setprofile(before)
        found[kind] = count
    assert {kind: n for kind, n in found.items() if not 0 < n <= CALLS[kind]} == {}, found


class Anything(dict[str, Any]):
    """Parameters of which none is missing, each fit for everything."""

    def __missing__(self, key: str) -> Any:
        return b"" if key == "octets" else MagicMock()


def _statements() -> Iterator[Any]:
    for module in pkgutil.walk_packages(maild.store.asking.__path__, "maild.store.asking."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Statement):
                yield pytest.param(value, id=f"{module.name}.{name}")


@pytest.mark.parametrize("statement", _statements())
def test_postgresql_is_given_every_parameter_that_it_asks_for(statement: Statement) -> None:
    """SQLite takes them by their places, PostgreSQL by their names."""
    compiled = statement.on(postgresql.dialect())  # type: ignore[no-untyped-call]
    asked = set(re.findall(r"%\((.*?)\)s", compiled.sql))
    assert asked <= set(compiled.bind(Anything()))
