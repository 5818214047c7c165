"""The layout's styles at each tag, as mail programs want them.

Which styles a tag gets depends on the tags around it and not on the words between them.  So pages
that have all their tags in common are styled once, and each gets its own words again.
"""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache

from css_inline import CSSInliner

_PLACE = re.compile("\ue000(\\d+)\ue001")  # of words; nobody's words contain such (see inert.mark)
_MARKS = tuple(f"\ue000{number}\ue001" for number in range(1_000))
# What stands before some words, from their tag on, and the words; not those of a style sheet.
_WORDS = re.compile(r"(<(?![sS][tT][yY][lL][eE])[^<>]*>\s*)([^<\s](?:[^<]*[^<\s])?)")
_SCRIPT = re.compile("<[sS][cC][rR][iI][pP][tT]")


def styled(page: str) -> str:
    """The page with the rules of its style sheets written to the tags; nothing is fetched."""
    pieces = _WORDS.split(page)
    words = pieces[2::3]
    together = "".join(words)
    pieces[2::3] = _MARKS[: len(words)]
    styles = _frame("".join(pieces)) if len(words) <= len(_MARKS) and ">" not in together else None
    if styles is None:
        return _inliner().inline(page)  # what looks like a tag may be none
    if "&" in together or "\u00a0" in together:
        words = [_written(text) for text in words]
    frame, places = styles
    out = list(frame)
    out[1::2] = [words[place] for place in places]
    return "".join(out)


@lru_cache(maxsize=256)
def _frame(page: str) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The styled page, and the numbers of the words that belong where its every second piece is;
    None where there are scripts in it."""
    if _SCRIPT.search(page):
        return None
    pieces = tuple(_PLACE.split(_inliner().inline(page)))
    return pieces, tuple(map(int, pieces[1::2]))


def _written(text: str) -> str:
    """Words as the inliner writes them: a character that may stand as it is does so."""
    if "&" in text:
        text = html.escape(html.unescape(text), quote=False)
    return text.replace("\u00a0", "&nbsp;")


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False)
