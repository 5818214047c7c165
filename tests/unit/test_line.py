"""The line between who makes mails ready and the connections that send them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from maild.outbox.line import Line
from maild.outbox.prepare import Ready

A, B, C, D = cast(list[Ready], ["a", "b", "c", "d"])


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def _a_while() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_first_in_is_the_first_out_and_what_comes_back_is_the_next() -> None:
    async def work() -> None:
        line = Line(10)
        assert await line.put([A, B, C])
        assert await line.take() == A
        assert await line.take() == B
        line.back(A)
        assert [await line.take(), await line.take()] == [A, C]

    _run(work())


def test_who_puts_waits_for_room_and_goes_on_when_some_are_taken() -> None:
    async def work() -> None:
        line = Line(2)
        putting = asyncio.create_task(line.put([A, B, C]))
        await _a_while()
        assert not putting.done()
        await line.take()
        await _a_while()
        assert not putting.done()
        await line.take()
        assert await putting

    _run(work())


def test_of_those_who_wait_he_who_came_last_is_woken_and_no_other() -> None:
    """His connection is open, and the others need not be opened for one mail."""

    async def work() -> None:
        line = Line(10)
        waiting = [asyncio.create_task(line.take()) for _ in range(3)]
        await _a_while()
        await line.put([A])
        await _a_while()
        assert [one.done() for one in waiting] == [False, False, True]
        line.back(A)
        await _a_while()
        assert [one.done() for one in waiting] == [False, True, True]
        line.close()
        assert await waiting[0] is None

    _run(work())


def test_it_is_idle_when_all_that_was_taken_is_done() -> None:
    async def work() -> None:
        line = Line(10)
        await line.put([A, B])
        idle = asyncio.create_task(line.idle())
        await line.take()
        await line.take()
        line.done()
        await _a_while()
        assert not idle.done()
        line.done()
        await idle

    _run(work())


def test_what_waits_is_still_taken_when_no_more_come() -> None:
    async def work() -> None:
        line = Line(10)
        await line.put([A])
        line.close()
        assert await line.take() == A
        assert await line.take() is None

    _run(work())


def test_where_nobody_takes_any_nobody_waits() -> None:
    async def work() -> None:
        line = Line(1)
        putting, idle = asyncio.create_task(line.put([A, B])), asyncio.create_task(line.idle())
        await _a_while()
        line.close()
        assert not await putting
        await idle
        assert not await line.put([C, D])

    _run(work())
