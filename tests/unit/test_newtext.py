"""What the sender wrote now: conversations in many languages and from many mail programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from maild.ingest.html import to_text
from maild.ingest.newtext import split

DATA = Path(__file__).parent / "newtext_data"
ANSWER = "It works again, thank you.\nOnly the second floor is still dark."
QUOTE = "Have you tried to switch it\noff and on?\n\nYour desk"


def load(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))


def marked(text: str) -> str:
    return "\n".join(("> " + line).rstrip() for line in text.split("\n"))


def words(text: str) -> list[str]:
    """What is compared: neither white space nor quote marks around it."""
    return [word for word in text.split() if word != ">"]


def letters(text: str) -> Counter[str]:
    """Everything but white space, in whatever order."""
    return Counter("".join(text.split()))


ATTRIBUTIONS = [(lang, line) for lang, lines in load("attributions").items() for line in lines]


@pytest.mark.parametrize(("language", "line"), ATTRIBUTIONS)
@pytest.mark.parametrize("layout", ["marked", "marked close", "unmarked", "above", "around"])
def test_attribution_lines(language: str, line: str, layout: str) -> None:
    after = "And the lift, too."
    text, expected = {
        "marked": (f"{ANSWER}\n\n{line}\n\n{marked(QUOTE)}\n", ANSWER),
        "marked close": (f"{ANSWER}\n{line}\n{marked(QUOTE)}", ANSWER),
        "unmarked": (f"{ANSWER}\n\n{line}\n\n{QUOTE}\n", ANSWER),
        "above": (f"{line}\n{marked(QUOTE)}\n\n{ANSWER}", ANSWER),
        "around": (f"{ANSWER}\n\n{line}\n{marked(QUOTE)}\n\n{after}", f"{ANSWER} {after}"),
    }[layout]
    if layout == "unmarked" and ("<" not in line and "@" not in line and "20" not in line):
        text = text.replace(QUOTE, marked(QUOTE))  # says too little to be believed without marks
    if layout == "unmarked" and line.startswith(">"):
        text = text.replace(QUOTE, marked(QUOTE))
    assert words(split(text, None).new_text) == words(expected), language


@pytest.mark.parametrize(("name", "block"), load("headers").items())
@pytest.mark.parametrize("layout", ["apart", "close", "marked"])
def test_header_blocks(name: str, block: str, layout: str) -> None:
    text = {
        "apart": f"{ANSWER}\n\n\n{block}\n\n{QUOTE}\n",
        "close": f"{ANSWER}\n{block}\n\n{QUOTE}",
        "marked": f"{ANSWER}\n\n{block}\n\n{marked(QUOTE)}",
    }[layout]
    assert words(split(text, None).new_text) == words(ANSWER), name


@pytest.mark.parametrize("line", load("sent_from")["gone"])
def test_lines_of_the_program(line: str) -> None:
    found = split(f"{ANSWER}\n\n{line}\n", None)
    assert words(found.new_text) == words(ANSWER)
    assert found.quoted_text == line
    quote = f"On 5 Mar 2024, at 09:14, Grace <g@hill.example> wrote:\n{marked(QUOTE)}"
    assert words(split(f"{ANSWER}\n\n{line}\n\n{quote}", None).new_text) == words(ANSWER)


@pytest.mark.parametrize("line", load("sent_from")["kept"])
def test_sentences_that_begin_like_the_program(line: str) -> None:
    assert split(f"{ANSWER}\n\n{line}", None).new_text == f"{ANSWER}\n\n{line}"


@pytest.mark.parametrize("case", load("kept"), ids=lambda case: case["name"])
def test_nothing_is_cut(case: dict[str, str]) -> None:
    found = split(case["text"], None)
    assert found.new_text == case["text"]
    assert found.quoted_text == ""


@pytest.mark.parametrize("case", load("pages"), ids=lambda case: case["name"])
def test_html_structure(case: dict[str, str]) -> None:
    found = split(to_text(case["html"]), case["html"])
    assert words(found.new_text) == words(case["new"])


@pytest.mark.parametrize("case", load("pages"), ids=lambda case: case["name"])
def test_html_structure_beside_a_plain_part_without_quote_marks(case: dict[str, str]) -> None:
    plain = "\n".join(line.lstrip("> ") for line in to_text(case["html"]).split("\n"))
    found = split(plain, case["html"])
    if "class=" in case["html"] or "id=" in case["html"] or "type=" in case["html"]:
        assert words(found.new_text) == words(case["new"])
    assert sorted(words(found.new_text + " " + found.quoted_text)) == sorted(words(plain))


@pytest.mark.parametrize("case", load("conversations"), ids=lambda case: case["name"])
def test_conversations(case: dict[str, str]) -> None:
    found = split(case["text"], None)
    assert words(found.new_text) == words(case["new"])
    assert letters(found.new_text + found.quoted_text) == letters(case["text"])
