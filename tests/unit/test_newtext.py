"""What the sender wrote now: conversations in many languages and from many mail programs."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from maild.parse.html import to_text
from maild.parse.newtext import reply_mark, split

DATA = Path(__file__).parent / "newtext_data"
ANSWER = "It works again, thank you.\nOnly the second floor is still dark."
QUOTE = "Have you tried to switch it\noff and on?\n\nYour desk"


def load(name: str) -> Any:
    return yaml.load((DATA / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)


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
    """Where nothing is quoted, all is new (E8)."""
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
    """What is new is told from what is quoted (E8)."""
    found = split(case["text"], None)
    assert words(found.new_text) == words(case["new"])
    assert letters(found.new_text + found.quoted_text) == letters(case["text"])


OUTLOOK = (
    "Can you take this?\n\nFrom: Al May <al@may.example>\nSent: Tuesday, March 5, 2024 9:14 AM\n"
    "To: Grace Hill\nSubject: Door\n\nThe door is broken."
)


@pytest.mark.parametrize("subject", ["FW: Door", "Fwd: Door", "WG: Tür", "TR : Porte", "转发：门"])
def test_a_message_that_is_forwarded_without_a_word_for_it_is_kept(subject: str) -> None:
    assert split(OUTLOOK, None, subject).new_text == OUTLOOK


@pytest.mark.parametrize("subject", ["RE: FW: Door", "AW: Tür", "Door", "", "Forward gear: noise"])
def test_an_answer_about_a_forwarded_message_is_cut(subject: str) -> None:
    assert split(OUTLOOK, None, subject).new_text == "Can you take this?"


def test_our_own_mail_handed_back_is_cut() -> None:
    body = OUTLOOK + "\n" + reply_mark("Please reply above this line") + "\nOur answer."
    assert split(body, None, "FW: Door").new_text == "Can you take this?"


MILLION = 1_000_000
HOSTILE = {
    "one line of quote marks": ">" * MILLION,
    "quote marks on lines": ">\n" * (MILLION // 2),
    "openings": "On " * (MILLION // 3),
    "openings on lines": "On \n" * (MILLION // 4),
    "attributions": "On Mon 2012-01-01 x@y wrote:\n" * (MILLION // 30),
    "verbs": "wrote: " * (MILLION // 7),
    "verbs on lines": "On 2012-01-01 wrote\n" * (MILLION // 20),
    "half addresses": "a@" * (MILLION // 2),
    "brackets": ("<" * 99 + "\n") * (MILLION // 100),
    "header fields": "From: a@b\n" * (MILLION // 10),
    "dashes": ("-" * 400 + "x\n") * (MILLION // 402),
    "signatures": "--\n\n" * (MILLION // 4),
    "rules": "__\n" * (MILLION // 3),
    "program lines": "Sent from my \n" * (MILLION // 14),
    "initials": "C>\n" * (MILLION // 3),
    "bars": "|\n" * (MILLION // 2),
    "accents": "a" + "\u0301" * MILLION,
    "empty lines": "\n" * MILLION,
    "numbers": ("1 " * 240 + ":\n") * (MILLION // 482),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_h66_monsters_lose_nothing(name: str) -> None:
    found = split(HOSTILE[name], None)
    assert letters(found.new_text + found.quoted_text) == letters(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_h66_work_grows_no_faster_than_the_text(name: str) -> None:
    """Twice the text is at most twice the work, counted in calls."""

    def calls(text: str) -> int:
        count = 0

        def counted(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(counted)
        try:
            split(text, None)
        finally:
            sys.setprofile(None)
        return count

    split("", None)  # the languages are read once
    assert calls(HOSTILE[name][:20_000]) <= 2.2 * calls(HOSTILE[name][:10_000]) + 1000


def test_h51_a_token_in_quoted_text_is_not_new() -> None:
    text = (
        "Still dark.\n\nOn 5 Mar 2024, at 09:14, Desk <desk@desk.example> wrote:\n"
        "> Your ticket [T20240305.0001] was answered.\n"
    )
    found = split(text, None)
    assert "T20240305" not in found.new_text
    assert "T20240305" in found.quoted_text


def test_a_reason_names_the_lines() -> None:
    text = "Still dark.\n\nOn 5 Mar 2024, at 09:14, Desk <desk@desk.example> wrote:\n> Now?\n> And?"
    assert [(r.decided, r.because) for r in split(text, None).reasons] == [
        ("not new: attribution line", "line 3"),
        ("not new: quoted lines", "lines 4 to 5"),
    ]


def test_a_reason_names_the_element() -> None:
    html = '<p>Still dark.</p><div class="yahoo_quoted">And now?</div>'
    (reason,) = split(to_text(html), html).reasons
    assert reason.decided == "not new: quote element div.yahoo_quoted"


def test_our_mark_is_written_and_read_in_one_form() -> None:
    mark = reply_mark("Écrivez au-dessus de cette ligne")
    assert split(f"Still dark.\n\n{mark}\nAnd now?", None).new_text == "Still dark."
