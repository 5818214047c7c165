"""A short thank-you, which does not reopen a ticket (E14).

Conservative: every sentence must be one of the phrases of one language, with nothing else but
names and a greeting.  A question mark, a number, or any further word reopens.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from maild import yamlfile

PHRASES = Path(__file__).parent
LONGEST = 300  # characters of a thank-you

_SENTENCES = re.compile(r"[.!,;:\n\r…。！，、]+|\s[-–—]+\s")
_SYMBOLS = re.compile(r"[^\w\s'?？؟]", re.UNICODE)


def is_thanks(text: str, names: frozenset[str] = frozenset()) -> str | None:
    """The language of a text that says thank you and nothing else; None otherwise.

    `names`: words in lower case that may stand in it, those of the people of the ticket.
    """
    if not text.strip() or len(text) > LONGEST or re.search(r"[?？؟\d]", text):
        return None
    parts = [_fold(part) for part in _SENTENCES.split(text)]
    parts = [part for part in parts if part]
    for language, phrases in _languages().items():
        if _all_thanks(parts, phrases, names):
            return language
    return None


def _all_thanks(
    parts: list[str], phrases: dict[str, frozenset[str]], names: frozenset[str]
) -> bool:
    thanked = False
    for part in parts:
        words = _without_names(part, names)
        if words in phrases["thanks"]:
            thanked = True
        elif words and words not in phrases["beside"]:
            return False
    return thanked


def _without_names(part: str, names: frozenset[str]) -> str:
    """The part without people's names at its end: "thanks bob" → "thanks"."""
    words = part.split()
    while words and words[-1] in names:
        words.pop()
    return " ".join(words)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(_SYMBOLS.sub(" ", text).split())


@cache
def _languages() -> dict[str, dict[str, frozenset[str]]]:
    found = {}
    for file in sorted(PHRASES.glob("*.yaml")):
        data: Any = yamlfile.read(file)
        found[file.stem] = {
            key: frozenset(_fold(phrase) for phrase in data.get(key, []))
            for key in ("thanks", "beside")
        }
    return found
