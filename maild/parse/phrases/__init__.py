"""Phrases by language, as data: which of them a text or a subject holds.

Plain phrases are looked for as strings, so that a thousand of them cost little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from operator import itemgetter
from typing import Any

from maild.parse import prefixes, wordfile
from maild.parse.fold import fold
from maild.parse.patterns import AnyOf, words_of

_FILES = ("kinds.yaml", "absence.yaml", "reactions.yaml", "bodies.yaml", "around.yaml")
_GAP = 60  # characters that a * may stand for
_WORDLESS = re.compile("[\u0590-\u06ff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that was found."""

    phrase: str  # as it stands in the data
    language: str  # "de"
    anywhere: bool = False  # it begins with *: it need not stand at the beginning


class Phrases:
    """One section of the data: phrases of every language."""

    def __init__(self, table: dict[str, list[str]], *, bounded: bool = False) -> None:
        self._plain: list[tuple[str, str, Hit]] = []  # a word it needs, the phrase
        # By two characters; whether a word that does not go on with the phrase may follow it.
        self._starts: dict[str, list[tuple[str, Hit, bool]]] = {}
        self._within: list[tuple[str, str, Hit]] = []  # by a piece they hold
        self._loose: list[tuple[str, Hit]] = []
        for language, phrases in table.items():
            for phrase in phrases:
                hit = Hit(phrase.strip("*$ "), language, phrase.startswith("*"))
                self._add(phrase, hit, bounded)

    def _add(self, phrase: str, hit: Hit, bounded: bool) -> None:
        folded = fold(phrase.rstrip("$"))
        body = rf".{{0,{_GAP}}}?".join(re.escape(piece) for piece in folded.strip("*").split("*"))
        end = r"\s*$" if phrase.endswith("$") else ""
        free = bool(end) or not (bounded and _wants_end(folded))
        start = "" if phrase.startswith("*") else "^"
        pattern = start + body + end
        if start:
            self._starts.setdefault(folded[:2], []).append((pattern, hit, free))
        else:
            self._within.append((folded.strip("*").split("*")[0].strip(), pattern, hit))
        if "*" in folded:
            self._loose.append((body, hit))
        else:
            self._plain.append((_inner_word(folded), folded, hit))

    def begins(self, folded: str) -> Hit | None:
        """The first phrase that begins this folded subject."""
        folded = folded[:300]
        for pattern, hit, free in self._starts.get(folded[:2], ()):
            found = _compiled(pattern).match(folded)
            if found and (free or _ends(folded, found.end())):
                return hit
        if any(map(folded.__contains__, self._within_words)):
            for piece, pattern, hit in self._within:
                if piece in folded and _compiled(pattern).search(folded):
                    return hit
        return None

    @cached_property
    def _within_words(self) -> tuple[str, ...]:
        return words_of(piece for piece, _, _ in self._within)

    def amid(self, folded: str) -> Hit | None:
        """The first plain phrase that stands among other words of this folded subject, whole."""
        for found in self._words.finditer(folded[:300]):
            if _ends(folded, found.end()):
                return self._hits[found[0]]
        return None

    def finds(self, folded: str) -> Hit | None:
        """The first plain phrase of whole words in this folded text; fast for long tables."""
        found = self._words.search(folded)
        return self._hits[found[0]] if found else None

    @cached_property
    def _hits(self) -> dict[str, Hit]:
        return {phrase: hit for _, phrase, hit in self._plain}

    @cached_property
    def _words(self) -> AnyOf:
        return AnyOf(self._hits)

    def within(self, folded: str) -> Hit | None:
        """The first phrase that stands anywhere in this folded text."""
        needed = self._by_word.keys() & ["", *folded.split()]
        plain = [
            (place, hit)
            for word in needed
            for place, phrase, hit in self._by_word[word]
            if phrase in folded
        ]
        if plain:
            return min(plain, key=itemgetter(0))[1]
        found = (hit for pattern, hit in self._loose if _compiled(pattern).search(folded))
        return next(found, None)

    @cached_property
    def _by_word(self) -> dict[str, list[tuple[int, str, Hit]]]:
        """Plain phrases, with their places among all, by the word that they need."""
        found: dict[str, list[tuple[int, str, Hit]]] = {}
        for place, (word, phrase, hit) in enumerate(self._plain):
            found.setdefault(word, []).append((place, phrase, hit))
        return found

    def cut(self, folded: str) -> tuple[Hit | None, str]:
        """The first phrase in this folded text, and the text without any."""
        first: Hit | None = None
        for pattern, hit in self._loose:
            shorter = _compiled(pattern).sub(" ", folded)
            first, folded = (first or hit if shorter != folded else first), shorter
        for phrase, hit in self._by_length:
            if phrase in folded:
                first, folded = first or hit, folded.replace(phrase, " ")
        return first, folded

    @cached_property
    def _by_length(self) -> list[tuple[str, Hit]]:
        """Plain phrases, the longest first."""
        return sorted(((p, hit) for _, p, hit in self._plain), key=lambda pair: -len(pair[0]))

    def may_be_in(self, text: str) -> bool:
        """False where no plain phrase is in this text, folded or not."""
        return self._words.may_be_in(text.casefold())

    def heads(self, folded: str) -> Hit | None:
        """The first plain phrase that begins this folded line."""
        if not folded.startswith(self._openings):
            return None
        return next(hit for _, phrase, hit in self._plain if folded.startswith(phrase))

    @cached_property
    def _openings(self) -> tuple[str, ...]:
        return tuple(phrase for _, phrase, _ in self._plain)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """That of a phrase, when a text is first compared with it: most languages never come."""
    return re.compile(pattern)


