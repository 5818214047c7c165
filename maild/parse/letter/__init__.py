"""What a short letter says between its greeting and its signature, clause by clause.

For texts that are known by saying one thing and nothing else: thank-yous, absence notes.  In doubt
something more is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from maild.parse import wordfile
from maild.parse.fold import fold

LONGEST = 4_000  # characters of a letter that is looked at; a longer one says more
LONGEST_SIGNATURE = 30  # lines
LONGEST_LINE = 90  # characters of a signature's line
MOST_LOWER = 1  # long words in small letters in a signature's line: two make a sentence
LONG_WORD = 4  # letters

_CLAUSES = re.compile(r"[.!;:\n…。！，、,；：]+|\s[-–—]+\s")
_CONTACT = re.compile(r"[@|+]|www\.|https?:|(?:\d[\s/().-]{0,3}){5}")
_POSTSCRIPT = re.compile(r"p\.?\s?p?\.?\s?s\b|nb\b|n\.b\.")
_SMALL = re.compile(rf"(?<!\w)[^\W\d_]{{{LONG_WORD},}}")
_EDGES = " \t,;:.!…-–—*_|>()[]\"'"
_EMOTICON = re.compile(r"(?<!\w)[:;]-?[)Dd](?!\w)")


@dataclass(frozen=True, slots=True)
class Formulas:
    """Formulas of all languages, folded."""

    greetings: tuple[str, ...]  # the longest first
    closings: frozenset[str]
    longest_closing: int  # words
    disclaimers: tuple[str, ...]
    dates: frozenset[str]


def clauses(
    text: str, names: frozenset[str] = frozenset(), splits: re.Pattern[str] = _CLAUSES
) -> tuple[str, ...] | None:
    """The clauses of a letter, without greeting and signature, as they stand.

    `names`: words in lower case of people who are known; a line of theirs alone signs it.  None
    where more stands below the closing than a signature and a disclaimer, or the text is long.
    `splits`: what stands between two clauses.
    """
    if len(text) > LONGEST:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    end, below = _body_end(lines, names)
    if below is None or not is_signature(below):
        return None
    said = [piece.strip() for line in lines[:end] for piece in splits.split(plain(line))]
    said = [clause for clause in said if clause.strip(_EDGES)]
    if said and is_greeting(said[0]):
        del said[0]
    signed = next((i for i, c in enumerate(said) if i and is_closing(c, names)), len(said))
    return tuple(said[:signed]) if is_signature(said[signed + 1 :]) else None


def plain(line: str) -> str:
    """Without the faces that people write with a colon, which ends no clause."""
    return _EMOTICON.sub(" ", line)


def _body_end(lines: list[str], names: frozenset[str]) -> tuple[int, list[str] | None]:
    """How many lines are the text proper, and those below it that sign it."""
    for index, line in enumerate(lines):
        said = _bare(line)
        if index and (_closes(line, said, names) or _is_names(said, names)):
            return index, lines[index + 1 : index + 1 + LONGEST_SIGNATURE]
        if said.startswith(formulas().disclaimers):
            return index, []
    return len(lines), []


def is_signature(lines: list[str]) -> bool:
    """Nothing but names, titles, addresses and a disclaimer stands here."""
    for line in lines:
        if is_disclaimer(line):
            return True
        if not _signs(line):
            return False
    return True


def _signs(line: str) -> bool:
    if "?" in line or len(line) > LONGEST_LINE or _POSTSCRIPT.match(line.casefold()):
        return False
    if _CONTACT.search(line):
        return True
    small = [word for word in _SMALL.findall(line) if word[0].islower()]
    return len(small) <= MOST_LOWER


def is_greeting(clause: str) -> bool:
    """ "Hi Bob": a greeting with at most a title and a name."""
    said = _bare(clause)
    if not said.startswith(formulas().greetings):
        return False
    for greeting in formulas().greetings:
        if said == greeting:
            return True
        if said.startswith(greeting + " ") or (
            not greeting.isascii() and said.startswith(greeting)
        ):
            return len(said[len(greeting) :].split()) <= 4
    return False


def is_closing(line: str, names: frozenset[str]) -> bool:
    """ "Best regards", "Viele Grüße, Ann": a closing with at most a name."""
    return _closes(line, _bare(line), names)


def _closes(line: str, said: str, names: frozenset[str]) -> bool:
    if len(said) > LONGEST_LINE:
        return False
    words = said.replace(",", " ").split()
    most = min(len(words), formulas().longest_closing)
    for count in range(most, max(0, len(words) - 5), -1):
        if " ".join(words[:count]) in formulas().closings:
            return all(word in names or _is_name(line, word) for word in words[count:])
    return False


def _is_name(line: str, folded: str) -> bool:
    """The word is written with a capital in this line."""
    return any(fold(word.strip(_EDGES)) == folded and word[:1].isupper() for word in line.split())


def _is_names(said: str, names: frozenset[str]) -> bool:
    words = said.split()
    return bool(words) and all(word in names for word in words)


def is_disclaimer(line: str) -> bool:
    """It begins as what firms write below their mails."""
    return _bare(line).startswith(formulas().disclaimers)


def _bare(text: str) -> str:
    return fold(text[: 3 * LONGEST_LINE]).strip(_EDGES)


@lru_cache(maxsize=1)
def formulas() -> Formulas:
    """Formulas of all languages, read once."""
    names = sorted(path.name for path in files(__name__).iterdir() if path.name.endswith(".yaml"))
    tables = [wordfile.read(__name__, name) for name in names]

    def all_of(key: str) -> set[str]:
        return {fold(word) for table in tables for word in table.get(key, ())}

    closings = all_of("closings")
    return Formulas(
        greetings=tuple(sorted(all_of("greetings"), key=len, reverse=True)),
        closings=frozenset(closings),
        longest_closing=max(len(closing.split()) for closing in closings),
        disclaimers=tuple(sorted(all_of("disclaimers"))),
        dates=frozenset(all_of("dates")),
    )
