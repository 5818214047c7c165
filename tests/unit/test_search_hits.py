"""A hit of search shows the words that were asked for where they stand."""

from __future__ import annotations

import time

import pytest

from maild.desk.search_words import around, asked


def shown(text: str, question: str) -> str:
    """The piece of the text, what was found in brackets."""
    parts = around(text, [word for word, _ in asked(question)])
    return "".join(f"[{part}]" if hit else part for part, hit in parts)


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("The printer smokes.", "printer", "The [printer] smokes."),
        ("Printers and a printer", "print", "[Printers] and a [printer]"),
        ("Das Gerät in München", "muenchen", "Das Gerät in [München]"),
        ("Die Straße ist lang", "strasse", "Die [Straße] ist lang"),
        ("café, CAFÉ", "cafe", "[café], [CAFÉ]"),
        ("打印机 坏了", "打印", "[打印机] 坏了"),
        ("Nothing of it", "printer", "Nothing of it"),
        ("", "printer", ""),
        ("a b c", "", "a b c"),
        ("word " * 100 + "printer on fire", "printer fire",
         "… " + "word " * 11 + "[printer] on [fire]"),
    ],
)  # fmt: skip
def test_a_hit_is_shown_where_it_stands(text: str, question: str, expected: str) -> None:
    assert shown(text, question) == expected


def test_what_is_long_is_cut_behind_the_first_hit() -> None:
    said = shown("printer " + "word " * 500 + "printer", "printer")
    assert said.startswith("[printer] word") and said.endswith(" …")
    assert said.count("[printer]") == 1 and len(said) < 200


@pytest.mark.parametrize(
    "text", ["printer " * 50_000, "p" * 400_000, "打" * 400_000, "ü" * 400_000]
)
def test_a_long_text_costs_little(text: str) -> None:
    began = time.process_time()
    around(text, ["printer"])
    assert time.process_time() - began < 1
