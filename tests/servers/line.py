"""The line between maild and a server: it can be cut, fall silent, or drip."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
CHUNK = 4096


class Line:
    """A port that leads to another one, as well or as badly as it is told to.

    with Line(server.port) as line:
        line.cut_after = 20_000
    """

    def __init__(self, to: int) -> None:
        self.cut_after: int | None = None  # octets of answers, of each connection from now on
        self.silent = False  # takes what comes, gives nothing on, keeps the connection
        self.octets_a_second: float | None = None
        self._to = to
        self._closing = threading.Event()
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
        """Now, whatever is under way."""
        for one in self._sockets:
            _hang_up(one)
        self._sockets.clear()

    def heal(self) -> None:
        """From now on it is a good line; what fell silent is cut."""
        self.cut_after, self.octets_a_second = None, None
        if self.silent:
            self.silent = False
            self.cut()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._to))
            except OSError:
                if self._closing.is_set():
                    return
                _hang_up(client)  # nobody is at the other end
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            for source, target, cut in ((client, server, None), (server, client, self.cut_after)):
                pump = threading.Thread(target=self._pump, args=(source, target, cut), daemon=True)
                pump.start()

    def _pump(self, source: socket.socket, target: socket.socket, cut_after: int | None) -> None:
        left = cut_after
        with suppress(OSError):
            while left is None or left > 0:
                data = source.recv(CHUNK if left is None else min(left, CHUNK))
                if not data:
                    break
                while self.silent and not self._closing.wait(0.02):
                    pass
                self._pass_on(target, data)
                left = None if left is None else left - len(data)
        _hang_up(source)
        _hang_up(target)

    def _pass_on(self, target: socket.socket, data: bytes) -> None:
        while data:
            speed = self.octets_a_second
            some, data = (data, b"") if speed is None else (data[:1], data[1:])
            target.sendall(some)
            if speed is not None:
                time.sleep(1 / speed)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
