"""What most programs write is read at a look, and gives what the reading of everything gives."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

import pytest

from maild.model import Address
from maild.parse import mime, trace
from maild.parse.headers import parse_addresses, parse_date
from maild.parse.page import Page

DATES = (
    "Mon, 02 Nov 2026 10:00:00 +0100",
    "2 Nov 2026 10:00:00 -0000",
    "Fri, 1 Jan 2100 00:00:59 -1159",
    "Mon, 02 Nov 2026 10:00:00 -0530",
    "Mon, 02 Nov 2026 10:00:00 -0030",
    "Mon, 2 Nov 26 10:00 GMT",
    "mon,  02 nov 2026 10:00:00 +0100 (CET)",
    "Mon, 02 November 2026 10:00 +0100",
)


@pytest.mark.parametrize("written", DATES)
def test_a_date_is_the_standard_librarys(written: str) -> None:
    fields = parsedate_tz(written)
    assert fields is not None
    assert parse_date(written) == datetime.fromtimestamp(mktime_tz(fields), UTC)


@pytest.mark.parametrize(
    "written",
    [
        "Mon, 31 Feb 2026 10:00:00 +0100",
        "Mon, 02 Nov 2026 24:00:00 +0100",
        "Mon, 02 Nov 2990 1:1:1",
    ],
)
def test_an_impossible_date_is_none(written: str) -> None:
    assert parse_date(written) is None


PEOPLE = {
    '"Miller, Ann" <ann@acme.example>': ("Miller, Ann", "ann@acme.example"),
    '"Ann \\"Ace\\" Miller" <ann@acme.example>': ('Ann "Ace" Miller', "ann@acme.example"),
    '"<bob@acme.example>" <ann@acme.example>': ("bob@acme.example", "ann@acme.example"),
    '"=?utf-8?q?J=C3=B6rg?=" <ann@acme.example>': ("Jörg", "ann@acme.example"),
    "=?utf-8?q?J=C3=B6rg?= Miller <ann@acme.example>": ("Jörg Miller", "ann@acme.example"),
    "=?utf-8?b?SsO2?=\n =?utf-8?b?cmc=?= <ann@acme.example>": ("Jörg", "ann@acme.example"),
    "=?utf-8?q?Miller=2C?= Ann <ann@acme.example>": ("Miller, Ann", "ann@acme.example"),
    "=?utf-8?q?ann=40acme.example?=": ("", "ann@acme.example"),
    '"Ann" (home) <ann@acme.example>': ("Ann", "ann@acme.example"),
    '"Ann" <mailto:ann@acme.example>': ("Ann", "ann@acme.example"),
}


@pytest.mark.parametrize("written", PEOPLE)
def test_one_mailbox(written: str) -> None:
    assert parse_addresses(written) == (Address(*PEOPLE[written]),)


def test_a_name_takes_in_no_second_mailbox() -> None:
    several = '"Miller, Ann" <ann@acme.example>, "Bob" <bob@acme.example>'
    assert [a.name for a in parse_addresses(several)] == ["Miller, Ann", "Bob"]


TYPES = {
    "text/plain": ("text/plain", {}),
    'TEXT/Plain; charset="utf-8"': ("text/plain", {"charset": "utf-8"}),
    "text/html;\r\n Charset=utf-8": ("text/html", {"charset": "utf-8"}),
    'multipart/mixed; boundary="=_a b"': ("multipart/mixed", {"boundary": "=_a b"}),
    'text/plain; charset="=?utf-8?q?x?="': ("text/plain", {"charset": "x"}),
    'text/plain; charset=x"y': ("text/plain", {"charset": 'x"y'}),
    'text/plain; charset="utf-8"; format=flowed': (
        "text/plain",
        {"charset": "utf-8", "format": "flowed"},
    ),
    "text/plain; name*=utf-8''%C3%A4": ("text/plain", {"name": "ä"}),
    "html; charset=utf-8": ("text/html", {"charset": "utf-8"}),
    "text/plain charset=utf-8": ("text/plain", {}),
}


@pytest.mark.parametrize("written", TYPES)
def test_a_type(written: str) -> None:
    part = mime.walk(mime.tree(f"Content-Type: {written}\n\nx\n".encode(), []))[0]
    assert (part.content_type, part.parameters) == TYPES[written]


TRACES = {
    "Received: a\n\tb\r\n c\nSubject: x\nRECEIVED: d\n\n": ("a\tb c", "d"),
    "From ann Mon\nReceived: a\n\n": ("a",),
    " Received: a\nReceived: b\n\n": (),
    "Received: a\nno field\nReceived: b\n\n": ("a",),
    "Received : a\nReceived: b\n\nReceived: c\n": ("b",),
    "Received: a\r\nX: y\n Received: b\r\n\r\n": ("a",),
    "Received: a\rb\nReceived: c\n": ("", "c"),
    "": (),
}


@pytest.mark.parametrize("written", TRACES)
def test_trace_fields(written: str) -> None:
    assert tuple(value for _, value in trace.fields(written.encode())) == TRACES[written]


TAGS = {  # whether the words of the text are left aside
    "<p style='margin:0'>some words</p><br/>": True,
    '<td width=50% nowrap class="x">some words</td>': True,
    "<!-- a comment's end -->some words": True,
    '<!DOCTYPE html PUBLIC "-//W3C//DTD">some words': True,
    '<a title="x > y" class=words>': False,
    "<a title='x > y' class=words>": False,
    "<a title='<' class=words>": False,
    '<a x=b="c d="e > words">': False,
    '<a x=\'"\' title="x > words">': False,
    "<! x <a title='>' class=words>": False,
    "<p class=words": False,
    "<p/words=1>": False,
    "<p x=\xa0\"a b='c\"> words '>": False,  # no space for HTML, so the quote ends later
    "<p x=\x0b\"a b='c\"> words '>": False,
    "<p x=\u2003\"a b='c\"> words '>": False,
    '<p y\u2003x="a">some words': True,
    "3 < 4 words": False,
}


@pytest.mark.parametrize("html", TAGS)
def test_tags_of_a_page(html: str) -> None:
    assert ("words" not in Page(html).tags) is TAGS[html]
