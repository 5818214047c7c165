"""Time zones are found by their names, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from maild.zones import is_zone, zone_names


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_a_zone_is_found_by_its_name(name: str) -> None:
    assert is_zone(name)
    assert name in zone_names()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "Europe", "Europe/", "Europe/Bonn", "Europe/Berlin ", "/etc/passwd", "a" * 5000,
     "../zoneinfo/UTC", "tzdata.zi", "zone.tab", "UTC\0", "\udc80", "posix/UTC", "right/UTC",
     "posixrules", "Mars/Olympus"],
)  # fmt: skip
def test_nothing_else_is_a_zone(name: str) -> None:
    assert not is_zone(name)
    assert name not in zone_names()
