"""HTML to text that reads like the mail did, and to HTML that can do no harm.

The walker is a loop over a parsed tree, so neither depth nor size can exhaust it.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from typing import Any

from maild.parse.page import Page

MAX_HTML = 4_000_000  # characters that are read; a mail that a person wrote has less


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SKIPPED = _names(
    "script style title head noscript template meta link object embed applet iframe svg math "
    "select textarea audio video canvas map"
)
_BLOCK = _names(
    "address article aside body center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre "
    "section summary table tbody tfoot thead tr ul blockquote caption"
)
_SPACED = _names("p ul ol dl h1 h2 h3 h4 h5 h6 table blockquote pre")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


MAX_DEPTH = 300  # elements inside one another; parsers of trees take squares of it
MAX_ATTRIBUTES = 1_000  # words of one tag outside its quotes
_LONG_TAG = re.compile(r"<[^<>]{2000,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_BETWEEN = re.compile(r"[\s/=]+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?=[\s/>])")
_VOID = _names("area base br col embed hr img input link meta param source track wbr p li td tr th")


def bounded(html: str) -> str:
    """The same HTML, or its bare words where it is beyond all reason (H64, H95): parsers of trees
    take squares of the depth of elements and of the number of attributes.
    """
    html = html[:MAX_HTML]
    return _bare_words(html) if _too_deep(html) or _too_many_attributes(html) else html


def _too_deep(html: str) -> bool:
    if html.count("<") < MAX_DEPTH:
        return False
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _VOID:
            depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def _too_many_attributes(html: str) -> bool:
    for tag in _LONG_TAG.finditer(html):
        if len(_BETWEEN.split(_QUOTED.sub("", tag[0]))) > MAX_ATTRIBUTES:
            return True
    return False


def _bare_words(html: str) -> str:
    return escape(unescape(re.sub(r"<[^<>]{0,2000}>", " ", html)), quote=False)


def to_text(html: str) -> str:
    """The text of an HTML mail: blocks on their own lines, quotes behind `> `, lists with marks.

    Pure, linear in the size; "" for a page without words.
    """
    root = parsed(html[:MAX_HTML])
    if root is None:
        return ""
    writer = _Writer()
    node: Any = root
    while node is not None:
        entered = writer.enter(node)
        child = node.child if entered else None
        if child is not None:
            node = child
            continue
        if entered:
            writer.leave(node)
        node = _following(node, root, writer)
    return writer.text()


def parsed(html: str) -> Any:
    """The root of a page's tree; None where it has none."""
    return _parser()(html).root


@cache
def _parser() -> Any:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser


def _following(node: Any, root: Any, writer: _Writer) -> Any:
    """The next node after a finished one, leaving the parents that end on the way."""
    end = root.mem_id
    while node is not None and node.mem_id != end:
        following = node.next
        if following is not None:
            return following
        node = node.parent
        if node is None or node.mem_id == end:
            return None
        writer.leave(node)
    return None


