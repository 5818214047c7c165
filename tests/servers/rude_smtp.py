"""An SMTP relay that speaks just enough, and is rude where it is told to be.

    with RudeSmtp() as relay:
        relay.script["MAIL"] = ["550 5.7.60 SMTP; Client may not send as this sender"]
        relay.always["RCPT"] = lambda to: "554 5.7.1 Relay access denied"

Real sockets, a thread a connection.  `received` keeps every mail that it took, in order.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
CUT = "cut"  # an answer: hangs up without a word
RESET = "reset"  # … and what was under way is gone
HANG = "hang"  # … says nothing, and keeps the connection
TAKE_AND_CUT = "take and cut"  # at DOT: the mail is taken, but nobody hears of it
MIDDLE = 10_000  # octets of a mail, after which MIDDLE is answered, if anything


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
    def __init__(
        self,
        extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME"),
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        """`tls`: by STARTTLS, or from the first octet on."""
        self.extensions = extensions
        self.tls, self.implicit = tls, implicit
        self.pieces = 0  # octets of an answer that are sent at a time; 0: all
        self.injected = b""  # said in clear, in one go with the answer to STARTTLS
        self.secured = 0  # connections that speak TLS
        self.script: dict[
            str, list[str]
        ] = {}  # command, GREETING, MIDDLE or DOT → its next answers
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
            self.hold(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def hold(self, connection: socket.socket) -> None:
        """It is ours to `cut`."""
        self._sockets.append(connection)

    def _serve(self, connection: socket.socket) -> None:
        session = _Session(self, connection)
        with suppress(Gone, OSError, ValueError):
            session.run()
        _hang_up(session.connection)

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
        if reply == RESET:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.lines.close()
            self.connection.close()
            raise Gone
        if reply.endswith("\r\n"):  # as it stands
            self._send(reply.encode("utf-8", "surrogateescape"))
            return
        code, _, words = reply.partition(" ")
        lines = words.split("\n")
        text = "".join(
            f"{code}{' ' if index == len(lines) - 1 else '-'}{line}\r\n"
            for index, line in enumerate(lines)
        )
        self._send(text.encode("utf-8", "surrogateescape"))
        if code == "421":
            raise Gone

    def _send(self, octets: bytes) -> None:
        if not self.server.pieces:
            self.connection.sendall(octets)
            return
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(octets), self.server.pieces):
            self.connection.sendall(octets[at : at + self.server.pieces])
            time.sleep(0.001)

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.server.hold(self.connection)
        self.server.secured += 1
        self.lines = self.connection.makefile("rb")

    @property
    def _is_secure(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    def run(self) -> None:
        if self.server.implicit:
            self._secure()
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
            offers = ["STARTTLS"] if self.server.tls and not self._is_secure else []
            default = "250 " + "\n".join(("localhost", *self.server.extensions, *offers))
        elif name in ("MAIL", "RCPT"):
            address = re.search(r"<(.*)>", argument)
            argument, self.options = (
                address[1] if address else "",
                self.options if name == "RCPT" else argument.partition(">")[2].strip(),
            )
            default = "250 2.1.0 OK"
        elif name in ("RSET", "NOOP", "AUTH"):
            default = "250 2.0.0 OK" if name != "AUTH" else "235 2.7.0 welcome"
        elif name == "STARTTLS":
            self.connection.sendall(b"220 2.0.0 go on\r\n" + self.server.injected)
            self._secure()
            return
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
        octets, heard = b"", False
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise Gone
            octets += line[1:] if line.startswith(b".") else line
            if len(octets) > MIDDLE and not heard:
                heard = True
                if said := self.server.answer("MIDDLE", self.recipient, ""):
                    self.say(said)
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
