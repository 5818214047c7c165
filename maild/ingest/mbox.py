"""The messages of an mbox, of each of its four kinds.

All begin a message with a line `From sender date`.  They differ in how a body that holds such a
line is kept: mboxo writes `>From `, mboxrd one `>` more before any such line, mboxcl counts the
octets of the body (Content-Length) besides, and mboxcl2 counts and leaves the line as it is.
RFC 4155 has the format's outline only.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 1 << 20  # octets that are read at once: a line may be endless
LARGEST = 256 * 1024 * 1024  # octets of one message; the rest of it is skipped

_SEPARATOR = re.compile(  # sender, then a date as asctime or a mail writes it
    rb"From [^\r\n]{0,500}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ ]{1,2}"
    rb"(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ ][^\r\n]{0,60}\d"
)
_FIELD = re.compile(rb"[!-9;-~]{1,120}[ \t]*:")
_QUOTED = re.compile(rb">+From ")
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t\r]*\n", re.IGNORECASE)
_BLANK = (b"\n", b"\r\n")


def starts_mbox(line: bytes) -> bool:
    """Whether a file that begins with this line is an mbox; programs vary in how they write it."""
    return line.startswith(b"From ") and any(c in b"0123456789" for c in line[:600])


def messages(stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    """Each message without its separator, lines that were quoted for it as they were.

    `first`: the separator that was read already.
    """
    lines = _Lines(stream, loose=_SEPARATOR.match(first) is None)
    while True:
        yield b"".join(lines.message())
        if lines.ended:
            return


class _Lines:
    """The lines of an mbox, with a look ahead as far as one body."""

    def __init__(self, stream: BinaryIO, *, loose: bool) -> None:
        self._stream = stream
        self._ahead: deque[bytes] = deque()
        self._loose = loose  # its separators have no date that we know
        self._lengths = True  # Content-Length has been right so far
        self.ended = False

    def message(self) -> list[bytes]:
        """The lines of the next message; its end, and the separator behind it, are read."""
        head = self._head()
        length = next((int(m[1]) for m in map(_LENGTH.match, head) if m), None)
        counted = self._counted(length) if length and self._lengths else None
        if counted is None:
            return self._until_separator(head)
        if not any(line.startswith(b"From ") for line in counted):  # mboxcl; else mboxcl2
            counted = [_unquoted(line) for line in counted]
        return self._until_separator(head + counted, blank=True)

    def _head(self) -> list[bytes]:
        found: list[bytes] = []
        while line := self._next():
            if self._separates(line, blank=False):
                self._ahead.appendleft(line)
                break
            found.append(line)
            if line in _BLANK or len(found) > 10_000:
                break
        return found

    def _counted(self, length: int) -> list[bytes] | None:
        """The body of that many octets; None, and all is as before, where no end is there."""
        found: list[bytes] = []
        left = length
        while left > 0 and length <= LARGEST and (line := self._next()):
            found.append(line)
            left -= len(line)
        tail: list[bytes] = []
        while left == 0 and (line := self._next()):
            tail.append(line)
            if line not in _BLANK:
                break
        self._ahead.extendleft(reversed(tail))
        if left == 0 and (not tail or tail[-1] in _BLANK or tail[-1].startswith(b"From ")):
            return found
        self._lengths = False
        self._ahead.extendleft(reversed(found))
        return None

    def _until_separator(self, found: list[bytes], *, blank: bool = False) -> list[bytes]:
        size = sum(map(len, found))
        blank = blank or not found or found[-1] in _BLANK
        while line := self._next():
            if self._separates(line, blank=blank):
                return found
            blank = line in _BLANK
            size += len(line)
            if size <= LARGEST:
                found.append(_unquoted(line))
        self.ended = True
        return found

    def _separates(self, line: bytes, *, blank: bool) -> bool:
        """A line `From sender date` behind a blank one; without that, before a field."""
        if not line.startswith(b"From "):
            return False
        dated = _SEPARATOR.match(line) is not None
        if blank and dated:
            return True
        return (dated or (blank and self._loose and starts_mbox(line))) and self._field_follows()

    def _field_follows(self) -> bool:
        line = self._next()
        if line:
            self._ahead.appendleft(line)
        return _FIELD.match(line) is not None

    def _next(self) -> bytes:
        return self._ahead.popleft() if self._ahead else self._stream.readline(LONGEST_LINE)


def _unquoted(line: bytes) -> bytes:
    return line[1:] if line.startswith(b">") and _QUOTED.match(line) else line
