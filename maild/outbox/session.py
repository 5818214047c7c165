"""Commands and replies over a connection to a relay that is logged in (RFC 5321 §4.2, RFC 2920).

aiosmtplib connects, speaks TLS and logs in; what follows is a few commands a mail, for which it
takes twice the time, and one of them at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

LONGEST = 32_768  # octets of replies that were asked for and are not complete


class Session(asyncio.Protocol):
    """The connection of `client`, which is not used any more."""

    def __init__(self, client: SMTP) -> None:
        assert isinstance(client.transport, asyncio.Transport)
        self.extensions = dict(client.esmtp_extensions)  # by their names in small letters
        self._transport = client.transport
        self._buffer = b""
        self._asked = 0  # commands whose replies have not come
        self._replies: deque[SMTPResponse] = deque()  # that nobody has looked at
        self._waits: asyncio.Future[None] | None = None
        self._failed: SMTPException | None = None  # why nothing more is said
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether the server is still there and in step, as far as we know."""
        return self._failed is None and not self._transport.is_closing()

    @property
    def owed(self) -> int:
        """Replies that `reply` has not given yet."""
        return self._asked + len(self._replies)

    def write(self, octets: bytes) -> None:
        """Sends what has no reply.  SMTPException where that is in vain."""
        if self._failed is not None:
            raise self._failed
        if self._transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        self._transport.write(octets)

    def say(self, *commands: bytes) -> None:
        """Sends commands in one go; `reply` gives what is answered to each, in their order."""
        self._asked += len(commands)
        self.write(b"".join([command + b"\r\n" for command in commands]))

    async def reply(self) -> SMTPResponse:
        """The next one.  SMTPException where there is none, or one that is malformed."""
        while not self._replies:
            if self._failed is not None:
                raise self._failed
            self._waits = asyncio.get_running_loop().create_future()
            await self._waits
        return self._replies.popleft()

    def close(self) -> None:
        """Without a word."""
        self._transport.close()

    # ---- what the server says

    def data_received(self, data: bytes) -> None:
        if self._failed is not None:
            return
        self._buffer = self._buffer + data if self._buffer else data
        try:
            while self._buffer and (reply := self._next()) is not None:
                self._asked -= 1
                self._replies.append(reply)
        except SMTPResponseException as error:
            self._failed = error
        self._wake()

    def _next(self) -> SMTPResponse | None:
        """A complete reply; SMTPResponseException for what is none, or was not asked for."""
        lines, at = [], 0
        while (end := self._buffer.find(b"\n", at)) >= 0:
            line, at = self._buffer[at:end], end + 1
            if not self._asked or not (len(line) >= 3 and line[:3].isdigit()):
                raise SMTPResponseException(-1, line.decode("utf-8", "ignore"))
            lines.append(line[4:].strip(b" \t\r"))
            if line[3:4] != b"-":
                self._buffer = self._buffer[at:]
                words = b"\n".join(lines).decode("utf-8", "surrogateescape")
                return SMTPResponse(int(line[:3]), words)
        if len(self._buffer) > LONGEST:
            raise SMTPResponseException(-1, "Response too long")
        return None

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def _end(self, why: Exception | None) -> None:
        if self._failed is None:
            self._failed = SMTPServerDisconnected("Connection lost")
            self._failed.__cause__ = why
        self._wake()

    def _wake(self) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)
