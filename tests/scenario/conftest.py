"""Desks to talk with: in process on both databases, and the real daemon behind real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.conversation import Daemon, Desk


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes desks in process; the arguments are those of `Desk`."""
    desks: list[Desk] = []

    def make(**options: Any) -> Desk:
        folder = tmp_path / f"desk{len(desks)}"
        folder.mkdir(exist_ok=True)
        desks.append(Desk(folder, **options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture(params=["sqlite", "postgresql", "daemon"])
def desk(request: pytest.FixtureRequest, make_desk: Callable[..., Desk]) -> Desk:
    """The same conversation in process on SQLite and PostgreSQL, and with the real daemon."""
    if request.param == "daemon":
        dovecot = request.getfixturevalue("dovecot")
        return make_desk(transport=partial(Daemon, dovecot=dovecot))
    if request.param == "postgresql":
        return make_desk(database=request.getfixturevalue("postgres"))
    return make_desk()
