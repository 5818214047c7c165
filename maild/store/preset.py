"""What our texts have in common, told to zlib beforehand: a preset dictionary (RFC 1950 §2.2).

A stream names by a checksum the dictionary that it needs, so a file in `presets` stays as it is for
ever: who knows a better one adds it beside the others, and names that from then on.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("presets")

FACTS = "facts_1"  # JSON: the facts of notifications, why a mail was understood as it was
MAIL = "mail_1"  # mail that comes in: header fields, and what mail programs write around words
SENT = "sent_1"  # mail of ours, with the styles of the layout

_NEEDS_ONE = 0x20  # a bit of a stream's second octet; the checksum follows


@cache
def dictionary(name: str) -> bytes:
    """Its octets, with the line ends of mail; what is most frequent stands at the end."""
    return (FOLDER / f"{name}.txt").read_text("utf-8").replace("\n", "\r\n").encode()


@cache
def _by_checksum() -> dict[int, bytes]:
    known = (dictionary(file.stem) for file in sorted(FOLDER.glob("*.txt")))
    return {zlib.adler32(one): one for one in known}


def needed(stream: bytes) -> bytes:
    """The dictionary that a zlib stream needs; none of it where it needs none, or one that nobody
    knows, which zlib then says."""
    if len(stream) < 6 or not stream[1] & _NEEDS_ONE:
        return b""
    return _by_checksum().get(int.from_bytes(stream[2:6], "big"), b"")
