"""Several daemons on one PostgreSQL: who watches what, who is told of what, in which order."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from maild.ingest.accept import accept
from maild.leases import Leases, holder, is_gone
from maild.model import Lane
from maild.store import Store, asking
from maild.store.asking import leases
from maild.store.listen import listen
from maild.store.records import Message
from tests.fresh import make_tables
from tests.waiting import WAIT_SECONDS

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BOX = "mailbox:support"


@pytest.fixture
def store(postgres: str) -> Iterator[Store]:
    found = Store(postgres)
    make_tables(found)
    yield found
    found.close()


class Daemon:
    """One that beats when it is told to, by a clock that all share."""

    time = 0.0

    def __init__(self, store: Store, name: str) -> None:
        self.has: set[str] = set()
        self.leases = Leases(store, [BOX], self.told, me=name, clock=lambda: Daemon.time)

    def told(self, name: str, ours: bool) -> None:
        (self.has.add if ours else self.has.discard)(name)

    def watches(self) -> bool:
        self.leases.once()
        return bool(self.has)


def test_one_watches_and_another_takes_over_within_ten_seconds(store: Store) -> None:
    one, two = Daemon(store, "one:x:1:1"), Daemon(store, "two:x:1:1")
    for _ in range(5):
        Daemon.time += 2
        assert (one.watches(), two.watches()) == (True, False)
    frozen = Daemon.time
    while not two.watches():
        Daemon.time += 2
    assert Daemon.time - frozen <= 10
    assert not one.watches()  # it wakes up, and is told that it watches no more
    assert two.watches()

    two.leases.free()
    assert one.watches()


def test_a_holder_of_this_machine_who_is_gone_is_not_waited_for(store: Store) -> None:
    me = holder()
    assert not is_gone(me)
    ended = f"{me.rsplit(':', 2)[0]}:{os.getpid()}:1"  # had this process's number before
    assert is_gone(ended)
    elsewhere = f"other:{me.split(':')[1]}:{os.getpid()}:1"
    assert not is_gone(elsewhere)
    with store.unit() as unit:
        assert leases.new(unit, BOX, ended)
    assert Daemon(store, me).watches()


def test_two_who_take_a_dead_ones_lease_at_once_are_one(store: Store) -> None:
    with store.unit() as unit:
        leases.new(unit, BOX, "dead")
        seen = leases.held(unit, [BOX])[BOX]
    took = []

    def take(name: str) -> None:
        took.append(store.act(lambda unit: leases.take(unit, BOX, seen, name)))

    threads = [threading.Thread(target=take, args=(f"taker {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(took) == [False, False, False, True]


def put(store: Store, number: int, conversation: int | None) -> int:
    with store.unit() as unit:
        stored = accept(
            unit,
            mailbox="support",
            uidvalidity=1,
            uid=number,
            octets=b"Subject: %d\r\n\r\nHello" % number,
            now=NOW,
        )
        assert stored is not None
        unit.change(stored, conversation=conversation, lane=Lane.FRESH)
        return stored.id


def test_what_another_process_commits_wakes_us_at_once(store: Store) -> None:
    woken, stop = threading.Event(), threading.Event()
    listening = threading.Event()
    wake = {"mail": woken.set, "hooks": listening.set}
    thread = threading.Thread(target=listen, args=(store, wake, stop))
    thread.start()
    try:
        assert listening.wait(WAIT_SECONDS)
        woken.clear()
        put(store, 1, None)
        assert woken.wait(WAIT_SECONDS)
    finally:
        stop.set()
        thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


def test_what_answers_a_mail_that_another_acts_on_waits_for_it(store: Store) -> None:
    """Order within a conversation, however many take mail through; others do not wait."""
    first, answer, other = put(store, 1, 7), put(store, 2, 7), put(store, 3, 8)
    with store.unit() as busy:
        assert asking.messages.take(busy, first) is not None
        with store.unit() as unit:
            behind = [asking.lanes.is_behind(unit, one) for one in (first, answer, other)]
            assert behind == [False, True, False]
            assert asking.messages.take(unit, first) is None  # SKIP LOCKED
            assert asking.messages.take(unit, other) is not None
    with store.unit() as unit:
        stored = unit.get(Message, first)
        assert stored is not None
        unit.change(stored, next_try=NOW)  # it failed, and is tried later: nobody waits for that
    with store.look() as unit:
        assert not asking.lanes.is_behind(unit, answer)
