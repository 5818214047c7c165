"""The note form: Symptom, Findings, Actions taken, Result, Next step, read from headings (R8).

What people put around a heading (Markdown, bullets, numbers, a colon) is no part of it.  A text
with one such heading alone is prose; from two on it is the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from maild import yamlfile
from maild.desk import fields
from maild.desk.desk import Desk
from maild.parse.fold import fold
from maild.store.records import Ticket

HEADINGS = Path(__file__).with_name("note_form.yaml")
LINES = 1000  # of a text that are looked at
LONGEST = 4000  # characters of one part
FEWEST = 2  # headings that make a text the form
_BEFORE = re.compile(r"^[\s>*_#•·–—-]*(?:\d{1,2}[.)]\s+)?[*_]*")
_AROUND = " \t\r*_:：=."
_RULE = re.compile(r"\s*[=~_-]{3,}\s*")  # what underlines a heading


@cache
def headings() -> Mapping[str, str]:
    """A heading, folded → the field that it fills."""
    found = yamlfile.read(HEADINGS)
    return {fold(heading): name for name, known in found.items() for heading in known}


def parts() -> tuple[str, ...]:
    """The fields that the form fills, in its order."""
    return tuple(dict.fromkeys(headings().values()))


def read(text: str) -> dict[str, str]:
    """What a text says under each heading; {} where it is not the form."""
    said: dict[str, list[str]] = {}
    into: list[str] = []
    for line in text.split("\n", LINES)[:LINES]:
        name, rest = _heading(line)
        if name:
            into = said.setdefault(name, [])
            line = rest
        elif _RULE.fullmatch(line):
            continue
        into.append(line.rstrip())
    if len(said) < FEWEST:
        return {}
    found = {name: "\n".join(lines).strip()[:LONGEST] for name, lines in said.items()}
    return {name: found[name] for name in parts() if found.get(name)}


def _heading(line: str) -> tuple[str, str]:
    """ "**Findings:** the fuse" → "findings", "the fuse"; a heading stands alone or has a colon."""
    bare = _BEFORE.sub("", line[:LONGEST])
    head, _, rest = bare.replace("：", ":").partition(":")
    name = headings().get(fold(head.strip(_AROUND)))
    return (name, rest.strip(" \t\r*_")) if name else ("", "")


def fill(desk: Desk, ticket: Ticket, text: str) -> list[str]:
    """Keeps with the ticket what a note says by the form; the fields that changed by it."""
    said = read(text)
    return [name for name, value in said.items() if fields.set_value(desk, ticket, name, value)]
