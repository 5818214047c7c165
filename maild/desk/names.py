"""What people are called: which display names say hello, and which are kept apart (H94).

Whoever writes a mail writes his name as he likes.  A name that holds a link, or that is somebody
else's, deceives those who read it, so it never stands without its address; and only what is a
person's name is greeted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from maild.model import Address
from maild.parse import wordfile
from maild.parse.fold import fold
from maild.parse.invisible import one_line

LONGEST = 60  # characters of a name that is greeted
MOST_WORDS = 7

DESK = ("maild", "monitoring")  # what the desk's own notes are by

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_WRAPPING = " \t,;:*_|\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_EDGES = _WRAPPING + ".!?"
_LINK = re.compile(r"://|@|\bwww\.|[^\W_]{2,}[.\u3002][^\W\d_]{2,}", re.IGNORECASE)
_GLUED = re.compile(r"(?<![^\s.])([^\W\d_]{2,5}\.)(?=[^\W\d_]{2})")  # Dr.Archer
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_AND = frozenset("&+")
_JOINERS = frozenset(".-'\u2019\u2010\u2011\u00b7\u200c\u200d")

# Letters and digits that are drawn like Latin letters (Unicode TR 39, the usual ones).
_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0432"
    "\u043d\u043a\u043c\u0442\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7\u0131013",
    "aeopcyxijshdqwbhkmtaopviktuxiole",
)


@cache
def _words() -> dict[str, frozenset[str]]:
    read = wordfile.read(__package__, "names.yaml")
    return {kind: frozenset(words) for kind, words in read.items()}


@cache
def _tail() -> re.Pattern[str]:
    ways = "|".join(map(re.escape, sorted(_words()["way"])))
    return re.compile(rf"\s(?:[|/\u2013\u2014-]|{ways})\s.*", re.IGNORECASE)


def tidy(name: str) -> str:
    """The name without quotes and punctuation around it: `'Ann` and `Acker;` are names that a
    program has wrapped."""
    return one_line(name).strip(_WRAPPING)


def is_link(name: str) -> bool:
    """Whether something in it can be followed: a web address, a domain, a mail address."""
    plain = _GLUED.sub(lambda m: f"{m[1]} " if _is(m[1], "titles") else m[1], name)
    return _LINK.search(unicodedata.normalize("NFKC", plain)) is not None


def is_called(name: str, other: str) -> bool:
    """Whether a reader who sees this name thinks of the other: letters that look alike, accents,
    order and case do not matter, nor more words beside two of them ("Bob Tech, Support")."""
    shown, wanted = _likeness(name), _likeness(other)
    if not wanted:
        return False
    return "".join(shown) == "".join(wanted) or (len(wanted) > 1 and set(wanted) <= set(shown))


def is_the_desks(name: str) -> bool:
    """Whether it is what the desk calls itself where it writes a note."""
    return any(is_called(name, own) for own in DESK)


@lru_cache(maxsize=4096)
def _likeness(name: str) -> tuple[str, ...]:
    letters = unicodedata.normalize("NFKD", fold(name[: 4 * LONGEST]).translate(_LIKE))
    drawn = (c for c in letters if unicodedata.category(c)[0] != "M" and c not in _UNSEEN)
    return tuple("".join(c if c.isalnum() else " " for c in drawn).split())


def apart(name: str, address: str) -> str:
    """A name that is not his alone, with the address that is; a link is not repeated."""
    return address if is_link(name) else f"{name} <{address}>"


def with_address(name: str, address: str) -> str:
    """`Ann Archer <ann@acme.example>`; the address once, where the name holds it."""
    return name if address in name else f"{name} <{address}>"


def given(address: Address) -> str:
    """The display name as it is kept; what stands before the @ where there is none."""
    return tidy(address.name) or address.address.partition("@")[0]


# ---- saying hello


def full_name(name: str) -> str:
    """How one addresses this name in full: "Archer, Ann" is "Ann Archer".  "" where it names no
    person, and nobody should be greeted by it."""
    titles, words = _read(name)
    return " ".join([*titles, *words]) if words else ""


def first_name(name: str) -> str:
    """How one says hello to this name: "Archer, Ann" and "Dr. Ann Archer (Acme)" are Ann, "Herr
    Acker" is Herr Acker.  "" as above."""
    titles, words = _read(name)
    if not words:
        return ""
    if len(words) == 1:
        return " ".join([*titles[-1:], *words])
    return words[0] if len(words[0].strip(".")) > 1 else " ".join(words)


@lru_cache(maxsize=1024)
def _read(name: str) -> tuple[list[str], list[str]]:
    """Titles, and the words of the name proper; nothing where it is not a person's."""
    if is_link(name) or len(name) > LONGEST:
        return [], []
    plain = _tail().sub("", _ASIDE.sub(" ", one_line(name)))
    titles: list[str] = []
    words: list[str] = []
    for word in _in_order(plain):
        if not word.isascii() and not any(c.isalnum() for c in word):
            continue  # an emoji beside a name
        if not _is_word(word) or _is(word, "nobody"):
            return [], []
        (titles if _is(word, "titles") and not words else words).append(word)
    return (titles, words) if len(words) <= MOST_WORDS else ([], [])


def _in_order(name: str) -> Iterator[str]:
    """The words as one says them: what stands behind a comma is first, unless it is a degree."""
    name = _GLUED.sub(lambda m: f"{m[1]} " if _is(m[1], "titles") else m[1], name)
    last, _, first = tidy(name).partition(",")
    rest = [word for word in first.replace(",", " ").split() if not _is(word, "behind")]
    for word in (*rest, *last.split()):
        stripped = word.strip(_EDGES)
        if not stripped:
            continue
        # A full stop is part of an initial and of a title.
        dotted = word.rstrip(_EDGES.replace(".", "")).endswith(".")
        short = len(stripped) == 1 or "." in stripped or _is(stripped, "titles")
        yield f"{stripped}." if dotted and short else stripped


def _is(word: str, kind: str) -> bool:
    return fold(word).strip(".").replace(".", "") in _words()[kind]


def _is_word(word: str) -> bool:
    return word in _AND or all(c in _JOINERS or unicodedata.category(c)[0] in "LM" for c in word)
