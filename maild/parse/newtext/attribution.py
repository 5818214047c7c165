""" "On Monday X wrote:" in any language, over one or several wrapped lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

from maild.parse.fold import fold

from .lines import Examined, Line, last_written, next_written
from .marks import MOST_MARK_LINES, Mark, MarkKind, reply_mark_lines
from .quote_dates import DATE, TIME
from .quote_words import Vocabulary

LONGEST = 400  # characters of an attribution
LONGEST_UNDATED = 120
LONGEST_FRAME = 3  # lines of GroupWise's attribution
LONGEST_TAIL = 60  # characters behind an address that was broken
MOST_NAMES = 4  # words of a name
MOST_LINES = 4  # lines that one is wrapped over, without empty ones
MOST_LOOKS = 200  # places of a body where one is looked for; no conversation has as many

_ENDS = re.compile(r"[:：﹕][\s*_\"'”»)]*$|--\**$")
_ADDRESS = re.compile(r"[^\s<>@()\[\]\"']{1,80}@[^\s<>@()\[\]\"']{1,120}")
_ADDRESS_AT_END = re.compile(r"@[^\s<>@]{1,120}[>)\]]+[\s:：*_]*$")
_STARTS_WITH_DATE = re.compile(
    r"(?:[^\s\d.,]{2,20}\.?,?\s){0,2}\d{1,4}(?:[-/.,年년\s]|-[^\W\d]{3})"
)
_OPEN_ADDRESS = re.compile(r"<(?:mailto:)?[^\s<>]{0,120}(?: ?<mailto:[^\s<>]{0,120}>?)?$")
_FRAME = (">>", "<<")
_BAR = "|"  # a quote mark, too
_DECORATION = "-*_—–[(\"' "
_SOON_A_NUMBER = re.compile(r"[^\n]{0,40}?\d")
_NUMBER_NEXT = re.compile(r"[\s,]+(?:[^\W\d]{2,10}\.?,?\s+){0,2}\d")
_BEHIND_ADDRESS = re.compile(r"@[^\s<>@()]{1,120}[>)][\s,]*([^\s,@<>()][^@<>]*)$")
_HALF_ADDRESS = re.compile(r"[<(]|[^<]*>")
_ENDS_SENTENCE = re.compile(r"[!?:;。！？]$|[^\W\d]{5,}\.$")


class Follows(Enum):
    """What comes below a line."""

    NOTHING = 0  # that looks like a quote
    QUOTE = 1  # marked lines
    ELEMENT = 2  # lines of which HTML says that they are one


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
        if self.named and (self.drawn or (self.date and self.time)):
            return True
        return self.address_last and self.date and self.time

    def undated(self) -> bool:
        """ "X <address> wrote:", certain enough too."""
        return self.closed and self.verb and self.address and self.short

    def enough(self, follows: Follows) -> bool:
        """Enough above what follows."""
        if follows is Follows.ELEMENT and self.closed and self.short:  # in any language
            return self.date or self.time or self.address
        return self.sure() or (follows is not Follows.NOTHING and self.above_quote())

    def above_quote(self) -> bool:
        """Enough where a marked quote follows."""
        dated = self.date or self.time
        if self.closed and self.opens and self.date and self.time:  # in a language we do not know
            return True
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
        date=DATE.search(text) is not None,
        time=TIME.search(text) is not None,
        opens=_opens(text, words),
        short=len(text) <= LONGEST_UNDATED,
        drawn=text.startswith("--"),
        named=verb is not None and len(text[: verb.start()].split()) <= MOST_NAMES,
    )


def find_attributions(
    body: Examined, in_elements: AbstractSet[int], words: Vocabulary
) -> list[Mark]:
    """Every attribution among the unquoted lines, top to bottom.

    `in_elements` are the indexes of lines that HTML says are quotes.
    """
    lines = body.lines
    found = list(_framed(body, words))
    free_from = 0  # lines before this index belong to the mark found last
    ends = {i for i in body.notable if _ends(lines[i].bare)}
    above = set(_above_quotes(body, in_elements)) - ends
    ends |= {i for i in above if _ends_openly(lines[i], words)}
    for end in sorted(ends)[:MOST_LOOKS]:
        if end < free_from:
            continue
        if lines[end].quoted and not _closes_address(lines, end, words):
            continue
        follows = _follows(lines, end, in_elements, words)
        mark = _ending_at(lines, end, free_from, follows, words)
        if mark:
            found.append(mark)
            free_from = end + 1
    return found


def _framed(body: Examined, words: Vocabulary) -> Iterator[Mark]:
    """GroupWise's: ">>> Name <address> 03.11.2025 09:14 >>>", ">>> On 11/3/2025 … wrote:"."""
    lines = body.lines
    for first in body.quoted:
        if lines[first].depth < 2 or (first and lines[first - 1].quoted):
            continue
        for last in range(first, min(first + LONGEST_FRAME, len(lines))):
            if _closes_frame(lines[first : last + 1], words):
                yield Mark(MarkKind.ATTRIBUTION, first, last)
                break


