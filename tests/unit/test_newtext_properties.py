"""What holds for the new text of any body whatever."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from maild.parse.html import to_text
from maild.parse.newtext import reply_mark, split

PIECES = st.sampled_from(
    [
        "On Tue, Mar 5, 2024 at 9:14 AM Ben Low <ben@low.example> wrote:",
        "Am 05.03.2024 um 09:14 schrieb Ben Low <ben@low.example>:",
        "Ben Low <ben@low.example>",
        "wrote:",
        "> wrote:",
        "<",
        "From: Ben Low <ben@low.example>",
        "Sent: Tuesday, March 5, 2024 9:14 AM",
        "To: Grace Hill",
        "Subject: Lamp",
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "________________________________",
        "--",
        "-- ",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        reply_mark("Please reply above this line"),
        "> And now?",
        ">> And then?",
        ">",
        ">>> print(1)",
        "BL> And now?",
        "BL>",
        "| And now?",
        "```",
        "Still dark.",
        "Hello On 5 Mar 2024, at 09:14, Ben Low <ben@low.example> wrote:",
        "(https://low.example/",
        "lamps)",
        "",
        " ",
        "ᐧ",
        "***",
        "\u200f> \ufeffx",
    ]
)
LINES = st.lists(st.one_of(PIECES, PIECES, st.text(max_size=60)), max_size=25)
BODIES = st.one_of(LINES.map("\n".join), LINES.map("\r\n".join), st.text(max_size=400))


def letters(text: str) -> Counter[str]:
    """Everything but white space, in whatever order."""
    return Counter("".join(text.split()))


@given(BODIES)
@settings(max_examples=400, deadline=None)
def test_every_word_is_in_one_of_the_two(text: str) -> None:
    found = split(text, None)
    assert letters(found.new_text) + letters(found.quoted_text) == letters(text)


@given(BODIES)
@settings(max_examples=200, deadline=None)
def test_new_lines_stand_in_the_body_in_their_order(text: str) -> None:
    rest = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in split(text, None).new_text.split("\n"):
        assert any(line.strip() in row for row in rest)


@given(BODIES)
@settings(max_examples=200, deadline=None)
def test_a_cut_has_its_reason(text: str) -> None:
    found = split(text, None)
    if found.quoted_text.strip("-_=*~ᐧ \t\n"):
        assert any(reason.decided.startswith("not new") for reason in found.reasons)
    assert all(reason.step == "text" and "line" in reason.because for reason in found.reasons)


@given(st.lists(st.sampled_from(["Still dark.", "It blinks.", "", "Grace"]), max_size=12))
def test_plain_words_are_all_kept(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert split(text, None).new_text == text.strip()


ELEMENTS = st.sampled_from(
    [
        '<div class="gmail_quote">',
        '<blockquote type="cite">',
        "<blockquote>",
        '<hr id="stopSpelling">',
        '<div id="divRplyFwdMsg">',
        '<div class="gmail_signature">',
        '<div class="moz-cite-prefix">',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt">',
        "<p>",
        "</p>",
        "</div>",
        "</blockquote>",
        "<br>",
        "<b>From:</b> Ben <b>Sent:</b> 5 <b>To:</b> Grace",
        "Still dark.",
        "And now?",
        "On 5 Mar 2024, at 09:14, Ben Low &lt;ben@low.example&gt; wrote:",
        "<style>",
        "<!--",
    ]
)


@given(st.lists(ELEMENTS, max_size=20).map("".join), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_page_keeps_every_word(html: str, from_html: bool) -> None:
    text = to_text(html) if from_html else "Still dark.\n\nAnd now?"
    found = split(text, html)
    assert letters(found.new_text) + letters(found.quoted_text) == letters(text)


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=200, deadline=None)
@example("x", "<blockquote type=cite>x")
def test_text_and_page_need_not_agree(text: str, html: str) -> None:
    found = split(text, html)
    assert letters(found.new_text) + letters(found.quoted_text) == letters(text)
