"""What the HTML of a mail knows about quotes: which lines of the text stood in a quote element.

The elements are found by what mail programs call them (clients.yaml), and found again in the
text by their first and last words, near where they ought to be; so the text may come from the
HTML or from a plain part that says the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from maild.parse.fold import fold, fold_letters
from maild.parse.html import parsed
from maild.parse.page import Page

from .lines import Line
from .quote_words import clients, vocabulary

EXAMINED_HTML = 500_000  # characters
MOST_ELEMENTS = 100
FIRST_WORDS = 200  # characters of an element that tell whether it forwards a message
FIRST_FIELDS = 500  # characters of an element in which a header block's fields are looked for
_ADDRESSES = ("http", "mailto")  # of links, which the text has and the page's words have not
LONGEST_STYLE = 500  # characters of a style attribute
ANCHOR = 40  # letters by which a place is found again
MOST_PLACES = 20  # looked at, where the anchor occurs several times
LEAST_LETTERS = 2

_NOT_LETTERS = re.compile(r"[^\w\n]+|_+")
_LOWER = bytes(range(256)).lower()
_NOT_ASCII_LETTERS = bytes(c for c in range(128) if not chr(c).isalnum() and chr(c) != "\n")
# Where elements begin and end in the text of a page, which itself never holds a NUL: those that
# are chosen, with their number, and those that nobody sees.
_BORDER = re.compile("\0([0-9]+)([<>])")
_UNSEEN = re.compile("\0<.*?\0>", re.DOTALL)
_BORDERS, _GMAIL, _INDENTS = 'div[style*="border-"]', "div.gmail_quote", "blockquote"
_UNSEEN_ELEMENTS = ("head", "script", "style", "template", "title")


class ElementKind(StrEnum):
    """What an element says about its text; the value is what an explanation calls it."""

    QUOTE = "quote element"
    END = "start of the original message in HTML"
    SIGNATURE = "signature element"


@dataclass(frozen=True, slots=True)
class Element:
    """An element's lines in the text."""

    kind: ElementKind
    first: int  # index of its first line
    last: int  # index of its last line, inclusive; for END the last of all
    name: str  # "blockquote.gmail_quote"


