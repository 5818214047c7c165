"""What mail programs and gateways put before a subject: "AW: [EXTERNAL] Re[2]: Printer".

The words stand in the language files (`reply_prefixes`, `forward_prefixes`, `gateway_tags`).  All
languages count, in any order, stacked, with counters, behind any sort of colon (RFC 5256 §2.1, and
what programs write beyond it).  Everything here is linear in the size of the subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from maild.parse.fold import fold
from maild.parse.languages import by_language
from maild.parse.patterns import any_of

LONGEST = 60  # characters of a prefix or tag
MOST = 60  # of them before one subject
EXAMINED_LINES = 200  # of a text that tells in which language an unclear prefix is

_COLON = re.compile(r"[:：﹕∶]")
_DASH = re.compile(r"\s[-–—|]\s")
_COUNTER = re.compile(r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\{\d{1,3}\}|[\^*#]\d{1,3})$")
_EDGES = " \t[*#!-–—_|.⚠\ufe0f❗‼\u200e\u200f\ufeff"
_BRACKETED = re.compile(
    r"\s{0,20}(?:\[([^\[\]]{1,60})\]|【([^【】]{1,60})】|\(([^()]{1,60})\)|\{([^{}]{1,60})\}"
    r"|<([^<>]{1,60})>|\*{1,5}([^*]{1,60})\*{1,5}|#{1,5}([^#]{1,60})#{1,5}|\|([^|]{1,60})\|)"
    r"(?:[:：]|\s?[-–—|]\s)?\s{0,20}"  # "[EXTERNAL] - Printer"
)
_WORD = re.compile(r"[\w?]+")
_TRAILERS = ("(fwd)", " - forwarded", " -forwarded", " -reply")  # Pine, GroupWise


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a prefix says, by the languages that write it so."""

    replies: frozenset[str]
    forwards: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A subject apart from what was put before it."""

    words: str  # as first written; names in brackets ("[list]") stay
    stack: tuple[Meaning, ...] = ()  # of its prefixes; the first is of the sender's own program


@lru_cache(maxsize=16)  # one mail asks several things about its subject
def read(subject: str) -> Prefixed:
    """Takes prefixes and gateways' tags off a subject."""
    kept: list[str] = []
    stack: list[Meaning] = []
    at, bracket = 0, False
    for _ in range(MOST):
        prefix = _prefix(subject, at)
        if prefix is not None:
            stack.append(prefix[1])
            bracket = bracket or "[" in subject[at : at + 2]
            at = prefix[0]
        elif (end := _tag(subject, at)) is not None:
            at = end
        elif (name := _BRACKETED.match(subject, at)) and name[1] is not None:
            kept.append(name[0].lstrip() if stack else name[0])
            at = name.end()
        else:
            break
    words = "".join(kept) + subject[at:].lstrip()
    words = words.rstrip().removesuffix("]") if bracket else words  # Mozilla's [Fwd: Printer]
    return _without_trailer(words, tuple(stack))


def stripped(subject: str) -> str:
    """The subject as it was first written."""
    return read(subject).words


def untagged(subject: str) -> str:
    """The subject without what stands in brackets before it, where no prefix does."""
    at = 0
    for _ in range(MOST):
        end = _tag(subject, at)
        name = _BRACKETED.match(subject, at) if end is None else None
        if end is None and (name is None or name[1] is None):
            break
        at = end or (name.end() if name else at)
    return subject[at:].lstrip(" :")


def is_answer(subject: str) -> bool:
    """It begins as replies and forwards do."""
    return bool(read(subject).stack)


def is_forward(subject: str, text: str = "") -> bool:
    """The last who wrote forwarded a mail; `text` decides where a prefix means either.

    "VS:" is a Finnish reply and a Danish forward; the header block below tells them apart.
    """
    return any(_forwards(meaning, text) for meaning in read(subject).stack[:1])


def was_forwarded(subject: str) -> bool:
    """Somebody on its way forwarded it."""
    return any(_forwards(meaning, "") for meaning in read(subject).stack)


