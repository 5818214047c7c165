"""Mail in files: which messages come out of which path, and in which order."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from maild.ingest.files import read_paths

ONE = b"From: ann@acme.example\nSubject: one\n\nFirst.\n"
TWO = b"From: bob@acme.example\nSubject: two\n\nSecond.\n>From here on\n"
MBOX = (
    b"From ann@acme.example Mon Nov  2 10:00:00 2026\n"
    + ONE
    + b"\nFrom bob@acme.example Mon Nov  2 11:00:00 2026\n"
    + TWO
)


def found(*paths: Path) -> list[tuple[str, bytes]]:
    return [(source.label, source.raw) for source in read_paths(map(str, paths))]


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
    run = subprocess.run(
        [sys.executable, "-c", "from maild.cli import main; main()", "parse", "--jsonl", "-"],
        input=ONE,
        capture_output=True,
        check=True,
    )
    shown = json.loads(run.stdout)
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
    run = subprocess.run(
        [sys.executable, "-c", "from maild.cli import main; main()", "parse", "--jsonl", *paths],
        capture_output=True,
        check=False,
    )
    shown = [json.loads(line) for line in io.BytesIO(run.stdout)]
    assert [row["file"] for row in shown] == paths
    assert [row["ok"] for row in shown] == [True, False, True, False]
    assert run.returncode == 1
    assert "empty" in shown[1]["error"]
    assert "Traceback" not in run.stderr.decode()
