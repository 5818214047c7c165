"""A large mail without its large bodies: what a parser reads of it, and where those bodies are.

Its headers, its delimiters and its small bodies are put together to a message that fits into
memory; a mark stands for each body that stays in the file (`maild/spool.py`).  What such a part
holds is read from there, a block at a time.  Memory and time are bounded, whatever the mail is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from maild.parse.transfer import BASE64, before_epilogue, decoded_blocks
from maild.spool import BLOCK, Spooled, digest

LARGE = 16_384  # octets of a body from which on it stays in the file
MOST = 16_000_000  # octets of an outline
MOST_PARTS = 2_000  # delimiters; the reader reads fewer parts
MOST_BOUNDARIES = 100  # that are looked for
BEGINNING = 8_000_000  # octets of a text that are read
_HEAD = 512 * 1024  # octets within which a header ends
_FEW = 16_384  # octets within which it mostly does
_LINE = 400  # octets of a delimiter with all that may follow it
_TAIL = 65_536  # octets at the end of base64 in which words may follow it

_BLANK = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(
    rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,300})\"|([^\s;\"]{1,300}))", re.IGNORECASE
)
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_NESTED = re.compile(
    rb"^content-type:[ \t]*message/(rfc822|global\b(?!-)|news|partial)?",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A body that stays in the file: from where to where."""

    mail: Spooled = field(repr=False)
    start: int
    end: int
    encoding: str = ""  # its Content-Transfer-Encoding; "": as it is

    def decoded(self, encoding: str) -> Stretch:
        """The content under this encoding (RFC 2045 §6)."""
        return Stretch(self.mail, self.start, self.end, encoding)

    def blocks(self) -> Iterator[bytes]:
        """Its octets, a block at a time."""
        end = self.end
        if self.encoding in BASE64:
            tail = self.mail[max(self.start, end - _TAIL) : end].lstrip()
            end -= len(tail) - len(before_epilogue(tail))
        return decoded_blocks(self.mail.blocks(self.start, end), self.encoding)

    def beginning(self) -> bytes:
        """The first octets of it, decoded: as many as are read of a text."""
        end = min(self.end, self.start + BEGINNING)
        return b"".join(decoded_blocks(self.mail.blocks(self.start, end), self.encoding))


@dataclass(frozen=True, slots=True)
class Outline:
    """What is parsed, and what its marks stand for."""

    text: bytes
    mark: bytes  # how a mark begins: no mail can hold its own hash
    stretches: tuple[Stretch, ...]
    is_cut: bool  # it went on, beyond what is read

    def stretch(self, payload: str) -> Stretch | None:
        """What a body that is nothing but a mark stands for."""
        if len(payload) > len(self.mark) + 12:
            return None
        found = re.fullmatch(re.escape(self.mark.decode()) + r"(\d{1,9})=\s*", payload)
        return self.stretches[int(found[1])] if found else None

    def filled(self, source: bytes) -> bytes:
        """A part of the outline with its bodies, as far as a text is read."""
        if self.mark not in source:
            return source
        found = bytearray()
        for piece in self.pieces(source):
            found += piece
            if len(found) >= BEGINNING:
                break
        return bytes(found[:BEGINNING])

    def pieces(self, source: bytes) -> Iterator[bytes]:
        """A part of the outline as it is in the mail."""
        split = re.split(re.escape(self.mark) + rb"(\d{1,9})=", source)
        for number, piece in enumerate(split):
            if number % 2:
                yield from self.stretches[int(piece)].blocks()
            else:
                yield piece


@dataclass(frozen=True, slots=True)
class Source:
    """An attached message that holds large bodies."""

    outline: Outline = field(repr=False)
    text: bytes = field(repr=False)

    def blocks(self) -> Iterator[bytes]:
        """Its octets, a block at a time."""
        return self.outline.pieces(self.text)


def outline(mail: Spooled) -> Outline | None:
    """The outline of a large mail; None where its first lines are none of a mail's."""
    head = mail[:100_000]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\n" not in head:
        return None
    return _Walk(Spooled(mail.path, len(mail))).outline()  # what is read of it keeps no file


class _Walk:
    """One way through the file, from delimiter to delimiter."""

    def __init__(self, mail: Spooled) -> None:
        self._mail = mail
        self._mark = b"=maild-%s-" % digest(mail).encode()
        self._text = bytearray()
        self._stretches: list[Stretch] = []
        self._declared: set[bytes] = set()
        self._line = re.compile(rb"\Z.")  # that delimits
        self._blocks = False  # the body that comes is made of headers (RFC 3464 §2.1)

    def outline(self) -> Outline:
        start = self._mail[:_LINE]
        at = len(start) - len(start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
        parts, closed = 0, False
        while at < len(self._mail) and parts <= MOST_PARTS and len(self._text) < MOST:
            body = at if closed else self._head(at)
            delimiter = self._delimiter(body)
            begin, after, closed = delimiter or (len(self._mail), len(self._mail), False)
            self._body(body, begin, _HEAD if self._blocks else LARGE)
            self._text += self._mail[begin:after]
            at = after
            parts += 1
        rest = at < len(self._mail)
        return Outline(bytes(self._text), self._mark, tuple(self._stretches), rest)

    def _head(self, at: int) -> int:
        """Copies the header that begins here, and that of an attached message below it; where the
        body begins."""
        self._blocks = False
        while True:
            blank = re.match(rb"\r?\n", self._mail[at : at + 2])
            if blank is not None:
                self._text += blank[0]
                return at + blank.end()
            head = self._mail[at : at + _FEW]
            found = _BLANK.search(head)
            if found is None:
                head = self._mail[at : at + _HEAD]
                found = _BLANK.search(head)
            if found is None and at:
                return at
            head = head[: found.end()] if found is not None else head
            self._text += head
            at += len(head)
            names = _BOUNDARY.findall(_FOLDED.sub(b" ", head))
            self._declare({(quoted or bare).rstrip() for quoted, bare in names})
            nested = _NESTED.search(head)
            self._blocks = nested is not None and not nested[1]
            if nested is None or self._blocks or len(self._text) > MOST:
                break
        return at

    def _declare(self, names: set[bytes]) -> None:
        if names <= self._declared or len(self._declared) > MOST_BOUNDARIES:
            return
        self._declared |= names
        longest_first = sorted(self._declared, key=len, reverse=True)
        self._line = re.compile(
            rb"\n--(?:%s)(--)?[ \t]*(?:\r?\n|\r?\Z)" % b"|".join(map(re.escape, longest_first))
        )

    def _delimiter(self, at: int) -> tuple[int, int, bool] | None:
        """The next line that is a delimiter we know of: where it begins and ends, and whether it
        closes (RFC 2046 §5.1.1)."""
        at, step = max(at - 1, 0), _FEW
        while self._declared and at < len(self._mail):
            data = self._mail[at : at + step + _LINE]
            found = self._line.search(data)
            if found is not None and found.start() < step:
                return at + found.start() + 1, at + found.end(), found[1] is not None
            at, step = at + step, BLOCK
        return None

    def _body(self, begin: int, end: int, large: int) -> None:
        """Copies a body, or a mark for it, and the end of line that belongs to the delimiter."""
        if end - begin <= large:
            self._text += self._mail[begin:end]
            return
        last = self._mail[end - 2 : end] if end < len(self._mail) else b""
        inner = end - (2 if last == b"\r\n" else 1 if last.endswith(b"\n") else 0)
        self._text += self._mark + b"%d=" % len(self._stretches)
        self._stretches.append(Stretch(self._mail, begin, inner))
        self._text += self._mail[inner:end]
