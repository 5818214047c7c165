"""CSV files as people and programs write them (RFC 4180), read in one way for records, people and
the exports of other helpdesks: commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild.desk import field_values
from maild.errors import MaildError, UsageError
from maild.yamlfile import key, nearest

LARGEST = 256 * 1024 * 1024  # octets of one file
LONGEST = 16 * 1024 * 1024  # characters of one field
BEGINNING = 200  # octets in which a file that is no text shows it
SEPARATOR = re.compile(r'"?sep=([,;\t|])"?[ \t]*(?:\r\n?|\n)', re.IGNORECASE)
MOST_MISTAKES = 50  # that are told of one file


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: its fields by our names."""

    file: Path
    line: int  # in the file, where it begins
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """The field, or "" where it is empty."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it stands there."""

    file: Path
    headings: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]  # (where it begins, its values, stripped)


def read(file: Path) -> Sheet:
    """All of a file, without empty lines; UsageError: it cannot be read, or is no CSV."""
    text = _text(file)
    csv.field_size_limit(LONGEST)
    source = io.StringIO(text, newline="")
    said = SEPARATOR.match(text)  # Excel's own first line
    first = len(source.readline().splitlines()) if said else 0
    delimiter = said[1] if said else _delimiter(text)
    lines = _lines(file, csv.reader(source, delimiter=delimiter, strict=True), first)
    _, headings = next(lines, (0, ()))
    return Sheet(file, headings, tuple(lines))


def rows(file: Path, columns: Iterable[str], needed: Iterable[str]) -> list[Row]:
    """The rows of a file whose first line names some of these columns; UsageError: it does not."""
    sheet, known = read(file), list(columns)
    names = [_column(name) for name in sheet.headings]
    problems = [_unknown(name, known) for name in names if name and name not in known]
    problems += [f"{name} is needed" for name in needed if name not in names]
    problems += [
        f"{n} stands there twice" for n in dict.fromkeys(names) if n and names.count(n) > 1
    ]
    if problems:
        raise UsageError(
            f"{file}: its first line names the columns, out of {', '.join(known)}. In this file: "
            f"{'; '.join(problems)}"
        )
    return [Row(file, line, _fields(file, line, names, values)) for line, values in sheet.lines]


def put_each(
    found: Iterable[Row],
    put: Callable[[Row], None],
    attempt: Callable[[], AbstractContextManager[None]],
) -> int:
    """Puts every row, each in an attempt of its own; how many.

    UsageError tells every mistake by its line; who calls keeps nothing then.
    """
    mistakes: list[tuple[int, str]] = []
    count = 0
    for row in found:
        count += 1
        try:
            with attempt():
                put(row)
        except MaildError as error:
            mistakes.append((row.line, f"{row.file}, line {row.line}: {error.message}"))
    if mistakes:
        told = [text for _, text in sorted(mistakes)[:MOST_MISTAKES]]
        more = len(mistakes) - len(told)
        raise UsageError(
            "\n".join([*told, *([f"… and {more} more lines like these."] if more else [])])
        )
    return count


def _unknown(name: str, known: list[str]) -> str:
    hint = nearest(name, known)
    return f"unknown: {name}{f', {hint}' if hint.startswith('did you mean') else ''}"


def _lines(file: Path, reader: Any, line: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(where it begins, its values); a value with line breaks makes a row of several lines.

    A quote that ends nowhere would swallow the lines behind it: it is told where it began.
    """
    first = line
    try:
        for values in reader:
            begins, line = line + 1, first + reader.line_num
            stripped = tuple(value.strip() for value in values)
            if any(stripped):
                yield begins, stripped
    except csv.Error as error:
        raise UsageError(
            f"{file}, line {line + 1}: what begins here is no CSV ({error}). A value that "
            "begins with a double quote must end with one, and a quote within it is written twice."
        ) from error


def too_many(values: tuple[str, ...], columns: int) -> str:
    """What is wrong with a line of more values than columns; "" where nothing is."""
    if not any(values[columns:]):
        return ""
    return (
        f"it has {len(values)} values, and the first line names {columns} columns; text with the "
        "separator in it stands in double quotes."
    )


def _column(heading: str) -> str:
    """ "Planned replacement" → "planned_replacement"."""
    return key(heading.replace("_", " ")).replace(" ", "_")


def _fields(file: Path, line: int, names: list[str], values: tuple[str, ...]) -> dict[str, str]:
    if excess := too_many(values, len(names)):
        raise UsageError(f"{file}, line {line}: {excess}")
    there = zip(names, values, strict=False)
    return {name: field_values.uncell(value) for name, value in there if name}


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
    if b"\0" in octets[:BEGINNING]:
        raise UsageError(f"{file} is no text; save the sheet as CSV (UTF-8).")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")  # Excel's "CSV"


def _delimiter(text: str) -> str:
    """What stands between the fields, by the first line: comma, semicolon or tab."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
