"""What a mail costs in statements does not grow unseen."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from sqlalchemy.dialects.postgresql import psycopg as postgresql

import maild.store.asking
from benchmarks.core import MOST, Bench
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