class _Writer:
    """Collects lines; knows the quote depth, the lists and whether white space counts."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._space = False  # white space is due before the next word
        self._blank = False  # a blank line is due before the next line
        self._quote = 0
        self._above = 0  # quote depth of the line written last
        self._pre = 0
        self._lists: list[int | None] = []
        self._links: list[str] = []

    def enter(self, node: Any) -> bool:
        tag = node.tag
        if tag == "-text":
            self._words(node.text_content or "")
            return True
        if tag is None or tag.startswith(("-", "!", "_")) or tag in _SKIPPED:
            return False
        attributes = node.attributes
        if attributes and _is_hidden(attributes):
            return False
        if tag in _BLOCK:
            self._open_block(tag, attributes)
        elif tag == "br":
            self._break()
        elif tag in ("td", "th"):
            self._cell()
        elif tag == "img":
            self._image(attributes)
        elif tag == "a":
            self._links.append(attributes.get("href") or "")
            self._mark = len(self._line)
        return True

    def leave(self, node: Any) -> None:
        tag = node.tag
        if tag in _BLOCK:
            self._close_block(tag)
        elif tag in ("td", "th"):
            self._space = True
        elif tag == "a" and self._links:
            self._close_link(self._links.pop())

    def text(self) -> str:
        self._flush()
        return "\n".join(self._lines).strip("\n")

    # -- blocks

    def _open_block(self, tag: str, attributes: dict[str, str | None]) -> None:
        self._flush()
        if tag in _SPACED and not self._lists:
            self._blank = True
        if tag == "blockquote":
            self._quote += 1
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ul", "ol", "menu", "dir"):
            self._lists.append(_start(attributes) if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag == "hr":
            self._line.append("-" * 20)
            self._flush()

    def _close_block(self, tag: str) -> None:
        self._flush()
        if tag == "blockquote":
            self._quote = max(0, self._quote - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in ("ul", "ol", "menu", "dir") and self._lists:
            self._lists.pop()
        if tag in _SPACED and not self._lists:
            self._blank = True

    def _item(self) -> None:
        indent = "  " * max(0, min(len(self._lists), 20) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._line.append(f"{indent}* ")
        else:
            self._line.append(f"{indent}{number}. ")
            self._lists[-1] = number + 1

    # -- words

    def _words(self, text: str) -> None:
        if self._pre:
            for index, line in enumerate(text.split("\n")):
                if index:
                    self._break()
                if line:
                    self._line.append(line.rstrip("\r"))
            return
        words = text.replace("\xa0", " ").split() if text else []
        if not words:
            self._space = self._space or bool(text)
            return
        if (self._space or text[0].isspace()) and self._line and not self._line[-1].endswith(" "):
            self._line.append(" ")
        self._line.append(" ".join(words))
        self._space = text[-1].isspace()

    def _break(self) -> None:
        self._flush(keep_empty=True)

    def _cell(self) -> None:
        if "".join(self._line).strip():
            self._space = True

    def _image(self, attributes: dict[str, str | None]) -> None:
        alt = (attributes.get("alt") or "").strip()
        if alt and len(alt) < 200 and (attributes.get("src") or "").lower().startswith("cid:"):
            self._words(f" [{alt}] ")

    def _close_link(self, href: str) -> None:
        href = href.strip()
        if not re.match(r"(?i)(https?|ftp)://", href) or len(href) > 500:
            return
        shown = "".join(self._line)
        bare = re.sub(r"(?i)^https?://(www\.)?|/$", "", href)
        if bare in shown or not shown.strip():
            return
        self._line.append(f" <{href}>")

    def _flush(self, keep_empty: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else line.strip(" \t") if not self._lists else line
        self._line, self._space = [], False
        if not line.strip() and not keep_empty:
            return
        prefix = "> " * min(self._quote, 20)
        if self._blank and self._lines and self._lines[-1].strip("> "):
            self._lines.append(("> " * min(self._quote, self._above, 20)).rstrip())
        self._blank, self._above = False, self._quote
        self._lines.append((prefix + line).rstrip())


def _start(attributes: dict[str, str | None]) -> int:
    value = attributes.get("start") or ""
    return int(value) if re.fullmatch(r"\d{1,6}", value) else 1


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    return "hidden" in attributes or bool(style and _HIDDEN.search(style))


# ---- safe HTML

_TAGS = _names(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del "
    "div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span "
    "strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr"
)
_COMMON = {"dir", "lang", "title", "style", "align", "class"}
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "valign", "width", "bgcolor"},
    "th": {"colspan", "rowspan", "valign", "width", "bgcolor"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "col": {"span", "width"},
    "font": {"color", "size", "face"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
}
_STYLES = _names(
    "color background-color font-weight font-style font-size font-family text-align "
    "text-decoration margin margin-left margin-right margin-top margin-bottom padding padding-left "
    "padding-right padding-top padding-bottom border border-left border-right border-top "
    "border-bottom border-collapse width white-space vertical-align line-height"
)


def sanitise(page: Page) -> str:
    """HTML without script, forms or anything remote; inline images stay as cid: (H55, H56)."""
    if len(page.html) > MAX_HTML:
        page = Page(page.html[:MAX_HTML])
    if len(page.html) > MOST_SIGNS:
        page = _with_few_signs(page)
    return str(_cleaner(bool(_MAY_ACT.search(page.tags.casefold()))).clean(page.html))


# The cleaner takes the square of the number of these in one text; no person writes so many.
_SIGNS = re.compile("[\x80-\xbf]|&nbsp;|&#160;|&#xa0;", re.IGNORECASE)
MOST_SIGNS = 20_000
MOST_ENTITIES = 40_000  # or what begins like one


def _with_few_signs(page: Page) -> Page:
    """Spaces for signs of which the page has too many; its tags may reach elsewhere then."""
    html = page.html
    if len(_SIGNS.findall(html)) > MOST_SIGNS:
        html = _SIGNS.sub(" ", html)
    if html.count("&") > MOST_ENTITIES:
        html = html.replace("&", " ")
    return page if html is page.html else Page(html)


@cache
def _cleaner(looks: bool) -> Any:
    """`looks`: asks `_keep_attribute` about each attribute."""
    import nh3

    attributes = {tag: set(_COMMON | _ATTRIBUTES.get(tag, set())) for tag in _TAGS}
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_names("script style title head noscript template")),
        attributes=attributes,
        attribute_filter=_keep_attribute if looks else None,
        url_schemes={"http", "https", "mailto", "tel", "cid", "ftp"},
        filter_style_properties=set(_STYLES),
        link_rel="noopener noreferrer nofollow",
    )


_ACTING_STYLE = re.compile(r"url\s*\(|expression|\\|@import|image-set")  # folded

# Where the folded tags of a page have none of these, `_keep_attribute` keeps all that it is asked
# about: what it takes away, any of whose letters might be an entity.
_MAY_ACT = re.compile(
    r"url|expression|\\|@import|image-set|src|cid:|&(?!(?:nbsp|amp|lt|gt|quot|[aou]uml);)"
)


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "style":
        return None if _ACTING_STYLE.search(value.casefold()) else value
    if attribute == "src":
        return value if value.lower().startswith("cid:") else None
    if attribute == "href" and value.strip().lower().startswith("cid:"):
        return None
    return value