@dataclass(frozen=True, slots=True)
class _Node:
    """An element's letters in the HTML."""

    kind: ElementKind
    start: int  # offset among the letters of the page
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What the HTML says."""

    elements: tuple[Element, ...] = ()
    indents_only: bool = False  # it has block quotes, and all are somebody's way to indent


def read_structure(page: Page | None, lines: list[Line]) -> Structure:
    """Find the elements of an HTML body in the lines of its text."""
    if page is None:
        return Structure()
    html = page.html[:EXAMINED_HTML]
    wanted = _wanted(page.tags)
    if not any(wanted):
        return Structure()
    root = parsed(html)
    if root is None:
        return Structure()
    chosen = _choose(root, wanted)
    letters, nodes = _letters(root, chosen, wanted.unseen) if chosen else ("", [])
    if not nodes:
        return Structure(indents_only=_indents_only(root))
    place = _Places(lines)
    return Structure(tuple(e for node in nodes if (e := place.element(letters, node)) is not None))


class _Wanted(NamedTuple):
    """Selectors, joined, of what a page may have; "" where it can have nothing of a sort."""

    quotes: str
    ends: str
    signatures: str
    borders: str  # above a header block, where Outlook draws one
    gmail: str  # quotes of Gmail's without a block quote
    indents: str
    unseen: str  # elements whose text nobody reads


_LETTERS_BY_NUMBER = re.compile(r"&(?:#|lowbar|underbar|fjlig)", re.IGNORECASE)


def _wanted(tags: str) -> _Wanted:
    """A selector finds nothing where the tags lack one of its words, as those of most pages do."""
    selectors = _selectors()
    if _LETTERS_BY_NUMBER.search(tags):  # which may spell such words
        possible = sorted({one for some in selectors.values() for one in some})
    else:
        seen = tags.lower()
        words = selectors.keys() & ["", *_WORD.findall(seen)]
        some = sorted({one for word in words for one in selectors[word]})
        possible = [one for one in some if all(map(seen.__contains__, one.words))]
    found: list[list[str]] = [[] for _ in _Wanted._fields]
    for selector in possible:
        found[selector.sort].append(selector.text)
    return _Wanted(*map(", ".join, found))


class _Selector(NamedTuple):
    sort: int  # its place in `_Wanted`
    place: int  # among all
    text: str
    words: tuple[str, ...]  # that a tag must have, in lower case


@lru_cache(maxsize=1)
def _selectors() -> dict[str, list[_Selector]]:
    """By the longest word, which stands alone in a tag; "": those that a part of a word fits."""
    data = clients()
    sorts = (data["quotes"], data["ends"], data["signatures"], [_BORDERS], [_GMAIL], [_INDENTS])
    found: dict[str, list[_Selector]] = {"": []}
    all_of = (
        (sort, one.strip())
        for sort, rows in enumerate((*sorts, _UNSEEN_ELEMENTS))
        for row in rows
        for one in row.split(",")
    )
    for place, (sort, one) in enumerate(all_of):
        words = tuple(_WORD.findall(one.lower()))
        longest = "" if _PART_FITS.search(one) else max(words, key=len)
        found.setdefault(longest, []).append(_Selector(sort, place, one, words))
    return found


_WORD = re.compile(r"[\w-]+")
_PART_FITS = re.compile(r"[*^$|]=")


def _choose(root: Any, wanted: _Wanted) -> list[tuple[Any, ElementKind]]:
    """The elements that mean something, and what."""
    chosen: dict[int, tuple[Any, ElementKind]] = {}  # by identity
    for kind, selectors in (
        (ElementKind.QUOTE, wanted.quotes),
        (ElementKind.END, wanted.ends),
        (ElementKind.SIGNATURE, wanted.signatures),
    ):
        for node in _found(root, selectors):
            chosen.setdefault(node.mem_id, (node, kind))
    for node in _found(root, wanted.borders):
        style = (node.attributes.get("style") or "")[:LONGEST_STYLE]
        if _outlook_border().search(style) and _has_fields(node):
            chosen.setdefault(node.mem_id, (node, ElementKind.END))
    for node in _found(root, wanted.gmail):
        if node.css_first("blockquote") is None:
            chosen.setdefault(node.mem_id, (node, ElementKind.QUOTE))
    return list(chosen.values())


def _found(root: Any, selectors: str) -> list[Any]:
    found: list[Any] = root.css(selectors)[:MOST_ELEMENTS] if selectors else []
    return found


@lru_cache(maxsize=1)
def _outlook_border() -> re.Pattern[str]:
    return re.compile("|".join(clients()["outlook_borders"]), re.IGNORECASE)


def _has_fields(node: Any) -> bool:
    """Several "Label: value", whatever the language."""
    first = node.text(deep=True, separator=" ")[:FIRST_FIELDS]
    return len(re.findall(r"[^\W\d][ \u00a0]?[:：]", first)) >= 3


def _indents_only(root: Any) -> bool:
    quotes = root.css(_INDENTS)[:MOST_ELEMENTS]
    return bool(quotes) and not any(
        "class" in q.attributes or "border" in (q.attributes.get("style") or "") for q in quotes
    )


def _letters(
    root: Any, chosen: list[tuple[Any, ElementKind]], unseen: str
) -> tuple[str, list[_Node]]:
    """All letters of the page in one string, and where in it the outermost chosen elements are."""
    for number, (node, _) in enumerate(chosen):
        node.insert_before(f"\0{number}<")
        node.insert_after(f"\0{number}>")
    for node in root.css(unseen) if unseen else ():
        node.insert_before("\0<")
        node.insert_after("\0>")
    page = _UNSEEN.sub("", root.text(deep=True, separator=" ")).replace("\n", " ")
    pieces: list[str] = []
    nodes: list[_Node] = []
    length, start, behind, inside = 0, 0, 0, -1
    for border in _BORDER.finditer(page):
        pieces.append(squeeze(page[behind : border.start()]))
        length += len(pieces[-1])
        behind, number = border.end(), int(border[1])
        if border[2] == ">" and number == inside:
            node, kind = chosen[number]
            nodes.append(_Node(kind, start, length, _name(node)))
            inside = -1
        elif border[2] == "<" and inside < 0 and not _forwards(page, behind, number):
            inside, start = number, length
    pieces.append(squeeze(page[behind:]))
    return "".join(pieces), nodes


def _forwards(page: str, start: int, number: int) -> bool:
    """A forwarded message is what the sender wants to say, whatever element it stands in."""
    first = page[start : min(page.find(f"\0{number}>", start), start + FIRST_WORDS)]
    return vocabulary().forwarded.search(fold(first)) is not None


def _name(node: Any) -> str:
    attributes = node.attributes
    name = str(node.tag)
    if attributes.get("id"):
        name += f"#{attributes['id']}"
    if attributes.get("class"):
        name += "." + ".".join(attributes["class"].split()[:2])
    return name[:80]


def squeeze(text: str) -> str:
    """Letters, digits and line feeds only: what survives every way of writing HTML as text."""
    if text.isascii():  # at the speed of octets
        return text.encode("ascii").translate(_LOWER, _NOT_ASCII_LETTERS).decode("ascii")
    return _NOT_LETTERS.sub("", fold_letters(text))


class _Places:
    """Finds letters of the page in the lines of the text."""

    def __init__(self, lines: list[Line]) -> None:
        rows = squeeze("\n".join([raw for raw, _, _ in lines])).split("\n")
        self._letters = "".join(rows)
        self._ends = list(accumulate(map(len, rows)))  # offset behind each line

    def element(self, page: str, node: _Node) -> Element | None:
        """The lines of an element, or None where they cannot be told."""
        if node.kind is ElementKind.END:
            start = self._nearest(page[node.start : node.start + ANCHOR], node.start)
            first = None if start is None else self._line_from(start)
            last = len(self._ends) - 1
        else:
            start = self._nearest(page[node.start : min(node.end, node.start + ANCHOR)], node.start)
            first = None if start is None else self._line_from(start)
            last = -1 if start is None else self._last(page, node, start)
        if first is None or last < first:
            return None
        return Element(node.kind, first, last, node.name)

    def _last(self, page: str, node: _Node, start: int) -> int:
        tail = page[max(node.start, node.end - ANCHOR) : node.end]
        at = self._nearest(tail, start + node.end - node.start - len(tail), start)
        return -1 if at is None else self._line_until(at + len(tail))

    def _nearest(self, anchor: str, wanted: int, least: int = 0) -> int | None:
        """Where the anchor occurs, closest to an offset."""
        if len(anchor) < LEAST_LETTERS:
            return None
        found: list[int] = []
        at = self._letters.find(anchor, least)
        while at >= 0 and len(found) < MOST_PLACES:
            found.append(at)
            at = self._letters.find(anchor, at + 1)
        return min(found, key=lambda offset: abs(offset - wanted)) if found else None

    def _line_from(self, offset: int) -> int:
        """The first line that begins at or behind an offset."""
        index = bisect_right(self._ends, offset)
        begin = self._ends[index - 1] if index else 0
        return index if begin == offset else index + 1

    def _line_until(self, offset: int) -> int:
        """The last line with letters that ends at or before an offset, a link's address aside."""
        index = bisect_right(self._ends, offset - 1)
        rest = self._letters[offset : self._ends[index]]
        return index if not rest or rest.startswith(_ADDRESSES) else index - 1
