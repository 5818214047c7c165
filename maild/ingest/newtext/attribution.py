""" "On Monday X wrote:" in any language, over one or several wrapped lines."""

from __future__ import annotations

import re

from .languages import Vocabulary, fold
from .lines import Line, next_written
from .marks import Mark, MarkKind

LONGEST = 400  # characters of an attribution
MOST_LINES = 4  # lines that one is wrapped over, without empty ones

_ENDS = re.compile(r"[:：﹕][\s*_\"'”»]*$|-{2,}\**$")
_ADDRESS = re.compile(r"[^\s<>@()\[\]\"']{1,80}@[^\s<>@()\[\]\"']{1,120}")
_ADDRESS_AT_END = re.compile(r"@[^\s<>@]{1,120}[>)\]]+[\s:：*_]*$")
_DATE = re.compile(
    r"(?<!\d)\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}(?!\d)"  # 2024-01-15, 15. 1. 2024
    r"|(?<!\d)(?:19|20)\d\d(?!\d)"  # any date with a year
    r"|\d\s?[年월月년]"
    r"|\d{1,2}-\w{3,4}\.?-\d{2,4}"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)|\d\s?[時时点點시]")
_STARTS_WITH_DATE = re.compile(r"[-*_\s\[(]*(?:\w{2,12}\.?,?\s)?\d{1,4}(?:[-/.年년\s]|-\w{3})")
_HALF_ADDRESS = re.compile(r"[<(\"]|[^<]*>")
_ENDS_SENTENCE = re.compile(r"[!?:;。！？]$|[^\W\d]{5,}\.$")


def find_attributions(lines: list[Line], words: Vocabulary) -> list[Mark]:
    """Every attribution among the unquoted lines, top to bottom."""
    found: list[Mark] = []
    free_from = 0  # lines before this index belong to the mark found last
    for end, line in enumerate(lines):
        if line.blank or (line.quoted and not _dangling_verb(lines, end, words)):
            continue
        if _may_end_one(line, words):
            mark = _ending_at(lines, end, free_from, words)
            if mark:
                found.append(mark)
                free_from = end + 1
    return found


def looks_attributed(line: Line, words: Vocabulary) -> bool:
    """Does this line (quoted, perhaps) read like an attribution or the end of one?"""
    text = fold(line.bare)
    return bool(_ENDS.search(text) and words.wrote.search(text) and len(text) <= LONGEST)


def _dangling_verb(lines: list[Line], index: int, words: Vocabulary) -> bool:
    """Polymail wraps "<address> wrote:" such that "> wrote:" looks quoted."""
    line = lines[index]
    if line.depth != 1 or len(line.bare) > 40 or index == 0 or lines[index - 1].quoted:
        return False
    text = fold(line.bare)
    return bool(words.wrote.match(text) and _ENDS.search(text) and "@" in lines[index - 1].bare)


def _may_end_one(line: Line, words: Vocabulary) -> bool:
    """A cheap look, for every line of the body."""
    if _ENDS.search(line.bare):
        return True
    if line.bare[-1] in ">)" and "@" in line.bare:
        return True
    text = fold(line.bare[-40:])
    return any(m.end() >= len(text) - 1 for m in words.wrote.finditer(text))


def _ending_at(lines: list[Line], end: int, free_from: int, words: Vocabulary) -> Mark | None:
    """The shortest attribution that ends with line `end`."""
    follower = next_written(lines, end + 1)
    quote_follows = follower is not None and (
        lines[follower].quoted or lines[follower].bare.startswith("|")
    )
    for start in _starts(lines, end, free_from):
        text = fold(" ".join(line.bare for line in lines[start : end + 1] if line.bare))
        if len(text) > LONGEST:
            return None
        verdict = _judge(text, quote_follows, words)
        if verdict is not None:
            start = _widen(lines, start, free_from, words)
            column = _column(lines[start], words) if start == end else 0
            return Mark(MarkKind.ATTRIBUTION, start, end, column, sure=verdict)
    return None


def _starts(lines: list[Line], end: int, free_from: int) -> list[int]:
    """Line indexes at which an attribution that ends with line `end` may begin, nearest first."""
    starts, index, jumped = [end], end - 1, False
    while index >= free_from and len(starts) < MOST_LINES:
        line = lines[index]
        if line.blank:
            # Polymail sets the address off by an empty line
            if jumped or not lines[index + 1].bare.startswith("<"):
                break
            jumped = True
        elif line.quoted or _ENDS_SENTENCE.search(line.bare):
            break
        else:
            starts.append(index)
        index -= 1
    return starts


def _judge(text: str, quote_follows: bool, words: Vocabulary) -> bool | None:
    """Is this an attribution?  True: surely, False: as a quote follows, None: no."""
    if words.own.search(text):
        return None
    verb = words.wrote.search(text)
    closed = _ENDS.search(text) is not None
    address = _ADDRESS.search(text) is not None
    date = _DATE.search(text) is not None
    if not verb and address and words.sent.search(text):
        verb = words.sent.search(text)
    opens = _opens(text, words)
    if closed and verb and (date or (opens and address)) and (opens or address):
        return True
    if closed and address and date and _TIME.search(text) and _ADDRESS_AT_END.search(text):
        return True
    if closed and verb and len(text) <= 120 and address and "<" in text:
        return True
    if not quote_follows:
        return None
    return _believable(text, closed, verb is not None, address, words)


def _believable(
    text: str, closed: bool, verb: bool, address: bool, words: Vocabulary
) -> bool | None:
    """The weaker forms, above a quoted line."""
    date = bool(_DATE.search(text) or _TIME.search(text))
    if verb and (date or _opens(text, words)) and (closed or address):
        return False
    if address and date and (closed or _STARTS_WITH_DATE.match(text)):
        return False
    if closed and verb and len(text.split()) <= 8:
        return False
    return None


def _opens(text: str, words: Vocabulary) -> bool:
    """Begins as attributions do: a lead word and soon a number, or a date."""
    if _STARTS_WITH_DATE.match(text):
        return True
    lead = words.lead.match(text.lstrip("-*_—– "))
    return bool(lead and re.search(r"\d", text.lstrip("-*_—– ")[lead.end() : lead.end() + 40]))


def _widen(lines: list[Line], start: int, free_from: int, words: Vocabulary) -> int:
    """Take in lines above that plainly belong to the attribution."""
    if _HALF_ADDRESS.match(lines[start].bare) and start > free_from:
        above = lines[start - 1]
        if not above.blank and not above.quoted and not _ENDS_SENTENCE.search(above.bare):
            start -= 1
    if start > free_from and not _opens(fold(lines[start].bare), words):
        above = lines[start - 1]
        if above.quoted or _ENDS.search(above.bare) or not _opens(fold(above.bare), words):
            return start
        return start - 1
    return start


def _column(line: Line, words: Vocabulary) -> int:
    """Where in a line the attribution begins, if the sender's text runs into it."""
    text = line.bare.casefold()
    if len(text) != len(line.bare) or _opens(text, words):
        return 0
    verb = words.wrote.search(text)
    for lead in words.lead.finditer(text):
        if lead.start() == 0 or (verb and verb.start() < lead.start()):
            continue
        if re.match(r"[\s,]+(?:\w{2,10}\.?,?\s+){0,2}\d", text[lead.end() :]):
            start = len(text[: lead.start()].rstrip("-*_ "))
            return line.raw.find(line.bare) + start
    return 0
