"""Signed tokens: a reply that carries one proves that its writer got our mail (E5).

A token is `NUMBER.PERSON.KEY.SIGNATURE`, in lower case, so that it survives every mail program:
as the local part of a Message-ID (KEY makes it unique), or as the detail of a plus-address,
`support+TOKEN@…` (RFC 5233; KEY is that of the mail which is answered, or "r" where the 64 octets
that a local part may have are too few for it).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from maild.store import asking
from maild.store.unit import Unit

SECRET = "secret"  # key of the setting
REPLY = "r"  # the KEY of a plus-address that names no mail
LONGEST_LOCAL = 64  # octets (RFC 5321 §4.5.3.1.1)
_BITS_80 = 10  # octets; 16 letters in base32
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # base32 (RFC 4648 §6), in lower case
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]
_TOKEN = re.compile(
    r"(?P<number>[a-z0-9.]+)\.(?P<person>\d{1,18})\.(?P<key>r|[a-z2-7]{16})\.(?P<sign>[a-z2-7]{16})"
)


@dataclass(frozen=True, slots=True)
class Token:
    """What a signature of ours vouches for."""

    ticket_number: str | None  # "T20261121.0042"; None: mail that is about no ticket
    person_id: int | None  # whom alone we sent it; None: an address that is nobody's
    key: str = field(default=REPLY, compare=False)  # of the mail that it was made for


def desk_secret(unit: Unit) -> bytes:
    """The desk's own secret, made by the first who asks; part of every backup of the database."""
    known: bytes | None = unit.lasting.get(SECRET)
    if known is not None:
        return known
    kept = asking.settings.kept(unit, SECRET)
    if kept is None:  # not known for good before it is written: its unit may fail
        kept = {"hex": secrets.token_hex(32)}
        asking.settings.keep(unit, SECRET, kept)
        return bytes.fromhex(kept["hex"])
    found = unit.lasting[SECRET] = bytes.fromhex(kept["hex"])
    return found


def message_id(
    secret: bytes, key: str, ticket_number: str | None, person_id: int | None, domain: str
) -> str:
    """A Message-ID without <>, the same for the same arguments.  `key`: any text, unique a mail."""
    short = _base32(hashlib.sha256(key.encode()).digest())
    return f"{_sign(secret, ticket_number, person_id, short)}@{domain}"


def reply_address(
    secret: bytes,
    address: str,
    ticket_number: str | None,
    person_id: int | None,
    key: str | None = None,
) -> str:
    """The desk's address with the token of this ticket, person and mail: support+TOKEN@…"""
    local, _, domain = address.rpartition("@")
    exact = f"{local}+{_sign(secret, ticket_number, person_id, key or REPLY)}"
    if len(exact) > LONGEST_LOCAL:
        exact = f"{local}+{_sign(secret, ticket_number, person_id, REPLY)}"
    return f"{exact}@{domain}"


def key_of(message_id: str) -> str | None:
    """The KEY in a Message-ID of ours; None where it is none."""
    found = _TOKEN.fullmatch(message_id.rpartition("@")[0])
    return found["key"] if found else None


def read(secret: bytes, text: str) -> Token | None:
    """What a Message-ID, an address or a bare token proves; None where the signature is not ours.

    Takes any text of any length, in constant time as far as the secret is concerned.
    """
    local = text.strip().strip("<>").rpartition("@")[0] or text
    found = _TOKEN.fullmatch(local.rpartition("+")[2].lower()) if len(text) <= 1000 else None
    if found is None:
        return None
    number, person = found["number"].upper(), int(found["person"])
    ours = _sign(secret, _some(number), person or None, found["key"])
    if not hmac.compare_digest(ours, found[0]):
        return None
    return Token(_some(number), person or None, found["key"])


def _some(number: str) -> str | None:
    return None if number == "0" else number


def _sign(secret: bytes, ticket_number: str | None, person_id: int | None, key: str) -> str:
    body = f"{(ticket_number or '0').lower()}.{person_id or 0}.{key}"
    sign = _signer(secret).copy()
    sign.update(body.encode())
    return f"{body}.{_base32(sign.digest())}"


@lru_cache(maxsize=4)
def _signer(secret: bytes) -> hmac.HMAC:
    """What signs with this secret, which prepares itself for longer than it signs."""
    return hmac.new(secret, b"maild token 1\x00", "sha256")


def _base32(digest: bytes) -> str:
    """The first 80 bits, two letters at a time."""
    bits = int.from_bytes(digest[:_BITS_80], "big")
    return "".join([_PAIRS[bits >> place & 1023] for place in range(70, -1, -10)])