def _inner_word(phrase: str) -> str:
    """The longest word with others on both sides: a text without it holds no such phrase."""
    return max(phrase.split()[1:-1], key=len, default="")


def _ends(folded: str, at: int) -> bool:
    """What follows a bounded phrase leaves it whole; a reply's prefix does, too."""
    return _end().match(folded, at) is not None or prefixes.follows(folded, at)


@cache
def _end() -> re.Pattern[str]:
    """Nothing, punctuation, a number, or a word that goes on with the phrase."""
    return re.compile(rf"(?=\s*(?:$|[^\w\s]|\d)|\s+{one_of('goes_on')}\b|\s+auto)")


def _wants_end(folded: str) -> bool:
    """False where the phrase ends itself, or its script writes no spaces between words."""
    last = folded[-1:]
    return not folded.startswith("*") and last.isalnum() and not _WORDLESS.search(folded)


class Patterns:
    """Shapes of names (`no-reply*`): lower case, * for any characters at one end, whole name."""

    def __init__(self, shapes: list[str]) -> None:
        self._whole = frozenset(shape for shape in shapes if "*" not in shape)
        self._begin = tuple(shape[:-1] for shape in shapes if shape.endswith("*"))
        self._end = tuple(shape[1:] for shape in shapes if shape.startswith("*"))

    def match(self, name: str) -> bool:
        name = name.strip().lower()
        return name in self._whole or name.startswith(self._begin) or name.endswith(self._end)


@cache
def senders(name: str) -> Patterns:
    """A section of senders.yaml, compiled once."""
    return Patterns(_load("senders.yaml")[name])


@cache
def auto_reply_fields() -> dict[str, re.Pattern[str]]:
    """Header fields that autoresponders set, in lower case, with what of their values counts."""
    fields = _load("fields.yaml")["auto_reply"]
    return {name.lower(): re.compile(value) for name, value in fields.items()}


@cache
def section(name: str) -> Phrases:
    """A section of phrases, compiled once."""
    bounded = name in ("auto_reply_subject", "absence_subject", "bounce_formula")
    return Phrases(table(name), bounded=bounded)


@cache
def words(name: str) -> frozenset[str]:
    """A section as single words, folded."""
    return frozenset(fold(word) for words in table(name).values() for word in words)


@cache
def one_of(name: str) -> str:
    """A section as a regular expression: one of its words, in lower case."""
    found = sorted({word for words in table(name).values() for word in words})
    longest_first = sorted(map(re.escape, found), key=len, reverse=True)
    return f"(?:{'|'.join(longest_first)})"


def table(name: str) -> dict[str, list[str]]:
    """A section as it stands, by language."""
    found: dict[str, list[str]] = next(
        loaded[name] for file in _FILES if name in (loaded := _load(file))
    )
    return found


@cache
def _load(name: str) -> dict[str, Any]:
    return wordfile.read(__name__, name)
