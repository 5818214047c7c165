"""Which parts are the body, and what it says.

A body is a row of segments; a segment is said in plain text, in HTML, or in both
(multipart/alternative).  Everything else of the tree is an attachment.
"""

from __future__ import annotations

import html as html_entities
import re
from dataclasses import dataclass

from maild.parse import charsets, html, phrases
from maild.parse.fold import fold
from maild.parse.mime import Part
from maild.parse.page import Page

MAX_TEXT = 4_000_000  # characters of body text
LONGEST_STUB = 2_000  # characters of a plain part that may lack what the HTML says
LONGEST_POINTER = 600  # characters of one that only says that there is HTML
STUB_SHARE = 0.5  # of the length of the HTML's words
LACKING_SHARE = 0.6  # of the HTML's words that it lacks
LEAST_MISSING = 4  # words

_TAGS = re.compile(r"<[^<>]*>|&\w{1,10};")
_WORDS = re.compile(r"[^\W\d_]{3,}|[\u3040-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of the body."""

    plain: tuple[Part, ...] = ()  # what says it in plain text
    page: tuple[Part, ...] = ()  # what says it in HTML
    others: tuple[Part, ...] = ()  # what says the same once more, and is not read


@dataclass(frozen=True, slots=True)
class Body:
    """What the body says."""

    text: str  # the whole body as text
    page: Page | None  # None where there is no HTML
    parts: frozenset[int]  # indexes of the parts that were used
    encoded_files: tuple[tuple[str, bytes], ...]  # uuencoded files found in the text
    defects: tuple[str, ...]


def read(parts: list[Part]) -> Body:
    """The body of a walked message."""
    segments = _segments(parts[0], top=True) or _last_resort(parts)
    used = {p.index for s in segments for p in (*s.plain, *s.page, *s.others)}
    texts: list[str] = []
    pages: list[str] = []
    files: list[tuple[str, bytes]] = []
    defects: list[str] = []
    has_page = any(s.page for s in segments)
    for segment in segments:
        text, page = _read_segment(segment, files, defects)
        texts.append(text)
        if has_page:
            pages.append(page if page is not None else _as_page(text))
    text = "\n".join(t.strip("\n") for t in texts if t.strip())
    return Body(
        text=text[:MAX_TEXT],
        page=Page("\n".join(pages)) if has_page else None,
        parts=frozenset(used),
        encoded_files=tuple(files),
        defects=tuple(dict.fromkeys(defects)),
    )


# ---- which parts


def _segments(part: Part, top: bool = False) -> list[Segment]:
    if part.forwarded or (part.main_type == "message" and not top):
        return []
    if not part.is_container:
        return _leaf(part, top)
    if part.content_type == "multipart/alternative":
        return _alternative(part)
    if part.content_type == "multipart/related":
        return _related(part)
    if part.content_type == "multipart/report" and part.children:
        return _segments(part.children[0])
    found: list[Segment] = []
    for child in part.children:
        found.extend(_segments(child))
    return found


def _leaf(part: Part, top: bool) -> list[Segment]:
    if part.main_type == "multipart":  # announced, but there are no parts: read what is there
        return [Segment(plain=(part,))]
    if part.content_type not in ("text/plain", "text/html", "text/enriched", "text/richtext"):
        if part.content_type.startswith("text/") and top:
            return [Segment(plain=(part,))]
        return []
    if part.disposition == "attachment" and not top:
        return []
    if part.filename and not top and not _may_be_named(part):
        return []
    return [_segment(part)]


def _may_be_named(part: Part) -> bool:
    """A named text that still is the body: the first part of its parent, shown inline."""
    parent = part.parent
    if parent is None or part.disposition == "attachment":
        return parent is None
    first = parent.children[0] is part
    return parent.content_type == "multipart/alternative" or (
        first and part.content_type == "text/html"
    )


def _segment(part: Part) -> Segment:
    return Segment(page=(part,)) if part.content_type == "text/html" else Segment(plain=(part,))


def _alternative(part: Part) -> list[Segment]:
    """The same in several forms: one segment of the texts and the HTML.

    Several texts without HTML are all kept: they may well differ.
    """
    found = [_segments(child) for child in part.children]
    rich: list[list[Segment]] = []
    poor: list[list[Segment]] = []
    for segments in found:
        (rich if any(s.page for s in segments) else poor).append(segments)
    plain = [p for segments in poor for s in segments for p in s.plain]
    if not rich:
        return [Segment(plain=tuple(plain))] if plain else []
    best = rich[-1]
    others = [p for segments in rich[:-1] for s in segments for p in (*s.plain, *s.page)]
    if any(s.plain for s in best):  # HTML with texts of its own between: it is the whole
        return [*best, Segment(others=(*plain, *others))]
    pages = tuple(p for s in best for p in s.page)
    return [Segment(tuple(plain[:1]), pages, (*plain[1:], *others))]


def _related(part: Part) -> list[Segment]:
    """The root, and nothing that only belongs to it (RFC 2387)."""
    start = part.parameters.get("start", "").strip("<> ")
    root = next((c for c in part.children if start and c.content_id == start), None)
    for child in [root] if root else part.children:
        found = _segments(child)
        if found:
            return found
    return []


def _last_resort(parts: list[Part]) -> list[Segment]:
    """A text that calls itself an attachment is the body where nothing else is."""
    for part in parts:
        if part.content_type in ("text/plain", "text/html") and not part.is_container:
            if part.forwarded or part.disposition == "attachment" or part.filename:
                continue
            return [_segment(part)]
    return []


# ---- what they say


def _read_segment(
    segment: Segment, files: list[tuple[str, bytes]], defects: list[str]
) -> tuple[str, str | None]:
    page = None
    if segment.page:
        page = html.bounded("\n".join(_decoded(part, defects) for part in segment.page))
    texts = [_plain_text(part, files, defects) for part in segment.plain]
    text = "\n".join(t for t in texts if t.strip())
    if page is not None and _may_be_stub(text, page):
        shown = html.to_text(page)
        text = shown if not text.strip() or _is_stub(text, shown) else text
    return text, page


def _may_be_stub(text: str, page: str) -> bool:
    """The plain part points to HTML, or is far shorter than the words of the page seem to be."""
    written = len(text.strip())
    if written > LONGEST_STUB:
        return False
    if written <= LONGEST_POINTER and phrases.section("html_only").finds(fold(text)):
        return True
    begin = max(page.find("<body"), page.find("<BODY"), 0)
    page = page[begin : begin + 100 * LONGEST_STUB]
    if written >= STUB_SHARE * len(page):
        return False
    words = _TAGS.sub("", page).split()
    return written < STUB_SHARE * sum(map(len, words))


def _is_stub(text: str, shown: str) -> bool:
    """The plain part only points to the HTML, or lacks most of the words of the page."""
    has, wants = (set(_WORDS.findall(t.casefold())) for t in (text, shown))
    missing = wants - has
    points = phrases.section("html_only").finds(fold(text)) and "html" not in wants
    if points and len(missing) >= LEAST_MISSING:  # a page about HTML may point to itself
        return True
    return len(missing) >= LEAST_MISSING and len(missing) > LACKING_SHARE * len(wants)


def _decoded(part: Part, defects: list[str]) -> str:
    data = part.octets()
    label = part.charset
    if part.content_type == "text/html":
        label = label or _meta_charset(data)
    text, defect = charsets.decode(data, label)
    if defect:
        defects.append(f"part {part.index}: {defect}")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


def _meta_charset(data: bytes) -> str | None:
    found = _META.search(data[:4_000])
    return found[1].decode("ascii", "replace") if found else None


def _plain_text(part: Part, files: list[tuple[str, bytes]], defects: list[str]) -> str:
    text = _decoded(part, defects)
    if part.content_type in ("text/enriched", "text/richtext"):
        return _enriched(text)
    if "<div>-" in text:
        text = _without_divs(text)
    if "\nend" in text and "begin" in text:
        text = _take_uuencoded(text, files)
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


_SEPARATED = re.compile(r"<div>-{2,20}[^-<>\n]{3,80}-{2,20}</div>")


def _without_divs(text: str) -> str:
    """Samsung's programs left the tags of the lines above a quote in the plain text."""
    if not _SEPARATED.search(text):
        return text
    return re.sub(r"</div>\s?<div>|</?div>", "\n", text)


def unflow(text: str, delsp: bool) -> str:
    """Lines of format=flowed joined to paragraphs (RFC 3676 §4)."""
    out: list[str] = []
    flowing: int | None = None  # quote depth of the paragraph that goes on
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        signature = content == "-- "
        flows = content.endswith(" ") and not signature
        if flows and delsp:
            content = content[:-1]
        if flowing == depth and not signature:
            out[-1] += content
        else:
            out.append(">" * depth + (" " if depth and content else "") + content)
        flowing = depth if flows else None
    return "\n".join(out)


_ARMOR = "-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOR_BEGIN = re.compile(
    rf"^{_ARMOR}[ \t]*\n(?:[A-Za-z-]{{1,40}}: [^\n]*\n)*[ \t]*\n", re.MULTILINE
)
_ARMOR_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*\n", re.MULTILINE)
_ARMOR_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*$\n?", re.MULTILINE)


