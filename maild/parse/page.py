"""The HTML of a mail, and what stands in its tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from maild.parse.once import once

_TAG = re.compile(r"<[^>]*>?")
_SPACE = r"[ \t\n\f\r]"  # what stands between attributes; a no-break space is part of one
_SIGN = r"[^ \t\n\f\r\"'<>=/]"
_VALUE = r"(?:\"[^\"<>]*\"|'[^'<>]*'|[^ \t\n\f\r\"'<>=`]+)"
# The first ">" ends it: quotes stand around values alone, or in a comment.
_PLAIN_TAG = re.compile(
    rf"<(?:![^<>]*|/?[A-Za-z]{_SIGN}*+"
    rf"(?:{_SPACE}++{_SIGN}++(?:{_SPACE}*+={_SPACE}*+{_VALUE})?+)*+{_SPACE}*+/?)>"
)


@dataclass(frozen=True)
class Page:
    """A page as decoded, not yet safe."""

    html: str = field(repr=False)

    @once
    def tags(self) -> str:
        """Its tags, each once, as most pages write the same few again and again; all of it where
        it is not plain how far they reach.

        Who looks for what few pages have in their tags looks here first.
        """
        found = set(_TAG.findall(self.html))
        return "".join(found) if all(map(_PLAIN_TAG.fullmatch, found)) else self.html
