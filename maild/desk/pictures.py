"""Where the pictures of a note stand within its words, so that a mail shows them there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from maild.parse.html import to_text

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # by every mail program
WORDS = 5  # before a picture that tell its place
MOST = 50  # pictures that are shown in their place; the others are files of the mail

# As the page was made safe: no "<" within a tag (RFC 2392: cid:).
_IMAGE = re.compile(r"<img\b([^<>]{0,2000})>", re.IGNORECASE)
_SOURCE = re.compile(r'\bsrc="cid:([^"]{1,500})"', re.IGNORECASE)
_ALT = re.compile(r'\balt="([^"]{1,200})"', re.IGNORECASE)
_TOKEN = re.compile("\ue010([0-9]{1,4})\ue011")


def places(
    text: str, page: str | None, views: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any] | None]:
    """Of each file where it is shown: None, or `id` (its Content-ID in our mail), `at` (the words
    that it stands at), `instead` (whether it takes their place, or follows them).

    `page`: the same as HTML, if there is any.
    """
    found = _in_page(page) if page and "cid:" in page else {}
    result: list[dict[str, Any] | None] = []
    for view in views:
        left = MOST - sum(one is not None for one in result)
        place = _place(text, found, view) if left and view.get("content_type") in SHOWN else None
        result.append(place)
    return result


def _place(
    text: str, found: Mapping[str, tuple[str, str]], view: Mapping[str, Any]
) -> dict[str, Any] | None:
    content_id, name = view.get("content_id") or "", view.get("filename") or ""
    if not content_id:
        return None
    ours = {"id": f"{str(view['sha256'])[:24]}.{view['part']}@picture"}
    alt, before = found.get(content_id, ("", ""))
    for mark in (f"[cid:{content_id}]", f"[image: {alt or name}]", f"[{alt or name}]", f"[{name}]"):
        if mark in text:
            return ours | {"at": mark, "instead": True}
    if content_id in found and (words := _in_text(text, before)) is not None:
        return ours | {"at": words, "instead": False}
    return None


def _in_text(text: str, line: str) -> str | None:
    """The end of the line as the text has it, wherever that breaks its lines; None: nowhere."""
    words = line.split()[-WORDS:]
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return found[0] if found else None


def _in_page(page: str) -> dict[str, tuple[str, str]]:
    """By Content-ID what a picture is called, and the line of text before it."""
    images: list[tuple[str, str]] = []

    def token(found: re.Match[str]) -> str:
        source, alt = _SOURCE.search(found[1]), _ALT.search(found[1])
        if source is None or len(images) >= MOST:
            return ""
        images.append((unescape(source[1]), unescape(alt[1]) if alt else ""))
        return f" \ue010{len(images) - 1}\ue011 "

    before = ""
    result: dict[str, tuple[str, str]] = {}
    for line in to_text(_IMAGE.sub(token, _TOKEN.sub("", page))).splitlines():
        start = 0
        for found in _TOKEN.finditer(line):
            before = line[start : found.start()].strip() or before
            start = found.end()
            content_id, alt = images[int(found[1])]
            result.setdefault(content_id, (alt, before))
        before = line[start:].strip() or before
    return result
