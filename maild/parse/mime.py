"""The tree of a message: capped before it is parsed, parsed once, walked in one fixed order.

A mail of the usual shape is read here, and gives what a parser would.  Of all others mail-parser's
parse gives the compat32 tree; where mail-parser gives up on a real mail, the
standard library's parse of the same bytes stands in, and a defect says so.
"""

from __future__ import annotations

import email
import logging
import re
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from typing import Any

from maild.errors import MailError
from maild.model import by_name
from maild.parse import skeleton, usual
from maild.parse.headers import decode_value, parameters
from maild.parse.outline import Outline, Stretch, outline
from maild.parse.transfer import decode_transfer
from maild.spool import Mass, Spooled, whole

MAX_SIZE = 128 * 1024 * 1024  # octets of a message
MAX_HEADER = 512 * 1024  # octets of the top header block that are read
MAX_FIELDS = 2_000  # fields of the top header block that are read
MAX_FIELD = 128 * 1024  # octets of one field that are read
MAX_PARTS = 1_000  # parts that are read
_EMPTY = b"\r\n\t \0"  # nothing to read
MAX_DEPTH = 100  # levels of nesting; more is no mail (H61)


@dataclass(slots=True)
class Part:
    """One MIME part of the tree, with what its header says about it."""

    index: int  # depth-first order, 0 the whole message
    parent: Part | None
    message: Message
    fields: dict[str, list[str]] = field(repr=False)  # raw, by name in lower case, topmost first
    content_type: str  # "text/plain", lower case; what a broken field probably meant
    depth: int
    forwarded: bool  # inside an attached message: not ours
    charset: str | None  # label as written
    disposition: str  # "inline", "attachment", or "" where absent
    filename: str  # decoded, not yet safe; "" where absent
    parameters: dict[str, str] = field(repr=False)  # of Content-Type
    outline: Outline | None = field(repr=False)  # of the mail, where it is a large one
    children: list[Part] = field(default_factory=list, repr=False)

    @property
    def main_type(self) -> str:
        return self.content_type.partition("/")[0]

    @property
    def is_container(self) -> bool:
        """Holds other parts and no content of its own."""
        return self.message.is_multipart()

    def raw(self, name: str) -> str:
        """The raw value of the first field of this name; "" where there is none."""
        values = self.fields.get(name.lower())
        return values[0] if values else ""

    @property
    def content_id(self) -> str | None:
        value = decode_value(self.raw("Content-ID")).strip().strip("<>").strip()
        return value[:500] or None

    @property
    def stretch(self) -> Stretch | None:
        """Where the content is in the file of a large mail; None where it is small."""
        payload = self.message._payload  # type: ignore[attr-defined]
        if self.outline is None or not isinstance(payload, str):
            return None
        found = self.outline.stretch(payload)
        return found.decoded(self.transfer_encoding) if found is not None else None

    def octets(self) -> bytes:
        """The decoded content (RFC 2045 §6); of broken encodings what can be had.  Never raises.

        Of what is left in the file of a large mail, the beginning.
        """
        stretch = self.stretch
        if stretch is not None:
            return stretch.beginning()
        payload = self.message._payload  # type: ignore[attr-defined]
        if not isinstance(payload, str):
            return b""
        data = payload.encode("ascii", "surrogateescape") if _is_ascii(payload) else _loose(payload)
        if self.outline is not None:
            data = self.outline.filled(data)
        return decode_transfer(data, self.transfer_encoding)

    @property
    def transfer_encoding(self) -> str:
        value = decode_value(self.raw("Content-Transfer-Encoding")).lower()
        return value.split(";", 1)[0].strip(" \"'.")


def _is_ascii(text: str) -> bool:
    return text.isascii() or all(c < "\x80" or "\udc80" <= c <= "\udcff" for c in text)


