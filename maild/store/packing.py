"""How octets and long texts are kept: compressed where that makes them fewer, files as what they
are and not in base64.

A value of octets begins with a mark; what has none was written before there were any.
"""

from __future__ import annotations

import binascii
import string
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from maild import octets as outside
from maild.errors import MaildError
from maild.octets import fetch, put_away
from maild.spool import Mass, Spooled, gathered
from maild.store import preset

LONG = 300  # characters from which on a text may be kept as octets


def shorter(text: str | None, known: str | None = None) -> str | bytes | None:
    """The text, or fewer octets of zlib (RFC 1950) that hold it."""
    if text is None or len(text) < LONG:
        return text
    small = _deflated(text.encode(), known)
    return small if len(small) < len(text) else text


def restored(kept: str | bytes | None) -> str | None:
    """What was given to `shorter`."""
    return _inflated(kept).decode() if isinstance(kept, bytes) else kept


PLAIN, DEFLATED = b"\x00maild0", b"\x00maild1"  # a mail cannot begin with NUL and be one
OUTSIDE = b"\x00maild2"  # then the name under which they are kept elsewhere (`maild/octets.py`)
PIECES = b"\x00maild3"  # then such names, one a line: each holds the next piece of a large mail
PIECE = 4_000_000  # octets of one
FILES = b"\x00maild4"  # then a mail whose files are kept beside it (`_apart`)


class Kept(bytes):
    """What `pack` gave, where that is done before a transaction begins: it is written as it is."""


def pack(octets: Mass, known: str | None = None) -> bytes:
    """The octets as the database keeps them; `known`: the dictionary of what they may repeat."""
    if isinstance(octets, Kept):
        return octets
    if isinstance(octets, Spooled):
        return _packed_large(octets)
    files = list(_files_in(octets))
    kept = _apart(octets, files, known) if files else _packed(octets, known)
    name = put_away(kept)
    return kept if name is None else OUTSIDE + name.encode()


def for_mail(octets: Mass) -> Kept:
    """A mail as the column of mails keeps it."""
    return Kept(pack(octets, preset.MAIL))


def _packed(octets: bytes, known: str | None = None) -> bytes:
    small = _deflated(octets, known)
    return DEFLATED + small if len(small) < len(octets) else PLAIN + octets


def _packed_large(octets: Spooled) -> bytes:
    there = outside.place_of_large()
    if there is None:
        stream = zlib.compressobj(1)
        packed = bytearray(DEFLATED)
        for block in octets.blocks():
            packed += stream.compress(block)
        return bytes(packed + stream.flush())
    names = []
    for start in range(0, len(octets), PIECE):
        piece = octets[start : start + PIECE]
        small = _deflated(piece)
        names.append(outside.put(there, DEFLATED + small))
    return PIECES + "\n".join(names).encode()


def names_in(kept: bytes) -> list[str]:
    """Under which names what the database keeps is kept outside."""
    mark, rest = bytes(kept[: len(PLAIN)]), kept[len(PLAIN) :]
    return bytes(rest).decode("ascii", "replace").split("\n") if mark in (OUTSIDE, PIECES) else []


def unpack(kept: bytes) -> Mass:
    """What was given to `pack`; MaildError where the database has not all of it, or more."""
    try:
        return _unpacked(kept)
    except (ValueError, TypeError) as error:  # numbers or names that are none
        raise MaildError(_DAMAGED, detail=str(error)) from None


def _unpacked(kept: bytes) -> Mass:
    mark = bytes(kept[: len(PLAIN)])
    if mark == PIECES:
        return gathered(_inflated(fetch(name)[len(DEFLATED) :]) for name in names_in(kept))
    if mark == OUTSIDE:
        return unpack(fetch(*names_in(kept)))
    if mark == FILES:
        return gathered(_together(kept[len(FILES) :]))
    if mark == DEFLATED:
        return gathered(_inflating(kept[len(DEFLATED) :]))
    octets = kept[len(PLAIN) :] if mark == PLAIN else kept
    return bytes(octets)


# ---- files of a mail, which base64 makes a third larger, and hard to compress


@dataclass(frozen=True, slots=True)
class _File:
    """What stands in base64 in a mail, in lines of one width (RFC 2045 §6.8)."""

    start: int  # where it stands in the mail, and where its last character does
    end: int
    width: int  # characters of a line
    content: bytes


LEAST_FILE = 500  # octets in base64 that are worth the trouble
BASE64 = (string.ascii_letters + string.digits + "+/").encode()
WIDTHS = range(32, 1000, 4)  # characters of a line: a million short ones would cost seconds


def _files_in(octets: bytes) -> Iterator[_File]:
    """The files of a mail that come out as they went in, from its beginning to its end."""
    end = 0
    while (named := octets.find(b"base64\r\n", end)) >= 0:
        start = octets.find(b"\r\n\r\n", named) + 4
        if start < 4:
            return
        end = octets.find(b"\r\n--", start)
        end = end if end >= 0 else len(octets)
        width = octets.find(b"\r\n", start, end) - start
        if end - start >= LEAST_FILE and width in WIDTHS:
            yield from _file(octets, start, end, width)


