"""What follows the sender's words without being a quote: signatures, programs' own lines."""

from __future__ import annotations

import re

from .languages import Vocabulary, fold
from .lines import Line, next_written
from .marks import REPLY_MARK_CLOSE, REPLY_MARK_OPEN, Mark, MarkKind

LONGEST_SENT_FROM = 160  # characters
_LINK = re.compile(r"<[^<>]{0,400}>|\(https?:[^()\s]{0,400}\)|https?://\S{0,400}|[\[\]]")
_PAUSE = re.compile(r"[,.;:!?(，。、]\s|[,;!?(，。]")


def find_tails(lines: list[Line], words: Vocabulary) -> list[Mark]:
    """Signature delimiters, footers, "Sent from …" lines and our own reply marks."""
    found = []
    for index, line in enumerate(lines):
        kind = None if line.blank or line.quoted else _kind(lines, index, words)
        if kind:
            found.append(Mark(kind, index, index))
    return found


def _kind(lines: list[Line], index: int, words: Vocabulary) -> MarkKind | None:
    bare = lines[index].bare
    if bare == "--":  # RFC 3676 §4.3 has a space behind it, which many programs take away
        return MarkKind.SIGNATURE
    if len(bare) >= 2 and not bare.strip("_"):
        return MarkKind.FOOTER
    if REPLY_MARK_OPEN in bare and REPLY_MARK_CLOSE in bare[bare.find(REPLY_MARK_OPEN) + 2 :]:
        return MarkKind.REPLY_MARK
    if len(bare) <= LONGEST_SENT_FROM and is_sent_from(bare, words):
        return MarkKind.SENT_FROM
    return None


def is_sent_from(bare: str, words: Vocabulary) -> bool:
    """A line such as "Sent from my iPhone", and no sentence that begins like one."""
    text = fold(_LINK.sub(" ", bare)).strip("-–—*_() ")
    match = words.sent_from.fullmatch(text)
    if not match:
        return False
    gap = match[match.lastindex or 0] if match.lastindex else ""
    head, _, tail = _split_pause(gap)
    if words.devices.search(head):
        return True
    return not tail.strip(" .") and len(head.split()) <= 6 and match.start(match.lastindex or 0) > 0


def _split_pause(text: str) -> tuple[str, str, str]:
    pause = _PAUSE.search(text)
    return (text[: pause.start()], pause[0], text[pause.end() :]) if pause else (text, "", "")


def signature_end(lines: list[Line], start: int, stops: set[int]) -> int:
    """The index behind the signature that begins with line `start`."""
    index = start + 1
    while index < len(lines) and index not in stops and not lines[index].quoted:
        index += 1
    return index


def only_tail_follows(lines: list[Line], index: int, marks: set[int]) -> bool:
    """Is there nothing more of the sender's behind this line?"""
    follower = next_written(lines, index + 1)
    return follower is None or follower in marks or lines[follower].quoted
