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

LONGEST = 32_768  # octets of a reply that is not complete


class Session(asyncio.Protocol):
    """The connection of `client`, which is not used any more."""

    def __init__(self, client: SMTP) -> None:
        assert isinstance(client.transport, asyncio.Transport)
        self.extensions = dict(client.esmtp_extensions)  # by their names in small letters
        self._transport = client.transport
        self._rest = b""  # the beginning of a line
        self._lines: list[bytes] = []  # the beginning of a reply
        self._octets = 0  # of both
        self._asked = 0  # commands whose replies have not come
        self._replies: deque[SMTPResponse] = deque()  # that nobody has looked at
        self._in_turn: deque[tuple[int, bytes]] = deque()  # see `say_in_turn`
        self._waits: asyncio.Future[None] | None = None
        self._slow = False  # the server reads less than we write
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

    @property
    def unsaid(self) -> int:
        """Commands that wait for the reply to one before them."""
        return len(self._in_turn)

    def expect(self) -> None:
        """Of what is written next there will be one reply, perhaps before all of it is."""
        self._asked += 1

    def write(self, octets: bytes) -> None:
        """Sends what has no reply of its own.  SMTPException where that is in vain."""
        if self._failed is not None:
            raise self._failed
        if self._transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        self._transport.write(octets)

    def say(self, *commands: bytes) -> None:
        """Sends commands in one go; `reply` gives what is answered to each, in their order."""
        self._asked += len(commands)
        self.write(b"".join([command + b"\r\n" for command in commands]))

    def say_in_turn(self, first: bytes, *others: tuple[int, bytes]) -> None:
        """Says a command, and each other one once the reply before it begins with its digit; who
        waits for a reply is woken when there is none to say any more."""
        self._in_turn.extend(others)
        self.say(first)

    async def reply(self) -> SMTPResponse:
        """The next one.  SMTPException where there is none, or one that is malformed."""
        while not self._replies:
            await self._more()
        return self._replies.popleft()

    async def drained(self) -> bool:
        """Waits until nearly all that was written has left us; False where a reply came before.
        SMTPException where neither happens."""
        while self._slow and not self._replies:
            await self._more()
        return not self._replies

    async def _more(self) -> None:
        """Returns when something has happened; raises where nothing does any more."""
        if self._failed is not None:
            raise self._failed
        self._waits = asyncio.get_running_loop().create_future()
        await self._waits

    def close(self) -> None:
        """Without a word, and without what was not sent yet."""
        self._transport.abort()

    # ---- what the server says

    def data_received(self, data: bytes) -> None:
        if self._failed is not None:
            return
        self._octets += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            for line in lines:
                self._take(line)
            if self._rest and not self._asked:
                raise SMTPResponseException(-1, self._rest.decode("utf-8", "ignore"))
            if self._octets > LONGEST and self._asked:
                raise SMTPResponseException(-1, "Response too long")
        except SMTPResponseException as error:
            self._failed = error
        if not (self._in_turn and self._goes_on()):
            self._wake()

    def _goes_on(self) -> bool:
        """Whether more is to be said in turn; the next of it where all before is answered."""
        if self._asked and self._failed is None:
            return True
        hoped, command = self._in_turn.popleft()
        if self.is_open and self._replies[-1].code // 100 == hoped:
            self.say(command)
            return True
        self._in_turn.clear()
        return False

    def _take(self, line: bytes) -> None:
        """One line of a reply, which has one code; SMTPResponseException for what is none, or was
        not asked for."""
        code = line[:3]
        known = self._lines[0][:3] if self._lines else code
        if not self._asked or code != known or not (len(code) == 3 and code.isdigit()):
            raise SMTPResponseException(-1, line.decode("utf-8", "ignore"))
        self._lines.append(line)
        if line[3:4] == b"-":
            return
        words = b"\n".join([one[4:].strip(b" \t\r") for one in self._lines])
        self._lines, self._octets = [], len(self._rest)
        self._asked -= 1
        self._replies.append(SMTPResponse(int(code), words.decode("utf-8", "surrogateescape")))

    def pause_writing(self) -> None:
        self._slow = True

    def resume_writing(self) -> None:
        self._slow = False
        self._wake()

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
