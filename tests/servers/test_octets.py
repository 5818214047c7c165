"""Octets of large mails outside the database: in a folder, and in storage that speaks S3."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer

from maild import octets
from maild.errors import MaildError, Temporary
from maild.ingest.accept import accept
from maild.store import Store, sweep
from maild.store.unit import Unit
from tests import processes
from tests.fresh import make_tables

TOML = """
[desk]
address = "support@example.com"
[store]
raw = "{raw}"
[[organization]]
name = "Acme"
domains = ["acme.example"]
"""
LARGE = random.Random(1).randbytes(1_500_000).hex().encode()  # a file that is large compressed, too
BUCKET = "desk"


def mail(number: int, file: bytes) -> bytes:
    return (
        b"From: Ann <ann@acme.example>\r\nTo: support@example.com\r\nSubject: File %d\r\n"
        b"Message-ID: <%d@acme.example>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
        b'--b\r\nContent-Type: text/plain; name="a.log"\r\n'
        b"Content-Disposition: attachment\r\n\r\n%s\r\n--b--\r\n"
    ) % (number, number, b"\r\n".join(file[i : i + 900] for i in range(0, len(file), 900)))


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """A server of S3, and the environment that leads there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "desk",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="desk",
        aws_secret_access_key="secret",
    ).create_bucket(Bucket=BUCKET)
    yield environment
    server.stop()


@pytest.fixture(params=["folder:var/raw", f"s3://{BUCKET}/mails"])
def raw(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A place, as [store] names it."""
    where = str(request.param)
    if where.startswith("s3:"):
        for name, value in request.getfixturevalue("s3").items():
            monkeypatch.setenv(name, value)
        where += f"/{request.node.name.partition('[')[0]}"
    yield where
    octets.use("", Path())


class Desk:
    """A desk whose large mails are outside its database."""

    def __init__(self, folder: Path, raw: str) -> None:
        folder.mkdir(exist_ok=True)
        self.file = folder / "maild.toml"
        self.file.write_text(TOML.format(raw=raw))
        octets.use(raw, folder)

    def run(self, *words: str, given: bytes = b"", status: int = 0) -> str:
        return processes.maild(*words, "--config", str(self.file), given=given, status=status)

    def shown(self) -> tuple[str, str]:
        """The number of its only ticket, and the original of it."""
        (ticket,) = json.loads(self.run("tickets", "--json"))
        number = str(ticket["number"])
        return number, self.run("eml", number)

    def store(self) -> Store:
        return Store(f"sqlite:///{self.file.parent}/var/maild.db")


def names() -> list[str]:
    there = octets.place()
    assert there is not None
    return sorted(name for name, _ in there.names())


def test_a_large_mail_is_outside_and_all_else_is_as_ever(tmp_path: Path, raw: str) -> None:
    """Its row says where; backup has it, restore puts it back, forget takes it away."""
    desk = Desk(tmp_path / "desk", raw)
    desk.run("ingest", "-", given=mail(1, LARGE))
    desk.run("ingest", "-", given=mail(2, b"small"))
    assert f"large mails: {raw}" in " ".join(desk.run("check", status=1).split())
    assert len(names()) == 1
    database = tmp_path / "desk" / "var" / "maild.db"
    assert database.stat().st_size < len(LARGE) / 2
    tickets = json.loads(desk.run("tickets", "--json"))
    number = next(t["number"] for t in tickets if t["title"] == "File 1")
    assert desk.run("eml", number).encode() == mail(1, LARGE).replace(b"\r\n", b"\n")
    assert "2 mails" in desk.run("verify")

    desk.run("backup", str(tmp_path / "desk.backup"))
    there = octets.place()
    assert there is not None
    there.delete(names()[0])
    assert "are not what came in" in desk.run("verify", status=1)
    assert "are not where `[store] raw` says" in desk.run("eml", number, status=1)
    shutil.rmtree(tmp_path / "desk" / "var")
    desk.run("restore", str(tmp_path / "desk.backup"))
    assert "2 mails" in desk.run("verify")

    desk.run("forget", "ann@acme.example", "--yes")
    assert names() == []


def test_what_no_row_names_is_swept_once_it_is_old(tmp_path: Path, raw: str) -> None:
    """A daemon that was killed between the octets and the row leaves them behind."""
    desk = Desk(tmp_path / "desk", raw)
    desk.run("ingest", "-", given=mail(1, LARGE))
    there = octets.place()
    assert there is not None
    there.put(hashlib.sha256(b"orphan").hexdigest(), b"orphan")
    store = desk.store()
    assert sweep.sweep(store) == 0 and len(names()) == 2  # it may just be on its way into a row
    assert sweep.sweep(store, young=-5) == 1
    assert octets.fetch(names()[0])
    with store.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM raw"))
    assert sweep.sweep(store, young=-5) == 1 and names() == []
    store.close()


def test_nothing_is_accepted_that_cannot_be_put(tmp_path: Path) -> None:
    """The row is not written, so the server is not told that we have the mail."""
    if os.geteuid() == 0:
        (tmp_path / "raw").write_text("a file where the folder should be")
    else:
        (tmp_path / "raw").mkdir(mode=0o500)
    octets.use("folder:raw", tmp_path)
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    try:
        with pytest.raises(Temporary, match="cannot be written below"), store.unit() as unit:
            accepted(unit)
        with store.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM message")).scalar() == 0
    finally:
        octets.use("", tmp_path)
        store.close()


def accepted(unit: Unit) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    accept(unit, mailbox="x", uidvalidity=1, uid=1, octets=mail(1, LARGE), now=now)


def test_octets_that_were_changed_are_not_given(tmp_path: Path) -> None:
    octets.use("folder:raw", tmp_path)
    try:
        name = octets.put_away(LARGE)
        assert name is not None and octets.fetch(name) == LARGE
        place = tmp_path / "raw" / name[:2] / name
        assert place.stat().st_mode & 0o077 == 0
        place.write_bytes(LARGE[1:])
        with pytest.raises(MaildError, match="or are damaged"):
            octets.fetch(name)
        assert octets.put_away(b"small") is None
    finally:
        octets.use("", tmp_path)
