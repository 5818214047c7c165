"""Text cut into words as search knows them: the same ones whatever database keeps them.

Compatibility forms are made plain (NFKC), case and accents go, "ß" is "ss", "ü" is found as "u" and
as "ue"; Chinese, Japanese and Korean runs become pairs of characters, as nobody puts spaces there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, takewhile

from maild.parse.fold import without_accents

LONGEST_TEXT = 200_000  # characters that are looked at
LONGEST_WORD = 40
MOST_WORDS = 5_000  # of one text

_WORD = re.compile(r"[^\W_]+")
_CJK = "぀-ヿ㐀-䶿一-鿿가-힯豈-﫿"
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})


def cut(text: str) -> list[str]:
    """The words of a text, each once, in the order in which they come."""
    found: dict[str, None] = {}
    for word in _words(text[:LONGEST_TEXT]):
        found[word] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)


def asked(text: str) -> list[tuple[str, bool]]:
    """What a question looks for: words that must all be there; True: as a beginning.

    The last word may be half typed; a single character of Chinese is the beginning of a pair.
    """
    plain = _plain(text[:500])
    pieces = [piece for word in _WORD.findall(plain) for piece in _pieces(without_accents(word))]
    found = [(piece, len(piece) == 1 and _is_cjk(piece)) for piece in dict.fromkeys(pieces)]
    if found and not plain[-1:].isspace():
        found[-1] = (found[-1][0], True)
    return found[:12]


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(_plain(text)):
        yield from _pieces(without_accents(word))
        other = word.translate(_UMLAUTS)
        if other != word:
            yield from _pieces(without_accents(other))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())


def _pieces(word: str) -> Iterator[str]:
    if word.isascii():
        yield word[:LONGEST_WORD]
        return
    for run in re.findall(f"[{_CJK}]+|[^{_CJK}]+", word):
        if not _is_cjk(run[0]):
            yield run[:LONGEST_WORD]
            continue
        yield from (run[n : n + 2] for n in range(len(run) - 1))
        yield run[-1]


@lru_cache(maxsize=4096)
def _is_cjk(character: str) -> bool:
    return re.match(f"[{_CJK}]", character[0]) is not None


# ---- as the databases' own indexes take them: letters a to z and digits


def encoded(words: Iterable[str]) -> str:
    """Words as one text of a to z, digits and spaces; beginnings stay beginnings."""
    return " ".join(map(_encoded, words))


def _encoded(word: str) -> str:
    if word.isascii() and "q" not in word:
        return word
    return "".join(
        "qq" if c == "q" else c if c.isascii() and c.isalnum() else f"q{ord(c):x}q" for c in word
    )


# ---- where a text has them


def around(text: str, words: Iterable[str], width: int = 160) -> list[tuple[str, bool]]:
    """A piece of the text around the first of these words: (part, whether it is one of them)."""
    wanted = tuple(words)
    tokens = _WORD.finditer(text[:20_000])
    first = next((token for token in tokens if _hit(token[0], wanted)), None)
    start = max(first.start() - width // 3, 0) if first else 0
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = min(start + width, len(text))
    parts: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = start
    for token in takewhile(lambda t: t.end() <= end, chain([first] if first else [], tokens)):
        if token is first or _hit(token[0], wanted):
            parts += [(text[at : token.start()], False), (token[0], True)]
            at = token.end()
    parts.append((text[at:end] + (" …" if end < len(text) else ""), False))
    return [(part, hit) for part, hit in parts if part]


def _hit(word: str, wanted: tuple[str, ...]) -> bool:
    forms = _forms(word) if len(word) <= LONGEST_WORD else tuple(_words(word))
    return any(form.startswith(w) for form in forms for w in wanted)


@lru_cache(maxsize=8192)
def _forms(word: str) -> tuple[str, ...]:
    return tuple(_words(word))
