"""Web hooks: signed, retried, and never twice for one cause."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from maild.outbox.webhook_delivery import Hooks
from maild.store.records import Hook
from tests.looking import the
from tests.scenario.conversation import Desk

RULES = "- rule: Tell the chat\n  when: ticket created\n  then: [{web hook: chat}]\n"


@contextmanager
def server(answers: list[int]) -> Iterator[tuple[int, list[tuple[dict[str, str], bytes]]]]:
    """A web server that gives these statuses in turn, and keeps what it was told."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((dict(self.headers), body))
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield httpd.server_port, heard
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def test_a_hook_is_signed_and_tried_again(make_desk: Callable[..., Desk], tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text("extends: next7\nname: own\n")
    (folder / "rules.yaml").write_text(RULES)
    with server([503, 200]) as (port, heard):
        more = f'[[hook]]\nname = "chat"\nurl = "http://127.0.0.1:{port}/"\nsecret = "s3cret"\n'
        desk = make_desk(profile=str(folder), more=more)
        desk.ann.mail("Printer", "It burns.")
        app = desk.transport.app  # type: ignore[attr-defined]
        hooks = Hooks(desk.store, app.settings)
        assert hooks.once(desk.now) == 0
        assert hooks.once(desk.now) == 0  # not before its time
        assert hooks.once(desk.now + timedelta(minutes=2)) == 1
        assert hooks.once(desk.now + timedelta(days=2)) == 0
    (first, _), (headers, body) = heard
    assert first["Maild-Id"] == headers["Maild-Id"]
    stamp, signature = (part.partition("=")[2] for part in headers["Maild-Signature"].split(","))
    expected = hmac.new(b"s3cret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == expected
    told = json.loads(body)
    assert (told["event"], told["rule"]) == ("ticket created", "Tell the chat")
    assert told["ticket"]["title"] == "Printer"
    assert the(desk.store, Hook).state == "sent"
