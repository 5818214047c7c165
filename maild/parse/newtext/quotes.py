"""Which lines are somebody else's words: marked with ">" and its kin, or broken off such lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .attribution import looks_attributed
from .header_blocks import field_label
from .html_quotes import ElementKind, Structure
from .lines import Examined, Line, fenced
from .marks import LONGEST_SIGNATURE, Mark
from .quote_words import Vocabulary

LEAST_INITIALED = 2  # lines "JD> …" that make a quote
LEAST_WRAPPED = 60  # characters of a line that a program wraps
LONGEST_WORD = 20  # characters by which a wrapped line may be shorter than the longest

_DECORATION = "<<"  # ends ">>> look here <<<", which quotes nobody
_INITIALS = re.compile(r"([^\W\d_]{1,4})>(?:\s|$)")
_PROMPT = re.compile(r"[ \t]*>>>(?: |$)")
_ONLY_A_LINK = re.compile(r"[(<\[]?(?:https?|mailto):\S+[)>\]]?\s*>*")
_SENTENCE_ENDS = ".!?:;。！？…"
_SPLICED = 120  # longest remainder of a wrapped quoted line


def find_quotes(
    body: Examined, marks: dict[int, Mark], structure: Structure, words: Vocabulary
) -> dict[int, str]:
    """The indexes of all quoted lines, and for each what says so.

    Marked lines count as the sender's own where nothing in the mail introduces a quote and his
    text stands on both sides: then ">" may be his way to show something.
    """
    lines, notable = body.lines, body.notable
    marked = {i for i in body.quoted if lines[i].bare[-2:] != _DECORATION}
    if not marked and not marks:
        return _in_elements(structure)
    if marked:
        marked -= _prompts(lines, marked) | fenced(lines, notable)
    introducer = _first_introducer(lines, marked, marks, structure, words)
    if introducer is None:
        if marked and (structure.indents_only or _is_enclosed(lines, marked)):
            return {}
    else:
        marked -= _shown_before(lines, marked, introducer)
        marked |= _barred(lines, notable, marks) | _initialed(lines, notable)
    marked |= _spliced(lines, marked, marks) | _rewrapped(lines, marked, marks)
    return dict.fromkeys(marked, "quoted lines") | _in_elements(structure)


def _first_introducer(
    lines: list[Line],
    marked: set[int],
    marks: dict[int, Mark],
    structure: Structure,
    words: Vocabulary,
) -> int | None:
    """The index of the first line that says that this mail quotes another."""
    said = [mark.first for mark in marks.values() if mark.kind.introduces_quote]
    said += [element.first for element in structure.elements]
    if said and marked and min(said) < min(marked):
        return min(said)
    within = (
        i
        for i in sorted(marked)
        if looks_attributed(lines[i], words) or field_label(lines[i], words) == "from"
    )
    said += [next(within, len(lines))]
    return first if (first := min(said)) < len(lines) else None


def _shown_before(lines: list[Line], marked: set[int], introducer: int) -> set[int]:
    """Marked lines below the sender's text and above the first introduced quote: he shows them."""
    own = next((i for i, line in enumerate(lines) if not line.blank and i not in marked), None)
    if own is None or own >= introducer:
        return set()
    before = set(range(own, introducer))
    index = introducer
    while index in marked and index - 1 in marked:  # the run that holds the introducer
        index -= 1
        before.discard(index)
    return marked & before


def _in_elements(structure: Structure) -> dict[int, str]:
    """The lines of quote elements, and of short signature elements."""
    found: dict[int, str] = {}
    for element in structure.elements:
        within = range(element.first, element.last + 1)
        short = len(within) <= LONGEST_SIGNATURE
        if element.kind is ElementKind.QUOTE or (element.kind is ElementKind.SIGNATURE and short):
            found.update(dict.fromkeys(within, f"{element.kind.value} {element.name}"))
    return found


