"""What changes by mail is told to open pages, on both databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import pytest

from maild.store.asking import changes
from maild.store.prepared import Row
from tests.scenario.conversation import Desk
from tests.waiting import WAIT_SECONDS


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_change_by_mail_is_heard_of_and_nothing_is_heard_where_none_is(
    make_desk: Callable[..., Desk], request: pytest.FixtureRequest, database: str
) -> None:
    more = {"database": request.getfixturevalue("postgres")} if database == "postgresql" else {}
    desk = make_desk(**more)
    desk.ann.mail("Before", "It smokes.")
    with closing(changes.Watch(desk.store)) as watch:
        while watch.wait(0.05):  # what was written before it looks
            watch.new()
        assert watch.new() == []
        desk.ann.mail("Printer on fire", "It smokes.")
        end = time.monotonic() + WAIT_SECONDS
        told: list[Row] = []
        while not told and time.monotonic() < end:
            if watch.wait(0.25):
                told = watch.new()
        assert {row[0] for row in told} == {desk.ticket()["number"]}
