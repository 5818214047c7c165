"""A short thank-you, which does not reopen a ticket (E14).

Conservative: every clause must be one of the phrases of one language, with nothing else but names,
a greeting, a signature and a disclaimer.  A question mark, a number, or any further word reopens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from maild.parse import letter, wordfile
from maild.parse.fold import fold

LONGEST = 300  # characters of what a thank-you says

_SYMBOLS = re.compile(r"[^\w\s'-]")
_THUMBS = re.compile(r"[👍🙏👌💪❤♥😊😀😃😄🙂😉🎉✅✔💯👏🤝🥳😍☺🤗💐🌹⭐🌟][\ufe0f\u200d🏻🏼🏽🏾🏿]*")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What thank-yous in one language are made of, without fillers."""

    language: str
    thanks: frozenset[str]
    beside: frozenset[str]
    fillers: frozenset[str]

    def core(self, words: list[str]) -> str:
        """The words without those that change nothing."""
        return " ".join(word for word in words if word not in self.fillers)


def is_thanks(text: str, names: frozenset[str] = frozenset()) -> str | None:
    """The language of a text that says thank you and nothing else; None otherwise.

    `names`: words in lower case that may stand in it, those of the people of the ticket.
    """
    thumbs = _THUMBS.search(text[: letter.LONGEST]) is not None
    clauses = letter.clauses(_THUMBS.sub(".", text), names)
    if clauses is None or sum(map(len, clauses)) > LONGEST:
        return None
    if any(re.search(r"[?？؟\d]", clause) for clause in clauses):
        return None
    said = [_words(clause, names) for clause in clauses]
    for phrases in _languages():
        if _all_thanks(said, phrases, thanked=thumbs):
            return phrases.language
    return None


def _all_thanks(said: list[list[str]], phrases: Phrases, *, thanked: bool) -> bool:
    for words in said:
        core = phrases.core(words)
        if core in phrases.thanks or " ".join(words) in phrases.thanks:
            thanked = True
        elif words and core not in phrases.beside and " ".join(words) not in phrases.beside:
            return False
    return thanked


def _words(clause: str, names: frozenset[str]) -> list[str]:
    """The words without people's names at the end: "thanks bob" → "thanks"."""
    words = _SYMBOLS.sub(" ", fold(clause)).split()
    while words and words[-1] in names:
        words.pop()
    return words


@lru_cache(maxsize=1)
def _languages() -> tuple[Phrases, ...]:
    names = sorted(path.name for path in files(__name__).iterdir() if path.name.endswith(".yaml"))
    return tuple(_language(name) for name in names)


def _language(name: str) -> Phrases:
    table = wordfile.read(__name__, name)
    fillers = frozenset(fold(word) for word in table.get("fillers", ()))
    phrases = Phrases(name.removesuffix(".yaml"), frozenset(), frozenset(), fillers)
    said = {
        key: frozenset(
            form
            for phrase in table[key]
            for form in (fold(phrase), phrases.core(fold(phrase).split()))
        )
        - {""}
        for key in ("thanks", "beside")
    }
    return Phrases(phrases.language, said["thanks"], said["beside"], fillers)
