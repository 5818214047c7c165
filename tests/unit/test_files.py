"""Mail in files: which messages come out of which path, and in which order."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from maild.ingest.files import read_paths
from maild.spool import whole
from tests.processes import maild, run

ONE = b"From: ann@acme.example\nSubject: one\n\nFirst.\n"
TWO = b"From: bob@acme.example\nSubject: two\n\nSecond.\n>From here on\n"
MBOX = (
    b"From ann@acme.example Mon Nov  2 10:00:00 2026\n"
    + ONE
    + b"\nFrom bob@acme.example Mon Nov  2 11:00:00 2026\n"
    + TWO
)


def found(*paths: Path) -> list[tuple[str, bytes]]:
    return [(source.label, whole(source.raw)) for source in read_paths(map(str, paths))]


def test_a_file_is_one_message_octet_for_octet(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(ONE.replace(b"\n", b"\r\n"))
    assert found(path) == [(str(path), ONE.replace(b"\n", b"\r\n"))]


def test_an_eml_file_is_never_split(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(MBOX)
    assert found(path) == [(str(path), MBOX)]


def test_an_mbox_gives_its_messages_without_separators(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(MBOX)
    assert found(path) == [
        (str(path), ONE + b"\n"),
        (f"{path}:2", TWO.replace(b">From", b"From")),
    ]


def test_a_maildir_gives_cur_and_new(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "cur" / "1:2,S").write_bytes(ONE)
    (tmp_path / "new" / "2").write_bytes(TWO)
    (tmp_path / "tmp" / "3").write_bytes(b"half written")
    assert [raw for _, raw in found(tmp_path)] == [ONE, TWO]


def test_a_folder_is_read_by_name_and_deep(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.eml").write_bytes(TWO)
    (tmp_path / "a.eml").write_bytes(ONE)
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / ".hidden.eml").write_bytes(b"no")
    assert [raw for _, raw in found(tmp_path)] == [ONE, TWO]


def test_standard_input_is_a_message() -> None:
    shown = json.loads(maild("parse", "--jsonl", "-", given=ONE))
    assert (shown["file"], shown["ok"], shown["subject"]) == ("-", True, "one")


def test_a_missing_path_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(ONE)
    missing, present = read_paths([str(tmp_path / "gone"), str(path)])
    assert missing.error
    assert "gone is not there" in missing.error
    assert present.raw == ONE


def test_parse_answers_for_every_file_in_order(tmp_path: Path) -> None:
    names = ["a.eml", "empty.eml", "b.eml"]
    for name, raw in zip(names, [ONE, b"", TWO], strict=True):
        (tmp_path / name).write_bytes(raw)
    paths = [str(tmp_path / name) for name in names] + [str(tmp_path / "gone.eml")]
    done = run("parse", "--jsonl", *paths)
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in shown] == paths
    assert [row["ok"] for row in shown] == [True, False, True, False]
    assert done.returncode == 1
    assert "empty" in shown[1]["error"]
    assert "Traceback" not in done.stderr


# ---- hostile paths (H111)


def errors(*paths: Path) -> list[str]:
    return [source.error for source in read_paths(map(str, paths)) if source.error]


def test_h111_pipes_devices_and_sockets_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.eml")
    (tmp_path / "b.eml").symlink_to("/dev/zero")
    (tmp_path / "c.eml").symlink_to("/dev/stdin")
    (tmp_path / "z.eml").write_bytes(ONE)
    assert [raw for _, raw in found(tmp_path) if raw] == [ONE]
    said = errors(tmp_path)
    assert len(said) >= 2
    assert all("no regular file" in error for error in said)
    assert "no regular file" in errors(tmp_path / "a.eml")[0]
    assert "no regular file" in errors(Path("/dev/zero"))[0]


@pytest.mark.parametrize("name", ["a.eml", "a"])
def test_h111_the_size_is_asked_before_a_file_is_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(6 * 2**30)
    (tmp_path / "z.eml").write_bytes(ONE)
    assert [raw for _, raw in found(tmp_path) if raw] == [ONE]
    assert ["larger than 1024 MB" in error for error in errors(tmp_path)] == [True]


def test_h111_links_in_circles_are_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.eml").write_bytes(ONE)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    (tmp_path / "b").symlink_to("b")
    (tmp_path / "y.eml").symlink_to(tmp_path / "a" / "x.eml")
    assert [raw for _, raw in found(tmp_path) if raw] == [ONE]
    assert len(found(tmp_path / "a" / "x.eml", tmp_path / "a" / "x.eml")) == 2  # both are asked for


def test_h111_folders_a_thousand_deep_end_in_a_sentence(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "z.eml").write_bytes(ONE)
    assert [raw for _, raw in found(tmp_path) if raw] == [ONE]
    assert all("cannot be read" in error for error in errors(tmp_path))
    subprocess.run(["rm", "-rf", str(tmp_path / "deep")], check=True)


# ---- the four kinds of mbox

HEAD = b"From: ann@acme.example\nSubject: one\n"
AT = b"From ann@acme.example Mon Nov  2 10:00:00 2026\n"
NEXT = AT + TWO


def bodies(tmp_path: Path, octets: bytes) -> list[bytes]:
    path = tmp_path / "box"
    path.write_bytes(octets)
    return [raw.partition(b"\n\n")[2].rstrip(b"\n") for _, raw in found(path)]


SECOND = b"Second.\nFrom here on"


@pytest.mark.parametrize(
    "line",
    [
        b"From here on 3 things are different.",
        b"From 1 to 10: how bad is it?",
        b"From Monday 23 on we are closed",
        b"From: bob@example.com on Mon Nov 2",
        b"From bob@example.com Monday",
    ],
)
def test_a_line_that_begins_with_from_splits_no_mail(tmp_path: Path, line: bytes) -> None:
    octets = AT + HEAD + b"\nHello\n\n" + line + b"\n\nBye\n\n" + NEXT
    assert bodies(tmp_path, octets) == [b"Hello\n\n" + line + b"\n\nBye", SECOND]


@pytest.mark.parametrize(
    "separator",
    [
        b"From ann@acme.example Mon Nov  2 10:00:00 2026\n",
        b"From - Mon Nov 02 10:00:00 2026\r\n",
        b"From MAILER-DAEMON  Mon Nov  2 10:00 2026 +0100\n",
        b'From "ann x"@acme.example Mon Nov  2 10:00:00 CET 2026\n',
        b"From ???@??? Mon, 02 Nov 2026 10:00:00 +0100\n",
    ],
)
@pytest.mark.parametrize("blank", [b"", b"\n", b"\n\n"])
def test_separators_as_programs_write_them(tmp_path: Path, separator: bytes, blank: bytes) -> None:
    octets = separator + HEAD + b"\nFirst.\n" + blank + separator + TWO
    assert bodies(tmp_path, octets) == [b"First.", SECOND]


def test_separators_without_a_date_that_we_know(tmp_path: Path) -> None:
    octets = b"From ann 2026-11-02\n" + HEAD + b"\nA\n\nFrom bob 2026-11-03\n" + HEAD + b"\nB\n"
    assert bodies(tmp_path, octets) == [b"A", b"B"]


@pytest.mark.parametrize(
    ("kept", "meant"),
    [
        (b">From me", b"From me"),  # mboxo, mboxrd
        (b">>From me", b">From me"),  # mboxrd
        (b"> From me", b"> From me"),
        (b">Fromage", b">Fromage"),
    ],
)
def test_quoted_lines_are_as_they_were(tmp_path: Path, kept: bytes, meant: bytes) -> None:
    assert bodies(tmp_path, AT + HEAD + b"\n" + kept + b"\n\n" + NEXT)[0] == meant


def test_mboxcl_counts_and_mboxcl2_does_not_quote(tmp_path: Path) -> None:
    body = b"Hello\n\n" + AT + b"Subject: inside\n\n>From below\n"
    head = HEAD + b"Content-Length: %d\n" % len(body)
    assert bodies(tmp_path, AT + head + b"\n" + body + b"\n" + NEXT) == [body.rstrip(), SECOND]
    quoted = b"Hello\n>From below\n"
    head = HEAD + b"Content-Length: %d\n" % len(quoted)
    octets = AT + head + b"\n" + quoted + b"\n" + NEXT
    assert bodies(tmp_path, octets) == [b"Hello\nFrom below", SECOND]


@pytest.mark.parametrize("length", [1, 3, 40, 200, 99_999_999, 999_999_999_999])
def test_a_wrong_content_length_is_not_believed(tmp_path: Path, length: int) -> None:
    head = HEAD + b"Content-Length: %d\n" % length
    octets = AT + head + b"\nFirst.\n\n" + NEXT + b"\n" + NEXT
    assert bodies(tmp_path, octets) == [b"First.", SECOND, SECOND]
