"""A message without the bodies of its parts, which a parser would only take apart and join again.

The standard library's parser tries every line of every body as a delimiter.  Only lines that begin
with two dashes can be one (RFC 2046 §5.1.1): what stands between those goes round the parser, and
a large file costs next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

SMALL = 4_000  # octets of a message that a parser reads as fast as we look for its bodies
LEAST = 200  # octets of a body that are worth the way round

_BLANK = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"(?:\A|\n)content-type:[ \t]*([a-z]+)/")
_LEAVES = frozenset((b"text", b"image", b"audio", b"video", b"application"))
_MARK = re.compile("\0([0-9]+)\0")


def bare(raw: bytes) -> tuple[bytes, list[bytes]]:
    """The message with marks instead of bodies, and the bodies; `restore` puts them back.

    A body is left where it stands if anything in it could be read as structure: inside attached
    messages, and where a line may end in more ways than the usual two.
    """
    if len(raw) < SMALL:
        return raw, []
    lower = raw.lower()
    if b"\0" in raw or b"message/" in lower or b"/digest" in lower:
        return raw, []
    if raw.count(b"\r") != raw.count(b"\r\n"):
        return raw, []
    pieces: list[bytes] = []
    bodies: list[bytes] = []
    at = 0
    for start, end in _bodies(lower):
        pieces += (raw[at:start], b"\0%d\0" % len(bodies))
        bodies.append(raw[start:end])
        at = end
    pieces.append(raw[at:])
    return b"".join(pieces), bodies


def _bodies(lower: bytes) -> Iterator[tuple[int, int]]:
    """Where bodies begin and end, the last end of line left out: it belongs to the delimiter."""
    begin = 0
    while begin < len(lower):
        dashes = lower.find(b"\n--", max(begin - 1, 0))
        until = len(lower) if dashes < 0 else dashes + 1
        blank = _BLANK.search(lower, begin, until)
        if blank and until - blank.end() > LEAST and _is_leaf(lower[begin : blank.start()]):
            end = until - lower.endswith(b"\n", begin, until)
            yield blank.end(), end - lower.endswith(b"\r", begin, end)
        begin = lower.find(b"\n", until) + 1 or len(lower)


def _is_leaf(head: bytes) -> bool:
    """Does this header, in lower case, say that what follows has no parts?"""
    field = _FIELD.search(head)
    return field is not None and field[1] in _LEAVES and b"multipart/" not in head


def restore(root: Message, bodies: list[bytes]) -> None:
    """Puts the bodies back where their marks are."""

    def body(mark: re.Match[str]) -> str:
        return bodies[int(mark[1])].decode("ascii", "surrogateescape")

    stack: list[object] = [root] if bodies else []
    while stack:
        message = stack.pop()
        for name in ("_payload", "preamble", "epilogue"):
            value = getattr(message, name)
            if isinstance(value, list):
                stack += value
            elif value and "\0" in value:
                setattr(message, name, _MARK.sub(body, value))
