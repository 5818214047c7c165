"""Many phrases as one pattern that reads each character of a text about once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maild.parse.fold import fold

_WITHOUT_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")  # Thai, CJK, Korean

Trie = dict[str, "Trie"]  # by character; the key "" says that a phrase ends here


def any_of(phrases: Iterable[str], whole_words: bool = True) -> re.Pattern[str]:
    """A pattern that finds the longest of the phrases in folded text.

    A phrase does not begin or end inside a word, where its script has spaces between words.
    """
    trie: Trie = {}
    for phrase in phrases:
        _add(trie, fold(phrase) if whole_words else phrase)
    return re.compile(_pattern(trie, whole_words) if trie else r"(?!)")


def _add(trie: Trie, phrase: str) -> None:
    for character in phrase:
        trie = trie.setdefault(character, {})
    trie[""] = {}


def _pattern(trie: Trie, whole_words: bool) -> str:
    """The branches by first letter, each of which asks for a word's beginning.

    It asks behind the letter: a pattern all of whose branches begin with a letter is searched
    for by those letters.
    """
    branches = []
    for character in sorted(trie):
        if not character:
            continue
        letter = re.escape(character)
        begins = rf"(?<![^\W\d]{letter})" if whole_words and _ends_words(character) else ""
        branches.append(letter + begins + _rest(trie[character], character, whole_words))
    return "|".join(branches)


def _rest(trie: Trie, last: str, whole_words: bool) -> str:
    """What may follow: the longer phrases first, then the end of one."""
    branches = [
        re.escape(character) + _rest(trie[character], character, whole_words)
        for character in sorted(trie)
        if character
    ]
    if "" in trie:
        branches.append(r"(?!\w)" if whole_words and _ends_words(last) else "")
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _ends_words(character: str) -> bool:
    return character.isalpha() and not _WITHOUT_SPACES.match(character)
