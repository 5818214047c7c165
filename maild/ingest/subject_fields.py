"""What a subject says besides its words: prefixes, our tags, a naming scheme (R1, R2)."""

from __future__ import annotations

import re

from maild.desk.numbers import NUMBER
from maild.parse import prefixes

_TAG = re.compile(rf"\s*\[?\s*{NUMBER.pattern}\s*\]?\s*", re.IGNORECASE)
_DASH = r"\s*[-\u2013\u2014]\s*"
_NAMED = re.compile(rf"\s*\[([^\[\]]{{1,80}})\]{_DASH}\[([^\[\]]{{1,80}})\]{_DASH}(\S.{{0,300}})")
_BETWEEN = re.compile(r"\s+[-\u2013\u2014]\s+")


def title_of(subject: str) -> str:
    """The subject as a ticket's title: without what mail programs put before it, and our tags."""
    untagged = " ".join(_TAG.sub(" ", " ".join(subject.split())).split())
    return prefixes.stripped(untagged) or untagged or subject


def named_fields(title: str) -> tuple[dict[str, str], bool]:
    """Customer, service and symptom of `[Customer] - [Service] - [Symptom]` (R2).

    The second value is False where the brackets are missing: then it is only such a subject if
    the customer is one that we know.
    """
    title = " ".join(title.split())
    found = _NAMED.fullmatch(title)
    parts = list(found.groups()) if found else _BETWEEN.split(title, maxsplit=2)
    if len(parts) != 3 or not all(part.strip() for part in parts):
        return {}, False
    customer, service, symptom = (part.strip() for part in parts)
    if symptom.startswith("[") and symptom.endswith("]"):
        symptom = symptom[1:-1]
    return {"customer": customer, "service": service, "symptom": symptom}, found is not None
