"""CSV files, however people's programs write them, and every mistake with its line."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from maild.desk import csv_files
from maild.errors import UsageError

COLUMNS = ("name", "serial", "planned_replacement")
PLAIN = "name,serial\nPC-1,Ä7\n"

# What stands in the file, and the rows: (line, fields).
READ: tuple[tuple[bytes, list[tuple[int, dict[str, str]]]], ...] = (
    (PLAIN.encode(), [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (PLAIN.encode("utf-8-sig"), [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (PLAIN.encode("utf-16"), [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (PLAIN.encode("cp1252"), [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (PLAIN.replace(",", ";").encode(), [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (PLAIN.replace(",", "\t").replace("\n", "\r\n").encode(),
     [(2, {"name": "PC-1", "serial": "Ä7"})]),
    (b"Name , Planned  Replacement\n PC-1 ,2027-03-31\n",
     [(2, {"name": "PC-1", "planned_replacement": "2027-03-31"})]),
    (b'name,serial\n\n"two\nlines",1\n,,\nPC-2,"a, b"\n',
     [(3, {"name": "two\nlines", "serial": "1"}), (6, {"name": "PC-2", "serial": "a, b"})]),
    (b"name,serial\nPC-1\nPC-2,'=1+1\n",
     [(2, {"name": "PC-1"}), (3, {"name": "PC-2", "serial": "=1+1"})]),
    (b"name,serial,\nPC-1,7,\n", [(2, {"name": "PC-1", "serial": "7"})]),
    (b"name\n", []),
    (b"sep=;\r\nname;serial\r\nPC-1;7\r\n", [(3, {"name": "PC-1", "serial": "7"})]),
    (b'"sep=|"\nname|serial\n\nPC-1|7\n', [(4, {"name": "PC-1", "serial": "7"})]),
    (b"name,serial\rPC-1,7\r", [(2, {"name": "PC-1", "serial": "7"})]),
    (b'name,serial\n27" screen,7\n', [(2, {"name": '27" screen', "serial": "7"})]),
    (b'name,serial\n"27"" screen",7\n', [(2, {"name": '27" screen', "serial": "7"})]),
)  # fmt: skip
WRONG = (
    (b"", "name is needed"),
    (b"serial\n7\n", "name is needed"),
    (b"name,seriel\n", "unknown: seriel, did you mean serial?"),
    (b"name,Name\n", "name stands there twice"),
    (b"name,serial\nPC-1,7\nPC-2,a,b\n", "line 3: it has 3 values"),
    (b'name,serial\nPC-1,7\n"PC-2,8\nPC-3,9\n', "line 3: what begins here is no CSV"),
    (b'name,serial\n"a\nb",7\n"27" screen",8\nPC-3,9\n', "line 4: what begins here is no CSV"),
    (PLAIN.encode("utf-16-le"), "is no text; save the sheet as CSV"),
    (b"PK\x03\x04\x14\x00\x06\x00name,serial\n", "is no text; save the sheet as CSV"),
)


@pytest.mark.parametrize(("octets", "rows"), READ)
def test_a_file_is_read(tmp_path: Path, octets: bytes, rows: list[object]) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(octets)
    found = csv_files.rows(file, COLUMNS, ["name"])
    assert [(row.line, dict(row.fields)) for row in found] == rows


@pytest.mark.parametrize(("octets", "why"), WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, octets: bytes, why: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(octets)
    with pytest.raises(UsageError, match=r"a\.csv") as raised:
        csv_files.rows(file, COLUMNS, ["name"])
    assert why in raised.value.message
    with pytest.raises(UsageError, match="no such file"):
        csv_files.rows(tmp_path / "b.csv", COLUMNS, ["name"])


def test_every_mistake_is_told_by_its_line_and_not_thousands(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("name\n" + "x\n" * 1000)

    def put(row: csv_files.Row) -> None:
        if row.line != 2:
            raise UsageError("no")

    with pytest.raises(UsageError) as raised:
        csv_files.put_each(csv_files.rows(file, COLUMNS, ["name"]), put, nullcontext)
    lines = raised.value.message.splitlines()
    assert lines[0] == f"{file}, line 3: no" and "949 more" in lines[-1] and len(lines) == 51
    assert csv_files.put_each([], put, nullcontext) == 0
