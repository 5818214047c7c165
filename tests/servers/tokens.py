"""A token server (RFC 6749, 8628, 7662), and an SMTP server that takes its tokens."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from maild.demo.servers import Background, Bell

HOST = "127.0.0.1"


class TokenServer:
    """Gives access tokens for a refresh token, which it may change, for a client, or by device."""

    def __init__(self) -> None:
        self.refresh = "refresh-0"  # the one that is good
        self.rotates = False
        self.expires_in: Any = 3600
        self.interval = 3  # seconds between two questions of a device
        self.good: set[str] = set()  # access tokens
        self.given: list[str] = []  # all access tokens that there ever were
        self.forms: list[dict[str, str]] = []  # what was asked, oldest first
        self.answers: list[tuple[int, Any]] = []  # for the next questions, instead of its own
        self.on_login: Callable[[], object] = lambda: None  # a mail server asks about a token
        self.bell = Bell()
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = tokens.answer(self.path, dict(parse_qsl(octets.decode())))
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", said.decode())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._httpd = ThreadingHTTPServer((HOST, 0), Handler)
        self._httpd.daemon_threads = True
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://{HOST}:{self._httpd.server_port}"

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        if path == "/introspect":
            self.on_login()
            active = form.get("token") in self.good
            return 200, {"active": active, "username": "support"}
        self.forms.append(form)
        self.bell.ring()
        if self.answers:
            return self.answers.pop(0)
        if path == "/device":
            return 200, {
                "device_code": "device-1",
                "user_code": "ABCD-EFGH",
                "verification_uri": "https://login.example/device",
                "interval": self.interval,
                "expires_in": 60,
            }
        if form.get("grant_type") == "refresh_token" and form["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS700082: expired"}
        return 200, self._grant(form)

    def _grant(self, form: dict[str, str]) -> dict[str, Any]:
        token = f"access-{len(self.given) + 1}"
        self.good.add(token)
        self.given.append(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if form["grant_type"] == "client_credentials":
            return answer
        if self.rotates or form["grant_type"] != "refresh_token":
            self.refresh = f"refresh-{len(self.given)}"
            answer["refresh_token"] = self.refresh
        return answer

    def expire(self) -> None:
        """No access token that was given is good any more."""
        self.good.clear()

    def oauth(self, folder: Path, **more: Any) -> dict[str, Any]:
        """The oauth section of an account here; its file holds the first refresh token."""
        file = folder / "token"
        if not file.exists():
            file.write_text("refresh-0\n")
        return {
            "token_url": f"{self.url}/token",
            "device_url": f"{self.url}/device",
            "client_id": "desk",
            "refresh_token_file": file,
            **more,
        }

    def close(self) -> None:
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with closing(TokenServer()) as server:
        yield server


class _Handler:
    """What aiosmtpd asks; names are its own."""

    def __init__(self, tokens: TokenServer) -> None:
        self.tokens = tokens
        self.received: list[Envelope] = []
        self.logins: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        user, bearer = said.rstrip("\x01").split("\x01")
        self.logins.append(bearer.removeprefix("auth=Bearer "))
        if user == "user=support" and self.logins[-1] in self.tokens.good:
            return AuthResult(success=True)
        await server.push("334 " + base64.b64encode(b'{"status":"401"}').decode())
        await server._reader.readline()
        return AuthResult(success=False, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.received.append(envelope)
        return "250 2.0.0 OK"


class TokenSmtp:
    """Takes mail of user "support" with a token that the token server says is good."""

    def __init__(self, tokens: TokenServer) -> None:
        handler = self._handler = _Handler(tokens)
        self.received, self.logins = handler.received, handler.logins
        self._background = Background()
        self.port = self._background.call(self._start())

    async def _start(self) -> int:
        def connected() -> SMTP:
            return SMTP(
                self._handler,
                hostname="localhost",
                auth_required=True,
                auth_require_tls=False,
                auth_exclude_mechanism=["LOGIN", "PLAIN"],
            )

        self._server = await asyncio.get_running_loop().create_server(connected, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def section(self, oauth: dict[str, Any]) -> dict[str, Any]:
        """The [smtp] of it."""
        return {
            "host": HOST,
            "port": self.port,
            "username": "support",
            "oauth": oauth,
            "timeout_seconds": 5,
            "connections": 2,
        }

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()

        self._background.call(stop())
        self._background.close()


@pytest.fixture
def token_smtp(tokens: TokenServer) -> Iterator[TokenSmtp]:
    with closing(TokenSmtp(tokens)) as server:
        yield server