def _file(octets: bytes, start: int, end: int, width: int) -> Iterator[_File]:
    lines = octets[start:end].rstrip(b"\r\n")
    count = (len(lines) + 1) // (width + 2)  # ends of lines, where all but the last are full
    if lines[width :: width + 2] != b"\r" * count or lines[width + 1 :: width + 2] != b"\n" * count:
        return
    letters = lines.translate(None, b"\r\n")
    if len(letters) + 2 * count == len(lines) and _comes_out_again(letters):
        yield _File(start, start + len(lines), width, binascii.a2b_base64(letters))


def _comes_out_again(letters: bytes) -> bool:
    """Whether these are what base64 makes of some octets (RFC 4648 §3.5: its last bits too)."""
    last = letters[-4:]
    with suppress(binascii.Error):
        if len(letters) % 4 == 0 and not letters[:-4].translate(None, BASE64):
            return binascii.b2a_base64(binascii.a2b_base64(last), newline=False) == last
    return False


def _encoded(content: bytes, width: int) -> bytes:
    line = binascii.b2a_base64(content, newline=False)
    return b"\r\n".join([line[i : i + width] for i in range(0, len(line), width)])


def _apart(octets: bytes, files: list[_File], known: str | None) -> bytes:
    """How long the first of two streams is, and these: the mail without its files, behind the
    numbers (where each stands, its width and its length), and the files one behind the other."""
    rest, at, numbers = bytearray(), 0, list[int]()
    for file in files:
        rest += octets[at : file.start]
        numbers += (len(rest), file.width, len(file.content))
        at = file.end
    head = " ".join(map(str, numbers)).encode()
    words = _deflated(head + b"\n" + rest + octets[at:], known)
    return FILES + b"%d\n" % len(words) + words + _deflated(b"".join(f.content for f in files))


def _together(kept: bytes) -> Iterator[bytes]:
    """What `_apart` took apart."""
    length, _, streams = kept.partition(b"\n")
    words, contents = _inflated(streams[: int(length)]), _inflated(streams[int(length) :])
    head, _, words = words.partition(b"\n")
    done = at = 0
    for start, width, size in zip(*[iter(map(int, head.split()))] * 3, strict=True):
        yield words[done:start]
        yield _encoded(contents[at : at + size], width)
        done, at = start, at + size
    yield words[done:]


# ---- streams


def _deflated(octets: bytes, known: str | None = None) -> bytes:
    """Fewer octets that hold these, in a zlib stream (RFC 1950): quickly, not tightly."""
    is_large = len(octets) >= LARGE
    if is_large and _repeats_nothing(octets):
        level = 0 if _is_dense(octets) else 1
        packer = zlib.compressobj(level, zlib.DEFLATED, strategy=zlib.Z_RLE)
    else:
        packer = _begun(1 if is_large else LEVEL, known, min(15, _window(octets, known))).copy()
    return packer.compress(octets) + packer.flush()


def _window(octets: bytes, known: str | None) -> int:
    """How many bits the window has that holds all of it, and what it may repeat."""
    size = len(octets) + (len(preset.dictionary(known)) if known else 0)
    return max(12, (size - 1).bit_length())


@cache
def _begun(level: int, known: str | None, window: int) -> Any:
    """A stream at its beginning, with tables as large as its window: zlib takes longer to make
    these, and to read what it is told beforehand, than to compress a text."""
    if known is None:
        return zlib.compressobj(level, zlib.DEFLATED, window, window - 7)
    told = preset.dictionary(known)
    return zlib.compressobj(level, zlib.DEFLATED, window, window - 7, zdict=told)


LEVEL = 3  # of zlib: a tenth less room than 1, for a tenth more time; higher ones pay less
SMALL = 1 << 12  # octets of a piece that is looked at
LARGE = 1 << 16  # octets from which on a tenth of room is half as much time again
PIECES_TRIED = 4
DENSE = 0.98  # of the octets of each piece are left


def _repeats_nothing(octets: bytes) -> bool:
    """Whether looking for what repeats is in vain, as in the base64 of a picture: what letters are
    frequent gives three quarters then, in a third of the time."""
    piece = _piece(octets, len(octets) // 2)
    return len(_by_frequency(piece)) <= len(zlib.compress(piece, 1))


def _is_dense(octets: bytes) -> bool:
    """Whether that is in vain too, as in the picture itself: it is copied then."""
    pieces = [_piece(octets, at) for at in range(0, len(octets), len(octets) // PIECES_TRIED)]
    return all(len(_by_frequency(piece)) > DENSE * len(piece) for piece in pieces)


def _piece(octets: bytes, at: int) -> bytes:
    at = min(at, len(octets) - SMALL)
    return octets[at : at + SMALL]


def _by_frequency(octets: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, strategy=zlib.Z_RLE)
    return packer.compress(octets) + packer.flush()


def _inflated(small: bytes) -> bytes:
    return b"".join(_inflating(small))


def _inflating(small: bytes) -> Iterator[bytes]:
    """One whole zlib stream and nothing after it (RFC 1950 §2.2), a block at a time."""
    stream = zlib.decompressobj(zdict=preset.needed(small))
    done = 0
    try:
        while done < len(small) and not stream.eof:
            yield stream.decompress(small[done : done + STEP])
            done += STEP
    except zlib.error as error:
        raise MaildError(_DAMAGED, detail=str(error)) from None
    if not stream.eof or stream.unused_data or done < len(small):
        raise MaildError(_DAMAGED, detail="octets are missing or follow")


STEP = 16_384  # octets that are inflated at a time: at most a thousand times as many come out


_DAMAGED = (
    "The octets of a mail are damaged in the database. `maild verify` says which; "
    "a backup from before has them."
)
