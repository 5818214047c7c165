"""From a template and facts to subject, text and HTML.  Pure: no clock, no file, no database."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale
from babel.numbers import format_decimal
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markupsafe import Markup

from maild import i18n
from maild.errors import UsageError
from maild.i18n import Sentence, sentence
from maild.model import Verdict
from maild.templates import escape, tap_links
from maild.templates.jinja_errors import in_our_words
from maild.templates.sandbox import Sandbox
from maild.templates.source import LAYOUT_FILE, NAME, Template
from maild.templates.styles import styled

Words = Mapping[str, str]  # the layout's own words in one language

PREHEADER = 110  # characters that a list of mails shows


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a mail says."""

    subject: str  # one line, without the ticket's tag
    text: str  # complete in itself
    html: str  # one document, its styles inlined, nothing remote


class Named(str):
    """A name of profile.yaml: conditions go by it, its reader sees it in their language."""

    __slots__ = ("shown",)

    shown: str


class Ready(str):
    """A block that is finished: not escaped again."""


@dataclass(slots=True)
class _Page:
    """What the functions of a template need to know."""

    locale: Locale
    zone: ZoneInfo
    words: Words
    as_html: bool
    data: Mapping[str, Any]  # what the mail tells
    blocks: list[str] = field(default_factory=list)  # ready HTML, by the number of its mark
    # Values on one line, by the number of theirs: mails that differ in these alone have the same
    # Markdown.  None: values stand in the Markdown themselves.
    values: list[str] | None = None


_PAGE: ContextVar[_Page] = ContextVar("page")
_BUGS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)  # of a template


def render(template: Template, data: Mapping[str, Any], words: Words, layout: str) -> Rendered:
    """Renders all parts; UsageError with file, line and what is wrong where it cannot be done."""
    zone = ZoneInfo(data["recipient"]["timezone"])
    facts: dict[str, Any] = {**environment().globals}
    for key, value in data.items():
        facts[key] = _named(value, words) if isinstance(value, dict | list) else value
    text_page = _Page(i18n.locale(_language(template, facts)), zone, words, False, facts)
    subject = escape.plain_line(_fill(template, "subject", facts, text_page))
    preheader = escape.plain_line(_fill(template, "preheader", facts, text_page))[:PREHEADER]
    foot = escape.plain_line(_fill(template, "foot", facts, text_page))
    body = _fill(template, "body", facts, text_page)
    page = _Page(text_page.locale, zone, words, True, facts)
    above, signature = _reply_above(facts, words), _signature(facts)
    parts = {
        "language": template.language,
        "subject": subject,
        "preheader": preheader,
        "reply_above": above,
        "body": _html_body(template, facts, page),
        "foot": foot,
        "logo": facts.get("logo") or "",
        "desk": escape.plain_line(facts["desk"]["name"]),
        "signature": Markup("<br>").join(signature.split("\n")),
    }
    try:
        page_html = _layout(layout).render(parts)
    except (jinja2.TemplateError, *_BUGS) as error:
        line = getattr(error, "lineno", None) or _line_in_trace(error) or 1
        raise UsageError(at(LAYOUT_FILE, line, in_our_words(_said(error)))) from error
    return Rendered(subject, _text_part(above, body, foot, signature), styled(page_html))


def _named(value: Any, words: Words) -> Any:
    """The same facts with each status, priority and type as its reader calls it."""
    if isinstance(value, dict) and not value.keys().isdisjoint(i18n.NAMED):
        return {k: _name(v, words) if k in i18n.NAMED else v for k, v in value.items()}
    if isinstance(value, list):
        return [_named(entry, words) for entry in value]
    return value


def _name(value: Any, words: Words) -> Any:
    if not isinstance(value, str):
        return value
    named = Named(value)
    named.shown = words.get(NAME + value, value)
    return named


def _text_part(above: str, body: str, foot: str, signature: str) -> str:
    above += "\n\n" if above else ""
    body = re.sub(r"\n{3,}", "\n\n", body).strip()
    return f"{above}{body}\n\n-- \n" + "\n".join(filter(None, (foot, signature))) + "\n"


def _reply_above(data: Mapping[str, Any], words: Words) -> str:
    """The line above which people write, with the mark of this mail where it has one."""
    line = str(words["reply_above"]) if data.get("ticket") else ""
    mark = data.get("mark")
    return line.replace(" -##", f" ({mark}) -##") if mark else line


