"""A body as numbered lines, with what stands in front of each taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from maild.parse.fold import fold_letters

EXAMINED_LINES = 4_000  # lines beyond these are not looked at (behaviour under attack, H66)
EXAMINED_CHARACTERS = 500  # of one line
SCREEN = 50  # lines

# Byte order marks, zero-width and direction marks: seen by nobody, put anywhere by mail programs.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc]")
_QUOTE_MARKS = re.compile(r"[ \t\u00a0]{0,4}((?:>[ \t\u00a0]?)+)")


class Line(NamedTuple):
    """One line of a body; a tuple, as a mail has many of them."""

    raw: str  # as it stands
    bare: str  # without quote marks, invisible characters and outer white space; capped
    depth: int  # quote marks (">") in front

    @property
    def blank(self) -> bool:
        """Nothing to read, with or without quote marks."""
        return not self.bare

    @property
    def quoted(self) -> bool:
        return self.depth > 0


def read_line(raw: str) -> Line:
    """Take the quote marks off one line."""
    if "&nbsp;" in raw:  # QQ writes it into plain text
        return read_line(raw.replace("&nbsp;", " "))._replace(raw=raw)
    if ">" not in raw and raw.isascii():
        return Line(raw, raw.strip()[:EXAMINED_CHARACTERS], 0)
    if raw[:2] == "> " and raw.isascii() and raw[2:3].isalnum():  # as most programs quote
        return Line(raw, raw[2:].strip()[:EXAMINED_CHARACTERS], 1)
    seen = raw[: EXAMINED_CHARACTERS * 2]
    if not seen.isascii():
        seen = _INVISIBLE.sub("", seen)
    marks = _QUOTE_MARKS.match(seen)
    rest = seen[marks.end() :] if marks else seen
    depth = marks[1].count(">") if marks else 0
    return Line(raw, rest.strip()[:EXAMINED_CHARACTERS], depth)


def read_lines(text: str) -> tuple[list[Line], str]:
    """Split a body into lines and the unexamined rest; any of the usual line ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = text.split("\n", EXAMINED_LINES)
    rest = rows.pop() if len(rows) > EXAMINED_LINES else ""
    if "&nbsp;" in text:
        return [read_line(row) for row in rows], rest
    made, most = tuple.__new__, EXAMINED_CHARACTERS  # a mail has many lines, most of them plain
    plain = text.isascii()
    return [
        made(Line, (row, row.strip()[:most], 0))
        if ">" not in row and (plain or row.isascii())
        else made(Line, (row, row[2:].strip()[:most], 1))
        if row[:2] == "> " and row[2:3].isalnum() and (plain or row.isascii())
        else read_line(row)
        for row in rows
    ], rest


@dataclass(frozen=True, slots=True)
class Notable:
    """What every line has that can introduce or follow a quote; patterns for folded text in which
    a line feed stands before and behind every line.
    """

    begins: re.Pattern[str]  # with a sign, or a word that such lines begin with
    holds: re.Pattern[str]  # a sign of addresses, fields and links
    ends: re.Pattern[str]  # dashes, or a word that such lines end with; the text is read backwards


def find_notable(lines: list[Line], notable: Notable) -> list[int]:
    """The indexes of the notable lines, in their order.

    Of quoted lines only those are looked at that head a quote.
    """
    seen = []
    below_quote = False  # the line above is quoted, and not empty
    for _, bare, depth in lines:
        looked_at = not depth or (depth < 3 and not below_quote)
        seen.append(bare if looked_at else "")
        below_quote = bool(depth and bare)
    text = fold_letters("\n".join(("", *seen, "")))
    found = {*_line_numbers(notable.begins, text), *_line_numbers(notable.holds, text)}
    last = len(lines) - 1
    found.update(last - number for number in _line_numbers(notable.ends, text[::-1]))
    return sorted(found)


def _line_numbers(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    number, counted = -1, 0
    for match in pattern.finditer(text):
        number += text.count("\n", counted, match.start() + 1)
        counted = match.start() + 1
        yield number


@dataclass(frozen=True, slots=True)
class Examined:
    """The text of a body as lines, read once for all who look at it."""

    text: str
    lines: list[Line]
    rest: str  # behind the lines that are examined
    notable: list[int]  # indexes of the notable lines
    quoted: list[int]  # indexes of the lines with quote marks


def examined(text: str, notable: Notable) -> Examined:
    """Any text; costs time in proportion to its length."""
    lines, rest = read_lines(text)
    quoted = [index for index, (_, _, depth) in enumerate(lines) if depth]
    return Examined(text, lines, rest, find_notable(lines, notable), quoted)


def next_written(lines: list[Line], start: int) -> int | None:
    """The index of the first line from `start` on that is not empty (a lone ">" is not empty).

    Looks no further than a screen: what stands behind so many empty lines is another matter.
    """
    for index in range(start, min(len(lines), start + SCREEN)):
        if lines[index].raw.strip():
            return index
    return None


def last_written(lines: list[Line], start: int) -> int | None:
    """The index of the last line up to `start` that is not empty, no further than a screen."""
    for index in range(start, max(-1, start - SCREEN), -1):
        if lines[index].raw.strip():
            return index
    return None


def fenced(lines: list[Line], notable: list[int]) -> set[int]:
    """The indexes of lines between two lines of ```: code, in which nothing is what it seems."""
    fences = [i for i in notable if not lines[i].quoted and lines[i].bare[:3] == "```"]
    inside: set[int] = set()
    for first, last in zip(fences[::2], fences[1::2], strict=False):
        inside.update(range(first, last + 1))
    return inside
