""" "On Monday X wrote:" in any language, over one or several wrapped lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from maild.parse.fold import fold

from .lines import Line, last_written, next_written
from .marks import REPLY_MARK_OPEN, Mark, MarkKind
from .vocabulary import Vocabulary

LONGEST = 400  # characters of an attribution
LONGEST_UNDATED = 120
MOST_NAMES = 4  # words of a name
MOST_LINES = 4  # lines that one is wrapped over, without empty ones
MOST_LOOKS = 200  # places of a body where one is looked for; no conversation has as many

_ENDS = re.compile(r"[:：﹕][\s*_\"'”»)]*$|--\**$")
_ADDRESS = re.compile(r"[^\s<>@()\[\]\"']{1,80}@[^\s<>@()\[\]\"']{1,120}")
_ADDRESS_AT_END = re.compile(r"@[^\s<>@]{1,120}[>)\]]+[\s:：*_]*$")
_DATE = re.compile(
    r"(?<!\d)\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}(?!\d)"  # 2024-01-15, 15. 1. 2024
    r"|(?<!\d)(?:19|20|25)\d\d(?!\d)"  # any date with a year (of the Buddha too)
    r"|\d\s?[年월月년]"
    r"|\d{1,2}-[^\W\d]{3,4}\.?-\d{2,4}"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)|\d\s?[時时点點시]")
_STARTS_WITH_DATE = re.compile(r"(?:[^\W\d]{2,14}\.?,?\s)?\d{1,4}(?:[-/.年년\s]|-[^\W\d]{3})")
_MARKS = ("|", REPLY_MARK_OPEN)  # other than ">"
_DECORATION = "-*_—–[(\"' "
_SOON_A_NUMBER = re.compile(r"[^\n]{0,40}?\d")
_NUMBER_NEXT = re.compile(r"[\s,]+(?:[^\W\d]{2,10}\.?,?\s+){0,2}\d")
_HALF_ADDRESS = re.compile(r"[<(]|[^<]*>")
_ENDS_SENTENCE = re.compile(r"[!?:;。！？]$|[^\W\d]{5,}\.$")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for some text being an attribution."""

    closed: bool  # ends with a colon, or with dashes
    verb: bool  # "wrote"; "sent" too if there is an address
    address: bool
    address_last: bool  # in brackets, at the end
    date: bool  # a day with its year
    time: bool
    opens: bool  # begins with a date, or with "On" and soon a number
    short: bool
    drawn: bool  # between dashes
    named: bool  # the verb stands behind a few words, a name's

    def sure(self) -> bool:
        """Certain enough to take unmarked lines below for the quote.

        People write "On 5 March your colleague wrote:" themselves; programs add the time or the
        address.
        """
        if not self.closed or not (self.time or self.address or self.drawn):
            return False
        if self.verb and (self.opens or self.address):
            return self.date or (self.opens and self.address)
        if self.named and self.date and self.time:
            return True
        return self.address_last and self.date and self.time

    def undated(self) -> bool:
        """ "X <address> wrote:", certain enough too."""
        return self.closed and self.verb and self.address and self.short

    def above_quote(self) -> bool:
        """Enough where a marked quote follows."""
        dated = self.date or self.time
        if self.verb and (dated or self.opens):
            return self.closed or self.address
        return self.address and dated and (self.closed or self.opens)


def weigh(text: str, words: Vocabulary) -> Evidence | None:
    """The evidence in folded text; None where it is too long, or the sender speaks of himself."""
    if len(text) > LONGEST:
        return None
    may_be_address = "@" in text
    address = may_be_address and _ADDRESS.search(text) is not None
    verb = words.wrote.search(text) or (words.sent.search(text) if address else None)
    if verb and words.own.search(text):
        return None
    return Evidence(
        closed=_ends(text),
        verb=verb is not None,
        address=address,
        address_last=may_be_address and _ADDRESS_AT_END.search(text) is not None,
        date=_DATE.search(text) is not None,
        time=_TIME.search(text) is not None,
        opens=_opens(text, words),
        short=len(text) <= LONGEST_UNDATED,
        drawn=text.startswith("--"),
        named=verb is not None and len(text[: verb.start()].split()) <= MOST_NAMES,
    )


def find_attributions(
    lines: list[Line], notable: list[int], in_elements: AbstractSet[int], words: Vocabulary
) -> list[Mark]:
    """Every attribution among the unquoted lines, top to bottom.

    `in_elements` are the indexes of lines that HTML says are quotes.
    """
    found: list[Mark] = []
    free_from = 0  # lines before this index belong to the mark found last
    ends = {i for i in notable if _ends(lines[i].bare)}
    ends |= {i for i in _above_quotes(lines, notable, in_elements) if _ends_openly(lines[i], words)}
    for end in sorted(ends)[:MOST_LOOKS]:
        if lines[end].quoted and not _dangling_verb(lines, end, words):
            continue
        follows = _quote_follows(lines, end, in_elements, words)
        mark = _ending_at(lines, end, free_from, follows, words)
        if mark:
            found.append(mark)
            free_from = end + 1
    return found


def _above_quotes(
    lines: list[Line], notable: list[int], in_elements: AbstractSet[int]
) -> Iterator[int]:
    """The unquoted lines above marked ones, and above what HTML says is a quote."""
    heads = [
        index
        for index, line in enumerate(lines)
        if (line.depth and not lines[index - 1].depth)
        or (index in in_elements and index - 1 not in in_elements)
    ]
    heads += [i for i in notable if lines[i].bare.startswith(_MARKS)]
    for head in heads:
        above = last_written(lines, head - 1)
        if above is not None and not lines[above].quoted and not lines[above].blank:
            yield above


