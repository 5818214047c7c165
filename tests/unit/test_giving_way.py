"""While many mails wait to be heard, telling others of what was heard, and the index of words, wait
a while (H68)."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from maild import indexer
from maild.desk import search
from maild.desk.notify import notify
from maild.indexer import Indexer
from maild.model import Lane, MessageState
from maild.outbox import rows
from maild.store import Store, asking
from maild.store.asking import lanes
from maild.store.records import Message
from maild.store.unit import Unit
from tests.office import NOW, Office, the_ticket

BOB = "bob@example.com"
LONGER = lanes.PATIENT + timedelta(seconds=1)


def _waiting(office: Office, lane: Lane, count: int) -> None:
    with office.store.unit() as unit:
        for n in range(count):
            unit.add(Message(mailbox="m", sha256=f"{lane}{n}", size=1, accepted=NOW, lane=lane))


def _told(office: Office, lane: Lane | None) -> None:
    """Bob is told of what a mail of this lane did, or a clock."""
    number = office.ticket()
    with office.desk("cause", mail="a@b.example" if lane is not None else None) as desk:
        if desk.stored is not None and lane is not None:
            desk.unit.change(desk.stored, lane=lane)
        notify(desk, the_ticket(desk, number), "acknowledgement", [BOB])


def _claimed(office: Office, after: timedelta, *, gives_way: bool = True) -> int:
    with office.store.unit() as unit:
        return len(rows.claim(unit, NOW + after, 10, gives_way=gives_way))


@pytest.mark.parametrize(
    ("cause", "waiting", "count", "after", "goes"),
    [
        (Lane.KNOWN, Lane.FRESH, 0, timedelta(), True),
        (Lane.KNOWN, Lane.FRESH, lanes.MANY, timedelta(), True),
        (Lane.KNOWN, Lane.FRESH, lanes.MANY + 1, timedelta(), False),
        (Lane.FRESH, Lane.BACKLOG, lanes.MANY + 1, timedelta(), False),
        (Lane.BACKLOG, Lane.KNOWN, lanes.MANY + 1, timedelta(), False),
        (Lane.LAST, Lane.COMMAND, lanes.MANY + 1, timedelta(), False),
        (Lane.BACKLOG, Lane.BACKLOG, lanes.MANY + 1, lanes.PATIENT, True),
        (Lane.BACKLOG, Lane.BACKLOG, lanes.MANY + 1, LONGER, True),
        (Lane.BACKLOG, Lane.LAST, lanes.MANY + 1, timedelta(), True),  # a flood holds up nobody
        (Lane.COMMAND, Lane.BACKLOG, lanes.MANY + 1, timedelta(), True),
        (None, Lane.BACKLOG, lanes.MANY + 1, timedelta(), True),
    ],
)
def test_who_is_told_waits_while_many_are_not_heard(
    tmp_path: Path, cause: Lane | None, waiting: Lane, count: int, after: timedelta, goes: bool
) -> None:
    office = Office(tmp_path)
    _told(office, cause)
    _waiting(office, waiting, count)
    assert _claimed(office, after) == goes


def test_who_asks_for_a_pass_by_hand_has_all_sent(tmp_path: Path) -> None:
    office = Office(tmp_path)
    _told(office, Lane.BACKLOG)
    _waiting(office, Lane.BACKLOG, lanes.MANY + 1)
    assert _claimed(office, timedelta()) == 0
    assert _claimed(office, timedelta(), gives_way=False) == 1  # a pass that is asked for by hand


def test_a_technicians_mail_does_not_wait_for_what_others_are_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for lane in (Lane.BACKLOG, Lane.COMMAND, Lane.KNOWN):
        _told(office, lane)
    _waiting(office, Lane.FRESH, lanes.MANY + 1)
    assert _claimed(office, timedelta()) == 1
    assert _claimed(office, LONGER) == 2


def _is_behind(office: Office) -> bool:
    with office.store.look() as unit:
        return search.is_behind(unit)


@pytest.mark.parametrize("patient", [lanes.PATIENT, timedelta()])
def test_the_index_waits_while_many_are_not_heard_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patient: timedelta
) -> None:
    office, looked, caught_up = Office(tmp_path), threading.Semaphore(0), threading.Event()

    def looks(unit: Unit) -> bool:
        looked.release()
        return lanes_many_wait(unit)

    def steps(store: Store) -> bool:
        if not (more := step(store)):
            caught_up.set()
        return more

    lanes_many_wait, step = lanes.many_wait, search.step
    monkeypatch.setattr(lanes, "PATIENT", patient)
    monkeypatch.setattr(lanes, "many_wait", looks)
    monkeypatch.setattr(search, "step", steps)
    monkeypatch.setattr(indexer, "GIVING_WAY_SECONDS", 0.01)
    office.ticket()
    _waiting(office, Lane.BACKLOG, lanes.MANY + 1)
    running = Indexer(office.store)
    running.start()
    try:
        if patient:
            assert all(looked.acquire(timeout=60) for _ in range(3))
            assert _is_behind(office)
            with office.store.unit() as unit:
                for message in unit.all(asking.messages.WAITING):
                    unit.change(message, state=MessageState.PROCESSED)
        assert caught_up.wait(60)
        assert not _is_behind(office)
    finally:
        running.stop()
