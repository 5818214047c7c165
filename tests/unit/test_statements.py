"""What a mail costs in statements does not grow unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.core import MOST, Bench


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
