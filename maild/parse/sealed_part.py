"""The part in which another desk says for ours what it says to people in the text beside it (P8).

Relays fold header fields, put words before subjects, add banners to texts and write them in other
encodings; what is attached they leave as it is.  So what one desk tells another is attached, and
the signature in the header is of the octets of that part, decoded.
"""

from __future__ import annotations

import re

from maild.model import Sealed
from maild.parse.headers import loose_text
from maild.parse.mime import Part

SIGNATURE = "Maild-Signature"  # header field: `v1=HEX`, one a secret
TYPE = "application/vnd.maild.shared+json"
NAME = "maild-shared.json"  # by which it is known where a relay gives it another type
LARGEST = 2_000_000  # octets
MOST = 4  # signatures that are looked at
_SIGNED = re.compile(r"\bv1=([0-9a-f]{64})\b", re.IGNORECASE)


def find(parts: list[Part]) -> Sealed | None:
    """The part and its signatures; None of a mail that lacks either."""
    field = loose_text(parts[0].raw(SIGNATURE))[:1000]
    signatures = tuple(found.lower() for found in _SIGNED.findall(field)[:MOST])
    part = next((part for part in parts if is_sealed(part)), None) if signatures else None
    if part is None:
        return None
    octets = part.octets()
    return Sealed(signatures, octets, part.index) if len(octets) <= LARGEST else None


def is_sealed(part: Part) -> bool:
    """Whether it is such a part, of the mail itself."""
    named = part.content_type == TYPE or part.filename.lower() == NAME
    return named and not (part.forwarded or part.is_container)
