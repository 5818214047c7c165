"""What follows the sender's words without being a quote: signatures, programs' own lines."""

from __future__ import annotations

import re

from maild.parse.fold import fold

from .lines import Line, fenced
from .marks import MOST_MARK_LINES, Mark, MarkKind, reply_mark_lines
from .quote_words import Vocabulary

LONGEST_SENT_FROM = 160  # characters
MOST_WORDS = 6  # of an unknown device's name

_LINK = re.compile(r"<[^<>]{0,400}>|\(https?:[^()\s]{0,400}\)|https?://\S{0,400}|[\[\]]")
_ENTRY = re.compile(r"(?:\d{1,2}[.)]|[*\u2022-])\s+\S")
_PAUSE = re.compile(r"[,.;:!?(，。、]\s|[,;!?(，。]")


def find_tails(lines: list[Line], notable: list[int], words: Vocabulary) -> list[Mark]:
    """Signature delimiters, footers, "Sent from …" lines and our own reply marks."""
    if not notable:
        return []
    found = []
    code = fenced(lines, notable)
    for index in notable:
        if lines[index].quoted or index in code:
            continue
        ours = reply_mark_lines([line.bare for line in lines[index : index + MOST_MARK_LINES]])
        if ours:
            found.append(Mark(MarkKind.REPLY_MARK, index, index + ours - 1))
        elif (kind := _kind(lines[index].bare, words)) and not _lists(lines[index + 1 :][:4]):
            found.append(Mark(kind, index, index))
    return found


def _kind(bare: str, words: Vocabulary) -> MarkKind | None:
    if bare == "--":  # RFC 3676 §4.3 has a space behind it, which many programs take away
        return MarkKind.SIGNATURE
    if len(bare) >= 2 and not bare.strip("_"):
        return MarkKind.FOOTER
    if len(bare) <= LONGEST_SENT_FROM and is_sent_from(bare, words):
        return MarkKind.SENT_FROM
    return None


def _lists(below: list[Line]) -> bool:
    """A list begins there: it is what somebody says, not what signs it."""
    first = [line.bare for line in below if line.bare][:2]
    return len(first) == 2 and all(map(_ENTRY.match, first))


def is_sent_from(bare: str, words: Vocabulary) -> bool:
    """A line such as "Sent from my iPhone", and no sentence that begins like one."""
    text = fold(_LINK.sub(" ", bare)).strip("-–—*_() ")
    found = words.sent_from.gap(text)
    if found is None:
        return False
    gap, opened = found
    pause = _PAUSE.search(gap)
    head, tail = (gap[: pause.start()], gap[pause.end() :]) if pause else (gap, "")
    if words.devices.search(head):
        return True
    return opened and not tail.strip(" .") and len(head.split()) <= MOST_WORDS
