"""What mail programs do to an answer: their lines, their HTML, and what breaks on the way."""

from __future__ import annotations

import re

import pytest

from maild.parse.html import to_text
from maild.parse.newtext import split

from .test_newtext import ANSWER, ATTRIBUTIONS, QUOTE, load, marked, words

CLIENTS = [(language, lines) for language, rows in load("clients").items() for lines in rows]


@pytest.mark.parametrize(("language", "lines"), CLIENTS)
def test_what_programs_write_above_a_quote(language: str, lines: str) -> None:
    for text in (
        f"{ANSWER}\n\n{lines}\n\n{marked(QUOTE)}\n",
        f"{ANSWER}\n{lines}\n{marked(QUOTE)}",
        f"{ANSWER}\n\n{lines}\n\n{QUOTE}\n",
    ):
        assert words(split(text, None).new_text) == words(ANSWER), (language, text)


# ---- HTML

PIECES = {
    "answer": "".join(f"<div>{line}</div>" for line in ANSWER.split("\n")),
    "quote": "".join(f"<div>{line or '<br>'}</div>" for line in QUOTE.split("\n")),
    "on": "On Tue, Mar 5, 2024 at 9:14 AM Grace Hill &lt;"
    '<a href="mailto:grace@hill.example">grace@hill.example</a>&gt; wrote:',
    "header": "<b>From:</b> Grace Hill &lt;grace@hill.example&gt;<br><b>Sent:</b> Tuesday, March 5,"
    " 2024 9:14 AM<br><b>To:</b> Ben Low &lt;ben@low.example&gt;<br><b>Subject:</b> Re: Lamp",
    "foreign": "<b>Aa:</b> Grace Hill &lt;grace@hill.example&gt;<br><b>Bb:</b> 5 x 2024 9:14<br>"
    "<b>Cc:</b> Ben Low &lt;ben@low.example&gt;<br><b>Dd:</b> Re: Lamp",
}


def filled(page: str) -> str:
    for name, piece in PIECES.items():
        page = page.replace(f"{{{name}}}", piece)
    return f"<html><body>{page}</body></html>"


@pytest.mark.parametrize(("name", "page"), load("clients_html").items())
def test_html_of_programs(name: str, page: str) -> None:
    """As HTML alone, and beside a plain part that has lost its quote marks."""
    html = filled(page)
    text = to_text(html)
    bare = "\n".join(line.lstrip("> ") for line in text.split("\n"))
    for said in (text, bare):
        found = words(split(said, html, "Re: Lamp").new_text)
        assert [word for word in found if word != "Ben"] == words(ANSWER), name


# ---- what breaks on the way

BROKEN = [
    (language, line) for language, line in ATTRIBUTIONS if "<" in line and "\n" not in line
    and not line.startswith((">", "Zitat"))
]  # fmt: skip


@pytest.mark.parametrize(("language", "line"), BROKEN)
def test_an_attribution_that_is_broken_anywhere_in_its_address(language: str, line: str) -> None:
    address = re.search(r"<([^<>@\s]+)@([^<>@\s]+)>", line)
    if address is None:
        return
    start, end, domain = address.start(), address.end(), address.start(2)
    for at in (start, start + 1, start + 3, domain - 1, domain, domain + 2, end - 1, end):
        broken = line[:at].rstrip() + "\n" + line[at:].lstrip()
        for text in (
            f"{ANSWER}\n\n{broken}\n\n{marked(QUOTE)}",
            f"{ANSWER}\n\n{broken}\n\n{QUOTE}",
        ):
            assert words(split(text, None).new_text) == words(ANSWER), (language, broken)


def wrapped(text: str, width: int, hard: bool) -> str:
    """Quoted lines as a program that does not know quotes wraps them: the rest is unmarked."""
    out = []
    for line in text.split("\n"):
        cut = width if hard else line.rfind(" ", 0, width + 1)
        if len(line) > width and cut > 2:
            out += [line[:cut], line[cut:].lstrip()]
        else:
            out.append(line)
    return "\n".join(out)


