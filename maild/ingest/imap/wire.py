"""The wire under imapclient: total deadlines, limits on what a server may send, and a way out.

imaplib reads with a timeout per read (a server that sends an octet a second holds it for ever,
H17), takes any literal that is announced (H18), cannot be interrupted, and knows the words of
IMAP only as RFC 3501 writes them.  This one waits for the socket and for `Stop` at once, and
writes every line as imaplib expects it (H100).
"""

from __future__ import annotations

import imaplib
import io
import os
import re
import selectors
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

LINE_OCTETS = 4_000_000  # a SEARCH answer of 300,000 UIDs is one line
ANSWER_OCTETS = 16_000_000  # of all answers to one command, beside what a FETCH brings
CHUNK = 262_144

_UNTAGGED = re.compile(rb"\*[ \t]+(?:(\d+)[ \t]+)?([A-Za-z][A-Za-z-]*)(?:[ \t]+(.*))?")
_TAGGED = re.compile(rb"([A-Za-z]+\d+)[ \t]+(OK|NO|BAD)(?:[ \t]+(.*))?", re.IGNORECASE)
_CODE = re.compile(rb"\[[ \t]*([A-Za-z0-9-]+)[ \t]*")  # RFC 3501 §7.1

# A dead network is noticed within a minute, also where we only listen.
_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class Stop(threading.Event):
    """An event that a selector can wait for too: whoever sleeps on a socket wakes at once."""

    def __init__(self) -> None:
        super().__init__()
        self._reader, self._writer = socket.socketpair()

    def set(self) -> None:
        super().set()
        with suppress(OSError):
            self._writer.send(b"!")

    def fileno(self) -> int:
        return self._reader.fileno()


class Stopped(Exception):
    """`Stop` was set while we waited."""


class TooLarge(Exception):
    """The server announced a literal beyond the limit; nothing of it was read."""

    def __init__(self, octets: int) -> None:
        super().__init__(f"a literal of {octets} octets")
        self.octets = octets


class InClear(Exception):
    """The connection would not be, or may not have been, encrypted; no password was sent (H19)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for a server."""

    connect_seconds: float = 20  # name, TCP, TLS and greeting together
    command_seconds: float = 60  # one command and its whole answer …
    octets_a_second: float = 10_000  # … plus this for what a FETCH brings
    idle_seconds: float = 40  # an IDLE is renewed; many networks forget silent connections
    prompt_seconds: float = 15  # for the end of an IDLE, and a NOOP: they ask for no work