def holds(folded: str) -> bool:
    """A prefix stands anywhere behind the first word of this folded subject."""
    return _inside().search(folded) is not None


def follows(folded: str, at: int) -> bool:
    """The next word of this folded subject is a prefix."""
    return _inside().match(folded, at) is not None


# ---- the pieces


def _prefix(subject: str, at: int) -> tuple[int, Meaning] | None:
    """Where the prefix that begins at `at` ends, and what it means."""
    colon = _COLON.search(subject, at, at + LONGEST)
    if colon is None:
        return None
    word = fold(subject[at : colon.start()]).strip(_EDGES)
    meaning = _meanings().get(_COUNTER.sub("", word).rstrip(". "))
    if meaning is None or (len(word) == 1 and word.isascii() and _is_drive(subject, colon.end())):
        return None
    return colon.end(), meaning


def _is_drive(subject: str, at: int) -> bool:
    """ "R: drive is full", "R:\\share": a letter with a colon that is no prefix."""
    rest = subject[at : at + LONGEST]
    return not rest[:1].isspace() or fold(rest).partition(" ")[0].strip(",.") in _drives()


def _tag(subject: str, at: int) -> int | None:
    """Where the gateway's tag that begins at `at` ends: in brackets, or in capitals."""
    named = _BRACKETED.match(subject, at)
    if named and _is_tag(next(filter(None, named.groups()))):
        return named.end()
    for stop in (_COLON, _DASH):
        found = stop.search(subject, at, at + LONGEST)
        head = subject[at : found.start()] if found else ""
        if found and head.upper() == head and _is_tag(head):
            return found.end()
    return None


def _is_tag(text: str) -> bool:
    return _as_tag(text) in _tags()


def _as_tag(text: str) -> str:
    """Its words alone: "Caution: external sender!" is "caution external sender"."""
    return " ".join(_WORD.findall(fold(text)))


def _without_trailer(words: str, stack: tuple[Meaning, ...]) -> Prefixed:
    for trailer in _TRAILERS:
        if words.rstrip()[-len(trailer) :].lower() == trailer:
            meaning = _meanings()["re" if trailer == " -reply" else "fwd"]
            return Prefixed(words.rstrip()[: -len(trailer)].rstrip(), (*stack, meaning))
    return Prefixed(words, stack)


def _forwards(meaning: Meaning, text: str) -> bool:
    sure = bool(meaning.forwards) and not meaning.replies
    return sure or (bool(meaning.forwards) and _quotes_in(meaning.forwards, text))


def _quotes_in(languages: frozenset[str], text: str) -> bool:
    """A header block in one of these languages begins in the text."""
    labels = {
        fold(word) for language in languages for word in by_language("headers")[language]["from"]
    }
    lines = text[: EXAMINED_LINES * 200].split("\n", EXAMINED_LINES)
    return any(fold(_COLON.split(line[:LONGEST], 1)[0]).strip("*_> ") in labels for line in lines)


# ---- the words


@lru_cache(maxsize=1)
def _meanings() -> dict[str, Meaning]:
    """Every prefix, folded, with what it means."""
    replies, forwards = _languages_of("reply_prefixes"), _languages_of("forward_prefixes")
    none = frozenset[str]()
    return {
        word: Meaning(replies.get(word, none), forwards.get(word, none))
        for word in (*replies, *forwards)
    }


def _languages_of(key: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for language, words in by_language(key).items():
        for word in map(fold, words):
            found[word] = found.get(word, frozenset()) | {language}
    return found


@lru_cache(maxsize=1)
def _tags() -> frozenset[str]:
    return frozenset(map(_as_tag, _languages_of("gateway_tags"))) - {""}


@lru_cache(maxsize=1)
def _drives() -> frozenset[str]:
    return frozenset(_languages_of("drives"))


@lru_cache(maxsize=1)
def _inside() -> re.Pattern[str]:
    """A prefix with its colon behind a sign or space, in folded text."""
    words = any_of(_meanings()).pattern
    return re.compile(rf"\W(?:{words})\.?(?:{_COUNTER.pattern.removesuffix('$')})?\s?[:：]")