def looks_attributed(line: Line, words: Vocabulary) -> bool:
    """Does this one line (perhaps a quoted one) read like an attribution or the end of one?"""
    if not _ends(line.bare):
        return False
    evidence = weigh(fold(line.bare), words)
    return evidence is not None and evidence.closed and (evidence.verb or evidence.sure())


def _dangling_verb(lines: list[Line], index: int, words: Vocabulary) -> bool:
    """Polymail wraps "<address> wrote:" such that "> wrote:" looks quoted."""
    line = lines[index]
    if line.depth != 1 or len(line.bare) > 40 or index == 0 or lines[index - 1].quoted:
        return False
    text = fold(line.bare)
    return bool(words.wrote.match(text) and _ends(text) and "@" in lines[index - 1].bare)


def _ends(text: str) -> bool:
    """As attributions do: with a colon, or with dashes."""
    return not text[-1:].isalnum() and _ENDS.search(text) is not None


def _ends_openly(line: Line, words: Vocabulary) -> bool:
    """With an address in brackets, or with the verb."""
    if line.bare[-1] in ">)" and "@" in line.bare:
        return True
    text = fold(line.bare[-40:])
    return any(m.end() >= len(text) - 1 for m in words.wrote.finditer(text))


def _ending_at(
    lines: list[Line], end: int, free_from: int, quote_follows: bool, words: Vocabulary
) -> Mark | None:
    """The shortest attribution that ends with line `end`, a dated one before an undated one."""
    readings: list[tuple[int, Evidence]] = []
    for start in _starts(lines, end, free_from):
        text = fold(" ".join(line.bare for line in lines[start : end + 1]))
        evidence = weigh(text, words)
        if evidence is None:
            break
        if start == end or evidence.opens or _begins_with_name(lines[start], words):
            readings.append((start, evidence))
    for start, evidence in readings:
        if evidence.sure() or (quote_follows and evidence.above_quote()):
            mark = _mark(lines, start, end, free_from, evidence.sure(), words)
            return mark if quote_follows or not mark.column else None
    for start, evidence in readings:
        if evidence.undated():
            return _mark(lines, start, end, free_from, True, words)
        if quote_follows and evidence.closed and evidence.verb and start == end:
            return _by_name_alone(lines, end)
    return None


def _quote_follows(
    lines: list[Line], end: int, in_elements: AbstractSet[int], words: Vocabulary
) -> bool:
    follower = next_written(lines, end + 1)
    if follower is None:
        return False
    line = lines[follower]
    marked = line.quoted or line.bare.startswith(_MARKS) or follower in in_elements
    return marked and not _dangling_verb(lines, follower, words)


def _by_name_alone(lines: list[Line], end: int) -> Mark | None:
    """ "X wrote:" directly above a quote."""
    few = len(lines[end].bare.split()) <= 8
    return Mark(MarkKind.ATTRIBUTION, end, end, sure=False) if few else None


def _mark(
    lines: list[Line], start: int, end: int, free_from: int, sure: bool, words: Vocabulary
) -> Mark:
    start = _widen(lines, start, free_from, words)
    column = _column(lines[start], words) if start == end else 0
    return Mark(MarkKind.ATTRIBUTION, start, end, column, sure)


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


def _begins_with_name(line: Line, words: Vocabulary) -> bool:
    """The first line of a wrapped "X <address> wrote on …" has more of it than the name."""
    return "<" in line.bare or "@" in line.bare or bool(words.wrote.search(fold(line.bare)))


def _opens(text: str, words: Vocabulary) -> bool:
    """Begins as attributions do: a lead word and soon a number, or a date."""
    text = text.lstrip(_DECORATION)
    if _STARTS_WITH_DATE.match(text):
        return True
    lead = words.lead.match(text)
    return bool(lead and _SOON_A_NUMBER.match(text, lead.end()))


def _widen(lines: list[Line], start: int, free_from: int, words: Vocabulary) -> int:
    """Take in a line above that plainly belongs to the attribution."""
    if start <= free_from:
        return start
    above = lines[start - 1]
    if above.blank or above.quoted or _ENDS_SENTENCE.search(above.bare):
        return start
    begins = fold(lines[start].bare)
    if _HALF_ADDRESS.match(begins) or (
        not _opens(begins, words) and _opens(fold(above.bare), words)
    ):
        return start - 1
    return start


def _column(line: Line, words: Vocabulary) -> int:
    """Where in a line the attribution begins, if the sender's text runs into it."""
    text = line.bare.casefold()
    if len(text) != len(line.bare) or _opens(text, words):
        return 0
    verb = words.wrote.search(text)
    limit = verb.start() if verb else len(text)
    for start in _inner_leads(line.bare, text, words):
        if start > limit or "@" in text[:start]:
            break  # somebody's name and address come first: all of it is the attribution
        lead = words.lead.match(text[start:])
        if lead and _NUMBER_NEXT.match(text, start + lead.end()):
            return line.raw.find(line.bare) + len(text[:start].rstrip("-*_ "))
    return 0


def _inner_leads(bare: str, text: str, words: Vocabulary) -> list[int]:
    """Offsets of lead words behind the first word, and of such glued to one ("helloOn Monday")."""
    starts = [lead.start() for lead in words.lead.finditer(text) if lead.start()]
    glued = [m.end() for m in re.finditer(r"[^\W\d_](?=[A-ZÀ-ÞА-Я][^\W\d_]{0,3}\s)", bare)]
    return sorted(starts + [start for start in glued if bare[start - 1].islower()])
