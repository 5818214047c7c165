"""Octets of a mail from safe parts: whatever a ticket holds, no header is injected (H74)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache

from maild.model import is_sendable
from maild.templates.escape import plain_line

SUBJECT = 240  # characters
NAME = 100  # characters
LINE = 76  # characters of a line of the head that is folded
KEPT = 2_000  # octets of a line of text whose quoted-printable is kept for the next mail
_LINE_END = re.compile("\r\n|\r|\n")
_ID = re.compile(r"[!-;=?-~]{1,900}")  # a message id as it may stand between < and >
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_PARAMETER = re.compile(r"[A-Za-z0-9._ -]{1,60}")
_HEAD = re.compile(r"(?:(?:[!-9;-~]+:|[ \t]+\S)[^\r\n]*\r\n)*")  # lines of header fields


@dataclass(frozen=True)  # no slots: it is pickled, as its dict
class Part:
    """One body part, ready to be written."""

    headers: tuple[str, ...]  # "Content-Type: text/plain; charset=utf-8", folded
    body: bytes  # encoded, CRLF

    @property
    def is_shown(self) -> bool:
        """Whether the text shows it, by its Content-ID (RFC 2392)."""
        return any(line.startswith("Content-ID:") for line in self.headers)


def text(content: str, subtype: str) -> Part:
    """A text part: short ASCII lines as they are, else quoted-printable (RFC 2045 §6.7)."""
    plain = "\r" not in content
    content = content.replace("\n", "\r\n") if plain else _LINE_END.sub("\r\n", content)
    octets = content.encode("utf-8", "replace")
    kind = f"Content-Type: text/{subtype}; charset=utf-8"
    if content.isascii() and max(map(len, octets.split(b"\r\n"))) <= 900:
        return Part((kind, "Content-Transfer-Encoding: 7bit"), octets)
    encoded = quoted_printable(octets)
    return Part((kind, "Content-Transfer-Encoding: quoted-printable"), encoded)


def quoted_printable(octets: bytes) -> bytes:
    """As `binascii.b2a_qp` writes text whose line ends are CRLF; most lines of our mails are the
    same in each, so each is written once."""
    *lines, last = octets.split(b"\r\n")
    if not lines:
        return binascii.b2a_qp(last, istext=True)
    written = [_kept(line) if len(line) <= KEPT else _quoted(line) for line in lines]
    return b"".join([*written, binascii.b2a_qp(b"\r\n" + last, istext=True)[2:]])


def _quoted(line: bytes) -> bytes:
    return binascii.b2a_qp(line + b"\r\n", istext=True)


_kept = lru_cache(maxsize=1024)(_quoted)


def file(content: bytes, content_type: str, filename: str, content_id: str | None) -> Part:
    """An attachment, or with `content_id` an inline image, in base64."""
    octets = binascii.b2a_base64(content, newline=False)
    lines = b"\r\n".join(octets[i : i + 76] for i in range(0, len(octets), 76))
    shape = "inline" if content_id else "attachment"
    headers = [
        f"Content-Type: {content_type}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {shape};\r\n {_filename(filename)}",
    ]
    if content_id:
        headers.append(f"Content-ID: <{content_id}>")
    return Part(tuple(headers), lines + b"\r\n")


def multipart(subtype: str, parts: Sequence[Part], seed: str) -> Part:
    """Parts in one; the boundary has "=_", which neither quoted-printable nor base64 can write."""
    if len(parts) == 1:
        return parts[0]
    boundary = f"=_{subtype}_{seed[:24]}"
    line = f"--{boundary}".encode("ascii")
    body = b"".join(
        line + b"\r\n" + _head(part.headers) + b"\r\n" + part.body.rstrip(b"\r\n") + b"\r\n"
        for part in parts
    )
    kind = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"'
    if subtype == "related":  # RFC 2387 §3.1
        root = parts[0].headers[0].partition(": ")[2].partition(";")[0]
        kind += f';\r\n type="{root}"'
    return Part((kind,), body + line + b"--\r\n")


BOUNDARY = re.compile(r"=_(?:alternative|related|mixed)_([0-9a-f]{24})")  # as `multipart` writes it


def head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Header fields.  Values come from the functions below or are words of ours."""
    return _head((*(f"{name}: {value}" for name, value in fields), "MIME-Version: 1.0"))


def fields(values: Iterable[tuple[str, str]]) -> bytes:
    """Further header fields, of values as those of `head`."""
    return _head(f"{name}: {value}" for name, value in values)


def message(fields: bytes, body: Part) -> bytes:
    """The whole mail, its `fields` as `head` wrote them."""
    return fields + _head(body.headers) + b"\r\n" + body.body


def _head(lines: Iterable[str]) -> bytes:
    """Every line end is followed by a field's name or by white space, or this raises."""
    head = "".join(f"{line}\r\n" for line in lines)
    if not _HEAD.fullmatch(head):
        raise ValueError("a header line that is none")
    return head.encode("utf-8")  # ASCII, but for an address that is not (RFC 6532 §3.2)


# ---- values of header fields, safe whatever goes in


def unstructured(value: str, name: str, limit: int = SUBJECT) -> str:
    """Words on one line, in encoded words where need be, folded (RFC 2047 §2)."""
    clean = plain_line(value)
    clean = clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"
    is_plain = clean.isascii() and "=?" not in clean
    if is_plain and len(name) + len(": ") + len(clean) <= LINE:
        return clean
    charset = "us-ascii" if is_plain else "utf-8"
    return Header(clean, charset, header_name=name, maxlinelen=LINE).encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """`"Ann Archer" <ann@acme.example>`; the address must be one word (ValueError).

    One with letters beyond ASCII stands as it is, for a relay that knows SMTPUTF8.
    """
    if not is_sendable(address):
        raise ValueError("the address cannot stand in a header")
    clean = plain_line(name)[:NAME].strip()
    if not clean:
        return address
    if _ATEXT.fullmatch(clean) and "=?" not in clean:
        return f"{clean} <{address}>"
    if clean.isascii() and "=?" not in clean:
        quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{Header(clean, 'utf-8', maxlinelen=70).encode(linesep=chr(13) + chr(10))} <{address}>"


def ids(values: Iterable[str]) -> str:
    """`<a@b>\\r\\n <c@d>`; what cannot be a message id is left out."""
    return "\r\n ".join(f"<{value}>" for value in values if _ID.fullmatch(value))


def date(moment: datetime) -> str:
    """`Sat, 21 Nov 2026 09:30:00 +0000`, in its own zone."""
    if moment.tzinfo is UTC:  # whose name takes the library less than its offset
        return format_datetime(moment, usegmt=True).replace("GMT", "+0000")
    return format_datetime(moment)


def _filename(name: str) -> str:
    clean = plain_line(name)[:150] or "file"
    if _PARAMETER.fullmatch(clean):
        return f'filename="{clean}"'
    octets = clean.encode("utf-8", "replace")
    pieces = "".join(
        chr(o) if chr(o).isascii() and chr(o).isalnum() else f"%{o:02X}" for o in octets
    )
    return f"filename*=utf-8''{pieces}"  # RFC 8187
