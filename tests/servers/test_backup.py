"""Backup, restore and verify: all of a desk in one file, and nobody is told twice (H28, H77)."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maild.demo.servers import Servers
from tests import processes
from tests.fresh import make_file
from tests.servers.postgres import PROGRAMS

TOML = """
profile = "own/"
[desk]
name = "Example Support"
address = "support@example.com"
[database]
url = "{url}"
[[organization]]
name = "Acme"
domains = ["acme.example"]
"""
SERVERS = """
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "support@example.com"
password_file = "password"
"""
SQLITE = "sqlite:///var/maild.db"


def maild(folder: Path, *words: str, given: bytes = b"", status: int = 0) -> str:
    """Runs a command of the desk in `folder`; what it printed."""
    return processes.maild(
        *words, "--config", str(folder / "maild.toml"), given=given, status=status
    )


def mail(number: int, subject: str = "Printer", file: bytes = b"a file") -> bytes:
    return (
        b"From: Ann <ann@acme.example>\r\nTo: support@example.com\r\nSubject: %s %d\r\n"
        b"Message-ID: <%d@acme.example>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nIt smokes, number %d.\r\n"
        b'--b\r\nContent-Type: text/csv; name="a.csv"\r\n'
        b"Content-Disposition: attachment\r\n\r\n%s\r\n--b--\r\n"
    ) % (subject.encode(), number, number, number, file)


def new_desk(folder: Path, url: str = SQLITE, more: str = "") -> Path:
    """A desk with a profile, a template and a password of its own."""
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "profile.yaml").write_text("extends: next7\nname: own\n")
    (folder / "own" / "rules.yaml").write_text("[]\n")
    (folder / "templates" / "en").mkdir(parents=True)
    (folder / "templates" / "en" / "words.yaml").write_text("{}\n")
    (folder / "password").write_text("secret\n")
    (folder / "password").chmod(0o600)
    (folder / "maild.toml").write_text(TOML.format(url=url) + more)
    if url == SQLITE:
        make_file(folder / "var" / "maild.db")
    return folder


def shown(folder: Path) -> list[dict[str, Any]]:
    """Every ticket in full, but for what is still to go out, which is held after a restore."""
    tickets = json.loads(maild(folder, "tickets", "--json"))
    found = [json.loads(maild(folder, "show", one["number"], "--json")) for one in tickets]
    return [{key: one[key] for key in one if key != "notifications"} for one in found]


@pytest.fixture
def servers() -> Iterator[Servers]:
    found = Servers(idle=False)
    found.imap.add_user("support@example.com", "secret")
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sqlite":
        return SQLITE
    monkeypatch.setenv("PATH", str(PROGRAMS[max(PROGRAMS)]), prepend=":")
    return str(request.getfixturevalue("empty_postgres"))


def test_a_desk_is_the_same_after_backup_and_restore(tmp_path: Path, url: str) -> None:
    """All of it: tickets, mails, files, configuration, profile, templates, passwords."""
    desk = new_desk(tmp_path / "one", url, '[[mailbox]]\nname = "s"\nhost = "127.0.0.1"\nport = 9\n'
                    'tls = "none"\nusername = "x"\npassword_file = "password"\n')  # fmt: skip
    for number in (1, 2, 3):
        maild(desk, "ingest", "-", given=mail(number))
    before = shown(desk)
    assert len(before) == 3
    file = tmp_path / "desk.backup"
    assert "3 tickets, 3 messages" in maild(desk, "backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in maild(desk, "backup", str(file), status=2)
    assert "is whole" in maild(desk, "restore", "--check", str(file))
    assert json.loads(maild(desk, "status", "--json", status=1))["backup"] is not None

    with tarfile.open(file) as tar:
        names = set(tar.getnames())
    assert {"manifest.json", "database", "files/maild.toml", "files/own/profile.yaml"} <= names
    assert {"files/own/rules.yaml", "files/password", "files/templates/en/words.yaml"} <= names

    other = desk
    if url == SQLITE:
        other = tmp_path / "two"
        other.mkdir()
    else:
        assert "holds a desk already" in maild(desk, "restore", str(file), status=1)
        maild(desk, "ingest", "-", given=mail(4))
    words = maild(other, "restore", str(file), *([] if url == SQLITE else ["--replace"]))
    assert "3 tickets" in words
    assert shown(other) == before
    assert "3 mails, 3 attachments checked" in maild(other, "verify")
    for path in other.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.is_dir() or url != SQLITE, path
    maild(other, "ingest", "-", given=mail(5))  # and it goes on
    assert len(shown(other)) == 4


@pytest.mark.parametrize("tool", ["pg_dump", "pg_restore"])
def test_programs_older_than_the_server_are_named(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    desk = new_desk(tmp_path / "one", postgres)
    maild(desk, "ingest", "-", given=mail(1))
    file = tmp_path / "desk.backup"
    if tool == "pg_restore":
        monkeypatch.setenv("PATH", str(PROGRAMS[max(PROGRAMS)]), prepend=":")
        maild(desk, "backup", str(file))
    monkeypatch.setenv("PATH", str(PROGRAMS[min(PROGRAMS)]), prepend=":")
    words = ["backup"] if tool == "pg_dump" else ["restore", "--replace"]
    said = maild(desk, *words, str(file), status=2)
    assert f"{tool} is of version 16 and the server of 18: install" in said
    assert "postgresql-client-18), and have their folder first in PATH." in said
    assert file.exists() is (tool == "pg_restore")
    assert len(shown(desk)) == 1


@pytest.mark.parametrize("journal", [True, False], ids=["journal", "lost"])
def test_h28_what_people_were_told_is_not_told_again(
    tmp_path: Path, servers: Servers, journal: bool
) -> None:
    """The machine's disk is lost after more mail came and went; the server still has the mail."""
    more = SERVERS.format(smtp=servers.smtp.port, imap=servers.imap.port)
    desk = new_desk(tmp_path / "one", more=more)
    servers.imap.deliver("support@example.com", mail(1))
    maild(desk, "run", "--once")
    file = tmp_path / "desk.backup"
    maild(desk, "backup", str(file))
    servers.imap.deliver("support@example.com", mail(2, "Scanner"))
    maild(desk, "run", "--once")
    told = [one.octets for one in servers.smtp.to("ann@acme.example")]
    assert len(told) == 2
    number = shown(desk)[0]["number"]

    kept = (desk / "var" / "sent.journal").read_bytes()
    if journal:
        assert "holds a desk already" in maild(desk, "restore", str(file), status=1)
        words = maild(desk, "restore", str(file), "--replace")
        assert (desk / "var" / "sent.journal").read_bytes() == kept
        assert list((desk / "var").glob("maild.db.before-*"))
    else:
        shutil.rmtree(desk)
        desk.mkdir()
        words = maild(desk, "restore", str(file))
    assert "support: 1 newer mails on the server" in words
    assert ("are held" in words) is not journal

    time.sleep(1.1)  # the server's times are of whole seconds: that of the restore is over
    servers.imap.deliver("support@example.com", mail(3, "Mouse"))
    maild(desk, "run", "--once")
    again = [one.octets for one in servers.smtp.to("ann@acme.example")]
    assert len(again) == 3, "the new mail is answered, the old one not again"
    assert b".0003]" in again[-1]
    assert len(shown(desk)) == 3
    assert number in {one["number"] for one in shown(desk)}
    states = {one["state"] for one in json.loads(maild(desk, "outbox", "--json"))}
    assert ("held" in states) is not journal


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda octets: octets[: len(octets) // 2], "cut or damaged"),
        (lambda octets: octets[:-200] + bytes(200), ""),
        (lambda octets: b"no backup at all", "cut or damaged"),
        (lambda octets: b"", "cut or damaged"),
    ],
    ids=["cut", "zeros", "other", "empty"],
)
def test_a_damaged_backup_changes_nothing(tmp_path: Path, damage: Any, said: str) -> None:
    desk = new_desk(tmp_path / "one")
    maild(desk, "ingest", "-", given=mail(1))
    file = tmp_path / "desk.backup"
    maild(desk, "backup", str(file))
    file.write_bytes(damage(file.read_bytes()))
    other = tmp_path / "two"
    other.mkdir()
    assert said in maild(other, "restore", str(file), status=1)
    assert list(other.iterdir()) == []


