"""Values as cells of CSV files: every digit, and no formula."""

from __future__ import annotations

from typing import Any

import pytest

from maild.desk.field_values import cell, uncell

CELLS: list[tuple[Any, str]] = [
    (None, ""),
    (True, "yes"),
    (1.0, "1.0"),
    (0.75, "0.75"),
    (-3, "-3"),
    (1234567, "1234567"),
    (1234567.25, "1234567.25"),
    (["a", "b"], "a; b"),
    ({"remote": 95.0, "on-site": 1234567.5}, "remote 95; on-site 1234567.5"),
    ("=1+1", "'=1+1"),
    ("-", "'-"),
    ("@carla", "'@carla"),
    ("plain", "plain"),
]


@pytest.mark.parametrize(("value", "text"), CELLS)
def test_a_value_as_a_cell(value: Any, text: str) -> None:
    assert cell(value) == text
    if isinstance(value, str):
        assert uncell(text) == value
