"""What is left out for most pages is done where a page needs it, however that is spelt."""

from __future__ import annotations

import pytest

from maild.parse.html import sanitise
from maild.parse.newtext import examine
from maild.parse.newtext.html_quotes import read_structure
from maild.parse.page import Page

ACTING = {
    "an address": '<p style="background:url (http://x.example/)">x</p>',
    "an address in capitals": '<p style="background:URL(http://x.example/)">x</p>',
    "an entity by number": '<p style="background:&#117;rl(http://x.example/)">x</p>',
    "an entity by name": '<p style="color:expre&szlig;ion(1)">x</p>',
    "an entity of a sign": '<p style="background:ur&bsol;l(http://x.example/)">x</p>',
    "a picture": '<IMG SRC="http://x.example/">',
    "a link to a part": '<a href="C&#73;D:x">x</a>',
    **{
        f"an address behind a quote that {space!r} leaves open": (
            f'<img x={space}"a b=\'c"> words \' src="http://x.example/">'
        )
        for space in ("\x0b", "\x1c", "\x85", "\xa0", "\u2003", "\u3000")
    },
    "an address behind a quote that a sign leaves open": (
        '<img x=&nbsp; y="a b=\'c"> words \' src="http://x.example/">' + "&nbsp;" * 21_000
    ),
}


@pytest.mark.parametrize("way", ACTING)
def test_what_acts_is_taken_away(way: str) -> None:
    safe = sanitise(Page(ACTING[way]))
    assert "style=" not in safe
    assert "src=" not in safe
    assert "href=" not in safe


QUOTES = {
    "an element": "<blockquote type=cite>We are open</blockquote>",
    "in capitals": "<BLOCKQUOTE TYPE='CITE'>We are open</BLOCKQUOTE>",
    "a class": "<div class='gmail_quote'>We are open</div>",
    "an entity by name": "<div class='gmail&lowbar;quote'>We are open</div>",
    "an entity by number": "<div class='&#103;mail_quote'>We are open</div>",
    "one of two names": "<table class='x moz-email-headers-table'><td>We are open</table>",
}


@pytest.mark.parametrize("way", QUOTES)
def test_a_quote_is_found(way: str) -> None:
    lines = examine("Thank you\nWe are open").lines
    found = read_structure(Page(f"<p>Thank you</p>{QUOTES[way]}"), lines).elements
    assert [(element.first, element.last) for element in found] == [(1, 1)]


def test_a_page_without_quotes_has_none() -> None:
    lines = examine("Thank you").lines
    assert not read_structure(Page("<p>Thank you</p>"), lines).elements
