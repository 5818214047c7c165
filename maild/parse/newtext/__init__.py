"""What the sender wrote now, apart from quotes, attributions, signatures and programs' lines.

    text ──▶ lines ──▶ marks (attributions, header blocks, tails …) ──▶ decide ──▶ Split
    html ──▶ structure: which of these lines stood in a quote element ──┘

When in doubt a line is kept: losing the sender's words is worse than keeping a quote.  Nothing
is thrown away: what is not new text is quoted text, in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from maild.model import Reason
from maild.parse import prefixes
from maild.parse.page import Page

from .attribution import find_attributions
from .decide import Walk
from .header_blocks import find_headers, find_separators
from .html_quotes import ElementKind, Structure, read_structure
from .lines import Examined, Line, examined
from .marks import Mark, MarkKind, reply_mark, reply_mark_lines
from .quote_words import Vocabulary, vocabulary
from .quotes import find_quotes
from .tails import find_tails

__all__ = ["Examined", "Split", "examine", "reply_mark", "split", "split_examined"]


@dataclass(frozen=True, slots=True)
class Split:
    """A body in two."""

    new_text: str  # what the sender wrote now, without empty lines around
    quoted_text: str  # the rest, line by line in its order
    reasons: tuple[Reason, ...]  # one a cut


def split(text: str, html: str | None, subject: str = "") -> Split:
    """Tell the sender's words from the rest.

    `text` is the whole body as text; `html` the decoded HTML body it came from or came with,
    where there was one; `subject` tells a forwarded message, which is kept.  Any text is
    accepted, and costs time in proportion to its length.
    """
    return split_examined(examine(text), Page(html) if html else None, subject)


def examine(text: str) -> Examined:
    """The lines of a body, for `split_examined` and for who looks for a forwarded message."""
    return examined(text, vocabulary().notable)


def split_examined(body: Examined, page: Page | None, subject: str) -> Split:
    """`split` of a body whose lines are read already."""
    if _is_forward(subject, body):
        return _assemble(_walk(body, Structure(), forwards=True), body.rest)
    structure = read_structure(page, body.lines)
    walk = _walk(body, structure)
    if structure.elements and not walk.wrote:
        walk = _walk(body, Structure())  # elements that leave nothing are not what they say
    return _assemble(walk, body.rest)


def _is_forward(subject: str, body: Examined) -> bool:
    """ "Fwd: …", but not our own mail handed back to us."""
    if not prefixes.is_forward(subject, body.text):
        return False
    return not any(reply_mark_lines([line.bare]) for line in body.lines)


def _walk(body: Examined, structure: Structure, forwards: bool = False) -> Walk:
    words = vocabulary()
    marks = _marks(body, structure, words)
    walk = Walk(body.lines, marks, find_quotes(body, marks, structure, words), forwards)
    walk.run()
    return walk


def _marks(body: Examined, structure: Structure, words: Vocabulary) -> dict[int, Mark]:
    """All marks by their first line; where two claim a line, the one found first has it."""
    lines, notable = body.lines, body.notable
    inside: set[int] = set()
    found: list[Mark] = []
    for element in structure.elements:
        if element.kind is ElementKind.END:
            mark = Mark(MarkKind.ELEMENT, element.first, element.first, element=element.name)
            found.append(mark)
        else:
            inside.update(range(element.first, element.last + 1))
    found += find_separators(lines, notable, words)
    found += find_attributions(body, inside, words)
    found += _as_elements(find_headers(lines, notable, words), structure)
    found += find_tails(lines, notable, words)
    marks: dict[int, Mark] = {}
    for mark in found:
        if mark.first not in inside:
            marks.setdefault(mark.first, mark)
    return _without_quoted_forwards(marks, lines)


def _as_elements(blocks: list[Mark], structure: Structure) -> Iterator[Mark]:
    """Header blocks; of one in which HTML says that the quote begins, that counts."""
    starts = {e.first: e.name for e in structure.elements if e.kind is ElementKind.END}
    for block in blocks:
        name = next((starts[i] for i in range(block.first, block.last + 1) if i in starts), None)
        yield replace(block, kind=MarkKind.ELEMENT, element=name) if name else block


def _without_quoted_forwards(marks: dict[int, Mark], lines: list[Line]) -> dict[int, Mark]:
    """A message that was forwarded inside a quote is part of the quote."""
    begins = min((m.first for m in marks.values() if m.kind.introduces_quote), default=len(lines))
    return {
        first: mark
        for first, mark in marks.items()
        if mark.kind is not MarkKind.FORWARDED or not lines[first].quoted or first < begins
    }


def _assemble(walk: Walk, rest: str) -> Split:
    new: list[str] = []
    quoted: list[str] = []
    seam = False  # a cut stands between the last new line and this one
    for (raw, _, _), kept in zip(walk.lines, walk.kept, strict=True):
        if kept is None:
            quoted.append(raw)
            seam = True
            continue
        if not seam or kept.strip() or (new and new[-1].strip()):  # one empty line at a seam
            new.append(kept)
        seam = seam and not kept.strip()
        if kept != raw:
            quoted.append(raw[len(kept) :])
    for row in rest.split("\n") if rest else ():
        (quoted if walk.to_end or row.startswith(">") else new).append(row)
    return Split("\n".join(new).strip(), "\n".join(quoted).strip("\n"), tuple(walk.reasons))
