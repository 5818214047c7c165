"""The places of a body where something other than the sender's words begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# What stands between the two is in the reader's language; templates write the whole line on top
# of every notification, and whatever follows it in an answer is our own text come back.
REPLY_MARK_OPEN = "##-"
REPLY_MARK_CLOSE = "-##"

MOST_MARK_LINES = 3  # that a program wraps our line over
_NOISE = re.compile(r"[\s\\*_>|\u00ad\u200b-\u200f\u2060\ufeff]+")  # of Markdown, wrapping, escapes
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")

LONGEST_SIGNATURE = 15  # written lines; what is longer may be the sender's text under a rule


def reply_mark(words: str) -> str:
    """The line above which people shall write, for outbound templates."""
    return f"{REPLY_MARK_OPEN} {words} {REPLY_MARK_CLOSE}"


def reply_mark_lines(texts: Sequence[str]) -> int:
    """How many of the first lines our mark takes, in any language and however a program wrote it
    out; 0 where it does not begin in the first."""
    if not texts or "#" not in texts[0]:
        return 0
    seen = ""
    for count, text in enumerate(texts[:MOST_MARK_LINES], start=1):
        seen += _DASHES.sub("-", _NOISE.sub("", text.replace("&#35;", "#")))
        begin = seen.find(REPLY_MARK_OPEN)
        if begin >= 0 and REPLY_MARK_CLOSE in seen[begin + len(REPLY_MARK_OPEN) :]:
            return count
        if count == 1 and begin < 0:  # a Markdown heading has lost its two signs
            return int(seen.startswith("-") and seen.endswith(REPLY_MARK_CLOSE))
    return 0


class MarkKind(StrEnum):
    """What a mark introduces; the value is what an explanation calls it."""

    ATTRIBUTION = "attribution line"
    HEADERS = "header block of a quoted message"
    ORIGINAL = "original-message separator"
    FORWARDED = "forwarded message"
    SIGNATURE = "signature"
    FOOTER = "mailing-list footer"
    SENT_FROM = "mail program's own line"
    REPLY_MARK = "reply-above mark"
    ELEMENT = "start of the quoted message in HTML"

    @property
    def introduces_quote(self) -> bool:
        return self in _INTRODUCING


_INTRODUCING = frozenset(
    (MarkKind.ATTRIBUTION, MarkKind.HEADERS, MarkKind.ORIGINAL, MarkKind.ELEMENT)
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Lines that are not the sender's, and what they are."""

    kind: MarkKind
    first: int  # index of the first line
    last: int  # index of the last line, inclusive
    column: int = 0  # where in the first line it begins; the text before is the sender's
    sure: bool = True  # False: only believed where a quoted line follows
    element: str = ""  # the HTML element that says so
