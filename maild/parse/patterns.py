"""Many phrases as one pattern that reads each character of a text about once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from maild.parse.fold import fold

_WITHOUT_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")  # Thai, CJK, Korean

_ASCII_WORD = re.compile(r"[a-z]+")


class AnyOf:
    """Phrases that few texts hold, as a pattern that is tried where a word of one of them is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        folded = [fold(phrase) for phrase in phrases]
        self._pattern = any_of(folded)
        self._words = words_of(phrase for phrase in folded if phrase.isascii())
        self.match = self._pattern.match

    def search(self, text: str) -> re.Match[str] | None:
        """The first of them in a folded text."""
        return self._pattern.search(text) if self.may_be_in(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Each of them in a folded text."""
        return self._pattern.finditer(text) if self.may_be_in(text) else iter(())

    def may_be_in(self, text: str) -> bool:
        """False where none of them is in this text in lower case, as a part of a word neither."""
        return not text.isascii() or any(map(text.__contains__, self._words))


def words_of(phrases: Iterable[str]) -> tuple[str, ...]:
    """Words of which a text holds one, if only in another, that holds one of the folded phrases."""
    longest = {max(_ASCII_WORD.findall(phrase), key=len, default=phrase) for phrase in phrases}
    return tuple(
        sorted(word for word in longest if not any(o in word for o in longest if o != word))
    )


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
