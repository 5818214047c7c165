"""The mails that may go out now, in a line between who makes them ready and the connections."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from maild.outbox.prepare import Ready


class Line:
    """Of one event loop.  The first in is the first out; one puts, several take."""

    def __init__(self, room: int) -> None:
        """`room`: mails that may wait before who puts them waits as well."""
        self._room = room
        self._mails: deque[Ready] = deque()
        self._takers: list[asyncio.Future[None]] = []  # who waited last is woken first
        self._under_way = 0  # that were taken, and of which nothing is known yet
        self._closed = False
        self._fewer = asyncio.Event()  # that wait, or are under way

    async def put(self, mails: Sequence[Ready]) -> bool:
        """Returns when there is room for more; False where nobody takes any."""
        self._mails.extend(mails)
        self._wake(len(mails))
        await self._until(lambda: len(self._mails) < self._room)
        return not self._closed

    async def take(self) -> Ready | None:
        """The next one, once there is one, then `done` or `back`; None: no more come."""
        while not self._mails and not self._closed:
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            await taker
        if not self._mails:
            return None
        self._under_way += 1
        self._fewer.set()
        return self._mails.popleft()

    def back(self, mail: Ready) -> None:
        """It is not sent yet: the next one, for whoever takes it."""
        self._mails.appendleft(mail)
        self._under_way -= 1
        self._wake(1)

    def done(self) -> None:
        """What became of one is known, or it is not to be sent."""
        self._under_way -= 1
        self._fewer.set()

    async def idle(self) -> None:
        """Returns when all that was put is done, or nobody takes any."""
        await self._until(lambda: not self._mails and not self._under_way)

    def close(self) -> None:
        """No more come, or nobody takes any."""
        self._closed = True
        self._wake(len(self._takers))
        self._fewer.set()

    def _wake(self, count: int) -> None:
        for _ in range(min(count, len(self._takers))):
            taker = self._takers.pop()
            if not taker.done():  # nobody waits any more
                taker.set_result(None)

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true() and not self._closed:
            self._fewer.clear()
            await self._fewer.wait()
