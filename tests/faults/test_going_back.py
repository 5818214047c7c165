"""Upgrade and go back, with the version before the last change of the tables: as docs/operating.md
says it, step by step, with the real old program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).parents[2]
VERSIONS = "maild/store/migrations/versions"
TOML = '[desk]\naddress = "support@example.com"\n[[organization]]\nname = "Acme"\n'
TOML += 'domains = ["acme.example"]\n'
MAIL = (
    "From: Ann <ann@acme.example>\nTo: support@example.com\nSubject: {0}\nMessage-ID: <{0}@a>\n\nHi"
)


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"there is no history to go back in: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def revisions(commit: str) -> list[str]:
    """The numbers of the revisions that a commit has: "0017"."""
    files = git("ls-tree", "--name-only", commit, f"{VERSIONS}/").split()
    return sorted(file.rpartition("/")[2][:4] for file in files if "/0" in file)


def _is_older(commit: str) -> bool:
    """It has all revisions but the newest one, each once."""
    newest = sorted((ROOT / VERSIONS).glob("0*.py"))[-1].name
    return revisions(commit) == [f"{n:04}" for n in range(1, int(newest[:4]))]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """The source as it was before the newest revision of the database."""
    commit = next(filter(_is_older, git("log", "--format=%H", "-200").split()), None)
    if commit is None:
        pytest.skip("the history that is here does not reach back to the version before")
    place = tmp_path / "old"
    git("worktree", "add", "--quiet", "--detach", str(place), commit)
    yield place
    git("worktree", "remove", "--force", str(place))


def test_the_old_version_refuses_and_goes_on_with_its_backup(tmp_path: Path, old: Path) -> None:
    file = tmp_path / "desk" / "maild.toml"
    file.parent.mkdir()
    file.write_text(TOML)
    backup = str(tmp_path / "desk.backup")

    def before(*words: str, given: str = "", status: int = 0) -> str:
        program = "import sys; from maild.cli import main; sys.argv[0] = 'maild'; main()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, *words, "--config", str(file)],
            env={**os.environ, "PYTHONPATH": str(old)},
            input=given,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def after(*words: str, given: str = "") -> str:
        return processes.maild(*words, "--config", str(file), given=given.encode())

    before("ingest", "-", given=MAIL.format("One"))
    was = json.loads(before("tickets", "--json"))
    before("backup", backup)
    after("run", "--once")
    after("ingest", "-", given=MAIL.format("Two"))
    assert len(json.loads(after("tickets", "--json"))) == 2

    for words in (("tickets",), ("run", "--once")):
        said = before(*words, status=2)
        assert "was written by a newer version of maild" in said and "Traceback" not in said
    said = before("restore", "--replace", backup)
    assert "1 tickets" in said and "The database that was there is" in said
    assert json.loads(before("tickets", "--json")) == was
    assert "1 mails" in before("verify")
    before("ingest", "-", given=MAIL.format("Four"))
    assert len(json.loads(before("tickets", "--json"))) == 2
    after("restore", "--replace", backup)  # which a newer one brings up to date
    assert json.loads(after("tickets", "--json"))[0]["title"] == "One"
