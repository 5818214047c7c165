"""Marks before the final dot: durable before anybody goes on, and few syncs for many mails."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

import pytest

from maild.errors import Temporary
from maild.outbox.sending_marks import Marks


def test_who_comes_while_others_are_written_shares_the_next_sync() -> None:
    written: list[list[str]] = []
    first_is_written, others_wait = threading.Event(), threading.Event()

    def write(keys: list[str]) -> None:
        first_is_written.set()
        assert others_wait.wait(30)
        written.append(keys)

    async def all_of_them() -> None:
        with closing(Marks(write)) as marks:
            first = asyncio.create_task(marks.mark(["a"]))
            await asyncio.to_thread(first_is_written.wait, 30)
            others = [asyncio.create_task(marks.mark(keys)) for keys in (["b"], ["c", "d"], [])]
            await asyncio.sleep(0)
            others_wait.set()
            await asyncio.gather(first, *others)
            await marks.mark(["e"])

    asyncio.run(all_of_them())
    assert written == [["a"], ["b", "c", "d"], ["e"]]


def test_nobody_goes_on_before_his_mark_is_written() -> None:
    """Also where those before him failed: each hears of his own write."""
    tried: list[str] = []

    def write(keys: list[str]) -> None:
        tried.extend(keys)
        if "full" in keys:
            raise Temporary("The disk is full.")

    async def all_of_them() -> list[BaseException | None]:
        with closing(Marks(write)) as marks:
            some = [marks.mark(["full"]), marks.mark(["with it"])]
            failed = await asyncio.gather(*some, return_exceptions=True)
            await marks.mark(["later"])
            return failed

    failed = asyncio.run(all_of_them())
    assert [type(error) for error in failed] == [Temporary, Temporary]
    assert tried == ["full", "with it", "later"]


def test_who_gives_up_leaves_the_others_waiting_for_theirs() -> None:
    written: list[str] = []
    go = threading.Event()

    def write(keys: list[str]) -> None:
        assert go.wait(30)
        written.extend(keys)

    async def all_of_them() -> None:
        with closing(Marks(write)) as marks:
            gone = asyncio.create_task(marks.mark(["a"]))
            kept = asyncio.create_task(marks.mark(["b"]))
            await asyncio.sleep(0)
            gone.cancel()
            go.set()
            with pytest.raises(asyncio.CancelledError):
                await gone
            await kept

    asyncio.run(all_of_them())
    assert written == ["a", "b"]
