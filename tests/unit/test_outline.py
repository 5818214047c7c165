"""A large mail is read from its file as a small one is from memory, and memory never holds it."""

from __future__ import annotations

import base64
import os
import pickle
import quopri
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from benchmarks.large import KINDS
from maild import octets, spool
from maild.errors import MailError
from maild.ingest.imap.connection import Announced, Connection
from maild.ingest.imap.fetch import fetch
from maild.parse import attachments, outline
from maild.parse.parser import parse
from maild.parse.transfer import decode_transfer, decoded_blocks
from maild.spool import Spooled, gathered, measured
from maild.store import packing
from tests.unit.test_skeleton import HEAD, WAYS

FIXTURES = sorted(Path("fixtures/eml").glob("*.eml"))
FEW = 64  # octets of a body that stays in the file, in these tests
MB = 1_000_000


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(spool, "_folder", [tmp_path / "spool"])
    yield tmp_path / "spool"
    octets.use("", tmp_path)


def spooled(folder: Path, raw: bytes) -> Spooled:
    file = folder / "mail"
    file.write_bytes(raw)
    return Spooled(file, len(raw))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_mail_says_the_same_from_its_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "LARGE", FEW)
    raw = path.read_bytes()
    assert parse(Spooled(path, len(raw))) == parse(raw)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
# In a large mail no line ends with CR alone, and what a digest holds is one file.
@pytest.mark.parametrize("name", sorted(WAYS.keys() - {"an old Mac's line end", "a digest"}))
def test_so_does_one_of_any_shape(
    name: str, ends: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outline, "LARGE", FEW)
    raw = (HEAD + WAYS[name]).replace(b"\n", ends)
    mail = spooled(tmp_path, raw)
    assert parse(mail) == parse(raw)
    for found in parse(raw).attachments:
        given = attachments.attachment(mail, found.part)
        assert measured(given) == (found.size, found.sha256)
        assert spool.whole(given) == attachments.attachment_bytes(raw, found.part)


