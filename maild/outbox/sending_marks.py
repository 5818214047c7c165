"""Marks mails as about to be sent: who comes while others are written down shares the next sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable


class Marks:
    """Of one event loop."""

    def __init__(self, write: Callable[[list[str]], None]) -> None:
        """`write` is durable when it returns; it runs in a thread."""
        self._write = write
        self._waiting: list[tuple[list[str], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def mark(self, keys: Iterable[str]) -> None:
        """Returns when these keys are written durably; raises what `write` raises."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((list(keys), written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            failed = await asyncio.to_thread(self._tried, [key for keys, _ in some for key in keys])
            for _, written in some:
                if written.done():  # nobody waits any more
                    continue
                if failed is None:
                    written.set_result(None)
                else:
                    written.set_exception(failed)

    def _tried(self, keys: list[str]) -> Exception | None:
        try:
            self._write(keys)
        except Exception as error:
            return error
        return None
