"""A desk that only listens, beside another helpdesk: all is done, shown, and nothing is sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild import config
from maild.cli import app
from maild.errors import UsageError
from maild.ingest.process import Pipeline
from maild.model import MessageState, SendState
from maild.store import asking
from maild.store.asking.lanes import Waiting
from tests.scenario.conversation import Desk

LISTEN = """
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = 143
tls = "none"
username = "support"
password = "x"
after = "delete"
"""
WORDS = "The printer on the second floor does not print at all."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, more=LISTEN)
    text = desk.file.read_text()
    desk.file.write_text(text.replace("[desk]", '[desk]\nmode = "listen"', 1))
    desk.transport.close()
    again = Desk.__new__(Desk)
    again.__dict__ |= desk.__dict__
    return again


def _run(desk: Desk, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--config", str(desk.file)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def _mail(folder: Path) -> str:
    file = folder / "one.eml"
    file.write_text(
        "From: Ann <ann@acme.example>\nTo: support@example.com\nSubject: Printer\n"
        f"Message-ID: <1@acme.example>\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n\n{WORDS}\n"
    )
    return str(file)


def test_it_does_everything_and_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    _run(desk, "ingest", _mail(tmp_path))
    assert desk.ticket()["notes"][0]["text"] == WORDS
    would = desk.outbox()
    assert {item.template for item in would} >= {"acknowledgement"}
    assert {item.state for item in would} == {SendState.UNSENT}
    _run(desk, "run", "--once") if not config.load(desk.file).config.mailbox else None
    assert not desk.servers.smtp.to("ann@acme.example")


def test_what_it_would_have_sent_can_be_looked_at(desk: Desk, tmp_path: Path) -> None:
    _run(desk, "ingest", _mail(tmp_path))
    rows = json.loads(_run(desk, "outbox", "--json"))
    assert {row["state"] for row in rows} == {"unsent"}
    first = next(row for row in rows if row["template"] == "acknowledgement")
    assert "Printer" in _run(desk, "outbox", "show", str(first["id"]))


def test_mailboxes_are_left_as_they_are(desk: Desk) -> None:
    assert [box.after for box in config.load(desk.file).config.mailbox] == ["keep"]


def test_old_mail_is_taken_in_quietly(tmp_path: Path) -> None:
    live = Desk(tmp_path)
    file = _mail(tmp_path)
    _run(live, "ingest", file, "--quiet")
    assert live.ticket()["title"] == "Printer"
    assert {item.state for item in live.outbox()} == {SendState.UNSENT}
    _run(live, "run", "--once")
    assert not live.servers.smtp.to("ann@acme.example")
    live.ann.mail("Another", "Something else does not work.")
    assert [mail["Subject"] for mail in live.ann.received()], "from now on it speaks again"


MAILBOX = """
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {port}
tls = "none"
username = "support"
password = "secret"
"""


def test_what_a_mailbox_holds_from_before_comes_in_once_and_quietly(tmp_path: Path) -> None:
    live = Desk(tmp_path)
    live.servers.imap.add_user("support", "secret")
    text = live.file.read_text()
    live.file.write_text(text + MAILBOX.format(port=live.servers.imap.port))
    octets = Path(_mail(tmp_path)).read_bytes()
    live.servers.imap.deliver("support", octets, flags=("\\Seen",))
    live.servers.imap.deliver("support", octets.replace(b"<1@", b"<2@").replace(b"not", b"never"))
    told = _run(live, "ingest", "--from-mailbox", "support", "--quiet", "--jsonl")
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [(row["file"], row["outcome"]) for row in rows] == [
        ("support:101", "ticket"),
        ("support:102", "ticket"),
    ]
    assert {item.state for item in live.outbox()} == {SendState.UNSENT}
    _run(live, "run", "--once")
    assert len(live.tickets()) == 2, "the daemon knows them"
    assert next(iter(live.servers.imap.messages("support").values())) == octets
    assert not live.servers.smtp.to("ann@acme.example")
    again = _run(live, "ingest", "--from-mailbox", "support", "--quiet", "--jsonl")
    assert "support:" not in again


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from-mailbox", "sapport"], 'there is no [[mailbox]] "sapport"'),
        (["x.eml", "--from-mailbox", "support"], "Name files, folders"),
        ([], "Name files, folders"),
    ],
)
def test_wrong_usage_says_what_to_write(desk: Desk, words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["ingest", *words, "--config", str(desk.file)])
    assert isinstance(done.exception, UsageError)
    assert said in done.exception.message


@pytest.mark.parametrize("words", [[], ["--quiet"]])
def test_a_daemon_beside_leaves_what_ingest_has_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """It would tell people of it, and we would wait for it without end."""
    live, due = Desk(tmp_path), list[Waiting]()
    process_all = Pipeline.process_all

    def spy(pipeline: Pipeline, *args: Any, **options: Any) -> Any:
        with pipeline.store.look() as unit:
            due.extend(asking.lanes.patient(unit, datetime.now(UTC), 100))
            due.extend(asking.lanes.hurried(unit, 100))
        return process_all(pipeline, *args, **options)

    monkeypatch.setattr(Pipeline, "process_all", spy)
    _run(live, "ingest", _mail(tmp_path), *words)
    assert due == []
    assert live.messages()[0].state == MessageState.PROCESSED
