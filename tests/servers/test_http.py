"""A POST ends in time, whatever the server does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from maild import http


@contextmanager
def _serving(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server that reads nothing and lets `speak` talk to each that comes."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                speak(connection, over)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        listener.close()
        thread.join()


def _octet_by_octet(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.05):
        connection.sendall(b"x")


def _silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def test_h17_an_octet_now_and_then_does_not_hold_us() -> None:
    with _serving(_octet_by_octet) as url, pytest.raises(TimeoutError, match=r"within 0\.5"):
        http.post(url, b"", {}, seconds=0.5)


def test_silence_does_not_hold_us() -> None:
    with _serving(_silent) as url, pytest.raises(TimeoutError):
        http.post(url, b"", {}, seconds=0.2)


@pytest.mark.parametrize(
    "words", [b"* OK ready\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200]
)
def test_what_is_not_http_is_an_error_of_the_network(words: bytes) -> None:
    with _serving(lambda peer, _: peer.sendall(words)) as url, pytest.raises(OSError):
        http.post(url, b"", {}, seconds=5)
