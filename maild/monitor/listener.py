"""`[monitor] listen`: /healthz, /readyz and /metrics over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from maild.errors import UsageError

PLAIN = "text/plain; charset=utf-8"
SECONDS = 10.0  # that a client may take to ask
Answer = tuple[int, str, bytes]  # status, content type, body


class Endpoint:
    """Answers GET until it is closed; each page is a function without arguments."""

    def __init__(self, host: str, port: int, pages: dict[str, Callable[[], Answer]]) -> None:
        """UsageError where the address is not ours, or taken."""
        try:
            self._server = _Server((host, port), _handler(pages))
        except OSError as error:
            raise UsageError(
                f"[monitor] listen: {host}:{port} cannot be listened on ({error.strerror}). "
                "Is another daemon there? Name another port."
            ) from error
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="monitor http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up is no news."""


def _handler(pages: dict[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS
        server_version, sys_version = "maild", ""

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, kind, body = page() if page else (404, PLAIN, b"There is no such page.\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody needs to read that somebody looked."""

    return Handler
