"""A desk with its console in this process: mail goes in, pages come out."""

from __future__ import annotations

import http.client
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from maild import config
from maild.app import build
from maild.demo.writer import Writer
from maild.store.asking import console as asking
from maild.web import signing
from maild.web.console import Console
from maild.web.server import Server
from tests.scenario.conversation import Desk
from tests.waiting import WAIT_SECONDS

Result = TypeVar("Result")

MORE = """
[[organization]]
name = "Globex"
domains = ["globex.example"]
[[contact]]
name = "Carlos Vega"
email = "carlos@globex.example"
organization = "Globex"
[[resource]]
name = "Kim Admin"
email = "kim@example.com"
admin = true
[[resource]]
name = "Cora Managed"
email = "cora@acme.example"
organization = "Acme"
[web]
listen = "127.0.0.1:0"
undo_seconds = {undo}
{web}
"""
BOB, KIM, CORA, DANA = "bob@example.com", "kim@example.com", "cora@acme.example", "dana@example.com"
ANN = "ann@acme.example"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the console said to a request that no browser made."""

    status: int
    headers: Mapping[str, str]
    text: str


class Site:
    """The desk of the conversation tests, its clock at now, with a console."""

    def __init__(
        self, folder: Path, database: str = "sqlite:///var/maild.db", *, undo: float = 0.5,
        profile: str = "next7", web: str = "", **options: Any,
    ) -> None:  # fmt: skip
        more = MORE.format(undo=undo, web=web)
        self.desk = Desk(folder, database, profile=profile, more=more, **options)
        self._thread = ThreadPoolExecutor(1)
        self.desk.now = datetime.now(UTC)
        self.carlos = self.desk.writer("Carlos Vega", "carlos@globex.example")
        self.start()

    def start(self) -> None:
        """Starts the console (again)."""
        settings = config.load(self.desk.file)
        self.app = build(settings, self.desk.store, now=datetime.now(UTC))
        self.console = Console(self.app)
        self.server = Server(self.console)
        self.port = self.server.start()
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.stop()

    def close(self) -> None:
        self.stop()
        self.apart(self.desk.close)
        self._thread.shutdown()

    def session(self, address: str) -> str:
        """A new session of this person; its cookie."""
        with self.desk.store.unit() as unit:
            person = asking.person_at(unit, address)
            assert person is not None, address
            now = datetime.now(UTC)
            return signing.open_session(self.console, unit, person, "127.0.0.1", "test", now)

    def apart(self, work: Callable[..., Result], *args: Any) -> Result:
        """Works in another thread: that of a test with a browser has an event loop already."""
        return self._thread.submit(work, *args).result()

    def mail(self, writer: Writer, subject: str, text: str) -> str:
        """Somebody's mail, taken in by the desk; the number of the newest ticket."""
        self.desk.now = datetime.now(UTC)
        self.apart(writer.mail, subject, text)
        return str(self.desk.ticket()["number"])

    def deliver(self) -> None:
        """Sends what is in the outbox, as the daemon would."""
        self.apart(self.app.deliverer().once, datetime.now(UTC))

    def settle(self) -> None:
        """Lets everything that is due on the desk happen now."""
        self.desk.now = datetime.now(UTC)
        self.apart(self.desk.transport.wait_until_done)

    def ask(
        self,
        method: str,
        path: str,
        cookie: str | None = None,
        form: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """A request that no browser makes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        sent = {
            "Sec-Fetch-Site": "same-origin",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        if cookie:
            sent["Cookie"] = f"maild={cookie}"
        body = urlencode(form or {}) if method == "POST" else None
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
        finally:
            connection.close()


def key() -> str:
    """The key of a form."""
    return secrets.token_hex(16)
