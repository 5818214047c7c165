"""The same desks as in the scenarios, and daemons that start in no time."""

from collections.abc import Iterator

import pytest

from tests.faults.world import Zygote
from tests.scenario.conftest import make_desk

__all__ = ["make_desk"]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One a test process."""
    made = Zygote()
    yield made
    made.close()
