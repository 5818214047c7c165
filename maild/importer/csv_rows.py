"""Exports of other helpdesks by a mapping: which kind a CSV file is, and each line's fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maild.desk import csv_files
from maild.desk.csv_files import Row
from maild.errors import UsageError
from maild.importer.mapping import KINDS, heading
from maild.importer.mapping import Mapping as Exports
from maild.parse.invisible import one_line
from maild.yamlfile import key

SHOWN = 60  # characters of a value that a report shows


@dataclass(slots=True)
class Exported:
    """What stands in the files, and what is to be said of them."""

    rows: dict[str, list[Row]]  # by their kind
    mistakes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_exports(files: Iterable[Path], exports: Exports) -> Exported:
    """The rows of all files by their kind; UsageError for a file that is none of them."""
    found = Exported({kind: [] for kind in KINDS})
    for file in files:
        _read(file, exports, found)
    return found


def _read(file: Path, exports: Exports, found: Exported) -> None:
    sheet = csv_files.read(file)
    if not sheet.headings:
        raise UsageError(f"{file} is empty; its first line must name the columns.")
    kind, places = _kind(file, [heading(name) for name in sheet.headings], exports)
    read = {place for columns in places.values() for place in columns}
    left = [name for place, name in enumerate(sheet.headings) if name and place not in read]
    if left:
        found.remarks.append(
            f"{file}: read as {kind}; columns that are not read: {', '.join(map(short, left))}."
        )
    for line, values in sheet.lines:
        if excess := csv_files.too_many(values, len(sheet.headings)):
            found.mistakes.append(f"{file}, line {line}: {excess}")
        found.rows[kind].append(Row(file, line, _fields(values, places, exports)))


def short(text: str) -> str:
    """A value as a report shows it: one line, and no page."""
    return one_line(text[: 2 * SHOWN])[:SHOWN]


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
        f"{kind}: " + ", ".join(_named(exports, kind, name) for name in exports.needed(kind))
        for kind in exports.headings
    )
    raise UsageError(
        f"{file}: by its first line this is no export of {exports.name}. What each kind of file "
        f"needs at least: {needs}."
    )


def _named(exports: Exports, kind: str, name: str) -> str:
    return " or ".join(f'"{name}"' for name in exports.headings[kind][name]) or name


def _places(headings: list[str], names: tuple[str, ...]) -> list[int]:
    return [headings.index(name) for name in dict.fromkeys(map(heading, names)) if name in headings]


def _fields(
    values: Sequence[str], places: dict[str, list[int]], exports: Exports
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, columns in places.items():
        for column in columns:
            value = values[column] if column < len(values) else ""
            if value and key(value) not in exports.nothing:
                found[name] = value
                break
    return found
