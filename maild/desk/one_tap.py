"""One tap: a link in a mail of ours opens a ready-made mail to the desk in any mail program.

`mailto:` (RFC 6068) has no In-Reply-To, so a short code stands in the subject: `(resolve-1207-x7…)`
names what is asked for and the mail of ours that the link was in, and so the ticket, the person and
the audience; its signature holds for exactly these.  It proves as an answer to that mail does, once
and for a while; see `maild/ingest/tapped.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from maild.model import Role

LONGEST = 500  # characters of a subject in which a code is looked for
OWN = 5  # links of the admin's own in one mail
FACES = ("😠", "🙁", "😐", "🙂", "😀")  # of a rating, 1 to 5
WORKS, STILL, RATE = "works", "still", "rate"
LIVES = timedelta(days=1)
RATINGS_LIVE = timedelta(days=30)  # they change nothing
# What a technician's mail says in its first line; what a contact's asks for is in its code.
LINES = {
    "resolve": "#resolve",
    "take": "#take",
    "waiting": "#status waiting",
    "internal": "#internal",
    "time": "#time 15m",
}
OF_RESOURCES = (*LINES, *(f"own-{number}" for number in range(1, OWN + 1)))
OF_CONTACTS = (WORKS, STILL, *(f"{RATE}-{score}" for score in range(1, len(FACES) + 1)))
DEEDS = {Role.RESOURCE: OF_RESOURCES, Role.CONTACT: OF_CONTACTS}
_CODE = re.compile(
    r"\s*\((?P<deed>[a-z]{3,8}(?:-[1-5])?)-(?P<item>\d{1,9})-(?P<sign>[a-z2-7]{12})\)", re.I
)


@dataclass(frozen=True, slots=True)
class Code:
    """What stands in a subject, not yet verified."""

    deed: str
    item_id: int  # of the outbox
    signature: str

    @property
    def key(self) -> str:
        """By which it is remembered that it was used."""
        return f"{self.deed}-{self.item_id}"

    @property
    def lives(self) -> timedelta:
        """For how long it proves anything."""
        return RATINGS_LIVE if self.score else LIVES

    @property
    def score(self) -> int | None:
        """Of a rating: 1 to 5."""
        name, _, number = self.deed.partition("-")
        return int(number) if name == RATE else None

    def is_ours(self, secret: bytes, message_id: str, audience: str) -> bool:
        """Whether we signed it for this mail of ours (its Message-ID says for which ticket and
        person) and this audience."""
        ours = _signature(secret, self.deed, self.item_id, message_id, audience)
        return hmac.compare_digest(ours, self.signature)


def codes(secret: bytes, item_id: int, message_id: str, audience: str) -> dict[str, str]:
    """For each deed that a reader may be offered the code of this mail."""
    return {
        deed: f"({deed}-{item_id}-{_signature(secret, deed, item_id, message_id, audience)})"
        for role, deeds in DEEDS.items()
        if role == audience
        for deed in deeds
    }


def find(subject: str) -> Code | None:
    """The code in a subject, whoever wrote it."""
    found = _CODE.search(subject[:LONGEST])
    if found is None:
        return None
    return Code(found["deed"].lower(), int(found["item"]), found["sign"].lower())


def without(subject: str) -> str:
    """The subject without codes: they are nothing to be shown or quoted."""
    return _CODE.sub("", subject[:LONGEST]) + subject[LONGEST:]


def line(deed: str, words: Mapping[str, str]) -> str:
    """The first line of the ready-made mail; `words`: the layout's, in the reader's language."""
    name, _, number = deed.partition("-")
    if name == RATE:
        return f"{FACES[int(number) - 1]} {words[f'tap_{RATE}_{number}']}"
    return LINES.get(deed) or words.get(f"tap_{deed}_line", "")


def _signature(secret: bytes, deed: str, item_id: int, message_id: str, audience: str) -> str:
    local = message_id.rpartition("@")[0]  # number, person and key, signed
    body = f"{audience}\0{deed}\0{item_id}\0{local}"
    digest = hmac.new(secret, b"maild tap 1\0" + body.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:12].decode("ascii").lower()
