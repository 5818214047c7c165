"""Web hooks: signed, retried, and never twice for one cause."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from maild.outbox import webhook_delivery
from maild.outbox.webhook_delivery import Hooks
from maild.store.records import Alert, Hook
from tests.looking import every, the
from tests.scenario.conversation import Desk
from tests.waiting import WAIT_SECONDS

HANGS = 0  # an answer that never comes

RULES = "- rule: Tell the chat\n  when: ticket created\n  then: [{web hook: chat}]\n"


@contextmanager
def server(answers: list[int]) -> Iterator[tuple[int, list[tuple[dict[str, str], bytes]]]]:
    """A web server that gives these statuses in turn, and keeps what it was told."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((dict(self.headers), body))
            answer = answers.pop(0) if answers else 200
            if answer == HANGS:
                closing.wait(WAIT_SECONDS)
                return
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    closing = threading.Event()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield httpd.server_port, heard
    finally:
        closing.set()
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


BOTH = """- rule: Tell both
  when: ticket created
  then: [{web hook: chat}, {web hook: pager}]
"""


def two_hooks(tmp_path: Path, make_desk: Callable[..., Desk], chat: int, pager: int) -> Desk:
    """A desk whose tickets are told to a chat and to a pager."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text("extends: next7\nname: own\n")
    (folder / "rules.yaml").write_text(BOTH)
    more = "".join(
        f'[[hook]]\nname = "{name}"\nurl = "http://127.0.0.1:{port}/"\nsecret = "s"\n'
        for name, port in (("chat", chat), ("pager", pager))
    )
    return make_desk(profile=str(folder), more=more)


def hooks_of(desk: Desk) -> Hooks:
    return Hooks(desk.store, desk.transport.app.settings)  # type: ignore[attr-defined]


def alerts(desk: Desk) -> set[str]:
    return {alert.key for alert in every(desk.store, Alert, cleared=None)}


def told_of(heard: list[Any]) -> list[str]:
    return [json.loads(body)["ticket"]["title"] for _, body in heard]


@pytest.mark.parametrize("answer", [HANGS, 503, 429, 500])
def test_a_dead_hook_holds_up_no_other_and_ends_like_it_began(
    make_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setattr(webhook_delivery, "SECONDS", 1)
    with server([answer] * 3) as (chat, chatted), server([]) as (pager, paged):
        desk = two_hooks(tmp_path, make_desk, chat, pager)
        titles = [f"Printer {number}" for number in range(20)]
        for title in titles:
            desk.ann.mail(title, "It burns.")
        hooks = hooks_of(desk)
        assert hooks.once(desk.now) == 20
        assert told_of(paged) == titles
        assert len(chatted) == 1  # not twenty: each may take its seconds
        assert alerts(desk) == set()
        desk.now += timedelta(minutes=2)
        assert hooks.once(desk.now) == 0
        assert alerts(desk) == {"hook:chat"}
        desk.ann.mail("Another", "It burns too.")  # while it rests, nobody knocks
        assert hooks.once(desk.now) == 1
        assert len(chatted) == 2
        desk.now += timedelta(hours=1)
        hooks.once(desk.now)
        desk.now += timedelta(hours=1)
        assert hooks.once(desk.now) == 21
        assert sorted(set(told_of(chatted))) == sorted([*titles, "Another"])
        assert alerts(desk) == set()


def test_a_hook_that_is_under_way_is_not_waited_for(
    make_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "SECONDS", 60)
    with server([HANGS]) as (chat, chatted), server([]) as (pager, paged):
        desk = two_hooks(tmp_path, make_desk, chat, pager)
        hooks = hooks_of(desk)
        for number in range(3):
            desk.ann.mail(f"Printer {number}", "It burns.")
            desk.now += timedelta(seconds=1)
            hooks.start(desk.now)
            desk.servers.wait_for(lambda number=number: len(paged) == number + 1)  # type: ignore[misc]
        assert len(chatted) == 1


@pytest.mark.parametrize("answer", [400, 404, 401, 422])
def test_a_call_that_is_refused_holds_up_no_other_of_its_hook(
    make_desk: Callable[..., Desk], tmp_path: Path, answer: int
) -> None:
    with server([answer]) as (chat, chatted), server([]) as (pager, _):
        desk = two_hooks(tmp_path, make_desk, chat, pager)
        for number in range(3):
            desk.ann.mail(f"Printer {number}", "It burns.")
        assert hooks_of(desk).once(desk.now) == 5
        assert len(chatted) == 3
        desk.now += timedelta(minutes=2)
        assert hooks_of(desk).once(desk.now) == 1


def test_a_call_that_nobody_took_for_two_days_has_failed(
    make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    with server([503] * 500) as (chat, _), server([410]) as (pager, _):
        desk = two_hooks(tmp_path, make_desk, chat, pager)
        desk.ann.mail("Printer", "It burns.")
        hooks = hooks_of(desk)
        for _ in range(60):
            hooks.once(desk.now)
            desk.now += timedelta(hours=1)
        assert {call.state for call in every(desk.store, Hook)} == {"failed"}
        assert alerts(desk) == {"hook:chat", "hook:pager"}
        desk.ann.mail("Toner", "It is empty.")
        hooks.once(desk.now)
        assert "hook:pager" not in alerts(desk)


def test_a_clock_that_was_ahead_makes_no_hook_wait(
    make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    with server([503]) as (chat, chatted), server([]) as (pager, _):
        desk = two_hooks(tmp_path, make_desk, chat, pager)
        desk.ann.mail("Printer", "It burns.")
        hooks = hooks_of(desk)
        hooks.once(desk.now + timedelta(days=1))
        desk.ann.mail("Toner", "It is empty.")
        hooks.once(desk.now)
        assert len(chatted) == 2
