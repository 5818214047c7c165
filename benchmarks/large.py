"""What a very large mail costs in memory, from the mail server to the ticket.

    python -m benchmarks.large [--size 150] [--database sqlite|postgresql]

A daemon of its own (nothing shared with a test) takes mails of `--size` MB from a Dovecot, one
after the other: one file, many files, a file in an attached mail, text alone.  What is printed is
the most memory that all processes of the daemon had at a time (the sum of their PSS), in MB, beside
what it had before the mail came.  Memory, not seconds: the figures hold on a busy machine.
"""

from __future__ import annotations

import argparse
import base64
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.memory import memory
from tests.servers.dovecot import PASSWORD, Dovecot, running
from tests.servers.postgres import fresh_database, started_server

TOML = """
[desk]
address = "support@example.com"
mode = "listen"
[database]
url = "{url}"
[store]
raw = "{raw}"
[limits]
message_bytes = {limit}
[[mailbox]]
name = "support"
host = "{host}"
port = {port}
tls = "none"
username = "large"
password = "{password}"
[[organization]]
name = "Acme"
domains = ["acme.example"]
"""
HEAD = (
    b"From: Ann <ann@acme.example>\r\nTo: support@example.com\r\nSubject: %s\r\n"
    b"Message-ID: <%s@acme.example>\r\nMIME-Version: 1.0\r\n"
)
MOST_SECONDS = 300.0
LOOK_SECONDS = 0.05
SHARES = 1_000_000  # octets of one of many files


def main() -> None:
    """Prints a line a mail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    with _database(asked.database) as (url, raw), running() as server:
        for name, before, most in measured(server, asked.size * 1_000_000, url, raw):
            print(
                f"{name}: {asked.size} MB of mail, {most:.0f} MB in all processes at most, "
                f"{before:.0f} MB before it came",
                flush=True,
            )


@contextmanager
def _database(kind: str) -> Iterator[tuple[str, str]]:
    """The address of a database, and where large mails are."""
    if kind == "sqlite":
        yield "sqlite:///var/maild.db", ""
        return
    with started_server() as server, fresh_database(server) as url:
        yield url, "folder:var/raw"


def measured(
    server: Dovecot, size: int, url: str = "sqlite:///var/maild.db", raw: str = ""
) -> Generator[tuple[str, float, float], None, None]:
    """(kind of mail, MB before, MB at most) of each kind, taken in by a daemon."""
    server.add_user("large")
    with tempfile.TemporaryDirectory(prefix="maild-large-") as name:
        folder = Path(name)
        (folder / "maild.toml").write_text(
            TOML.format(
                url=url, raw=raw, limit=size * 2, host=server.host, port=server.port,
                password=PASSWORD,
            )
        )  # fmt: skip
        with _daemon(folder) as daemon:
            for count, (kind, made) in enumerate(KINDS.items(), 1):
                before = memory(daemon.pid)
                server.append("large", made(size))
                yield kind, before, _most_until(daemon, folder, "message.done", count)


def _one_file(size: int) -> bytes:
    return _message("one file", [_file(size)])


def _many_files(size: int) -> bytes:
    return _message("many files", [_file(SHARES)] * (size // SHARES))


def _attached(size: int) -> bytes:
    return _message("an attached mail", [], _one_file(size))


def _text(size: int) -> bytes:
    lines = b"".join(b"Line %d of a very long letter.\r\n" % n for n in range(20_000))
    head = HEAD % (b"text alone", b"text") + b"Content-Type: text/plain\r\n\r\n"
    return head + lines * (size // len(lines))


KINDS = {  # of mails, each made of so many octets
    "one file": _one_file,
    "many files": _many_files,
    "an attached mail": _attached,
    "text alone": _text,
}


def _message(name: str, files: list[bytes], mail: bytes = b"") -> bytes:
    line = b"--=_" + name.replace(" ", "-").encode()
    parts = [b"Content-Type: text/plain\r\n\r\nPlease look at the file.\r\n"]
    parts += [
        b'Content-Type: application/octet-stream; name="file %d.bin"\r\n'
        b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n%s"
        % (number, file)
        for number, file in enumerate(files)
    ]
    parts += [b"Content-Type: message/rfc822\r\n\r\n" + mail] if mail else []
    head = HEAD % (name.encode(), line[4:])
    head += b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n' % line[2:]
    return head + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _file(size: int) -> bytes:
    """So many octets of base64 in lines, of a file that no compression makes smaller."""
    return base64.encodebytes(random.Random(size).randbytes(size * 56 // 78)).replace(
        b"\n", b"\r\n"
    )


@contextmanager
def _daemon(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [
        str(Path(sys.executable).with_name("maild")),
        "run",
        "--config",
        str(folder / "maild.toml"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stderr=log, stdout=log, cwd=folder)
    try:
        _most_until(process, folder, '"started"')
        time.sleep(1)  # until it has nothing to do
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _most_until(daemon: subprocess.Popen[bytes], folder: Path, said: str, count: int = 1) -> float:
    """The most memory until the log has said this so often."""
    most, end = 0.0, time.monotonic() + MOST_SECONDS
    while time.monotonic() < end and daemon.poll() is None:
        most = max(most, memory(daemon.pid))
        if (folder / "log").read_text().count(said) >= count:
            return most
        time.sleep(LOOK_SECONDS)
    raise RuntimeError((folder / "log").read_text()[-3000:])


if __name__ == "__main__":
    main()
