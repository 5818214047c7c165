"""Characters that nobody sees: control characters, marks of direction, joiners of nothing."""

from __future__ import annotations

import re

# Joiners stay between letters that they join: of emoji, of Persian and Indian scripts.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)


def one_line(text: str) -> str:
    """A mail's field as it is read: white space joined, control and invisible characters gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(INVISIBLE.sub("", text.replace("\x1b", "")).split())
