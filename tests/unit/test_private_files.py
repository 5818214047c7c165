"""What maild writes is for its user alone, whatever the umask (H109)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from maild import config
from maild.cli import check
from tests.processes import run

MAIL = (
    b"From: Ann <ann@acme.example>\r\nTo: support@example.com\r\nSubject: Printer\r\n\r\nHelp\r\n"
)
WRITING = """
import sqlite3, time
database = sqlite3.connect("var/maild.db")
database.execute("BEGIN IMMEDIATE")
database.execute("DELETE FROM ticket")
print(flush=True)
time.sleep(60)
"""


def maild(folder: Path, umask: int, *words: str, **environment: str) -> str:
    done = run(*words, cwd=folder, umask=umask, env={**os.environ, **environment})
    assert done.returncode in (0, 1), done.stderr  # 1: nobody listens at the relay
    return done.stdout


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mode & 0o777
        for path in sorted(folder.rglob("*"))
    }


def warning(folder: Path) -> str:
    return "".join(check.warnings(config.load(folder / "maild.toml")))


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_h109_whatever_the_umask_files_are_0600_and_folders_0700(
    tmp_path: Path, umask: int
) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(MAIL)
    maild(tmp_path, umask, "init", "desk", "--profile", "next7")
    desk = tmp_path / "desk"
    maild(desk, umask, "ingest", str(mail))
    text = (desk / "maild.toml").read_text()
    (desk / "maild.toml").write_text(text[: text.index("[[mailbox]]")])
    maild(desk, umask, "run", "--once")
    for text in ("first", "second"):
        editor = f"sh -c 'echo {text} >> \"$1\"' -"
        maild(desk, umask, "templates", "edit", "complete", VISUAL=editor)
    maild(desk, umask, "templates", "preview", "complete", "--html", "complete.html")
    found = modes(desk)
    written = {"maild.toml", "var/maild.db", "var/sent.journal", "var/sent.lock", "complete.html"}
    assert written <= set(found)
    assert len(list((desk / "templates" / ".history").rglob("*.md"))) == 2
    expected = {name: 0o700 if (desk / name).is_dir() else 0o600 for name in found}
    assert found == expected


def test_h109_what_lies_beside_an_open_database_is_as_closed_as_it(tmp_path: Path) -> None:
    maild(tmp_path, 0o022, "init", ".")
    maild(tmp_path, 0o022, "tickets")
    with subprocess.Popen(
        [sys.executable, "-c", WRITING], cwd=tmp_path, stdout=subprocess.PIPE, umask=0o022
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        found = modes(tmp_path / "var")
        writer.kill()
    assert found == dict.fromkeys(("maild.db", "maild.db-shm", "maild.db-wal"), 0o600)


def test_h109_check_says_what_is_open_and_how_to_close_it(tmp_path: Path) -> None:
    for folder in ("var", "templates"):
        (tmp_path / folder).mkdir(mode=0o700)
    (tmp_path / "maild.toml").touch(mode=0o600)
    (tmp_path / "maild.toml").write_text(
        '[smtp]\nusername = "a"\npassword_file = "secret"\n'
        '[trust]\nauthserv_id = "mx.example.com"\n'
    )
    (tmp_path / "secret").write_text("hidden")
    for path in ("secret", "var/maild.db", "templates/own.md"):
        (tmp_path / path).touch()
        (tmp_path / path).chmod(0o600)
    assert warning(tmp_path) == ""
    for opened, mode, named in [
        ("maild.toml", 0o644, "maild.toml"),
        ("secret", 0o640, "secret"),
        ("var/maild.db", 0o604, "maild.db"),
        ("var", 0o711, "var"),
        ("templates/own.md", 0o660, "own.md"),
    ]:
        before = (tmp_path / opened).stat().st_mode & 0o777
        (tmp_path / opened).chmod(mode)
        assert f"{named}`" in warning(tmp_path), opened
        (tmp_path / opened).chmod(before)
    (tmp_path / "var").chmod(0o755)
    (tmp_path / "var" / "maild.db").chmod(0o644)
    command = warning(tmp_path).split("`")[1]
    assert command == f"chmod -R go= {tmp_path / 'var'}"
    assert command in maild(tmp_path, 0o022, "check")
    subprocess.run(command, shell=True, check=True)
    assert warning(tmp_path) == ""