def _signature(data: Mapping[str, Any]) -> str:
    ours = data["desk"]
    lines = [escape.plain_line(line) for line in str(ours.get("signature") or "").splitlines()]
    first, *more = [line for line in lines if line] or [escape.plain_line(ours["name"])]
    number = escape.plain_line((data.get("ticket") or {}).get("number"))
    return "\n".join([" · ".join(filter(None, (first, number))), *more])


def _html_body(template: Template, data: dict[str, Any], page: _Page) -> str:
    values: list[str] = []
    marked = _Page(page.locale, page.zone, page.words, True, data, values=values)
    body = _from_markdown(_fill(template, "body", data, marked))
    if sorted(map(int, escape.MARK_WITHIN.findall(body))) == list(range(len(values))):
        body = escape.MARK_WITHIN.sub(lambda found: escapeHtml(values[int(found[1])]), body)
        return _with_blocks(body, marked)
    # Something was made of a mark: an address of a link, a text that is cut.
    return _with_blocks(_from_markdown(_fill(template, "body", data, page)), page)


def _with_blocks(body: str, page: _Page) -> str:
    return escape.MARK.sub(lambda found: page.blocks[int(found[1] or found[2])], body)


def _fill(template: Template, part: str, data: dict[str, Any], page: _Page) -> str:
    source = _source(template, part, page)
    if "{" not in source and "\r" not in source:  # words, and nothing else
        return escape.without_gaps(source)
    token = _PAGE.set(page)
    try:
        return escape.without_gaps(_filled(_compiled(source), data))
    except (jinja2.TemplateError, *_BUGS) as error:
        raise UsageError(_where(template, part, error)) from error
    finally:
        _PAGE.reset(token)


def _filled(template: jinja2.Template, data: dict[str, Any]) -> str:
    """As its `render`, which would copy what there is; no template can change that.

    `data`: with the functions.
    """
    try:
        context = template.new_context(data, shared=True)
        return environment().concat(template.root_render_func(context))
    except Exception:
        environment().handle_exception()


def _source(template: Template, part: str, page: _Page) -> str:
    """What is to be filled; in the text part ** would stand as it is written."""
    source: str = getattr(template, part)
    return source.replace("**", "") if part == "body" and not page.as_html else source


def _where(template: Template, part: str, error: Exception) -> Sentence:
    line = getattr(error, "lineno", None) or _line_in_trace(error)
    return where(template, part, in_our_words(_said(error)), line)


def _said(error: Exception) -> str:
    return getattr(error, "message", None) or str(error) or type(error).__name__


def where(template: Template, part: str, words: str, line: int | None) -> Sentence:
    """ "templates/en/note.md, line 7: "tiket" is not known."; `line` within the part."""
    first = template.body_line if part == "body" else template.front_lines.get(part, 1)
    return at(template.origin, first + (line or 1) - 1, words)


def at(file: str, line: int, words: str) -> Sentence:
    """What is wrong in a line of a file."""
    return sentence("{file}, line {line}: {text}", file=file, line=line, text=words)


def _line_in_trace(error: Exception) -> int | None:
    found, trace = None, error.__traceback__
    while trace is not None:  # Jinja writes the template's lines into the trace
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


# ---- what a template may call


def _final(value: Any) -> str:
    """Every value that a template shows goes through here."""
    page = _PAGE.get()
    if isinstance(value, Ready):
        return value
    value = value.shown if isinstance(value, Named) else value
    words = escape.plain(value).strip()
    if not words:
        return escape.GAP
    if not page.as_html:
        return escape.plain(value)
    if page.values is None or "\n" in words:
        return escape.markdown(value)
    page.values.append(words)
    return escape.mark_within(len(page.values) - 1)


def _ready(text: str, shown: str) -> Ready:
    """A block of its own: `text` in the text part, `shown` in the HTML part."""
    page = _PAGE.get()
    if not page.as_html:
        return Ready(text)
    page.blocks.append(shown)
    return Ready(escape.mark(len(page.blocks) - 1))


def _words_of(note: Mapping[str, Any] | None, frame: bool = True) -> Ready:
    """The note's words as they were written, in a frame or not, and what came with it."""
    if not note:
        return Ready("")
    text = escape.plain(note["text"]).strip()
    words = _with_pictures(text, note["attachments"])
    shown = f'<div class="{"words" if frame else "letter"}">{words}</div>'
    below = escape.plain(note.get("below")).strip()
    if below:
        line = _PAGE.get().words["below"]
        text = f"{text}\n\n{line}:\n\n{below}"
        shown += (
            f'<details><summary class="small">{html.escape(line)}</summary>'
            f'<div class="small">{escape.paragraphs(below)}</div></details>'
        )
    for name in ("attachments", "left_out", "unscanned", "refused"):
        files = ", ".join(
            f"{escape.plain_line(a['filename'])} ({_size(a['size'])})"
            for a in note["attachments"]
            if _goes(a) == name
        )
        if files:
            line = f"{_PAGE.get().words[name]}: {files}"
            text = f"{text}\n\n{line}"
            shown += f'<p class="small">{html.escape(line)}</p>'
    return _ready(text, shown)


