"""Lists to one address: what they show, how many lines they have no room for, and what that
costs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from maild.desk import overdue, overflow
from maild.desk.batches import begun, one_more, open_list, take_in, wait
from maild.desk.notify import notify, tell_later
from maild.outbox.rows import order
from maild.store.asking.outbox import FULL_LIST
from maild.store.records import OutboxItem
from maild.store.unit import Unit
from tests.office import NOW, Office

BOB = "bob@example.com"
LIST = overflow.LIST.notification


def _drown(office: Office, count: int, start: int = 0) -> None:
    """Keeps back so many words of Ann's, each in a unit of its own."""
    for n in range(start, start + count):
        with office.desk(f"cause {n}", by="ann@acme.example") as desk:
            tell_later(desk, [BOB], overflow.entry(desk, None, "Ann", f"Words number {n}."))


def _list(office: Office) -> OutboxItem:
    (item,) = [one for one in office.items() if one.template == LIST]
    return item


@pytest.mark.parametrize("more", [0, 1, 2, 7])
def test_a_list_shows_some_and_says_how_many_there_were_besides(tmp_path: Path, more: int) -> None:
    office = Office(tmp_path)
    _drown(office, overflow.LIST.most + more)
    item = _list(office)
    shown = [line["text"] for line in item.data["mails"]]
    assert shown == [f"Words number {n}." for n in range(overflow.LIST.most)]
    assert (order(item, None, None).data["more"] or 0) == more


def test_what_a_full_list_says_is_not_written_again(tmp_path: Path) -> None:
    office = Office(tmp_path)
    _drown(office, overflow.LIST.most + 1)
    before = _list(office).data
    _drown(office, 3, start=1000)
    assert _list(office).data == before
    assert _list(office).more == 4


def test_two_lines_in_one_unit_count_twice(tmp_path: Path) -> None:
    office = Office(tmp_path)
    _drown(office, overflow.LIST.most + 1)
    with office.desk("both", by="ann@acme.example") as desk:
        for words in ("One.", "Two."):
            tell_later(desk, [BOB], overflow.entry(desk, None, "Ann", words))
    assert _list(office).more == 3


def test_a_list_that_went_out_counts_no_more(tmp_path: Path) -> None:
    office = Office(tmp_path)
    _drown(office, overflow.LIST.most + 1)
    office.later(hours=2)
    _drown(office, 1, start=2000)
    assert [item.more for item in office.items() if item.template == LIST] == [1, 0]


def test_a_full_list_is_found_however_many_other_mails_wait(tmp_path: Path) -> None:
    with Office(tmp_path).store.engine.connect() as connection:
        asked = FULL_LIST.on(connection.dialect)
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {asked.sql}", asked.bind({"address": BOB, "template": LIST})
        )
        assert "ix_outbox_full_list (address=? AND template=?)" in str(plan.fetchall())


def test_what_an_earlier_version_counted_is_added(tmp_path: Path) -> None:
    office = Office(tmp_path)
    _drown(office, 1)
    with office.store.unit() as unit:
        row = unit.get(OutboxItem, _list(office).id)
        assert row is not None
        unit.change(row, data={**row.data, "more": 5}, more=2)
    assert order(_list(office), None, None).data["more"] == 7


def test_a_full_list_still_takes_what_says_anew_what_it_shows(tmp_path: Path) -> None:
    """A ticket that is overdue again; and the others are counted."""
    office, batch = Office(tmp_path), overdue.LIST
    with office.desk("clock") as desk:
        lines = [
            {"number": str(n), "template": "reminder", "target": None, "title": "Old"}
            for n in range(batch.most)
        ]
        (row,) = notify(desk, None, batch.notification, [BOB], extra=begun(batch, lines[0]))
        wait(desk, batch, row)
        for line in lines[1:]:
            take_in(desk, batch, row, line)
        assert not one_more(desk, batch, BOB)
        take_in(desk, batch, row, {**lines[7], "title": "New"})
        take_in(desk, batch, row, {**lines[7], "number": "another"})
    with office.store.unit() as unit:
        found = open_list(_Now(unit), batch, BOB)
        assert found is not None and found.more == 1
        titles = [line["title"] for line in found.data[batch.lines]]
        assert titles.count("New") == 1 and titles[7] == "New" and len(titles) == batch.most


class _Now:
    """What a list is looked for with."""

    def __init__(self, unit: Unit) -> None:
        self.unit, self.now = unit, NOW - timedelta(seconds=1)
