"""Plain text as HTML: paragraphs, line ends, links to where they say; nothing else."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_LINK = re.compile(r"\bhttps?://[^\s<>\"']{3,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'*"
LONGEST = 100_000  # characters that are shown; the rest is in the .eml


def shown(text: str) -> Markup:
    """The text as paragraphs."""
    cut = text[:LONGEST]
    blocks = (block.strip("\n") for block in re.split(r"\n[ \t]*\n", cut))
    paragraphs = [Markup("<p>%s</p>") % _lines(block) for block in blocks if block.strip()]
    if len(text) > LONGEST:
        paragraphs.append(Markup("<p>…</p>"))
    return Markup("\n").join(paragraphs)


def _lines(block: str) -> Markup:
    return Markup("<br>").join(_linked(line) for line in block.split("\n"))


def _linked(line: str) -> Markup:
    """A line with its addresses as links, which say where they lead."""
    parts: list[Markup] = []
    at = 0
    for found in _LINK.finditer(line):
        address = found[0].rstrip(_TRAILING)
        parts.append(escape(line[at : found.start()]))
        parts.append(
            Markup('<a href="%s" rel="noopener noreferrer nofollow" target="_blank">%s</a>')
            % (address, address)
        )
        at = found.start() + len(address)
    parts.append(escape(line[at:]))
    return Markup("").join(parts)
