"""A text that says that its sender is away, and nothing else.

Vacation programs say so in a header (RFC 3834 §5).  Where none does, a person who mentions an
absence beside something of his own ("serial number 4711; I am out until Monday") is no program:
every clause must be one of absence notes, with nothing but dates, addresses and names besides.
"""

from __future__ import annotations

import re
from functools import lru_cache

from maild.parse import letter, phrases
from maild.parse.fold import fold

LONGEST = 1_500  # characters that an absence note has at most
MOST_NAMES = 6  # words with a capital in one clause that may be names
MOST_LEFT = 3  # letters left of a clause in a script without spaces

_DATE = re.compile(
    r"(?<![\w])(?:\d{1,2}(?:st|nd|rd|th|er|º|ª)?|(?:19|20)\d\d|\d{1,4}(?:[./:-]\d{1,4}){1,2}[./]?)(?!\w)"
)
_PHONE = re.compile(r"[+\d](?:(?<=\d)|\d)(?:[\s()/.-]{0,3}\d){5,16}")  # \+?\d, by its first letter
_ADDRESSES = ("@", "http", "www.")  # one of them stands in each
_ADDRESS = re.compile(r"[^\s<>@]{1,80}@[^\s<>@]{1,120}|https?://\S{1,300}|www\.\S{1,200}")
_WORD = re.compile(r"[^\W\d_](?:[\w.'’&-]*\w)?\.?")
_WORDLESS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # or with endings


def find(text: str) -> phrases.Hit | None:
    """What says that the sender is away, where the whole text says only that."""
    if len(text) > LONGEST or re.search(r"[?？؟]", text):
        return None
    text = _PHONE.sub(" ", text)
    if any(sign in text for sign in _ADDRESSES):
        text = _ADDRESS.sub(" ", text)
    if not _may_say_so(text):
        return None
    clauses = letter.clauses(text, splits=_SPLITS)
    found: phrases.Hit | None = None
    named = False  # the clause before says whom to turn to
    for clause in clauses or ():
        absent, beside, rest = _cut(clause)
        if not _is_light(rest, clause, names=named or beside is not None):
            return None
        found, named = found or absent, beside is not None
    return found


def _may_say_so(text: str) -> bool:
    """What no clause says the whole does not say either, which is sooner looked through."""
    folded = fold(letter.plain(text))
    return any(phrases.section(name).within(folded) for name in _ABSENT)


_ABSENT = ("absence_text", "absent")
_SPLITS = re.compile(r"(?<!\d)[.](?=\s|$)|[!;\n…。！，、；：]|[,:](?=\s|$)|\s[-–—]+\s")


def _cut(clause: str) -> tuple[phrases.Hit | None, phrases.Hit | None, str]:
    """What says that somebody is away, what such notes say besides, and the rest of a clause."""
    folded = fold(clause)
    absent: phrases.Hit | None = None
    beside: phrases.Hit | None = None
    for name in _ABSENT:
        hit, folded = phrases.section(name).cut(folded)
        absent = absent or hit
    for name in ("auto_reply_text", "absence_beside"):
        hit, folded = phrases.section(name).cut(folded)
        beside = beside or hit
    return absent, beside, folded


def _is_light(rest: str, clause: str, *, names: bool) -> bool:
    """Nothing is left but dates, words that say nothing, and names where names may stand."""
    rest = _DATE.sub(" ", rest)
    if _WORDLESS.search(rest):
        for filler in _wordless_fillers():
            rest = rest.replace(filler, "")
        return len(re.sub(r"[\W\d_]", "", rest)) <= MOST_LEFT
    light = _fillers() | letter.formulas().dates
    heavy = [word for word in map(_bare, _WORD.findall(rest)) if word not in light]
    if re.search(r"\d{3}", rest):  # a number that is no date
        return False
    capital = {_bare(fold(word)) for word in _WORD.findall(clause) if word[0].isupper()}
    return not heavy or (names and len(heavy) <= MOST_NAMES and capital.issuperset(heavy))


def _bare(word: str) -> str:
    return word.rstrip(".")


@lru_cache(maxsize=1)
def _fillers() -> frozenset[str]:
    return frozenset(_bare(word) for word in phrases.words("absence_fillers"))


@lru_cache(maxsize=1)
def _wordless_fillers() -> tuple[str, ...]:
    found = [word for word in phrases.words("absence_fillers") if _WORDLESS.search(word)]
    return tuple(sorted(found, key=len, reverse=True))
