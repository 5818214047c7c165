"""Texts that are written by headings: what stands behind one belongs to it until the next.

What people put around a heading (Markdown, bullets, numbers, a colon, an explanation in brackets)
is no part of it.  A text with one such heading alone is prose; from two on it is the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from maild import yamlfile
from maild.parse.fold import fold

LINES = 1000  # of a text that are looked at
LONGEST = 4000  # characters of one part
FEWEST = 2  # headings that make a text the form
_BEFORE = re.compile(r"^[\s>*_#•·–—-]*(?:\d{1,2}[.)]\s+)?[*_]*")
_AROUND = " \t\r*_:：=."
_RULE = re.compile(r"\s*[=~_-]{3,}\s*")  # what underlines a heading
_EXPLAINED = re.compile(r"\s\([^()]*\)$")  # "Evidence (logs, screenshots)"


def headings(file: Path) -> Mapping[str, str]:
    """A heading, folded → the part that it begins, of a file with the headings of each part."""
    found = yamlfile.read(file)
    return {fold(heading): name for name, known in found.items() for heading in known}


def read(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """What a text says under each heading; {} where it is not the form."""
    said: dict[str, list[str]] = {}
    into: list[str] = []
    for line in text.split("\n", LINES)[:LINES]:
        name, rest = _heading(line, known)
        if name:
            into = said.setdefault(name, [])
            line = rest
        elif _RULE.fullmatch(line):
            continue
        into.append(line.rstrip())
    if len(said) < FEWEST:
        return {}
    found = {name: "\n".join(lines).strip()[:LONGEST] for name, lines in said.items()}
    return {name: found[name] for name in dict.fromkeys(known.values()) if found.get(name)}


def _heading(line: str, known: Mapping[str, str]) -> tuple[str, str]:
    """ "**Findings:** the fuse" → "findings", "the fuse"; a heading stands alone or has a colon."""
    bare = _BEFORE.sub("", line[:LONGEST])
    head, _, rest = bare.replace("：", ":").partition(":")
    head = _EXPLAINED.sub("", head.strip(_AROUND)).strip(_AROUND)
    name = known.get(fold(head))
    return (name, rest.strip(" \t\r*_")) if name else ("", "")
