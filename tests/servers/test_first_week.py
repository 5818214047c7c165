"""A newcomer's walk through docs/first-week.md: every command is run, in its order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.demo.servers import Servers
from tests.processes import run

PAGE = Path(__file__).parents[2] / "docs" / "first-week.md"
BLOCK = re.compile(r"^```(sh|toml)\n(.*?)^```$", re.M | re.S)
PASSWORD = "secret"
# What the customer's answer makes of a ticket that waits for it.
AFTER_THE_ANSWER = {
    "next7": "Feedback Received",
    "ggit": "Note Emailed In",
    "atera": "Open",
    "runbook": "Feedback Received",
}


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    for user in ("support@example.com", "billing@example.com"):
        servers.imap.add_user(user, PASSWORD)
    yield servers
    servers.close()


def test_every_command_of_the_first_week_does_what_it_says(
    servers: Servers, tmp_path: Path
) -> None:
    place, said = tmp_path, dict[str, str]()
    for kind, block in BLOCK.findall(PAGE.read_text("utf-8")):
        if kind == "toml":
            _write(place / "maild.toml", _here(block, servers))
            continue
        for line in block.strip().splitlines():
            if line == "maild run --once":
                _customers_write(servers)
            if line.startswith("cd "):
                place /= line.removeprefix("cd ")
                continue
            said[line] = said.get(line, "") + _do(line, place)
    tickets = said["maild tickets"]
    assert tickets.count("Printer is on fire") == tickets.count("My invoice") == 2
    assert "Billing" in said["maild tickets --group queue"]
    assert "Good day Ann" in said["maild templates preview acknowledgement"]
    assert "+1 -1" in said["maild templates history acknowledgement"]
    assert "shipped" in said["maild templates rollback acknowledgement"]
    assert said["maild people list --role resource"].count("Carla Field") >= 1
    assert "monitoring" in said["maild ingest --rehearse --jsonl alert.eml"]
    assert "1 canned replies" in said["maild check"]
    for name, status in AFTER_THE_ANSWER.items():
        answered = f"maild ingest --config walk-{name}/maild.toml --now 2026-11-23T10:00:00Z"
        assert status in said[f"{answered} answer.eml"]
        assert f"answer makes it *{status}*" in _section(name)
    assert "managers" in said["maild alerts --config walk-atera/maild.toml"]
    assert "complete" in said["maild outbox --config walk-next7/maild.toml"]
    refused = run(
        "set", "T20261123.0001", "status", "Complete", "--config", "walk-runbook/maild.toml",
        cwd=place,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "a public note" in refused.stderr and "time entry" in refused.stderr


def _section(profile: str) -> str:
    """What the page says of a profile."""
    return PAGE.read_text("utf-8").partition(f"### {profile}: ")[2].partition("\n### ")[0]


def _here(block: str, servers: Servers) -> str:
    """The same with the servers of this test, and a machine that is believed by its address."""
    plain = block.replace("imap.example.com", "127.0.0.1").replace("smtp.example.com", "127.0.0.1")
    plain = plain.replace("port = 993", f"port = {servers.imap.port}")
    plain = plain.replace("port = 587", f"port = {servers.smtp.port}")
    return re.sub(r'tls = "\w+"', 'tls = "none"', plain)


def _write(file: Path, block: str) -> None:
    """The first block is in the place of what is there, others are added."""
    before = "" if block.startswith("profile") else file.read_text("utf-8")
    file.write_text(before + block, "utf-8")


def _customers_write(servers: Servers) -> None:
    for to, subject in (("support", "Printer is on fire"), ("billing", "My invoice")):
        mail = (
            f"From: Ann <ann@acme.example>\r\nTo: {to}@example.com\r\nSubject: {subject}\r\n"
            f"Message-ID: <{to}@acme.example>\r\n\r\nPlease help.\r\n"
        )
        servers.imap.deliver(f"{to}@example.com", mail.encode())


def _do(line: str, place: Path) -> str:
    environment = {
        **os.environ,
        "EDITOR": "sed -i s/Hello/Good\\ day/",
        "VISUAL": "",
        "COLUMNS": "200",
    }
    words = shlex.split(line)
    if words[0] != "maild":
        subprocess.run(line, shell=True, cwd=place, check=True)
        return ""
    done = run(*words[1:], cwd=place, env=environment)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