def _loose(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def opened(raw: Mass) -> tuple[bytes, list[Part], list[str]]:
    """What is parsed of a mail, its parts, and what was wrong with it.  Raises MailError."""
    drawn = outline(raw) if isinstance(raw, Spooled) else None
    prepared, defects = prepare(drawn.text if drawn is not None else whole(raw))
    if drawn is not None and drawn.is_cut:
        defects.append("only the first parts of a large mail are read")
    return prepared, walk(tree(prepared, defects), drawn), defects


# ---- before the parse


def prepare(raw: bytes) -> tuple[bytes, list[str]]:
    """The bytes that are parsed, and what was cut (H61, H62); deterministic.

    Raises MailError where the message is too large, empty, or nested too deep.
    """
    if len(raw) > MAX_SIZE:
        raise MailError("The message is larger than 128 MB; ask the sender for a smaller one.")
    if not raw[:1_000].strip(_EMPTY) and not raw.strip(_EMPTY):
        raise MailError("The message is empty; there is nothing to read.")
    defects: list[str] = []
    raw = _without_wrapping(raw)
    raw = _cap_header(raw, defects)
    raw = _repair_header(raw, defects)
    raw = _cap_parts(raw, defects)
    return raw, defects


def _without_wrapping(raw: bytes) -> bytes:
    """Without byte order mark, blank lines and the mbox `From ` line before the header."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16", "replace").encode("utf-8", "surrogateescape")
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if b"\n" not in raw[:100_000] and b"\r" in raw:  # an old Mac wrote it
        raw = raw.replace(b"\r", b"\n")
    return raw


def _cap_header(raw: bytes, defects: list[str]) -> bytes:
    blank = _BLANK.search(raw)
    end = blank.start() + 1 if blank else len(raw)
    if end <= MAX_HEADER and raw.count(b"\n", 0, end) <= MAX_FIELDS:
        return raw
    fields = re.split(rb"\n(?![ \t])", raw[: min(end, 64 * MAX_HEADER)])
    kept: list[bytes] = []
    size = 0
    for value in fields[:MAX_FIELDS]:
        value = value[:MAX_FIELD].rstrip(b"\r\n")
        size += len(value)
        if size > MAX_HEADER:
            break
        kept.append(value)
    if len(kept) < len([f for f in fields if f.strip()]) or size > MAX_HEADER:
        defects.append(f"header cut to {len(kept)} fields")
    return b"\n".join(kept) + b"\n" + raw[end:]


_BLANK = re.compile(rb"\n\r?\n")
_ODD_LINE = re.compile(rb"\n(?![!-9;-~]{1,120}:|[ \t]|>?From |\r?(?:\n|\Z))")
_FIELD_LINE = re.compile(rb"[!-9;-~]{1,120}[ \t]*:|[ \t]|From |>From ")
_KNOWN_FIELD = re.compile(
    rb"^(?:from|to|subject|date|received|message-id|content-type|mime-version|return-path)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BROKEN_BOUNDARY = re.compile(rb"boundary\s*=\s*\"[^\"\r\n]*\r?\n")  # in lower case
_FOLDED_BOUNDARY = re.compile(
    rb"(boundary\s*=\s*\"[^\"\r\n]{1,100})\r?\n[ \t]+([^\"\r\n]{1,100}\")", re.IGNORECASE
)
_SPACED_NAME = re.compile(rb"^([!-9;-~]{1,120})[ \t]+:", re.MULTILINE)


def _repair_header(raw: bytes, defects: list[str]) -> bytes:
    """Lines in the header that belong to no field are joined to the field above.

    A parser would take such a line for the end of the header, and what follows for the body.
    """
    blank = _BLANK.search(raw)
    if blank is None:
        return raw
    head, rest = raw[: blank.start() + 1], raw[blank.start() + 1 :]
    may_be_broken = _BROKEN_BOUNDARY.search(head.lower())
    whole = _FOLDED_BOUNDARY.sub(rb"\1 \2", head) if may_be_broken else head
    if whole != head:
        defects.append("boundary broken over two lines")
    elif not _ODD_LINE.search(b"\n" + head):
        return raw
    lines = whole.split(b"\n")
    stray = [i for i, line in enumerate(lines) if line.strip() and not _FIELD_LINE.match(line)]
    if stray and _body_starts(lines, stray[0]):
        return whole + rest  # without a blank line before it
    spaced = [i for i, line in enumerate(lines) if _SPACED_NAME.match(line)]
    if not stray and not spaced:
        return whole + rest
    defects.append("header with lines that belong to no field")
    for index in stray:
        lines[index] = b" " + lines[index]
    for index in spaced:
        lines[index] = _SPACED_NAME.sub(rb"\1:", lines[index])
    if lines[0].startswith(b" "):
        del lines[0]
    return b"\n".join(lines) + rest


def _body_starts(lines: list[bytes], at: int) -> bool:
    """True where a line is no stray line of the header but the first of the body."""
    if at > 0 and lines[at].startswith(b"--"):
        return True
    return not _KNOWN_FIELD.search(b"\n".join(lines[at + 1 :]))


_STRUCTURE = re.compile(
    rb"^--(?P<line>[^\r\n]{1,300})|"
    rb"^content-type:[ \t\r\n]*(?P<kind>multipart|message)/|"
    rb"boundary\s*=\s*(?:\"(?P<quoted>[^\"\r\n]{1,300})\"|(?P<bare>[^\s;\"]{1,300}))",
    re.MULTILINE | re.IGNORECASE,
)


def _cap_parts(raw: bytes, defects: list[str]) -> bytes:
    """Cut after MAX_PARTS delimiters; refuse what is nested deeper than MAX_DEPTH."""
    if raw.count(b"\n--") < MAX_DEPTH:
        nested = len(re.findall(rb"(?im)^content-type:\s*message/", raw)) if _may_nest(raw) else 0
        if nested < MAX_DEPTH:
            return raw
    open_: list[bytes] = []
    declared: set[bytes] = set()
    parts = 0
    for match in _STRUCTURE.finditer(raw):
        name = match["quoted"] or match["bare"]
        if name:
            declared.add(name.rstrip())
            open_.append(name.rstrip())
        elif match["kind"] and match["kind"].lower() == b"message":
            open_.append(b"")
        elif match["line"]:
            parts += _enter(match["line"].rstrip(), open_, declared)
            if parts > MAX_PARTS:
                defects.append(f"only the first {MAX_PARTS} parts are read")
                return raw[: match.start()]
        if len(open_) > MAX_DEPTH:
            raise MailError(
                f"The message is nested deeper than {MAX_DEPTH} levels; no mail program writes so."
            )
    return raw


def _may_nest(raw: bytes) -> bool:
    return b"essage/" in raw or b"ESSAGE/" in raw


def _enter(line: bytes, open_: list[bytes], declared: set[bytes]) -> int:
    """Close what a delimiter line closes; 1 where it opens a part."""
    closing = line.endswith(b"--") and line[:-2] in declared
    name = line[:-2] if closing else line
    if name not in declared:
        return 0
    while open_ and open_[-1] != name:
        open_.pop()
    if closing and open_:
        open_.pop()
    return 0 if closing else 1


# ---- the parse


def tree(raw: bytes, defects: list[str]) -> Message:
    """The compat32 tree of prepared bytes.  Raises MailError where nothing can parse them."""
    plain = usual.tree(raw)
    if plain is not None:
        return plain
    try:
        return by_mail_parser(raw)
    except RecursionError:
        raise MailError("The message is nested too deep to be read.") from None
    except Exception as error:  # mail-parser lets anything through on broken mail
        defects.append(f"mail-parser gave up ({type(error).__name__})")
    try:
        return email.message_from_bytes(raw)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, KeyError) as error:
        raise MailError(
            "The structure of the message cannot be read.", detail=type(error).__name__
        ) from None


def by_mail_parser(raw: bytes) -> Message:
    """mail-parser's guarded parse, without the bodies and dates that it would decode at once."""
    bare, bodies = skeleton.bare(raw)
    message = _lazy_parser().from_bytes(bare).message
    if not isinstance(message, Message):
        raise TypeError("no message")
    skeleton.restore(message, bodies)
    return message


@cache
def _lazy_parser() -> Any:
    import mailparser

    silence("mailparser")

    class Lazy(mailparser.MailParser):  # type: ignore[misc]
        def __init__(self, message: Message) -> None:
            self._message = message

    return Lazy


def silence(name: str) -> None:
    """A library logs nothing: it would log parts of mails."""
    logger = logging.getLogger(name)
    if logger.propagate:
        logger.propagate = False
        logger.addHandler(logging.NullHandler())


def walk(root: Message, drawn: Outline | None = None) -> list[Part]:
    """The parts, depth first, as many as are read; no recursion, so no depth can hurt."""
    parts: list[Part] = []
    stack: list[tuple[Message, Part | None]] = [(root, None)]
    while stack and len(parts) <= MAX_PARTS:
        message, parent = stack.pop()
        part = _part(len(parts), parent, message, drawn)
        parts.append(part)
        if parent is not None:
            parent.children.append(part)
        payload = message.get_payload() if message.is_multipart() else []
        if isinstance(payload, list):
            stack.extend((child, part) for child in reversed(payload) if isinstance(child, Message))
    return parts


def _part(index: int, parent: Part | None, message: Message, drawn: Outline | None) -> Part:
    fields = by_name(message.raw_items())  # `Message.get` turns 8-bit octets into U+FFFD
    raw_type = fields.get("content-type", [""])[0]
    content_type, given = _type(raw_type, parent)
    disposition = fields.get("content-disposition", [""])[0]
    named = parameters(disposition)
    within = parent is not None and (
        parent.forwarded or (parent.main_type == "message" and parent.index > 0)
    )
    return Part(
        index=index,
        parent=parent,
        message=message,
        fields=fields,
        content_type=content_type,
        depth=parent.depth + 1 if parent else 0,
        forwarded=within,
        charset=given.get("charset"),
        disposition=decode_value(disposition).split(";", 1)[0].strip().strip('"').lower()
        if disposition
        else "",
        filename=named.get("filename") or given.get("name") or named.get("name") or "",
        parameters=given,
        outline=drawn,
    )


# As most programs write it, in one line or folded.
_USUAL_TYPE = re.compile(
    r"(\w+/[\w.+-]+)(?:;\s+(charset|boundary)=(?:\"([\w.='()+,/:-]+)\"|([\w.-]+)))?",
    re.IGNORECASE | re.ASCII,
)


def _type(raw: str, parent: Part | None) -> tuple[str, dict[str, str]]:
    """The type that a field says, and its parameters."""
    usual = _USUAL_TYPE.fullmatch(raw)
    if usual is None:
        return _content_type(raw, parent), parameters(raw)
    name = usual[2]
    return usual[1].lower(), {name.lower(): usual[3] or usual[4]} if name else {}


_TYPE = re.compile(r"\s*\"?([\w.+-]+)\s*/\s*([\w.+-]+)")


def _content_type(raw: object, parent: Part | None) -> str:
    """The type a broken field probably meant (RFC 2045 §5.2: text/plain where unreadable)."""
    match = _TYPE.match(decode_value(raw))
    if match:
        return f"{match[1]}/{match[2]}".lower()
    if ("name" in parameters(raw)) and not decode_value(raw).lower().startswith("text"):
        return "application/octet-stream"
    word = decode_value(raw).split(";", 1)[0].strip(" \"'").lower()
    if word in ("html", "text/html"):
        return "text/html"
    if parent is not None and parent.content_type == "multipart/digest":
        return "message/rfc822"
    return "text/plain"
