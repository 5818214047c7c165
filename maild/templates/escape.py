"""Makes people's words inert: nothing that they write is markup anywhere (H69, H73)."""

from __future__ import annotations

import html
import re

# Controls, zero-width and direction-changing characters: they draw what is not there (H54).
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
_LINES = re.compile("\r\n|[\r\u0085\u2028\u2029\x0b\x0c]")
_MARKS = re.compile("[\ue000-\ue004\ud800-\udfff]")  # ours (see `mark`), and lone surrogates
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_INDENT = re.compile(r"(?m)^[ \t]+")
_LINK = re.compile(r"https?://[^\s<>\"'`{}|\\^\ue000\ue001]+[^\s<>\"'`{}|\\^.,;:!?)\]\ue000\ue001]")


def plain(value: object) -> str:
    """The value as text without controls; line ends are LF.  None is ""."""
    if value is None:
        return ""
    text = str(value)
    if text.isascii() and text.isprintable():  # as most words are
        return text
    text = _MARKS.sub("\ufffd", _LINES.sub("\n", text))
    return _UNSEEN.sub("", text)


def plain_line(value: object) -> str:
    """`plain` on one line, white space made single: for subjects and names that go out (H74)."""
    return " ".join(plain(value).split())


def markdown(value: object) -> str:
    """Markdown that shows exactly this text: punctuation escaped, line ends kept."""
    text = _PUNCTUATION.sub(r"\\\1", plain(value).strip())
    return _INDENT.sub(lambda m: "\u00a0" * len(m[0]), text).replace("\n", "\\\n")


def paragraphs(value: object, *, links: bool = True) -> str:
    """HTML that shows exactly this text, line ends kept; web addresses can be followed."""
    out, text, start = [], plain(value).strip("\n"), 0
    for found in _LINK.finditer(text) if links else ():
        url = html.escape(found[0])
        out.append(html.escape(text[start : found.start()]))
        out.append(f'<a href="{url}" rel="noreferrer">{url}</a>')
        start = found.end()
    out.append(html.escape(text[start:]))
    return "".join(out).replace("\n", "<br>\n")


def mark(index: int) -> str:
    """Stands in Markdown for a block of ready HTML; no person's words can contain it."""
    return f"\n\n\ue000{index}\ue001\n\n"


MARK = re.compile("<p>\ue000(\\d+)\ue001</p>|\ue000(\\d+)\ue001")


def mark_within(index: int) -> str:
    """Stands in Markdown for words on one line."""
    return f"\ue002{index}\ue003"


GAP = "\ue004"  # stands where a template shows nothing


def without_gaps(text: str) -> str:
    """The text; where nothing is shown, the blank before it goes too: "Hello," for "Hello ,"."""
    return text.replace(f" {GAP}", "").replace(GAP, "")


MARK_WITHIN = re.compile("\ue002(\\d+)\ue003")