class Wire(imaplib.IMAP4):
    """imaplib's connection with its socket work replaced."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None,
        implicit: bool,
        patience: Patience,
        stop: Stop,
    ) -> None:
        """`context` None: no TLS; `implicit`: TLS from the first octet."""
        self.news = False  # more messages exist than before
        self.alerts: list[str] = []  # what the server wants a person to read (RFC 3501 §7.1)
        self.exists = 0  # messages in the folder, as far as we were told
        self._in_response = False  # a literal was read; its response goes on
        self.allowance = patience.command_seconds  # for the next command and its answer
        self.literal_limit = 1_000_000
        self.answer_limit = ANSWER_OCTETS
        self._answered = 0  # octets since the last command
        self._context = context
        self._implicit = implicit
        self._patience = patience
        self._stop = stop
        self._received = bytearray()
        self._end = time.monotonic() + patience.connect_seconds
        super().__init__(host, port)
        self.debug = 0

    # ---- what imaplib calls

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.sock = self._dial(host, port)
        if self._implicit:
            self._encrypt()

    def read(self, size: int) -> bytes:
        if size > self.literal_limit:
            raise TooLarge(size)
        into = io.BytesIO()
        while (missing := size - into.tell()) > 0:
            if not self._received:
                self._receive()
            into.write(self._received[:missing])
            del self._received[:missing]
        self._in_response = True
        return into.getvalue()

    def readline(self) -> bytes:
        """A line as imaplib knows it; empty ones between responses are passed over."""
        while True:
            line = self._line()
            if self._in_response:
                self._in_response = False
                return line
            if line != b"\r\n":
                line = self._plain(line)
                self._count(line)
                return line

    def _plain(self, line: bytes) -> bytes:
        """`*  search 3  5` → `* SEARCH 3  5`: words in capitals, one space between them."""
        line = line[:-2]
        if found := _UNTAGGED.fullmatch(line):
            number, name, rest = found.groups()
            words = [b"*", *filter(None, [number]), name.upper(), _code_in_capitals(rest or b"")]
            line = b" ".join(words) if rest else b" ".join(words[:-1])
        elif (found := _TAGGED.fullmatch(line)) and found[1] in self.tagged_commands:
            line = b" ".join((found[1], found[2].upper(), _code_in_capitals(found[3] or b"")))
        if b"[ALERT]" in line and len(self.alerts) < 10:
            self.alerts.append(line.partition(b"[ALERT]")[2].decode("utf-8", "replace").strip())
        return line + b"\r\n"

    def _line(self) -> bytes:
        looked = 0
        while (at := self._received.find(b"\n", looked)) < 0:
            looked = len(self._received)
            if looked > LINE_OCTETS:
                raise self.abort(f"a line of more than {LINE_OCTETS} octets")
            self._receive()
        line = bytes(self._received[: at + 1])
        del self._received[: at + 1]
        return line.rstrip(b"\r\n") + b"\r\n"

    def _count(self, line: bytes) -> None:
        """Some servers say EXISTS in every answer: only a larger number is news."""
        counted = re.match(rb"\* (\d+) (EXISTS|EXPUNGE)\b", line)
        if not counted:
            return
        if counted[2] == b"EXPUNGE":
            self.exists -= 1
            return
        self.news = self.news or int(counted[1]) > self.exists
        self.exists = int(counted[1])

    def taken(self, name: str) -> list[bytes]:
        """The lines of untagged responses of this name, which are then forgotten."""
        lines = self.untagged_responses.pop(name, [])
        return [line for line in lines if isinstance(line, bytes)]

    def send(self, data: Any) -> None:
        self._end = time.monotonic() + self.allowance
        self._answered = 0
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)

    def shutdown(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Encrypts; what was sent in clear behind the answer is not taken for the server's."""
        answer: Any = self._simple_command("STARTTLS")
        if answer[0] != "OK":
            raise InClear("STARTTLS was refused")
        if self._received:
            raise InClear("octets in clear behind the answer to STARTTLS")
        self._end = time.monotonic() + self._patience.connect_seconds
        self._encrypt()
        self._tls_established = True
        self._get_capabilities()  # those from before may be forged (RFC 2595 §3.1)
        return answer

    # ---- waiting

    def wait_for_octets(self, seconds: float) -> bool:
        """True as soon as the server says something, False after so many seconds."""
        if self._received:
            return True
        self._end = time.monotonic() + seconds
        try:
            self._receive()
        except TimeoutError:
            return False
        return True

    def _receive(self) -> None:
        """Adds what the socket has to the buffer; waits where it has nothing."""
        while True:
            if self._stop.is_set():
                raise Stopped
            if time.monotonic() > self._end:
                raise TimeoutError("the server took too long")
            try:
                data = self.sock.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)
            else:
                if not data:
                    raise self.abort("the server closed the connection")
                self._answered += len(data)
                if self._answered > self.answer_limit:
                    raise self.abort(f"an answer of more than {self.answer_limit} octets")
                self._received += data
                return

    def _wait(self, event: int, sock: socket.socket | None = None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(sock or self.sock, event)
            selector.register(self._stop, selectors.EVENT_READ)
            ready = selector.select(max(0.0, self._end - time.monotonic()))
        if self._stop.is_set():
            raise Stopped
        if not ready:
            raise TimeoutError("the server took too long")

    # ---- connecting

    def _dial(self, host: str, port: int) -> socket.socket:
        """The first address that answers; the last one's error where none does."""
        problem: OSError = OSError(f"{host} has no address")
        end = self._end
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for left, (family, kind, protocol, _, address) in zip(
            range(len(addresses), 0, -1), addresses, strict=True
        ):
            # A dead IPv6 route must not eat the time of the IPv4 address behind it.
            self._end = time.monotonic() + (end - time.monotonic()) / left
            sock = socket.socket(family, kind, protocol)
            try:
                self._connect_to(sock, address)
            except OSError as error:
                sock.close()
                problem = error
            except Stopped:
                sock.close()
                raise
            else:
                self._end = end
                return sock
        raise problem

    def _connect_to(self, sock: socket.socket, address: Any) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            with suppress(AttributeError, OSError):  # where this system has it
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            sock.connect(address)
        self._wait(selectors.EVENT_WRITE, sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _encrypt(self) -> None:
        if self._context is None:
            raise InClear("no TLS context")
        plain = self.sock
        self.sock = self._context.wrap_socket(
            plain, server_hostname=self.host, do_handshake_on_connect=False
        )
        try:
            self._handshake(self.sock)
        except BaseException:
            self.sock.close()
            raise

    def _handshake(self, sock: ssl.SSLSocket) -> None:
        while True:
            try:
                return sock.do_handshake()
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)


def _code_in_capitals(text: bytes) -> bytes:
    """`[uidnext  4] x` → `[UIDNEXT 4] x`."""
    found = _CODE.match(text)
    if not found:
        return text
    rest = text[found.end() :]
    return b"[" + found[1].upper() + (b"" if rest.startswith(b"]") else b" ") + rest
