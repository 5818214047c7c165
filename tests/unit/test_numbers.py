"""Ticket numbers (P4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from maild.desk import numbers
from maild.store import Store
from tests.fresh import make_tables


def test_p4_the_number_carries_the_date_of_the_desks_zone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    with store.unit() as unit:
        assert numbers.next_number(unit, late, ZoneInfo("UTC")) == "T20261121.0001"
        assert numbers.next_number(unit, late, ZoneInfo("Europe/Berlin")) == "T20261122.0001"
        assert numbers.next_number(unit, late, ZoneInfo("UTC")) == "T20261121.0002"


def test_numbers_are_unique_under_concurrency(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def take(_: int) -> str:
        return store.act(lambda unit: numbers.next_number(unit, now, ZoneInfo("UTC")))

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(80)))
    assert len(set(taken)) == 80


def test_numbers_are_found_in_a_text_each_once() -> None:
    text = "Re: [T20261121.0042] and t20261121.0042, T20261122.12345 but not XT20261121.0001"
    assert numbers.numbers_in(text) == ["T20261121.0042", "T20261122.12345"]
