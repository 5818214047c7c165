"""docs/operator.md: what it tells an operator to type does what it says."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

from maild.app import open_app
from tests.servers.dovecot import missing

PAGE = (Path(__file__).parents[2] / "docs" / "operator.md").read_text("utf-8")


def commands(heading: str) -> str:
    """The block of commands in a section."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    block = re.search(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert block is not None
    return block[1]


def test_the_backup_that_the_page_shows_holds_everything_and_is_private(tmp_path: Path) -> None:
    if shutil.which("sqlite3") is None:
        missing("sqlite3 is not installed (apt-get install sqlite3)")
    (tmp_path / "maild.toml").write_text('[[contact]]\nname = "Ann"\nemail = "ann@acme.example"\n')
    app = open_app(tmp_path / "maild.toml")  # stays open, like the daemon
    subprocess.run(commands("Backup"), shell=True, check=True, cwd=tmp_path, umask=0o022)
    app.close()
    copy = tmp_path / "copy.db"
    assert sqlite3.connect(copy).execute("SELECT name FROM person").fetchall() == [("Ann",)]
    assert copy.stat().st_mode & 0o777 == 0o600
