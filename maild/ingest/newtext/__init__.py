"""What the sender wrote now, apart from quotes, attributions, signatures and programs' lines.

    text ──▶ lines ──▶ marks (attributions, header blocks, tails …) ──▶ decide ──▶ Split
    html ──▶ structure: which of these lines stood in a quote element ──┘

When in doubt a line is kept: losing the sender's words is worse than keeping a quote.  Nothing
is thrown away: what is not new text is quoted text, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass

from maild.model import Reason

from .attribution import find_attributions
from .decide import Walk
from .headers import find_headers, find_separators
from .languages import Vocabulary, vocabulary
from .lines import Line, read_lines
from .marks import Mark, reply_mark
from .quotes import find_quotes
from .tails import find_tails

__all__ = ["Split", "reply_mark", "split"]


@dataclass(frozen=True, slots=True)
class Split:
    """A body in two."""

    new_text: str  # what the sender wrote now, without empty lines around
    quoted_text: str  # the rest, line by line in its order
    reasons: tuple[Reason, ...]  # one a cut


def split(text: str, html: str | None) -> Split:
    """Tell the sender's words from the rest.

    `text` is the whole body as text; `html` the decoded HTML body it came from or came with,
    where there was one.  Any text is accepted, and costs time in proportion to its length.
    """
    lines, rest = read_lines(text)
    words = vocabulary()
    marks = _marks(lines, words)
    walk = Walk(lines, marks, find_quotes(lines, marks, words))
    walk.run()
    return _assemble(walk, rest)


def _marks(lines: list[Line], words: Vocabulary) -> dict[int, Mark]:
    """All marks by their first line; where two claim a line, the one found first has it."""
    found = [
        *find_separators(lines, words),
        *find_attributions(lines, words),
        *find_headers(lines, words),
        *find_tails(lines, words),
    ]
    marks: dict[int, Mark] = {}
    for mark in found:
        marks.setdefault(mark.first, mark)
    return marks


def _assemble(walk: Walk, rest: str) -> Split:
    new: list[str] = []
    quoted: list[str] = []
    for line, kept in zip(walk.lines, walk.kept, strict=True):
        if kept is not None:
            new.append(kept)
        if kept != line.raw:
            quoted.append(line.raw if kept is None else line.raw[len(kept) :])
    for row in rest.split("\n") if rest else ():
        (quoted if walk.to_end or row.startswith(">") else new).append(row)
    return Split("\n".join(new).strip(), "\n".join(quoted).strip("\n"), tuple(walk.reasons))
