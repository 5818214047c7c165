"""The message that a mail forwards: whose it is, its words, and the remark above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from maild.model import Address, Forwarded
from maild.parse import body as bodies
from maild.parse import mime, prefixes
from maild.parse.fold import fold
from maild.parse.headers import parse_addresses
from maild.parse.mime import Part
from maild.parse.newtext.attribution import weigh
from maild.parse.newtext.header_blocks import field_label, find_headers, find_separators
from maild.parse.newtext.lines import Examined, Line, find_notable, next_written, read_lines
from maild.parse.newtext.marks import Mark, MarkKind, reply_mark_lines
from maild.parse.newtext.quote_words import Vocabulary, vocabulary

_END = re.compile(r"-{4,} ?[^-]{3,60}-{4,}")  # "---- End of forwarded message ----"
_MAILBOX = re.compile(r"(?:\"[^\"]{0,200}\" ?)?<[^<>]{1,300}>")


def find(subject: str, body: Examined, new_text: str, parts: Sequence[Part]) -> Forwarded | None:
    """What the mail forwards, in its text or attached; None where it forwards nothing.

    Its subject says so, or a line such as "---- Forwarded message ----" above everything quoted.
    """
    says_so = prefixes.is_forward(subject, body.text)
    if not says_so and prefixes.is_answer(subject):
        return None
    inline = _in_text(body, says_so)
    return inline or (_attached(new_text, parts) if says_so else None)


# ---- in the text


def _in_text(body: Examined, says_so: bool) -> Forwarded | None:
    words, lines = vocabulary(), body.lines
    begin = _begin(body, words, says_so)
    if begin is None:
        return None
    remark = "\n".join(line.raw for line in lines[: begin.first]).strip()
    if any(reply_mark_lines([line.bare]) for line in lines[: begin.first]):
        return None
    after = begin.first if begin.kind is MarkKind.HEADERS else begin.last + 1
    below = list(_without_one_mark(lines[after:]))
    sender, end = _header(below, words)
    message = "\n".join([line.raw for line in below[end:]] + ([body.rest] if body.rest else []))
    return Forwarded(sender=sender, remark=remark, words=_without_end(message.strip()))


def _without_end(words: str) -> str:
    """The words without the line that programs draw below them."""
    above, _, last = words.rpartition("\n")
    return above.rstrip() if _END.fullmatch(last) else words


def _begin(body: Examined, words: Vocabulary, says_so: bool) -> Mark | None:
    """The first line that introduces another's message; if nothing else says so, it must."""
    marks = find_separators(body.lines, body.notable, words)
    if not says_so and not any(mark.kind is MarkKind.FORWARDED for mark in marks):
        return None
    marks += find_headers(body.lines, body.notable, words)
    begin = min(marks, key=lambda mark: mark.first, default=None)
    return begin if begin and (says_so or begin.kind is MarkKind.FORWARDED) else None


def _without_one_mark(lines: list[Line]) -> Iterator[Line]:
    """The lines without the quote mark that Apple's programs put before each of them."""
    marked = all(line.quoted or line.blank for line in lines)
    for line in lines:
        raw = line.raw.lstrip()
        yield from read_lines(raw[1:].removeprefix(" ") if marked and raw[:1] == ">" else line.raw)[
            0
        ]


def _header(lines: list[Line], words: Vocabulary) -> tuple[Address | None, int]:
    """The sender that the header block on top names, and where the block ends."""
    first = next_written(lines, 0)
    blocks = find_headers(lines, find_notable(lines, words.notable), words)
    if first is None:
        return None, 0
    if not blocks or blocks[0].first > first:
        return _introduced(lines[first].bare, first, words)
    for line in lines[blocks[0].first : blocks[0].last + 1]:
        if field_label(line, words) == "from":
            value = line.bare.replace("：", ":").replace("|", " ").partition(":")[2]
            return _one(value.strip(" *_")), blocks[0].last + 1
    return None, blocks[0].last + 1


def _introduced(line: str, index: int, words: Vocabulary) -> tuple[Address | None, int]:
    """The sender whom a line such as "02.11.2026, 09:14, "Ann" <address>:" names instead."""
    evidence = weigh(fold(line), words)
    if evidence is None or not (evidence.closed and evidence.opens and evidence.address):
        return None, 0
    found = _MAILBOX.findall(line)
    return (_one(found[0]), index + 1) if len(found) == 1 else (None, 0)


# ---- attached


def _attached(remark: str, parts: Sequence[Part]) -> Forwarded | None:
    """The one attached message, if it is one."""
    enclosed = [
        part
        for part in parts
        if part.parent is not None
        and part.parent.content_type in ("message/rfc822", "message/global")
        and not part.parent.forwarded
    ]
    if len(enclosed) != 1:
        return None
    text = bodies.read(mime.walk(enclosed[0].message, enclosed[0].outline)).text
    return Forwarded(_one(enclosed[0].raw("From")), remark.strip(), text.strip())


def _one(value: str) -> Address | None:
    found = [address for address in parse_addresses(value) if "@" in address.address.strip("@")]
    return found[0] if len(found) == 1 else None
