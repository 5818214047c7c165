"""Sets of UIDs as IMAP writes them: `1:4000,4003` (RFC 3501 §9, sequence-set)."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 5_000_000  # numbers that one text may stand for
BEYOND = 1 << 32  # no UID, UIDVALIDITY or count of messages (RFC 3501 §9, nz-number)


def is_number(text: bytes) -> bool:
    """Whether it is a number that IMAP knows."""
    return text.isdigit() and len(text) <= 10 and int(text) < BEYOND


def read(text: str) -> set[int]:
    """The numbers; ValueError where it is none, or stands for more than anybody has."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition(":")
        first, last = sorted((int(low), int(high or low)))
        if len(found) + last - first > MOST or last >= BEYOND:
            raise ValueError("it stands for too many")
        found.update(range(first, last + 1))
    return found


def write(uids: Iterable[int]) -> str:
    """The shortest text for these numbers."""
    parts: list[list[int]] = []
    for uid in sorted(set(uids)):
        if parts and uid == parts[-1][1] + 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in parts)
