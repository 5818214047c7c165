"""What one desk tells another of a ticket that both have: written down, signed, and read (P8).

It is one JSON object, attached to the mail that people read.  Its signature is an HMAC-SHA256 of
exactly these octets by the secret of the two desks; so nothing in it can be changed, it says for
whom and for which ticket it is, and its id is done once.  Nothing is read of it before it is
proven.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from maild.errors import Refused
from maild.model import Sealed

VERSION = 1
WORDS = 100_000  # characters of a note that cross
LINE = 300  # of a name, a title, a status
FILES = 200
CUT = " …"
_DOMAIN = b"maild shared 1\0"
_NUMBER = re.compile(r"[\w.#/-]{1,40}")


class Says(StrEnum):
    """What one desk tells another."""

    SHARE = "share"  # a ticket is to be opened there
    OPENED = "opened"  # it is, and has this number
    NOTE = "note"
    QUESTION = "question"
    DONE = "done"  # our work is complete
    ENDED = "ended"  # we have taken it back, or deleted our ticket


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a desk tells another."""

    sender: str  # the address of the desk that says it
    to: str  # that of the desk that it is for
    id: str  # the same whenever the same is sent again
    n: int  # how many there were of this ticket, with this one: what came later counts
    ticket: str  # the sender's number
    yours: str | None  # the receiver's, where the sender knows it
    says: str
    by: str  # who wrote it
    title: str
    status: str  # of the sender's ticket, as it is called there
    words: str
    description: str = ""  # of a ticket that is shared: what its contact wrote
    files: tuple[str, ...] = ()  # SHA-256 of each file that goes with it, hex


def written(event: Event) -> bytes:
    """The octets that are signed and sent."""
    said = {"maild": VERSION, **asdict(event)}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8", "replace")


def cut(text: str, most: int = WORDS) -> str:
    """So much of a text as crosses."""
    return text if len(text) <= most else text[: most - len(CUT)].rstrip() + CUT


def signatures(octets: bytes, secrets: Iterable[bytes]) -> list[str]:
    """Its signature by each of these secrets, hex."""
    return [hmac.new(key, _DOMAIN + octets, hashlib.sha256).hexdigest() for key in secrets]


def is_signed(sealed: Sealed, secrets: Iterable[bytes]) -> bool:
    """Whether one of its signatures is by one of these secrets."""
    ours = signatures(sealed.octets, secrets)
    return any(hmac.compare_digest(one, theirs) for one in ours for theirs in sealed.signatures)


def read(octets: bytes) -> Event:
    """What a proven part says; Refused where it says it otherwise than we know."""
    try:
        said = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise Refused("what it says is no JSON") from error
    if not isinstance(said, dict) or said.get("maild") != VERSION:
        raise Refused(f"it is not of version {VERSION}, the one that we know")
    yours = said.get("yours")
    return Event(
        sender=_line(said, "sender"),
        to=_line(said, "to"),
        id=_line(said, "id"),
        n=_count(said),
        ticket=_number(said.get("ticket")),
        yours=None if yours is None else _number(yours),
        says=_line(said, "says"),
        by=_line(said, "by"),
        title=_line(said, "title"),
        status=_line(said, "status"),
        words=cut(_text(said, "words")),
        description=cut(_text(said, "description")),
        files=_files(said.get("files")),
    )


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise Refused(f'its "{name}" is no text')
    return value


def _line(said: dict[str, Any], name: str) -> str:
    return cut(" ".join(_text(said, name).split()), LINE)


def _count(said: dict[str, Any]) -> int:
    value = said.get("n")
    if type(value) is not int or not 0 < value < 2**31:
        raise Refused('its "n" is no count')
    return value


def _number(value: Any) -> str:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise Refused("a number in it is none of a ticket")
    return value


def _files(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refused('its "files" are no list')
    return tuple(value[:FILES])
