"""Real servers for every test that asks for one by name; what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = (
    "tests.servers.dovecot",
    "tests.servers.postgres",
    "tests.servers.tokens",
    "tests.servers.watching",
)

MEASURED = Path(__file__).parent / "unit"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lines and branches are counted where a test is of one piece: elsewhere being counted would
    take most of the time, and each line would count as run by whatever passed over it.
    """
    for item in items:
        if MEASURED not in item.path.parents:
            item.add_marker(pytest.mark.no_cover)
