"""What the top of a mail says, before it is understood: enough to know where it waits.

Cheap and bounded, as it runs in the process that accepts: only some fields of the first octets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from maild.parse.headers import decode_value, message_ids, parse_addresses
from maild.spool import Mass

OCTETS = 32 * 1024  # of a header that are looked at
IDS = 20  # Message-IDs that are looked up
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(
    r"^(From|Subject|Message-ID|In-Reply-To|References)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_RECIPIENTS = re.compile(
    r"^(?:To|Cc)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE
)


def recipients(octets: Mass) -> tuple[str, ...]:
    """Keys of the addresses to which the first octets of a mail say that it was sent."""
    fields = _RECIPIENTS.findall(_head(octets))
    return tuple(a.key for field in fields for a in parse_addresses(field.replace("\r", "")))


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Some fields of a mail, the topmost of each name."""

    sender: str | None  # key of the address in From
    subject: str
    message_id: str | None
    answers: tuple[str, ...]  # Message-IDs, the nearest first
    root: str | None  # the one where its thread began


def first_look(octets: Mass) -> FirstLook:
    """What the first octets of a mail say."""
    text = _head(octets)
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        fields.setdefault(name.lower(), value.replace("\r", ""))
    senders = parse_addresses(fields.get("from", ""))
    own = message_ids(fields.get("message-id", ""))[:1]
    parents = message_ids(fields.get("in-reply-to", ""))
    line = message_ids(fields.get("references", ""))
    answers = tuple(dict.fromkeys((*parents, *reversed(line))))[:IDS]
    return FirstLook(
        sender=senders[0].key if senders else None,
        subject=decode_value(fields.get("subject", "")),
        message_id=next(iter(own), None),
        answers=answers,
        root=next(iter((*line, *parents, *own)), None),
    )


def _head(octets: Mass) -> str:
    head = octets[:OCTETS]
    end = _END.search(head)
    return head[: end.start() if end else OCTETS].decode("ascii", "surrogateescape")
