"""Brings an admin's text and a newer shipped one together, by the shipped one that both came from.

Beside each own template, and the layout, is kept what it was made from, in `templates/.base`.  That
changes when a newer shipped text was merged, not with every edit.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maild.templates.source import SHIPPED, file_of

OURS, THEIRS, END = "<<<<<<< yours", "=======", ">>>>>>> shipped"  # as git marks a conflict


@dataclass(frozen=True, slots=True)
class Merged:
    """The text, and how many places want a decision."""

    text: str
    conflicts: int


def shipped(name: str, language: str) -> Path:
    """Where the shipped text of a template, or of the layout, stands; it may be none."""
    return file_of(SHIPPED, name, language)


def base(own: Path, name: str, language: str) -> Path:
    """Where the shipped text stands that the admin's was made from."""
    return file_of(own / ".base", name, language)


def remember(own: Path, name: str, language: str) -> None:
    """Says that the admin's own text takes account of what we ship now."""
    now = shipped(name, language)
    if now.is_file():
        _keep(base(own, name, language), now.read_bytes())


def settle(own: Path, drafts: Path, name: str, language: str) -> None:
    """Says of a draft of `drafts` that is in force now what it takes account of, where it came of a
    merge."""
    merged = base(drafts, name, language)
    if merged.is_file():
        _keep(base(own, name, language), merged.read_bytes())
        merged.unlink()


def _keep(file: Path, octets: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(octets)


def is_behind(own: Path, name: str, language: str) -> bool:
    """Whether the shipped text changed since the admin's own was made."""
    kept, now = base(own, name, language), shipped(name, language)
    return kept.is_file() and now.is_file() and kept.read_bytes() != now.read_bytes()


def undecided(text: str) -> list[int]:
    """The lines where two texts still stand beside each other between marks."""
    lines = text.splitlines()
    begun = [n for n, line in enumerate(lines, 1) if line == OURS]
    return begun or [n for n, line in enumerate(lines, 1) if line == END]


def merge(old: str, ours: str, theirs: str) -> Merged:
    """Both changes of the old text; where they touch, both stand between marks."""
    before, mine, new = (text.splitlines() for text in (old, ours, theirs))
    out: list[str] = []
    conflicts = 0
    for a, b, c in _stretches(before, mine, new):
        if b == c or c == a:
            out += b
        elif b == a:
            out += c
        else:
            conflicts += 1
            out += [OURS, *b, THEIRS, *c, END]
    return Merged("\n".join(out) + "\n", conflicts)


def _stretches(
    before: Sequence[str], mine: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three texts cut at the lines that all have, in step."""
    to_mine, to_new = _same(before, mine), _same(before, new)
    a = b = c = 0
    for line in range(len(before)):
        if line in to_mine and line in to_new:
            cut = to_mine[line], to_new[line]
            yield list(before[a:line]), list(mine[b : cut[0]]), list(new[c : cut[1]])
            yield [before[line]], [before[line]], [before[line]]
            a, b, c = line + 1, cut[0] + 1, cut[1] + 1
    yield list(before[a:]), list(mine[b:]), list(new[c:])


def _same(one: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """The lines that stand in both, by their places."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}