FILE = random.Random(7).randbytes(3000)
CODED = {
    "base64": (b"base64", base64.encodebytes(FILE)),
    "base64 without its padding": (b"base64", base64.encodebytes(FILE[:-1]).rstrip(b"=\n")),
    "two files' base64 in one": (b"base64", base64.encodebytes(FILE[:-1]) * 2),
    "base64 with foreign characters": (b"base64", base64.encodebytes(FILE).replace(b"A", b"A!*")),
    "base64 and an octet too much": (b"base64", base64.encodebytes(FILE) + b"A"),
    "nothing but padding": (b"base64", b"====\n" * 100),
    "quoted-printable": (b"quoted-printable", quopri.encodestring(FILE)),
    "quoted-printable on one line": (b"quoted-printable", b"=41=42=C3=A4x" * 500),
    "uuencoded": (b"x-uuencode", b"begin 644 a\n#0V%T\n`\nend\n"),
    "nothing": (b"7bit", FILE),
    "an unknown one": (b"zip-by-hand", FILE),
}


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("size", [1, 7, 64, 1000, 10_000])
def test_blocks_are_decoded_as_the_whole_is(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maild.parse.transfer.MOST_LINE", 50)
    encoding, data = CODED[name]
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    found = b"".join(decoded_blocks(blocks, encoding.decode()))
    assert found == decode_transfer(data, encoding.decode())


LIST_FOOTER = b"\n\n_______\nAcme list, see https://lists.acme.example for how to leave it\n"


def test_words_that_a_list_put_behind_base64_are_none_of_the_file(tmp_path: Path) -> None:
    raw = HEAD + b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    raw += base64.encodebytes(FILE * 20) + LIST_FOOTER
    (small,), (large,) = parse(raw).attachments, parse(spooled(tmp_path, raw)).attachments
    assert large == small and large.size == len(FILE) * 20


# ---- what is hostile


MANY = {
    "delimiters": b"--b\n\n",
    "headers": b"--b\nContent-Type: multipart/mixed; boundary=b\n\n",
    "lines with dashes": b"--x\n",
    "attached mails": b"Content-Type: message/rfc822\n\n",
    "boundaries": b"--b\nContent-Type: multipart/mixed;\n boundary=b%d\n\n",
    "blank lines": b"\r\n",
    "marks of somebody": b"=maild-0=\n" * 3,
    "one line": b"x",
}


@pytest.mark.parametrize("name", MANY)
def test_what_is_read_of_it_is_bounded(name: str, tmp_path: Path) -> None:
    one = MANY[name]
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + one * (20 * MB // len(one))
    mail, began = spooled(tmp_path, raw), time.process_time()
    drawn = outline.outline(mail)
    assert drawn is not None and len(drawn.text) <= outline.MOST + 600_000
    assert time.process_time() - began < 10
    with suppress(MailError):  # nested too deep, say
        assert parse(mail).size == len(raw)


@pytest.mark.parametrize("raw", [b"\xff\xfe" + b"F\0" * 500, b"From: a@b.example\rTo: c\r\rHi\r"])
def test_what_is_no_mail_in_lines_is_read_whole(raw: bytes, tmp_path: Path) -> None:
    assert outline.outline(spooled(tmp_path, raw)) is None
    assert parse(spooled(tmp_path, raw)) == parse(raw)


# ---- its files


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_out_as_it_went_in(
    kind: str, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched in parts, kept in pieces, read again, its files handed out; then no file is left.
    What memory it takes is in tests/servers/test_large.py."""
    monkeypatch.setattr(spool, "LEAST", MB)
    monkeypatch.setattr(packing, "PIECE", MB // 3)
    raw = KINDS[kind](3 * MB)
    octets.use("", tmp_path, tmp_path / "large")
    parts = (raw[start : start + MB] for start in range(0, len(raw), MB))
    mail = gathered(parts)
    row = packing.pack(mail)
    again = packing.unpack(row)
    read = parse(again)
    for one in read.attachments:
        assert measured(attachments.attachment(again, one.part)) == (one.size, one.sha256)
    assert (read.size, read.sha256) == measured(raw)
    assert len(row) < 10_000
    expected = {"one file": 1, "many files": 3, "an attached mail": 1, "text alone": 0}
    assert len(read.attachments) == expected[kind]
    assert bool(read.text) and len(list(files.iterdir())) == 2
    del mail, again
    assert list(files.iterdir()) == []


def test_a_file_goes_with_the_last_who_holds_it(files: Path) -> None:
    mail = gathered([b"x" * spool.LEAST, b"yz"])
    assert isinstance(mail, Spooled)
    (path,) = files.iterdir()
    assert path.stat().st_mode & 0o077 == 0 and files.stat().st_mode & 0o077 == 0
    copy = pickle.loads(pickle.dumps(mail))
    assert copy == mail and copy[-3:] == b"xyz" and len(copy) == spool.LEAST + 2
    del copy
    if (child := os.fork()) == 0:  # a worker has the object, and not the file
        del mail
        os._exit(0)
    os.waitpid(child, 0)
    assert path.exists()
    del mail
    assert not path.exists()


def test_what_a_killed_process_left_is_swept_once_it_is_old(files: Path) -> None:
    files.mkdir()
    for name, age in (("maild-old", 2 * spool.OLD_SECONDS), ("maild-new", 0.0), ("else", 1e6)):
        (files / name).write_bytes(b"x")
        os.utime(files / name, (time.time() - age,) * 2)
    spool.use(files)
    assert sorted(path.name for path in files.iterdir()) == ["else", "maild-new"]


def test_few_octets_are_in_memory(files: Path) -> None:
    assert gathered([b"a", b"bc"]) == b"abc"
    assert not files.exists()


def test_a_disk_that_is_full_is_said_in_a_sentence(files: Path) -> None:
    files.write_bytes(b"no folder")
    with pytest.raises(spool.NoRoom, match="cannot be written below"):
        gathered([b"x" * spool.LEAST])


def test_and_no_mail_is_blamed_for_it(files: Path) -> None:
    """The server gives it in parts, and is asked again when there is room."""
    files.write_bytes(b"no folder")
    size = 3 * spool.LEAST

    class Server:
        def part(self, uid: int, start: int, length: int, *, limit: int) -> bytes:
            return b"x" * min(length, size - start)

    fetched = fetch(cast("Connection", Server()), [7], {7: Announced(size, None)}, size)
    with pytest.raises(spool.NoRoom):
        list(fetched)
    files.unlink()
    fetched = fetch(cast("Connection", Server()), [7], {7: Announced(size, None)}, size)
    assert [one.uid for one in fetched] == [7]