def _runs(indexes: Iterable[int]) -> list[range]:
    """The runs of neighbours among ascending indexes."""
    runs: list[range] = []
    for index in indexes:
        begins = index
        if runs and runs[-1].stop == index:
            begins = runs.pop().start
        runs.append(range(begins, index + 1))
    return runs


def _prompts(lines: list[Line], marked: set[int]) -> set[int]:
    """A Python session pasted into the text: all its marks are ">>> "."""
    if any(not _PROMPT.match(lines[i].raw) for i in marked):
        return set()
    return set(marked) if any(lines[i].bare for i in marked) else set()


def _is_enclosed(lines: list[Line], marked: set[int]) -> bool:
    """Does the sender's text stand above and below all quotes?"""
    own = [i for i, line in enumerate(lines) if not line.blank and i not in marked]
    return bool(own) and own[0] < min(marked) and own[-1] > max(marked)


def _barred(lines: list[Line], notable: list[int], marks: dict[int, Mark]) -> set[int]:
    """Lines that begin with "|" right below an attribution."""
    below = {mark.last for mark in marks.values() if mark.kind.introduces_quote}
    found: set[int] = set()
    for run in _runs(i for i in notable if lines[i].raw.lstrip()[:1] == "|"):
        above = run.start - 1
        while above >= 0 and lines[above].blank:
            above -= 1
        if above in below:
            found.update(run)
    return found


def _initialed(lines: list[Line], notable: list[int]) -> set[int]:
    """Lines that begin with the same initials and ">", an empty one among them."""
    initials = {
        i: m[1] for i in notable if not lines[i].quoted and (m := _INITIALS.match(lines[i].bare))
    }
    found: set[int] = set()
    for run in _runs(initials):
        same = len({initials[i] for i in run}) == 1
        empty = any(lines[i].bare == initials[i] + ">" for i in run)
        if same and empty and len(run) >= LEAST_INITIALED:
            found.update(run)
    return found


def _spliced(lines: list[Line], marked: set[int], marks: dict[int, Mark]) -> set[int]:
    """Remainders of quoted lines that a program wrapped without marking them again.

    Only what cannot be an answer: a bare link, or the end of a bracket or link left open.
    """
    found: set[int] = set()
    for index in sorted(i + 1 for i in marked if i + 1 not in marked and i + 2 in marked):
        if index in marks:
            continue
        bare, above = lines[index].bare, lines[index - 1].bare
        if not bare or len(bare) > _SPLICED:
            continue
        closes = bare[-1] in ")>]" and " " not in bare and _left_open(above)
        if closes or _ONLY_A_LINK.fullmatch(bare):
            found.add(index)
    return found


def _rewrapped(lines: list[Line], marked: set[int], marks: dict[int, Mark]) -> set[int]:
    """Ends of quoted lines that a program wrapped anew, each on an unmarked line of its own.

    Several of them are no answers, and one is none that goes on with a small letter.
    """
    widest = max((len(lines[i].raw) for i in marked), default=0)
    tails = [
        i + 1
        for i in sorted(marked)
        if i + 1 < len(lines)
        and not (i + 1 in marked or i + 1 in marks)
        and _is_full(lines[i], widest)
        and 0 < len(lines[i + 1].bare) < len(lines[i].raw)
    ]
    between = [i for i in tails if i + 1 in marked]
    if len(between) == 1 and len(tails) == 1 and not lines[between[0]].bare[0].islower():
        return set()
    last = [i for i in tails if i + 1 == len(lines) or lines[i + 1].blank]
    return {*between, *last} if between else set()


def _is_full(line: Line, widest: int) -> bool:
    """As long as the longest lines, and no end of a sentence."""
    long = len(line.raw) >= LEAST_WRAPPED and len(line.raw) + LONGEST_WORD > widest
    return long and line.bare[-1:] not in _SENTENCE_ENDS


def _left_open(text: str) -> bool:
    return any(text.count(a) > text.count(b) for a, b in ("()", "<>", "[]"))
