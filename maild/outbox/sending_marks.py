"""Marks mails as about to be sent: who comes while others are written down shares the next sync."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeAlias

CLOSE_SECONDS = 1.0  # what the end waits for a write that is under way

_Wanted: TypeAlias = tuple[list[str], "asyncio.Future[None]"]


class Marks:
    """Of the event loop that runs; `close` ends its thread, once what waits is written."""

    def __init__(self, write: Callable[[list[str]], None]) -> None:
        """`write` is durable when it returns; it runs in a thread of its own."""
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._wanted: SimpleQueue[_Wanted | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="sending marks", daemon=True)
        self._thread.start()

    async def mark(self, keys: Iterable[str]) -> None:
        """Returns when these keys are written durably; raises what `write` raises."""
        written = self._loop.create_future()
        self._wanted.put((list(keys), written))
        await written

    def close(self) -> None:
        self._wanted.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _write_all(self) -> None:
        last = False
        while not last:
            some = [self._wanted.get()]
            with suppress(Empty):
                while True:
                    some.append(self._wanted.get_nowait())
            last = None in some
            wanted = [one for one in some if one is not None]
            if not wanted:
                return
            failed = self._tried([key for keys, _ in wanted for key in keys])
            with suppress(RuntimeError):  # the loop is gone already
                self._loop.call_soon_threadsafe(_tell, wanted, failed)

    def _tried(self, keys: list[str]) -> Exception | None:
        try:
            self._write(keys)
        except Exception as error:
            return error
        return None


def _tell(wanted: list[_Wanted], failed: Exception | None) -> None:
    for _, written in wanted:
        if written.done():  # nobody waits any more
            continue
        if failed is None:
            written.set_result(None)
        else:
            written.set_exception(failed)