def _taps(*wanted: str | list[str]) -> Ready:
    """Links that open a ready-made mail; in the text part what one can write instead."""
    page = _PAGE.get()
    return _ready(*tap_links.shown(wanted, page.words, page.data))


_PICTURE = '<div><img src="cid:{id}" alt="{name}" style="max-width:100%;height:auto"></div>'


def _with_pictures(text: str, files: Iterable[Mapping[str, Any]]) -> str:
    """The words as HTML, with the pictures that come with them in their places."""
    cuts: list[tuple[int, int, str]] = []
    seen: dict[str, int] = {}  # how far the places are used that several files name
    for file in files:
        place = file.get("picture")
        if not place or _goes(file) != "attachments":
            continue
        at = escape.plain(place["at"]).strip()
        start = text.find(at, seen.get(at, 0))
        if start >= 0:
            end = start + len(at)
            seen[at] = end if place["instead"] else start
            name = html.escape(escape.plain_line(file["filename"]))
            picture = _PICTURE.format(id=html.escape(place["id"]), name=name)
            cuts.append((start if place["instead"] else end, end, picture))
    out, done = [], 0
    for start, end, picture in sorted(cuts, key=lambda cut: cut[:2]):
        out += [escape.paragraphs(text[done:start]) if start > done else "", picture]
        done = max(done, end)
    return "".join((*out, escape.paragraphs(text[done:])))


def _goes(file: Mapping[str, Any]) -> str:
    """The word for what becomes of a file."""
    if file.get("refused"):
        return "unscanned" if file["refused"] == Verdict.PENDING else "refused"
    return "attachments" if file.get("passed", True) else "left_out"


def _quote(text: str | None) -> Ready:
    """A text of somebody's as a block of its own, its lines kept."""
    plain = escape.plain(text).strip()
    return (
        _ready(plain, f'<div class="words">{escape.paragraphs(plain)}</div>')
        if plain
        else Ready("")
    )


def _said_by(entry: Mapping[str, Any]) -> str:
    words = _PAGE.get().words
    line = words["wrote"].replace("{by}", escape.plain_line(entry["by"]))
    line = line.replace("{when}", _time(entry["created"]))
    return line if entry["public"] else f"{line} ({words['internal']})"


def _history(earlier: list[Mapping[str, Any]], unfolded: bool = False) -> Ready:
    """Earlier notes, small, newest first, folded where the mail program can fold."""
    if not earlier:
        return Ready("")
    words = _PAGE.get().words
    texts, blocks = [], []
    for entry in earlier:
        said, text = _said_by(entry), escape.plain(entry["text"]).strip()
        title = escape.plain_line(entry.get("title"))
        said = f"{said}: {title}" if title else said
        texts.append(said + ":\n" + "\n".join(f"> {line}".rstrip() for line in text.split("\n")))
        blocks.append(
            f'<p class="said">{html.escape(said)}</p>'
            f'<blockquote class="gmail_quote">{escape.paragraphs(text)}</blockquote>'
        )
    opened = " open" if unfolded else ""
    folded = (
        f'<details class="history"{opened}><summary>{html.escape(words["earlier"])}</summary>'
        f"{''.join(blocks)}</details>"
    )
    return _ready(f"--- {words['earlier']} ---\n\n" + "\n\n".join(texts), folded)


def _facts(ticket: Mapping[str, Any], *names: str) -> Ready:
    """A small table of the ticket's facts: those named, else the usual ones; none that is empty."""
    page = _PAGE.get()
    rows = []
    for name in names or ("number", "status", "priority", "contact", "stopped", "organization",
                          "primary", "due", "left"):  # fmt: skip
        value = ticket.get(name)
        if value in (None, "", []):
            continue
        rows.append((page.words[name], _fact(name, value)))
    return _table(rows)


def _details(rows: list[Mapping[str, Any]]) -> Ready:
    """A small table of what things are called and what stands there, such as `details`."""
    return _table([(_capital(escape.plain_line(row["label"])), escape.plain_line(row["value"]))
                   for row in rows])  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(rows: list[tuple[str, str]]) -> Ready:
    text = "\n".join(f"{label}: {value}" for label, value in rows)
    cells = "".join(
        f"<tr><th>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
        for label, value in rows
    )
    return _ready(text, f'<table class="facts" role="presentation">{cells}</table>')


