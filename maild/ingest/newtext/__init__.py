"""What the sender wrote now, apart from what he quotes."""

from __future__ import annotations

from dataclasses import dataclass

from maild.model import Reason


@dataclass(frozen=True, slots=True)
class Split:
    """A body in two."""

    new_text: str  # what the sender wrote now
    quoted_text: str  # the rest
    reasons: tuple[Reason, ...]


def split(text: str, html: str | None) -> Split:
    """The new text of a body; `html` is the raw decoded HTML body where there is one."""
    return Split(text, "", ())
