"""Phrases are found as if each were looked for alone, in the order of the data."""

from __future__ import annotations

import random

import pytest

from maild.parse import out_of_office, phrases
from maild.parse.fold import fold
from maild.parse.patterns import AnyOf, any_of

SECTIONS = ("absence_text", "absent", "auto_reply_text", "bounce_text", "delay", "reaction_text")


def alone(table: dict[str, list[str]], folded: str) -> str | None:
    """The first plain phrase of the table that stands in the text, looked for one by one."""
    written = (phrase for phrases_ in table.values() for phrase in phrases_ if "*" not in phrase)
    return next((phrase for phrase in written if fold(phrase) in folded), None)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_first_of_the_data_is_found_wherever_it_stands(name: str) -> None:
    table = phrases.table(name)
    written = [p for phrases_ in table.values() for p in phrases_ if "*" not in p and "$" not in p]
    chance, section = random.Random(7), phrases.Phrases(table)
    for _ in range(200):
        said = chance.choices(written, k=2) + chance.choices(["the", "printer", "is", "dead"], k=6)
        chance.shuffle(said)
        glued = "" if chance.random() < 0.2 else " "  # a phrase may stand in the midst of a word
        folded = fold(glued.join(said))
        hit = section.within(folded)
        assert (hit and hit.phrase) == alone(table, folded), folded


def test_a_text_without_any_holds_none() -> None:
    for name in SECTIONS:
        assert phrases.section(name).within("the printer on the third floor prints nothing") is None
        assert phrases.section(name).within("") is None


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("I am out of the office until Monday.", True),
        ("I am out\nof the office until 12.11.2026.", True),
        ("I am out of the office until Monday. In urgent cases please call +49 30 1234567.", True),
        ("I am out of the office :) until Monday", True),
        ("I am out a@b.example of the office", True),  # the words meet where an address stood
        ("Hello,\nI am out of the office. The printer burns.", False),
        ("The printer burns.", False),
        ("Ich bin bis Montag nicht im Büro.", True),
        ("", False),
    ],
)
def test_a_text_that_says_only_that_somebody_is_away(text: str, away: bool) -> None:
    assert (out_of_office.find(text) is not None) == away


def test_a_word_of_whole_words_is_found_as_its_pattern_finds_it() -> None:
    written = ["forwarded message", "re-sent", "-- fwd", "message transféré", "転送", "12 fwd"]
    words, pattern = AnyOf(written), any_of(written)
    texts = [*written, *(f"x{one}" for one in written), *(f"({one})4" for one in written)]
    for text in (*texts, *(one + "s" for one in written), "a re-sent, forwarded message", ""):
        for found, plain in ((words.search(text), pattern.search(text)),):
            assert (found and found.span()) == (plain and plain.span()), text
        assert [m[0] for m in words.finditer(text)] == [m[0] for m in pattern.finditer(text)]


@pytest.mark.parametrize("name", ["auto_reply_text"])
def test_a_phrase_that_is_in_a_text_is_not_passed_over(name: str) -> None:
    section = phrases.section(name)
    written = [p for phrases_ in phrases.table(name).values() for p in phrases_ if "*" not in p]
    for phrase in written:
        shown = phrase.replace("'", "`").replace(" ", "\n ")
        shown = shown.upper() if shown.isascii() else shown
        for text in (phrase, f"Hello. {phrase}s", f"Hello:\n\n {shown}", f"Hello!{phrase.title()}"):
            assert section.may_be_in(text), text


def test_plain_words_hold_nothing() -> None:
    assert not phrases.section("auto_reply_text").may_be_in(
        "This is odd. You\nreceive nothing: broken"
    )


@pytest.mark.parametrize("name", phrases._load("senders.yaml"))
def test_a_shape_has_its_star_at_one_end(name: str) -> None:
    for shape in phrases._load("senders.yaml")[name]:
        assert shape.strip("*").count("*") == 0
        assert shape.count("*") <= 1
        assert shape == shape.lower().strip()
