"""How else people write a command: what a phone, Markdown or another desk makes of "#internal".

A wish for privacy is read in every spelling, and nearly read in a mistyped one, as a word too many
among colleagues harms less than one before a customer.  Any other command counts in a foreign
spelling only where it can be read to its end; else the line is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from maild.commands.words import Vocabulary, slips
from maild.parse.fold import fold

SIGNS = "#＃"  # as phones write it too
LONGEST = 60  # characters of a wish

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_EMPHASIS = re.compile(r"^([*_~`]{1,3})(\S(?:.{0,80}?\S)??)\1(?=\W|$)")
_BEHIND_SIGN = re.compile(rf"^(?P<sign>[{SIGNS}]+\s{{0,2}}|[@/\\!]\s?)(?P<rest>[^\W\d_].*)$")
_BRACKETED = re.compile(
    rf"^[\[({{<【](?P<word>[{SIGNS}@/]?\s?[^\[\](){{}}<>【】]{{1,60}})[\])}}>】]\s*[:–—-]?\s*(?P<rest>.*)$"
)
_BEFORE_COLON = re.compile(
    r"^(?P<word>[^\W\d_][^\W_]*(?:[ '’/-][^\W_]+){0,4})(?:\s?[:：]|\s[-–—](?=\s))\s*(?P<rest>.*)$"
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“”", "‘": "’", "«": "»", "‚": "‘"}
MOST_WORDS = 4  # of a wish behind a sign
LEAST_MISTYPED = 6  # letters of a word of which a slip is still told


@dataclass(frozen=True, slots=True)
class Wish:
    """That the mail is for colleagues, as far as it can be read."""

    text: str  # what stands behind it on the line
    sure: bool = True  # False: it is mistyped


def plain(line: str) -> str:
    """The line without marks that nobody sees, and without emphasis on its first words."""
    bare = _INVISIBLE.sub("", line).strip()
    return _EMPHASIS.sub(r"\2", bare, count=1).strip()


def unquoted(argument: str) -> str:
    """ "“Waiting Customer”" without its quotes."""
    text = argument.strip()
    if len(text) > 2 and text[-1] in _QUOTES.get(text[0], ""):
        return text[1:-1].strip()
    return text


# ---- a wish for privacy


def private(bare: str, words: Vocabulary) -> Wish | None:
    """The wish that a line is or opens with; None where it is something else."""
    if fold(bare[:LONGEST]) in words.private_lines:
        return Wish("")
    if found := _BRACKETED.match(bare):
        return _wish(_inner(found["word"]), found["rest"], words.private_signed, words)
    if found := _BEHIND_SIGN.match(bare):
        return _opening(found["rest"], words)
    if found := _BEFORE_COLON.match(bare):
        return _wish(found["word"], found["rest"], words.private, words)
    return None


def _inner(word: str) -> str:
    return word.strip().lstrip(SIGNS + "@/ ").rstrip(":!. ")


def _wish(word: str, rest: str, known: frozenset[str], words: Vocabulary) -> Wish | None:
    wanted = fold(word)
    if wanted in known:
        return Wish(rest.strip())
    return Wish(rest.strip(), sure=False) if _mistyped(wanted, words) else None


def _opening(rest: str, words: Vocabulary) -> Wish | None:
    """ "internal he will call": the longest wish that the words begin with."""
    said = rest.split(maxsplit=MOST_WORDS)
    for count in range(min(MOST_WORDS, len(said)), 0, -1):
        if fold(" ".join(said[:count]).rstrip(":,")) in words.private_signed:
            return Wish(rest.split(maxsplit=count)[count] if len(said) > count else "")
    if said and _mistyped(fold(said[0].rstrip(":,")), words):
        return Wish(rest, sure=False)
    return None


def _mistyped(word: str, words: Vocabulary) -> bool:
    """A letter is missing, too many or in the wrong place; another letter makes another word."""
    return word not in words.not_private and any(
        slips(word, one) == 1
        for one in words.private_signed
        if len(one) >= LEAST_MISTYPED
        and abs(len(one) - len(word)) <= 1
        and (len(one) != len(word) or sorted(one) == sorted(word))
    )


# ---- other commands


@dataclass(frozen=True, slots=True)
class Spelled:
    """What may be a command, written as `#command argument`."""

    written: str
    meant: bool = False  # nobody writes so who does not mean one: "@…", "[…]"


def spelled(bare: str, words: Vocabulary) -> Spelled | None:
    """The line with our sign, where another or none stands before it; else None."""
    if fold(bare) in words.alone:
        return Spelled(f"#{bare}")
    found = _BRACKETED.match(bare)
    if found is not None:
        return Spelled(f"#{_inner(found['word'])}", meant=True) if not found["rest"] else None
    found = _BEHIND_SIGN.match(bare)
    if found is None or len(found["sign"].strip()) > 1:  # "##" is a heading
        return None
    return Spelled(f"#{found['rest']}", meant=found["sign"][0] == "@")
