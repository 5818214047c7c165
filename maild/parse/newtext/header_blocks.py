"""Separators and header blocks (From:, Sent:, To:, Subject:) above a quoted message."""

from __future__ import annotations

import re

from maild.parse.fold import fold

from .lines import Line
from .marks import Mark, MarkKind
from .quote_dates import DATE
from .quote_words import Vocabulary

MOST_LINES = 40  # lines of a header block, continuations included
FIELD_WORDS = 2  # of a form's field name, at most
SHORTEST, LONGEST = 5, 160  # characters of a separator
LEAST_UNDASHED = (4, 12)  # characters of a separator without dashes: in other scripts, in ASCII
SOURCE_LINES = 3  # above and below a block that show what it belongs to
MOST_CONTINUED = 6  # lines that one field is wrapped over

_SERVERS_FIELD = re.compile(
    r"(?:received|return-path|delivered-to|mime-version|dkim-signature|authentication-results"
    r"|arc-[a-z-]{1,30}|x-[a-z-]{1,60})\s?:",
    re.IGNORECASE,
)
_OPENING = frozenset(("from", "sent", "subject", "to"))  # fields that a block can begin with
_FIELD = re.compile(r"[*_\s]*([^\W\d_][^:：*|]{0,40}?)[\s*_]*[:：]")
_FIELD_IN_TABLE = re.compile(r"\|[*_\s]*([^\W\d_][^:：*|]{0,40}?)[\s*_]*[:：|]")
_RULE = re.compile(r"[-_=*~\u2010-\u2015\u2500-\u257f][-_=*~\u2010-\u2015\u2500-\u257f\s]*")
_DASHED = re.compile(
    r"[*>\s]*[-_=+*\u2010-\u2015]{2,}\s*(.{3,80}?)\s*[-_=+*\u2010-\u2015]{2,}[\s*:]*"
)


def is_rule(line: Line) -> bool:
    """A line drawn with dashes, underscores and the like."""
    return bool(_RULE.fullmatch(line.bare))


def find_headers(lines: list[Line], notable: list[int], words: Vocabulary) -> list[Mark]:
    """Every header block among the unquoted lines, a rule drawn above it included."""
    labels = {
        index: label
        for index in notable
        if not lines[index].quoted and (label := field_label(lines[index], words))
    }
    found: list[Mark] = []
    free_from = 0  # lines before this index belong to the block found last
    for index, label in labels.items():
        if index < free_from or label not in _OPENING:
            continue
        last = _block(lines, labels, index, words)
        if last is not None:
            found.append(Mark(MarkKind.HEADERS, _rule_above(lines, index, words), last))
            free_from = last + 1
    return found


def find_separators(lines: list[Line], notable: list[int], words: Vocabulary) -> list[Mark]:
    """Every "-----Original Message-----" and "---- Forwarded message ----" that is not quoted.

    Apple's programs forward a message in quote marks, with the separator on the first such line.
    """
    found = []
    for index in notable:
        line = lines[index]
        if line.depth > 1 or not SHORTEST <= len(line.bare) <= LONGEST:
            continue
        if line.quoted and index and lines[index - 1].quoted and not lines[index - 1].blank:
            continue
        kind = _separator(line, words)
        if kind is MarkKind.FORWARDED or (kind and not line.quoted):
            found.append(Mark(kind, index, index))
    return found


def _separator(line: Line, words: Vocabulary) -> MarkKind | None:
    dashed = None if line.bare[0].isalnum() else _DASHED.fullmatch(line.bare)
    text = fold(dashed[1]) if dashed else fold(line.bare).rstrip(": *").lstrip("* ")
    if not dashed and (text not in words.separators or len(text) < LEAST_UNDASHED[text.isascii()]):
        return None
    if words.forwarded.match(text):
        return MarkKind.FORWARDED
    return MarkKind.ORIGINAL if words.original.match(text) else None


def field_label(line: Line, words: Vocabulary) -> str | None:
    """Which header field this line begins ("from", "sent" …), if any."""
    bare = line.bare
    if bare[:1] == "|":
        field = _FIELD_IN_TABLE.match(bare)
    else:
        field = _FIELD.match(bare) if ":" in bare or "：" in bare else None
    label = fold(field[1]) if field else ""
    if " " in label and label[-1].isdigit():  # Orange's "Message du 03/11/2025 09:14"
        label = label.rstrip("0123456789/.- ")
    if not label.isascii() and label not in words.labels:
        label = label.replace(" ", "")  # Chinese programs set the letters apart
    return words.labels.get(label)


def _block(lines: list[Line], labels: dict[int, str], start: int, words: Vocabulary) -> int | None:
    """The last line of the header block that begins here, or None."""
    kinds: list[str] = []
    last, addressed = start, False
    for index in range(start, min(len(lines), start + MOST_LINES)):
        label = labels.get(index)
        if label:
            kinds.append(label)
            last, addressed = index, addressed or "@" in lines[index].bare
        elif not _continues(lines, labels, index, last):
            break
    drawn = _rule_above(lines, start, words) < start
    dated = drawn or any(DATE.search(line.bare) for line in lines[start : last + 1])
    if not _enough(kinds, addressed, dated) or _is_form(lines, last):
        return None
    if not drawn and _is_source(lines, start, last):
        return None
    return _last_continuation(lines, last)


def _is_form(lines: list[Line], last: int) -> bool:
    """A web form goes on with fields of its own ("Message: …"), a header block does not."""
    if last + 1 >= len(lines) or lines[last + 1].raw[:1].isspace():
        return False
    field = _FIELD.match(lines[last + 1].bare)
    return field is not None and "-" not in field[1] and len(field[1].split()) <= FIELD_WORDS


def _continues(lines: list[Line], labels: dict[int, str], index: int, last: int) -> bool:
    """Can a block reach beyond this line, which begins no field?"""
    line = lines[index]
    if line.quoted:
        return False
    if line.blank:  # ends a block, unless the program set every field off by an empty line
        return index + 1 in labels
    return index - last <= MOST_CONTINUED and not lines[index - 1].blank


def _last_continuation(lines: list[Line], last: int) -> int:
    """A last field wrapped over the next line (no more than the first empty line)."""
    end = last + 1
    while end < len(lines) and end - last <= 2 and not lines[end].blank and not lines[end].quoted:
        end += 1
    closed = end < len(lines) and lines[end].blank
    return end - 1 if closed else last


def _is_source(lines: list[Line], first: int, last: int) -> bool:
    """Somebody shows the header of a mail as servers write it; no program quotes so."""
    around = lines[max(0, first - SOURCE_LINES) : last + 1 + SOURCE_LINES]
    return any(_SERVERS_FIELD.match(line.bare) for line in around)


def _enough(kinds: list[str], addressed: bool, dated: bool) -> bool:
    """A journey has From, To and Date as well, a form From and Subject: it takes more.

    Programs write the date, and people who tell of a mail often leave it out.
    """
    told = set(kinds) - {"other"}
    if "subject" in told:
        return len(told) >= 3 and ("sent" in told or dated)
    if kinds[:3] == ["from", "sent", "to"]:
        return True
    return addressed and "sent" in told and len(told) >= 2


def _rule_above(lines: list[Line], index: int, words: Vocabulary) -> int:
    """The line drawn above a header block belongs to it, and so does an unknown separator."""
    above = index - 1
    while above >= 0 and lines[above].blank and not lines[above].quoted and index - above < 3:
        above -= 1
    if above < 0:
        return index
    unknown = _DASHED.fullmatch(lines[above].bare) and not _separator(lines[above], words)
    return above if unknown or is_rule(lines[above]) else index
