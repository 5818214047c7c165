"""The tree of a mail of the usual shape, without trying each of its lines as what it might be.

Fields and their continuations, an empty line, a body; or parts between lines of a boundary, each
of that shape.  Of anything else, however slightly odd, the standard library's parser decides.
"""

from __future__ import annotations

import re
from email.message import Message

MAX_DEPTH = 10  # of parts in parts

_BLANK = re.compile(r"\n\r?\n")
_ODD_LINE = re.compile(r"\n(?![!-9;-~]+:|[ \t])")
_FIELDS = re.compile(r"^([!-9;-~]+):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_LEAF = re.compile(r"(?:text|image|audio|video|application)/[\w.+-]+\s*(?:;|\Z)", re.I | re.A)
_PARTED = re.compile(
    r"multipart/(?:alternative|mixed|related|signed)\s*;\s*boundary=\"([\w.='()+,/:?-]{1,100})\"",
    re.IGNORECASE | re.ASCII,
)
_BARE = frozenset(("7bit", "8bit", "binary"))  # encodings that a body of parts may have


def tree(raw: bytes) -> Message | None:
    """What the standard library's quick parser gives; None where only that can tell."""
    if b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    text = raw.decode("ascii", "surrogateescape")
    return _message(text, 0, len(text), 0)


def _message(text: str, begin: int, end: int, depth: int) -> Message | None:
    """The message or part that stands there."""
    blank = _BLANK.search(text, begin, end)
    if blank is None or depth > MAX_DEPTH:
        return None
    head = text[begin : blank.start()]
    if head[:1] in ("", " ", "\t", "\r", "\n") or _ODD_LINE.search("\n" + head):
        return None
    message = Message()
    fields = [(name, value.rstrip("\r\n")) for name, value in _FIELDS.findall(head)]
    message._headers = fields  # type: ignore[attr-defined]
    content_type = _first(fields, "content-type", "")
    if not content_type or _LEAF.match(content_type):
        message._payload = text[blank.end() : end]  # type: ignore[attr-defined]
        return message
    parted = _PARTED.fullmatch(content_type)
    if parted is None or _first(fields, "content-transfer-encoding", "8bit").lower() not in _BARE:
        return None
    return _with_parts(message, text, blank.end(), end, parted[1], depth)


def _first(fields: list[tuple[str, str]], wanted: str, otherwise: str) -> str:
    return next((value for name, value in fields if name.lower() == wanted), otherwise)


def _with_parts(
    message: Message, text: str, begin: int, end: int, boundary: str, depth: int
) -> Message | None:
    """The message with its parts, of which every line of the boundary must be plain."""
    line = f"\n--{boundary}"
    at = text.find(line, begin - 1, end)
    if at >= begin:
        message.preamble = text[begin:at].removesuffix("\r")
    parts: list[Message] = []
    while at >= 0:
        below = text.find("\n", at + len(line), end) + 1 or end
        said = text[at + len(line) : below].rstrip("\r\n")
        if said == "--":
            message._payload = parts  # type: ignore[attr-defined]
            message.epilogue = text[below:end]
            return message if parts else None
        at = text.find(line, below - 1, end)
        part = _message(text, below, at + 1, depth + 1) if at >= below and not said else None
        if part is None:
            return None
        _give_back_line_end(part)
        parts.append(part)
    return None


def _give_back_line_end(part: Message) -> None:
    """The end of line above a boundary belongs to it (RFC 2046 §5.1.1)."""
    payload = part._payload  # type: ignore[attr-defined]
    if isinstance(payload, str):
        part._payload = _without_line_end(payload)  # type: ignore[attr-defined]
    else:
        part.epilogue = _without_line_end(part.epilogue) if part.epilogue else None


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
