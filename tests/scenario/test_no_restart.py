"""What a desk that runs takes up by itself, as docs/first-week.md says, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from maild.ingest.process import Pipeline
from maild.parse.limits import LocalReader
from tests.scenario.conversation import Desk, InProcess

PAGE = (Path(__file__).parents[2] / "docs" / "first-week.md").read_text("utf-8")
RULE = """\
- rule: What comes is looked at
  when: ticket created
  then: [{tag: looked at}]
"""
QUEUES = "extends: next7\nqueues: [Front desk, Co-managed, Service Provider, Client Portal]\n"
TEMPLATE = "subject: {{ ticket.title }}\n---\nGreetings from the newest text.\n"
REPLY = "Please wait, {{ contact.first_name }}.\n"
PHRASE = "phrases:\n  - {say: is toast, command: status, value: Complete}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """With a ticket from before anything was changed."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "profile.yaml").write_text("extends: next7\n")
    desk = Desk(tmp_path, profile="ours")
    desk.ann.mail("Printer is on fire", "It smokes.")
    assert desk.ticket()["tags"] == [] and desk.ticket()["queue"] == "Co-managed"
    return desk


def _write(desk: Desk, name: str, text: str) -> None:
    file = desk.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _tick(desk: Desk) -> None:
    """What the daemon does between two mails."""
    transport = desk.transport
    assert isinstance(transport, InProcess)
    app = transport.app.reread(desk.now)
    app.rules.refresh(app.store.act, desk.now)
    transport.pipeline = Pipeline(app.store, app.settings, app.rules, LocalReader())


def _section() -> str:
    return PAGE.partition("## What needs no restart")[2].partition("\n## ")[0]


def test_what_is_in_force_at_once(desk: Desk) -> None:
    for said in ("the profile, its rules", "`templates/`, `replies/`, words and phrases"):
        assert said in _section()
    _write(desk, "ours/profile.yaml", QUEUES)
    _write(desk, "ours/rules.yaml", RULE)
    _write(desk, "templates/en/acknowledgement.md", TEMPLATE)
    _write(desk, "replies/en/wait.md", REPLY)
    _write(desk, "commands/phrases/en.yaml", PHRASE)
    _tick(desk)
    desk.ann.mail("The screen is dark", "Please help.")
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["tags"]) == ("Front desk", ["looked at"])
    assert "Greetings from the newest text." in plain_text(desk.ann.received()[-1])
    desk.bob.reply("#reply wait")
    assert "Please wait, Ann." in plain_text(desk.ann.received()[-1])
    desk.bob.reply("", subject=f"Re: [{ticket['number']}] The screen is dark is toast")
    assert desk.ticket()["status"] == "Complete"


def test_what_waits_for_a_signal(desk: Desk) -> None:
    assert "`maild.toml`, all of it but `[log]`" in _section() and "after SIGHUP" in _section()
    _write(desk, "maild.toml", desk.file.read_text().replace("Example Support", "Another Name"))
    _tick(desk)
    desk.ann.mail("The screen is dark", "Please help.")
    assert "Example Support" in str(desk.ann.received()[-1]["From"])
