"""An SMTP relay that speaks just enough, and is rude where it is told to be.

    with RudeSmtp() as relay:
        relay.script["MAIL"] = ["550 5.7.60 SMTP; Client may not send as this sender"]
        relay.always["RCPT"] = lambda to: "554 5.7.1 Relay access denied"

Real sockets, a thread a connection.  `received` keeps every mail that it took, in order.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
CUT = "cut"  # an answer: hangs up without a word
HANG = "hang"  # … says nothing, and keeps the connection
TAKE_AND_CUT = "take and cut"  # at DOT: the mail is taken, but nobody hears of it


class Gone(Exception):
    """The server hangs up."""


@dataclass(frozen=True)
class Taken:
    """One mail that the relay took."""

    helo: str
    sender: str
    recipient: str
    octets: bytes  # without dots that were put before lines
    options: str  # behind MAIL FROM


class RudeSmtp:
    def __init__(self, extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME")) -> None:
        self.extensions = extensions
        self.script: dict[str, list[str]] = {}  # command, GREETING or DOT → its next answers
        self.always: dict[str, Callable[[str], str | None]] = {}  # … → what its argument gets
        self.accepted = "250 2.0.0 OK"  # the answer to the final dot
        self.received: list[Taken] = []
        self.said: list[str] = []
        self.connections = 0
        self.before_dot: Callable[[], Any] = lambda: None  # called when the final dot came
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Hangs up on everybody."""
        for one in self._sockets:
            _hang_up(one)
        self._sockets.clear()

    def to(self, address: str) -> list[Taken]:
        return [mail for mail in self.received if mail.recipient == address]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(Gone, OSError, ValueError):
            _Session(self, connection).run()
        _hang_up(connection)

    def answer(self, name: str, argument: str, default: str) -> str:
        """What is said to this command now; Gone where nothing is."""
        with self._lock:
            planned = self.script.get(name)
            said = planned.pop(0) if planned else None
        if said is None and name in self.always:
            said = self.always[name](argument)
        said = said or default
        if said == HANG:
            self._closing.wait()
        if said in (HANG, CUT):
            raise Gone
        return said


class _Session:
    """One connection."""

    def __init__(self, server: RudeSmtp, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.lines = connection.makefile("rb")
        self.helo = self.sender = self.recipient = self.options = ""

    def say(self, reply: str) -> None:
        if reply.endswith("\r\n"):  # as it stands
            self.connection.sendall(reply.encode())
            return
        code, _, words = reply.partition(" ")
        lines = words.split("\n")
        text = "".join(
            f"{code}{' ' if index == len(lines) - 1 else '-'}{line}\r\n"
            for index, line in enumerate(lines)
        )
        self.connection.sendall(text.encode())
        if code == "421":
            raise Gone

    def run(self) -> None:
        self.say(self.server.answer("GREETING", "", "220 ready"))
        while line := self.lines.readline():
            words = line.decode().rstrip("\r\n")
            self.server.said.append(words)
            name, _, argument = words.partition(" ")
            self._command(name.upper(), argument)

    def _command(self, name: str, argument: str) -> None:
        default = "502 what?"
        if name in ("EHLO", "HELO"):
            self.helo = argument
            default = "250 " + "\n".join(("localhost", *self.server.extensions))
        elif name in ("MAIL", "RCPT"):
            address = re.search(r"<(.*)>", argument)
            argument, self.options = (
                address[1] if address else "",
                self.options if name == "RCPT" else argument.partition(">")[2].strip(),
            )
            default = "250 2.1.0 OK"
        elif name in ("RSET", "NOOP", "AUTH"):
            default = "250 2.0.0 OK" if name != "AUTH" else "235 2.7.0 welcome"
        elif name == "DATA":
            default = "354 go on"
        elif name == "QUIT":
            self.say("221 bye")
            raise Gone
        reply = self.server.answer(name, argument, default)
        if name == "MAIL" and reply.startswith("2"):
            self.sender = argument
        if name == "RCPT" and reply.startswith("2"):
            self.recipient = argument
        self.say(reply)
        if reply.startswith("354"):
            self._take()

    def _take(self) -> None:
        octets = b""
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise Gone
            octets += line[1:] if line.startswith(b".") else line
        self.server.before_dot()
        reply = self.server.answer("DOT", self.recipient, self.server.accepted)
        if reply.startswith("2") or reply == TAKE_AND_CUT:
            self.server.received.append(
                Taken(self.helo, self.sender, self.recipient, octets, self.options)
            )
        if reply == TAKE_AND_CUT:
            raise Gone
        self.say(reply)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
