"""What a subject says besides its words: prefixes, our tags, a naming scheme (R1, R2)."""

from __future__ import annotations

import re

from maild.desk.numbers import NUMBER

REPLY = re.compile(r"^(?:\s*(?:re|aw|sv|antw|vs|odp|rif|ref|rép|réf)(?:\[\d+\])?\s*:)+\s*", re.I)
FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vb|vl|pd|weitergeleitet)\s*:\s*", re.I)
_TAG = re.compile(rf"\s*\[?\s*{NUMBER.pattern}\s*\]?\s*", re.IGNORECASE)
_DASH = r"\s*[-\u2013\u2014]\s*"
_NAMED = re.compile(rf"\s*\[([^\[\]]{{1,80}})\]{_DASH}\[([^\[\]]{{1,80}})\]{_DASH}(\S.{{0,300}})")
_BETWEEN = re.compile(r"\s+[-\u2013\u2014]\s+")


def is_forward(subject: str) -> bool:
    return bool(FORWARD.match(REPLY.sub("", subject)))


def title_of(subject: str) -> str:
    """The subject as a ticket's title: without reply and forward prefixes and without our tags."""
    title = subject
    for _ in range(5):
        shorter = FORWARD.sub("", REPLY.sub("", title))
        if shorter == title:
            break
        title = shorter
    untagged = " ".join(_TAG.sub(" ", title).split())
    return untagged or title


def same_topic(subject: str, title: str) -> bool:
    """Whether a reply goes on about the ticket's title, prefixes and tags aside."""
    return title_of(subject).casefold() == title_of(title).casefold()


def named_fields(title: str) -> tuple[dict[str, str], bool]:
    """Customer, service and symptom of `[Customer] - [Service] - [Symptom]` (R2).

    The second value is False where the brackets are missing: then it is only such a subject if
    the customer is one that we know.
    """
    found = _NAMED.fullmatch(title)
    parts = list(found.groups()) if found else _BETWEEN.split(title, maxsplit=2)
    if len(parts) != 3 or not all(part.strip() for part in parts):
        return {}, False
    customer, service, symptom = (part.strip() for part in parts)
    if symptom.startswith("[") and symptom.endswith("]"):
        symptom = symptom[1:-1]
    return {"customer": customer, "service": service, "symptom": symptom}, found is not None