def test_a_member_that_was_changed_is_noticed(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "one")
    maild(desk, "ingest", "-", given=mail(1))
    file = tmp_path / "desk.backup"
    maild(desk, "backup", str(file))
    with tarfile.open(file) as tar:
        tar.extractall(tmp_path / "open", filter="data")
    rules = tmp_path / "open" / "files" / "own" / "rules.yaml"
    rules.chmod(0o600)
    rules.write_text("[ ]")
    with tarfile.open(file) as old, tarfile.open(tmp_path / "new", "w:gz") as tar:
        for name in old.getnames():
            tar.add(tmp_path / "open" / name, arcname=name)
    (tmp_path / "two").mkdir()
    words = maild(tmp_path / "two", "restore", str(tmp_path / "new"), status=1)
    assert "files/own/rules.yaml is not what was written" in words


def test_a_backup_under_load_is_of_one_moment(tmp_path: Path, url: str) -> None:
    """Each is put back and verified, once nobody works any more."""
    desk = new_desk(tmp_path / "one", url)
    mails = tmp_path / "mails"
    mails.mkdir()
    for number in range(60):
        (mails / f"{number:03}.eml").write_bytes(mail(number))
    maild(desk, "ingest", "-", given=mail(999))
    loader = processes.Process("ingest", str(mails), "--config", str(desk / "maild.toml"))
    files = [tmp_path / f"{number}.backup" for number in range(3)]
    for file in files:
        maild(desk, "backup", str(file))
    assert loader.wait() == 0
    assert "61 mails" in maild(desk, "verify")
    counts = []
    for file in files:
        maild(desk, "restore", "--replace", str(file))
        assert "checked." in maild(desk, "verify")
        counts.append(len(json.loads(maild(desk, "tickets", "--json"))))
    assert counts == sorted(counts) and counts[0] >= 1


