"""Threads that write take turns, in the order of asking."""

from __future__ import annotations

import threading

from maild.store.turns import Turns


def test_who_asked_first_is_first_and_nobody_takes_a_second_turn_before() -> None:
    turns, order = Turns(60), list[int]()

    def work(n: int) -> None:
        with turns.taken():
            order.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    with turns.taken():
        for n, thread in enumerate(threads):
            thread.start()
            while len(turns._waiting) <= n:
                threading.Event().wait(0.001)
    with turns.taken():  # the next transaction of the same thread
        order.append(99)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 99]


def test_who_waits_too_long_goes_on_and_takes_nobodys_turn() -> None:
    turns = Turns(0.01)
    with turns.taken():
        with turns.taken():
            assert not turns._waiting
        assert turns._taken
    assert not turns._taken
    with turns.taken():
        assert turns._taken