LONG = {
    "en": "We replaced the fuser unit and the transfer roller of the printer on the second floor\n"
    "yesterday afternoon, and ran a test page with all four colours which came out fine",
    "de": "Wir haben gestern die Fixiereinheit und die Transferwalze des Druckers im zweiten\n"
    "Stock getauscht und eine Testseite gedruckt, die in allen vier Farben sauber ist",
    "fr": "Nous avons remplacé hier le four et le rouleau de transfert de l'imprimante du\n"
    "deuxième étage et imprimé une page de test avec les quatre couleurs, qui est sortie propre",
    "ru": "Вчера мы заменили термоблок и ролик переноса принтера на втором этаже здания и после\n"
    "этого напечатали пробную страницу всеми четырьмя цветами, она вышла чистой и очень резкой",
}


@pytest.mark.parametrize("language", LONG)
@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("width", [72, 76, 80])
def test_quoted_lines_that_were_wrapped_anew(language: str, hard: bool, width: int) -> None:
    quote = wrapped(marked(f"Hello,\n\n{LONG[language]}\n\nYour desk"), width, hard)
    text = f"{ANSWER}\n\nOn 5 Mar 2024, at 09:14, Desk <desk@desk.example> wrote:\n\n{quote}"
    assert words(split(text, None).new_text) == words(ANSWER)


@pytest.mark.parametrize(
    "answer",
    [
        "Yes, it does.",
        "No.\nIt never did.",
        "We did that in March, as you know, and it did not help us at all.",
        "yes",
    ],
)
def test_answers_between_long_quoted_lines_stay(answer: str) -> None:
    first, second = LONG["en"].split("\n")
    text = (
        "On 5 Mar 2024, at 09:14, Desk <desk@desk.example> wrote:\n"
        f"> {first}.\n{answer}\n> {second}?\nFine."
    )
    assert words(split(text, None).new_text) == words(f"{answer} Fine.")
    interrupted = f"On 5 Mar 2024 at 09:14, Desk <d@d.example> wrote:\n> {first}\nNo!\n> {second}."
    assert words(split(interrupted, None).new_text) == ["No!"]


# ---- our own mark

MARKS = [
    "##- Please write your reply above this line -##",
    "##- Bitte schreiben Sie Ihre Antwort über diese Zeile -##",
    "##- 请在此行上方回复 -##",
    "\\##- Please reply above this line -##",
    "\\#\\#\\- Please reply above this line \\-\\#\\#",
    "**##- Please reply above this line -##**",
    "*##- Please reply above this line -##*",
    "_##- Please reply above this line -##_",
    "# ##- Please reply above this line -##",
    "## - Please reply above this line - ##",
    "##– Please reply above this line –##",
    "- Please reply above this line -##",
    "##- Please write your reply\nabove this line -##",
    "##- Please write\nyour reply above this\nline -##",
    "&#35;&#35;- Please reply above this line -&#35;&#35;",
    "\u200b##- Please reply above this line -##\u200b",
]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    "above",
    [
        "",
        "On 5 Mar 2024, at 09:14, Desk <desk@desk.example> wrote:\n\n",
        "Þann 5. mars 2024 kl. 09:14 orti Desk:\n\n",
        "Ar 5 Maw 2024 09:14, Desk <desk@desk.example> a ddywedodd:\n",
    ],
)
def test_our_mark_in_any_form_and_language(mark: str, above: str) -> None:
    text = f"{ANSWER}\n\n{above}{mark}\n\nHello Ben,\n\nwe are on our way."
    assert words(split(text, None).new_text) == words(ANSWER)


@pytest.mark.parametrize(
    "line", ["# 4711 - #4712", "Room #3 -## what is this", "C# - F##", "- one\n- two ##"]
)
def test_lines_that_only_look_like_our_mark_stay(line: str) -> None:
    text = f"{ANSWER}\n\n{line}\n\nHello Ben,\n\nwe are on our way."
    assert split(text, None).new_text == text


@pytest.mark.parametrize("answer", load("answers"), ids=lambda answer: str(answer["name"]))
def test_whole_answers_as_programs_send_them(answer: dict[str, str]) -> None:
    assert split(answer["text"], None).new_text.strip() == answer["said"]
