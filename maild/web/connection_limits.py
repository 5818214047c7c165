"""What a connection to the console may cost: how many there are at once, and how long a request may
take to arrive (H120).

Mail needs the daemon's files too: who opens connections and says nothing, or one letter at a time,
holds a few of them for a few seconds.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 400  # connections at once; systems give a program 1,024 files
HEAD_SECONDS = 10.0  # within which the head of a request is there, and the beginning of its body
SLOWEST = 2_000  # octets a second of a body
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 10\r\n"
    b"Connection: close\r\n\r\nToo many connections are open. Try again in ten seconds.\n"
)


class BoundedConnection(H11Protocol):
    """uvicorn's, which by itself waits for a request without end."""

    _awaited: object = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.write(FULL)
            transport.close()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Gives what is awaited now its time, once."""
        awaited = self.conn.their_state
        if awaited is self._awaited:
            return
        self._stop_watching()
        self._awaited = awaited
        if awaited in (h11.IDLE, h11.SEND_BODY):
            length = self._length() if awaited is h11.SEND_BODY else 0
            seconds = HEAD_SECONDS + length / SLOWEST
            self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _length(self) -> int:
        """What the request says of its body; the page's guard refuses one that says nothing."""
        text = dict(self.headers).get(b"content-length", b"0")
        return int(text) if text.isdigit() else 0

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