def without_armor(text: str) -> str:
    """The words of a text with a signature in it, whose dashes have marks (RFC 9580 §7)."""
    begin = _ARMOR_BEGIN.search(text) if _ARMOR in text else None
    signature = _ARMOR_SIGNATURE.search(text, begin.end()) if begin else None
    end = _ARMOR_END.search(text, signature.end()) if signature else None
    if begin is None or signature is None or end is None:
        return text
    words = re.sub(r"^- ", "", text[begin.end() : signature.start()], flags=re.MULTILINE)
    return text[: begin.start()] + words + text[end.end() :]


_UU = re.compile(
    r"^begin [0-7]{3,4} (?P<name>.+)\n(?P<lines>(?:[ -`]{1,100}\n)*?)`?\n?end\s*$", re.M
)


def _take_uuencoded(text: str, files: list[tuple[str, bytes]]) -> str:
    """The text without uuencoded files, which are put to `files`."""
    from maild.parse.transfer import decode_uu_lines

    def take(match: re.Match[str]) -> str:
        lines = match["lines"].encode("ascii", "replace").split(b"\n")
        files.append((match["name"].strip(), decode_uu_lines(lines)))
        return ""

    return _UU.sub(take, text)


def _enriched(text: str) -> str:
    """Words of text/enriched (RFC 1896): commands gone, single line ends joined."""
    text = re.sub(r"(?is)<param>.*?</param>", "", text)
    text = re.sub(r"<(?!<)/?[a-zA-Z][\w-]{0,30}>", "", text).replace("<<", "<")
    return re.sub(r"\n(\n+)|\n", lambda m: m[1] or " ", text)


def _as_page(text: str) -> str:
    lines = html_entities.escape(text, quote=False).split("\n")
    return "<div>" + "<br>\n".join(lines) + "</div>"
