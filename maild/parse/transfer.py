"""Octets under a Content-Transfer-Encoding (RFC 2045 §6): of a whole, and a block at a time."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator

from maild.parse.headers import base64_run, decode_base64, only_base64

BASE64 = frozenset(("base64", "b", "base-64", "base64encoded"))
QUOTED_PRINTABLE = frozenset(("quoted-printable", "q", "qp", "quotedprintable", "quoted_printable"))
UUENCODED = frozenset(("x-uuencode", "uuencode", "uue", "x-uue"))


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Octets under a Content-Transfer-Encoding; unknown ones are taken as they are."""
    if encoding in BASE64:
        return decode_base64(before_epilogue(data))
    if encoding in QUOTED_PRINTABLE:
        return quopri.decodestring(data)
    if encoding in UUENCODED:
        return uudecode(data) or data
    return data


def before_epilogue(data: bytes) -> bytes:
    """Base64 without the words that some list servers append in clear (a blank line, then text)."""
    stripped = data.strip()
    blank = re.search(rb"\n[ \t]*\r?\n", stripped)
    if blank is None:
        return data
    rest = stripped[blank.end() :]
    if re.search(rb"[^A-Za-z0-9+/=\r\n \t]|[A-Za-z]+ [A-Za-z]+", rest):
        return stripped[: blank.start()]
    return data


_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} (?P<name>[^\r\n]+)\r?\n", re.MULTILINE)


def uudecode(data: bytes) -> bytes | None:
    """Octets of the first uuencoded file in `data`; None where there is none."""
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return None
    return decode_uu_lines(data[begin.end() :].split(b"\n"))


def decode_uu_lines(lines: list[bytes]) -> bytes:
    """Octets of uuencoded lines, up to `end`."""
    out = []
    for line in lines:
        line = line.rstrip(b"\r")
        if line.strip() == b"end":
            break
        if not line:
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                continue
    return b"".join(out)


# ---- a block at a time


def decoded_blocks(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """What `decode_transfer` makes of the whole, words behind the end of base64 left aside."""
    if encoding in BASE64:
        return _base64_blocks(blocks)
    if encoding in QUOTED_PRINTABLE:
        return map(quopri.decodestring, _lines_together(blocks))
    if encoding in UUENCODED:
        return iter((decode_transfer(b"".join(blocks), encoding),))
    return iter(blocks)


def _base64_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    run = b""  # characters that are not decoded yet: less than four, but for padding
    for block in blocks:
        *ended, run = re.split(rb"=+", run + only_base64(block))
        yield from map(base64_run, ended)
        whole = len(run) - len(run) % 4
        yield base64_run(run[:whole])
        run = run[whole:]
    yield base64_run(run)


def _lines_together(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same octets, cut where a line or at least no encoded octet is."""
    left = b""
    for block in blocks:
        left += block
        end = left.rfind(b"\n") + 1
        if not end and len(left) > MOST_LINE:
            end = len(left)
            end = max(left.rfind(b"=", end - 2), 0) or end
        yield left[:end]
        left = left[end:]
    yield left


MOST_LINE = 4_000_000  # octets of one line that wait for its end
