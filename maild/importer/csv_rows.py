"""Reads CSV files by a mapping: which kind a file is, and each line's fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from maild.errors import UsageError
from maild.importer.mapping import KINDS, heading
from maild.importer.mapping import Mapping as Exports
from maild.yamlfile import key

LARGEST = 256 * 1024 * 1024  # octets of one file
LONGEST = 16 * 1024 * 1024  # characters of one field


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an export: its fields by our names; what is empty is not there."""

    file: Path
    line: int  # in the file, where the record ends
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """The field, or "" where it is empty."""
        return self.fields.get(name, "")


def read_exports(files: Iterable[Path], exports: Exports) -> dict[str, list[Row]]:
    """The rows of all files by their kind; UsageError for a file that is none of them."""
    found: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for file in files:
        kind, rows = _read(file, exports)
        found[kind] += rows
    return found


def _read(file: Path, exports: Exports) -> tuple[str, list[Row]]:
    text = _text(file)
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        headings = [heading(name) for name in next(reader, [])]
        kind, places = _kind(file, headings, exports)
        rows = [
            Row(file, reader.line_num, _fields(values, places, exports))
            for values in reader
            if any(value.strip() for value in values)
        ]
    except csv.Error as error:
        raise UsageError(f"{file}, line {reader.line_num}: this is no CSV: {error}.") from error
    return kind, rows


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            raise UsageError(f"{file}: there is no such file.")
        if file.stat().st_size > LARGEST:
            raise UsageError(f"{file} is larger than 256 MB; export it in parts.")
        octets = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):  # Excel's "Unicode text"
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    """What stands between the fields, by the first line: comma, semicolon or tab."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _kind(file: Path, headings: list[str], exports: Exports) -> tuple[str, dict[str, list[int]]]:
    """The kind of which most fields are found, and where in a line each of them stands."""
    best: tuple[int, str, dict[str, list[int]]] = (0, "", {})
    for kind, fields in exports.headings.items():
        places = {name: _places(headings, names) for name, names in fields.items()}
        there = {name: place for name, place in places.items() if place}
        if all(name in there for name in exports.needed(kind)) and len(there) > best[0]:
            best = len(there), kind, there
    if best[0]:
        return best[1], best[2]
    needs = "; ".join(
        f"{kind}: " + ", ".join(_named(exports, kind, field) for field in exports.needed(kind))
        for kind in exports.headings
    )
    raise UsageError(
        f"{file}: by its first line this is no export of {exports.name}. What each kind of file "
        f"needs at least: {needs}."
    )


def _named(exports: Exports, kind: str, field: str) -> str:
    return " or ".join(f'"{name}"' for name in exports.headings[kind][field]) or field


def _places(headings: list[str], names: tuple[str, ...]) -> list[int]:
    return [headings.index(name) for name in names if name in headings]


def _fields(values: list[str], places: dict[str, list[int]], exports: Exports) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, columns in places.items():
        for column in columns:
            value = values[column].strip() if column < len(values) else ""
            if value and key(value) not in exports.nothing:
                found[name] = value
                break
    return found
