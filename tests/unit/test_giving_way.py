"""While many mails wait to be heard, telling others of what was heard waits a while (H68)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from maild.desk.notify import notify
from maild.model import Lane
from maild.outbox import rows
from maild.store.records import Message
from tests.office import NOW, Office, the_ticket

BOB = "bob@example.com"
LONGER = rows.PATIENT + timedelta(seconds=1)


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
        (Lane.KNOWN, Lane.FRESH, rows.MANY, timedelta(), True),
        (Lane.KNOWN, Lane.FRESH, rows.MANY + 1, timedelta(), False),
        (Lane.FRESH, Lane.BACKLOG, rows.MANY + 1, timedelta(), False),
        (Lane.BACKLOG, Lane.KNOWN, rows.MANY + 1, timedelta(), False),
        (Lane.LAST, Lane.COMMAND, rows.MANY + 1, timedelta(), False),
        (Lane.BACKLOG, Lane.BACKLOG, rows.MANY + 1, rows.PATIENT, True),
        (Lane.BACKLOG, Lane.BACKLOG, rows.MANY + 1, LONGER, True),
        (Lane.BACKLOG, Lane.LAST, rows.MANY + 1, timedelta(), True),  # a flood holds up nobody
        (Lane.COMMAND, Lane.BACKLOG, rows.MANY + 1, timedelta(), True),
        (None, Lane.BACKLOG, rows.MANY + 1, timedelta(), True),
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
    _waiting(office, Lane.BACKLOG, rows.MANY + 1)
    assert _claimed(office, timedelta()) == 0
    assert _claimed(office, timedelta(), gives_way=False) == 1  # a pass that is asked for by hand


def test_a_technicians_mail_does_not_wait_for_what_others_are_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for lane in (Lane.BACKLOG, Lane.COMMAND, Lane.KNOWN):
        _told(office, lane)
    _waiting(office, Lane.FRESH, rows.MANY + 1)
    assert _claimed(office, timedelta()) == 1
    assert _claimed(office, LONGER) == 2
