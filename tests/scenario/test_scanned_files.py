"""The admin's virus scanner: what it finds is refused, and what it cannot say is kept back."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.store.records import Alert
from tests.looking import every
from tests.scenario.conversation import Desk
from tests.scenario.test_audience import TITLE, last, opened, told
from tests.scenario.test_refused_files import names, refused

MakeDesk = Callable[..., Desk]

FILES = {"bad.doc": b"VIRUS", "good.txt": b"all is well"}
SCANNERS = {  # what the command does, and what becomes of the files
    "as it should": (
        "if grep -q VIRUS; then exit 1; fi",
        {"bad.doc": "infected", "good.txt": None},
    ),
    "reads nothing": ("exit 0", {"bad.doc": None, "good.txt": None}),
    "fails": ("cat > /dev/null; exit 2", dict.fromkeys(FILES, "not scanned")),
    "is killed": ("kill -9 $$", dict.fromkeys(FILES, "not scanned")),
    "hangs": ("exec sleep 60", dict.fromkeys(FILES, "not scanned")),
}


def policy(tmp_path: Path, script: str) -> str:
    program = tmp_path / "scan.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f'[attachments]\nscanner = ["{program}"]\nscanner_seconds = 1\n'


@pytest.mark.parametrize("how", SCANNERS)
def test_h116_what_the_scanner_says_decides(make_desk: MakeDesk, tmp_path: Path, how: str) -> None:
    script, wanted = SCANNERS[how]
    desk = opened(make_desk, more=policy(tmp_path, script))
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] {TITLE}", "See both.", attach=FILES)
    assert refused(desk) == wanted
    passed = [name for name, why in wanted.items() if why is None]
    assert names(desk, "See both.", "ann@acme.example") == passed
    alerts = [a for a in every(desk.store, Alert, cleared=None) if a.key == "scanner"]
    assert bool(alerts) is ("not scanned" in wanted.values())
    for name, why in wanted.items():
        if why == "infected":
            assert f"{name}: refused, as it is infected" in last(desk.bob)
        if why == "not scanned":
            assert f"{name}: kept back" in last(desk.bob)


def test_h116_a_customer_is_told_of_an_infected_file(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk(more=policy(tmp_path, SCANNERS["as it should"][0]))
    desk.ann.mail(TITLE, "See both.", attach=FILES)
    assert "infected" in last(desk.ann)
    assert names(desk, "See both.", "bob@example.com") == ["good.txt"]
    assert "Refused, not passed on: bad.doc" in told(desk, desk.bob)


def test_h116_scan_frees_what_waited(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk(more=policy(tmp_path, "cat > /dev/null; exit 2"))
    desk.ann.mail(TITLE, "See both.", attach=FILES)
    assert set(refused(desk).values()) == {"not scanned"}
    failed = CliRunner().invoke(app, ["scan", "--config", str(desk.file)])
    assert failed.exit_code != 0
    policy(tmp_path, SCANNERS["as it should"][0])
    done = CliRunner().invoke(app, ["scan", "--config", str(desk.file)])
    assert done.exit_code == 0 and "1 infected" in done.output and "1 clean" in done.output
    assert refused(desk) == {"bad.doc": "infected", "good.txt": None}
    assert [a for a in every(desk.store, Alert, cleared=None) if a.key == "scanner"] == []
    again = CliRunner().invoke(app, ["scan", "--config", str(desk.file)])
    assert "no file waits" in again.output