def _closes_frame(lines: list[Line], words: Vocabulary) -> bool:
    text = fold(_joined(lines)).lstrip("> ")
    if len(text) > LONGEST or not TIME.search(text):
        return False
    if text.rstrip(": ").endswith(_FRAME):
        return DATE.search(text) is not None
    evidence = weigh(text, words)
    return evidence is not None and evidence.sure()


def _above_quotes(body: Examined, in_elements: AbstractSet[int]) -> Iterator[int]:
    """The unquoted lines above marked ones, and above what HTML says is a quote."""
    lines = body.lines
    heads = [index for index in body.quoted if not lines[index - 1].depth]
    heads += [index for index in in_elements if index - 1 not in in_elements]
    heads += [i for i in body.notable if lines[i].bare[:1] == _BAR or _is_reply_mark(lines, i)]
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


def _closes_address(lines: list[Line], index: int, words: Vocabulary) -> bool:
    """The ">" in front ends the address that the line above left open: "> wrote:", ">:"."""
    line = lines[index]
    if (
        line.depth not in (1, 2)
        or len(line.bare) > LONGEST_TAIL
        or index == 0
        or lines[index - 1].quoted
    ):
        return False
    above = lines[index - 1].bare
    polymail = "@" in above and words.wrote.match(fold(line.bare)) is not None
    return _ends(line.bare) and (polymail or left_open(above))


def left_open(text: str) -> bool:
    """An address in angle brackets begins in this line and does not end in it."""
    return text.count("<") > text.count(">") and _OPEN_ADDRESS.search(text) is not None


def _joined(lines: list[Line]) -> str:
    """The text of wrapped lines; an address that was broken is whole again."""
    text = lines[0].bare
    for line in lines[1:]:
        rest = ">" * line.depth + line.bare
        text += rest if left_open(text) else f" {rest}"
    return text


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
    lines: list[Line], end: int, free_from: int, follows: Follows, words: Vocabulary
) -> Mark | None:
    """The shortest attribution that ends with line `end`, a dated one before an undated one."""
    readings: list[tuple[int, Evidence]] = []
    for start in _starts(lines, end, free_from):
        text = fold(_joined(lines[start : end + 1]))
        evidence = weigh(text, words)
        if evidence is None:
            break
        if _continues(lines, start, free_from, words):
            continue
        if start == end or evidence.opens or _begins_with_name(lines[start], words):
            readings.append((start, evidence))
    quote_follows = follows is not Follows.NOTHING
    for start, evidence in readings:
        if evidence.enough(follows):
            mark = _mark(lines, start, end, free_from, evidence.sure(), words)
            return mark if quote_follows or not mark.column else None
    for start, evidence in readings:
        if evidence.undated():
            return _mark(lines, start, end, free_from, True, words)
        if quote_follows and evidence.closed and evidence.verb and start == end:
            return _by_name_alone(lines, end)
    return None


def _continues(lines: list[Line], start: int, free_from: int, words: Vocabulary) -> bool:
    """The line goes on with an address, or with the verb behind one, of the line above."""
    if start <= free_from or lines[start - 1].quoted or lines[start - 1].blank:
        return False
    above = lines[start - 1].bare
    if lines[start].quoted or left_open(above):
        return True
    if "@" not in above or above[-1] not in ">)":
        return False
    begins = lines[start].bare
    goes_on = not begins[0].isupper() and "@" not in begins and len(above.split()) <= MOST_NAMES
    return goes_on or words.wrote.match(fold(begins)) is not None


def _follows(
    lines: list[Line], end: int, in_elements: AbstractSet[int], words: Vocabulary
) -> Follows:
    follower = next_written(lines, end + 1)
    if follower is None or _closes_address(lines, follower, words):
        return Follows.NOTHING
    if follower in in_elements:
        return Follows.ELEMENT
    line = lines[follower]
    marked = line.quoted or line.bare[:1] == _BAR or _is_reply_mark(lines, follower)
    return Follows.QUOTE if marked else Follows.NOTHING


def _is_reply_mark(lines: list[Line], index: int) -> bool:
    return reply_mark_lines([line.bare for line in lines[index : index + MOST_MARK_LINES]]) > 0


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
    begins, ends = fold(lines[start].bare), fold(above.bare)
    opens = _opens(begins, words)
    if _HALF_ADDRESS.match(begins) or (not opens and _opens(ends, words)):
        return start - 1
    return start - 1 if "@" not in begins and _goes_on(ends, begins, opens, words) else start


def _goes_on(above: str, below: str, opens: bool, words: Vocabulary) -> bool:
    """ "X <address> wrote (Monday," and what stands below it: one of them has the verb."""
    behind = _BEHIND_ADDRESS.search(above)
    if behind is None:
        return False
    if words.wrote.search(above):
        return words.wrote.search(below) is None
    return not opens and any(map(str.isdigit, behind[1]))


def _column(line: Line, words: Vocabulary) -> int:
    """Where in a line the attribution begins, if the sender's text runs into it."""
    text = line.bare.casefold()
    if len(text) != len(line.bare) or _opens(text, words):
        return 0
    verb = words.wrote.search(text)
    limit = verb.start() if verb else len(text)
    for start in _inner_leads(line.bare, text, words):
        if start >= limit or "@" in text[:start]:
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
