"""What the daemon says of itself: to systemd, by HTTP, and to `maild status`."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Process, run
from tests.waiting import WAIT_SECONDS, free_ports, until

MAIL = (
    b"From: Ann <ann@acme.example>\nTo: support@example.com\nSubject: Printer\n"
    b"Message-ID: <1@acme.example>\n\nIt smokes.\n"
)


class Systemd:
    """The socket that systemd gives its services; it remembers what they say."""

    def __init__(self, place: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(place))
        self._socket.settimeout(0.2)
        self.said: list[dict[str, str]] = []

    def listen(
        self, until: Callable[[dict[str, str]], bool], seconds: float = WAIT_SECONDS
    ) -> bool:
        """Hears what comes, until something is as it should be."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                lines = self._socket.recv(65536).decode().split("\n")
            except TimeoutError:
                continue
            self.said.append(dict(line.split("=", 1) for line in lines))
            if until(self.said[-1]):
                return True
        return False


class Service:
    """`maild run` as systemd starts it."""

    def __init__(self, folder: Path) -> None:
        [self.port] = free_ports(1)
        self.file = folder / "maild.toml"
        self.file.write_text(
            f'[monitor]\nlisten = "127.0.0.1:{self.port}"\nstall_seconds = 5\n'
            '[desk]\naddress = "support@example.com"\n'
        )
        self.systemd = Systemd(folder / "notify")
        self.log = folder / "log"
        self.process = Process(
            "run",
            "--config",
            str(self.file),
            env={
                **os.environ,
                "NOTIFY_SOCKET": str(folder / "notify"),
                "WATCHDOG_USEC": "3000000",
            },
            stderr=self.log,
        )

    def page(self, name: str) -> tuple[int, str]:
        address = f"http://127.0.0.1:{self.port}/{name}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self) -> tuple[int, dict[str, Any]]:
        done = maild("status", "--json", config=self.file)
        return done.returncode, json.loads(done.stdout)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def maild(*words: str, config: Path, given: bytes = b"") -> subprocess.CompletedProcess[str]:
    return run(*words, "--config", str(config), given=given)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    one = Service(tmp_path)
    yield one
    one.close()


def test_a_daemon_that_works_says_so_to_everybody(service: Service) -> None:
    assert service.systemd.listen(lambda said: said.get("READY") == "1")
    assert service.systemd.listen(lambda said: said.get("WATCHDOG") == "1")
    assert service.systemd.said[-1]["STATUS"].startswith("All is well.")

    assert service.page("healthz") == (200, "All is well.\n")
    assert service.page("readyz") == (200, "All is well.\n")
    assert service.page("nothing")[0] == 404
    status, metrics = service.page("metrics")
    assert status == 200
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line[0] != "#")
    assert float(values["maild_up"]) == 1
    assert float(values['maild_messages{state="waiting"}']) == 0

    code, found = service.status()
    assert (code, found["ok"], found["trouble"]) == (0, True, [])
    assert [one["alive"] for one in found["daemons"]] == [True]

    service.process.send_signal(signal.SIGTERM)
    assert service.systemd.listen(lambda said: said.get("STOPPING") == "1")
    assert service.process.wait(WAIT_SECONDS) == 0
    assert service.status()[1]["daemons"] == []


def test_a_planted_stall_trips_the_watchdog_and_passes(service: Service, tmp_path: Path) -> None:
    """Somebody holds the database's lock: mail waits, and nothing moves."""
    assert service.systemd.listen(lambda said: said.get("WATCHDOG") == "1")
    other = sqlite3.connect(tmp_path / "var" / "maild.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute(
        "INSERT INTO message (mailbox, uidvalidity, uid, sha256, size, accepted, state, attempts,"
        " reasons, commands) VALUES ('support', 1, 1, '00', 1, '2026-01-01 00:00:00', 'stored', 0,"
        " '[]', '[]')"
    )
    other.execute("INSERT INTO raw (stored_id, octets) VALUES (1, ?)", (MAIL,))
    other.execute("COMMIT")
    other.execute("BEGIN IMMEDIATE")

    assert service.systemd.listen(lambda said: "none is taken up" in said.get("STATUS", ""))
    before = len(service.systemd.said)
    assert not service.systemd.listen(lambda said: "WATCHDOG" in said, seconds=2.5)
    assert len(service.systemd.said) > before  # it lives, and says what is wrong
    status, text = service.page("healthz")
    assert (status, "none is taken up" in text) == (503, True)
    assert service.page("readyz")[0] == 503

    other.execute("ROLLBACK")
    assert service.systemd.listen(lambda said: said.get("WATCHDOG") == "1")
    assert service.page("healthz")[0] == 200
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["event"] for line in lines if line.get("message") == 1} == {"message.done"}
    assert "stalled" in {line["event"] for line in lines}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('format = "json"', b'{"mailboxes": 0, "event": "started"'),
        ('format = "text"', b"started"),
        ('level = "warning"', b""),
    ],
)
def test_the_log_is_as_the_configuration_says(tmp_path: Path, section: str, said: bytes) -> None:
    file = tmp_path / "maild.toml"
    file.write_text(f"[log]\n{section}\n")
    process = Process("run", "--config", str(file), stderr=tmp_path / "log")
    try:
        until(lambda: maild("status", "--json", config=file).stdout.find('"alive": true') > 0)
    finally:
        process.terminate()
        process.wait()
    text = (tmp_path / "log").read_bytes()
    assert said in text if said else text == b""
    assert (b"{" in text) is ("json" in section)


@pytest.mark.parametrize(
    ("more", "sql", "said"),
    [
        ("", None, None),
        (
            '[[mailbox]]\nname = "support"\nhost = "127.0.0.1"\nport = 9\ntls = "none"\n'
            'username = "x"\npassword = "y"\n',
            None,
            "No daemon works. Start `maild run`.",
        ),
        ("", "UPDATE message SET state = 'quarantined'", "Mail in quarantine: 1."),
        ("", "UPDATE message SET state = 'stored'", "Mail has waited for"),
        (
            "",
            "INSERT INTO alert (key, text, first, last, count) VALUES"
            " ('smtp', 'The relay refuses.', '2026-01-01', '2026-01-01', 1)",
            "The relay refuses.",
        ),
        (
            "",
            "INSERT INTO setting (key, value) VALUES ('outbox paused', '{\"by\": \"bob\"}')",
            "The outbox is paused.",
        ),
        ("[monitor]\nbackup_hours = 24\n", None, "There is no backup."),
    ],
    ids=["well", "nobody", "quarantine", "waiting", "relay", "paused", "backup"],
)
def test_status_says_what_is_wrong(
    tmp_path: Path, more: str, sql: str | None, said: str | None
) -> None:
    file = tmp_path / "maild.toml"
    file.write_text('[desk]\naddress = "support@example.com"\n' + more)
    assert maild("status", config=file).returncode == 1  # there is no database yet
    assert maild("ingest", "--mailbox", "files", "-", config=file, given=MAIL).returncode == 0
    with sqlite3.connect(tmp_path / "var" / "maild.db") as database:
        database.execute("DELETE FROM outbox")
        database.execute("UPDATE message SET accepted = '2026-01-01 00:00:00'")
        if sql is not None:
            database.execute(sql)
    done = maild("status", config=file)
    assert done.returncode == (1 if said else 0), done.stdout
    text = done.stdout
    assert (said or "All is well.") in text
    assert ("All is well." in text) is (said is None)