def _fact(name: str, value: Any) -> str:
    value = value.shown if isinstance(value, Named) else value
    if name in ("due", "created", "completed"):
        return _time(value)
    if name == "hours":
        return _hours(value)
    return escape.plain_line(", ".join(map(str, value)) if isinstance(value, list) else value)


def _link(address: str | None) -> Ready:
    """A web address that can be followed; anything else is only shown."""
    plain = escape.plain_line(address)
    return _ready(plain, f"<p>{escape.paragraphs(plain)}</p>")


def _listing(entries: list[Mapping[str, Any]], *names: str) -> Ready:
    """A list of things, for narrow screens too: the first two facts large, the rest below."""
    texts, rows = [], []
    for entry in entries:
        cells = [_cell(name, entry[name]) for name in names]
        head, rest = " ".join(filter(None, cells[:2])), " · ".join(filter(None, cells[2:]))
        texts.append(f"- {head}\n  {rest}")
        rows.append(
            f'<tr><td><strong>{html.escape(head)}</strong><br><span class="small">'
            f"{html.escape(rest)}</span></td></tr>"
        )
    shown = f'<table class="rows" role="presentation">{"".join(rows)}</table>'
    return _ready("\n".join(texts), shown)


def _cell(name: str, value: Any) -> str:
    value = value.shown if isinstance(value, Named) else value
    if name == "due" and value:
        return f"{_PAGE.get().words['due']}: {_day(value)}"
    if name in ("due", "worked_on"):
        return _day(value)
    return _hours(value) if name == "hours" else escape.plain_line(value)


def _time(value: str | None) -> str:
    """2026-11-21T09:30:00+00:00 → "Sat, 21 Nov 2026, 10:30", as the recipient writes it."""
    page = _PAGE.get()
    return _written(value, page.zone, page.locale, True) if value else ""


def _day(value: str | None) -> str:
    """2026-11-21T09:30:00+00:00 → "Sat, 21 Nov 2026"."""
    page = _PAGE.get()
    return _written(value, page.zone, page.locale, False) if value else ""


@lru_cache(maxsize=4096)
def _written(value: str, zone: ZoneInfo, locale: Locale, with_time: bool) -> str:
    moment = datetime.fromisoformat(value).astimezone(zone)
    return (i18n.moment if with_time else i18n.day)(moment, locale, zone)


def _hours(value: float) -> str:
    """1.5 → "1.5 h", with the language's decimal sign."""
    return f"{format_decimal(value, locale=_PAGE.get().locale)} h"


def _size(octets: int) -> str:
    """48120 → "48 KB"."""
    for unit, factor in (("MB", 1_000_000), ("KB", 1_000)):
        if octets >= factor:
            return f"{format_decimal(round(octets / factor), locale=_PAGE.get().locale)} {unit}"
    return f"{octets} B"


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "words": _words_of,
    "quote": _quote,
    "history": _history,
    "facts": _facts,
    "table": _details,
    "listing": _listing,
    "link": _link,
    "taps": _taps,
}
FILTERS: dict[str, Callable[..., Any]] = {
    "time": _time,
    "day": _day,
    "hours": _hours,
    "size": _size,
    "line": escape.plain_line,
}


# ---- made once


@cache
def environment() -> Sandbox:
    """Where templates are read and run."""
    return Sandbox(_final, FUNCTIONS, FILTERS)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> jinja2.Template:
    template = environment().from_string(source)
    template.globals = dict(template.globals)  # a chain of dicts, which each rendering would walk
    return template


@cache
def layout_environment() -> ImmutableSandboxedEnvironment:
    """Where the layout is read and run: what it shows is escaped, but for what is `ready`."""
    env = ImmutableSandboxedEnvironment(autoescape=True, undefined=jinja2.StrictUndefined)
    env.filters["ready"] = Markup
    return env


@lru_cache(maxsize=16)
def _layout(source: str) -> jinja2.Template:
    return layout_environment().from_string(source)


@lru_cache(maxsize=256)  # many bodies are the same but for what their marks stand for
def _from_markdown(body: str) -> str:
    return str(_markdown().render(body))


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _language(template: Template, data: Mapping[str, Any]) -> str:
    """How dates and numbers are written: en-GB where he wants that and the template is English."""
    wanted = str(data["recipient"]["language"]).replace("_", "-")
    return wanted if wanted.lower().startswith(f"{template.language}-") else template.language