def test_a_desk_whose_daemon_works_is_not_replaced(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "one")
    maild(desk, "ingest", "-", given=mail(1))
    file = tmp_path / "desk.backup"
    maild(desk, "backup", str(file))
    with sqlite3.connect(desk / "var" / "maild.db") as database:
        database.execute(
            "INSERT INTO setting (key, value) VALUES ('daemon elsewhere:7',"
            " json_object('at', strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')))"
        )
    words = maild(desk, "restore", str(file), "--replace", status=1)
    assert "A daemon works on this database (elsewhere:7). Stop it first." in words


@pytest.mark.parametrize(
    ("sql", "said", "mends"),
    [
        ("UPDATE raw SET octets = CAST(octets || 'x' AS BLOB)", "are not what came in", False),
        (
            "UPDATE raw SET octets = substr(octets, 1, length(octets) - 9)",
            "not what came in",
            False,
        ),
        (
            "UPDATE raw SET octets = CAST(substr(octets, 1, 9) || 'x' AS BLOB)",
            "not what came in",
            False,
        ),
        ("UPDATE raw SET octets = x''", "are not what came in", False),
        ("DELETE FROM raw", "The octets of message 1 are missing", False),
        ("UPDATE message SET size = 1", "are not what came in", True),
        ("DELETE FROM thread WHERE NOT ours", "<1@acme.example> would not find its", True),
        ("DELETE FROM thread WHERE ours", "would not find its ticket", True),
        ("UPDATE number_series SET last = 0", "The last number of", True),
        ("DELETE FROM number_series", "The last number of", True),
        ("UPDATE note SET by_id = 999", "point to no by_id", False),
        (
            'UPDATE note SET attachments = replace(attachments, \'"sha256": "\', \'"sha256": "0\')',
            'The file "a.csv" of note 1 is not in its mail',
            True,
        ),
        (
            "UPDATE note SET attachments = replace(attachments, '\"part\": ', '\"part\": 7')",
            'The file "a.csv" of note 1 is not in its mail',
            False,
        ),
    ],
)
def test_verify_finds_what_is_damaged(tmp_path: Path, sql: str, said: str, mends: bool) -> None:
    desk = new_desk(tmp_path / "one")
    maild(desk, "ingest", "-", given=mail(1))
    assert "checked." in maild(desk, "verify")
    with sqlite3.connect(desk / "var" / "maild.db") as database:
        assert database.execute(sql).rowcount > 0
    assert said in maild(desk, "verify", status=1)
    assert ("mended: " in maild(desk, "verify", "--repair", status=0 if mends else 1)) is mends
    maild(desk, "verify", status=0 if mends else 1)


def test_octets_that_are_missing_come_from_the_copy_of_another_mailbox(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "one")
    maild(desk, "ingest", "-", given=mail(1))
    maild(desk, "ingest", "--mailbox", "sales", "-", given=mail(1))
    with sqlite3.connect(desk / "var" / "maild.db") as database:
        database.execute("DELETE FROM raw WHERE stored_id = 1")
    assert "mended: The octets of message 1" in maild(desk, "verify", "--repair")
    number = json.loads(maild(desk, "tickets", "--json"))[0]["number"]
    assert "It smokes, number 1." in maild(desk, "eml", number)


def test_the_backup_of_another_desk_is_refused_until_it_is_meant(tmp_path: Path) -> None:
    """Its tickets would be mailed about from this one's address."""
    desk, other = new_desk(tmp_path / "one"), new_desk(tmp_path / "two")
    shutil.rmtree(other / "var")  # it has never run
    maild(desk, "ingest", "-", given=mail(1))
    file = str(tmp_path / "one.backup")
    maild(desk, "backup", file)
    toml = (other / "maild.toml").read_text()
    (other / "maild.toml").write_text(toml.replace("support@example.com", "help@example.net"))
    said = maild(other, "restore", file, status=1)
    assert "is of the desk support@example.com" in said and "--of-another" in said
    assert not (other / "var").exists()
    maild(other, "restore", file, "--of-another")
    assert len(shown(other)) == 1
