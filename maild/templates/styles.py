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


def styled(page: str) -> str:
    """The page with the rules of its style sheets written to the tags; nothing is fetched."""
    pieces = page.split("<")
    words: list[str] = []
    for index, piece in enumerate(pieces):
        tag, _, text = piece.partition(">")
        core, name = text.strip(), tag[:6].lower()
        if name == "script" or (">" in core and not name.startswith("style")):
            return _inliner().inline(page)  # what looks like a tag may be none
        if not core or name.startswith("style"):
            continue
        mark = f"\ue000{len(words)}\ue001"
        pieces[index] = f"{tag}>{text.replace(core, mark, 1)}"
        words.append(core)
    out = list(_frame("<".join(pieces)))
    for index in range(1, len(out), 2):
        out[index] = _written(words[int(out[index])])
    return "".join(out)


@lru_cache(maxsize=256)
def _frame(page: str) -> tuple[str, ...]:
    """The styled page; every second piece is the number of the words that stand there."""
    return tuple(_PLACE.split(_inliner().inline(page)))


def _written(text: str) -> str:
    """Words as the inliner writes them: a character that may stand as it is does so."""
    if "&" in text:
        text = html.escape(html.unescape(text), quote=False)
    return text.replace("\u00a0", "&nbsp;")


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False)
