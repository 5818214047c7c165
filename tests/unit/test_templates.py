"""Templates: inert whatever people write, and never able to do anything but write."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from maild.desk.notifications import Notification, catalogue
from maild.errors import UsageError
from maild.templates.render import Rendered, render
from maild.templates.source import Library, languages, parse

LIBRARY = Library()
SHIPPED_ONES = catalogue()


def _render(body: str, data: dict[str, Any] | None = None, subject: str = "s") -> Rendered:
    template = parse(f"subject: {subject}\n---\n{body}", "note", "en", "own/note.md", shipped=False)
    facts = SHIPPED_ONES.named("note").example() | (data or {})
    return render(template, facts, LIBRARY.words("en"), LIBRARY.layout())


def _note(text: str) -> dict[str, Any]:
    example = SHIPPED_ONES.named("note").example()["note"]
    return {"note": {**example, "text": text}}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", SHIPPED_ONES, ids=lambda kind: kind.name)
def test_every_shipped_template_renders_and_says_what_a_reply_does(
    kind: Notification, language: str
) -> None:
    template = LIBRARY.get(kind.name, language)
    assert template.language == language, f"write templates/{language}/{kind.name}.md"
    words = render(template, kind.example(), LIBRARY.words(language), LIBRARY.layout())
    assert words.subject
    assert template.foot, f"{kind.name}.md: its head lacks `foot:`, what a reply to it does"
    links = re.findall(r'(?:src|href)="([^"]*)"', words.html)
    assert links == []  # nothing is fetched, nobody is tracked
    assert not re.search(r"url\(|<img|<script|<link", words.html)
    assert "{{" not in words.text + words.html
    assert "None" not in words.text + words.html


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", SHIPPED_ONES, ids=lambda kind: kind.name)
def test_a_template_that_is_told_little_still_renders(kind: Notification, language: str) -> None:
    """A rule that gives none of a notification's own facts gets a plain mail, not a failed one."""
    data = kind.example() | kind.nothing | {"note": None, "time": None, "earlier": []}
    words = render(LIBRARY.get(kind.name, language), data, LIBRARY.words(language), "{{ body }}")
    assert words.subject


def test_every_fact_of_the_catalogue_is_there() -> None:
    for kind in SHIPPED_ONES:
        data = kind.example()
        for fact in kind.facts:
            place: Any = data
            for step in fact.name.replace("[]", ".0").split("."):
                if place is None or place == []:
                    break
                place = place[int(step)] if step.isdigit() else place[step]


@pytest.mark.parametrize("where", ["{{ note.text }}", "{{ words(note) }}", "# {{ note.text }}"])
def test_h69_a_template_in_a_mail_is_only_words(where: str) -> None:
    words = _render(where, _note("{{7*7}} {% for x in y %} {{ ticket.number }}"))
    assert "{{7*7}} {% for x in y %} {{ ticket.number }}" in words.text
    assert "49" not in words.html.partition("<body")[2]
    assert "{{7*7}}" in words.html


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ticket.__class__ }}",
        "{{ ticket|attr('format') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ticket.title.format(ticket) }}",
        "{{ ticket.title.upper() }}",
        "{{ ticket.items() }}",
        "{{ self._TemplateReference__context }}",
        "{{ words.__globals__ }}",
        "{{ lipsum() }}",
        "{% include 'words.yaml' %}",
        "{% import 'x' as y %}",
        "{{ ticket.update({'number': 1}) }}",
        "{{ [].append(1) }}",
        "{{ 'a'|map('upper')|list }}",
        "{{ note|tojson }}",
    ],
)
def test_h70_only_plain_data_and_no_calls(attack: str) -> None:
    with pytest.raises(UsageError, match=r"own/note\.md, line \d"):
        _render(attack)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ 'a' * 300000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 1 << 999999999 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ range(99999) }}",
        "{{ 'a'|center(999999999) }}",
        "{{ 'a'|indent(999999999) }}",
        "{{ [1] * 99999999 }}",
    ],
)
def test_h71_growth_is_refused(attack: str) -> None:
    with pytest.raises(UsageError):
        _render(attack)


def test_h72_an_error_names_file_line_and_cause() -> None:
    with pytest.raises(UsageError, match=r'own/note\.md, line 5: "tiket" is not known'):
        _render("Hello,\n\n{{ tiket.number }}")
    with pytest.raises(UsageError, match=r"own/note\.md, line 4: .*endif"):
        _render("Hello,\n{% endif %}")
    with pytest.raises(UsageError, match=r"line 2: above the ---"):
        parse("subject: x\nsubjekt: y\n---\n", "n", "en", "f", shipped=False)
    with pytest.raises(UsageError, match="a line --- is missing"):
        parse("subject: x\n", "n", "en", "f", shipped=False)


@pytest.mark.parametrize("where", ["{{ note.text }}", "{{ words(note) }}", "- {{ note.text }}"])
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=https://evil.example/pixel.gif>",
        "[click](javascript:alert(1)) ![x](https://evil.example/p.gif)",
        "<https://evil.example>",
        "&lt;b&gt; &#60;i&#62;",
        "</div></td></table><style>*{display:none}</style>",
        "[x]: https://evil.example 'y'\n\n[x]",
        "\ue0000\ue001 \ue0001\ue001",
        "a\n\n<div>\n\n    code\n\n```\nx\n```\n| a | b |\n|---|---|\n# head\n===\n1. one",
    ],
)
def test_h73_html_and_markdown_of_people_are_inert(where: str, text: str) -> None:
    words = _render(where, _note(text))
    body = words.html.partition("<body")[2]
    harmless = _render(where, _note("xyzzy")).html.partition("<body")[2]
    allowed = {*re.findall(r"<(\w+)", harmless), "br", "a"}
    assert set(re.findall(r"<(\w+)", body)) <= allowed
    for href in re.findall(r'href="([^"]*)"', body):
        assert href.startswith(("http://", "https://"))


def _titled(body: str, title: str) -> str:
    """The HTML of a body in which the ticket has this title."""
    ticket = SHIPPED_ONES.named("note").example()["ticket"]
    return _render(body, {"ticket": {**ticket, "title": title}}).html


def test_values_are_written_where_they_stand() -> None:
    body = "# {{ ticket.title }}\n\n- **{{ ticket.title }}** and `{{ ticket.number }}`\n"
    for title in ("Fire", "a*b*c", "<b>&amp;</b>", "\ue0020\ue003"):
        page = _titled(body, title)
        shown = html.escape(
            title.replace("\ue002", "\ufffd").replace("\ue003", "\ufffd"), quote=False
        )
        assert page.count(shown) == 2, title
        assert not re.search("[\ue000-\uf8ff]", page)


def test_values_in_an_address_and_in_a_text_that_is_cut_are_whole() -> None:
    linked = _titled("[here](https://example.com/{{ ticket.title }}) {{ ticket.number }}", "fire")
    assert 'href="https://example.com/fire"' in linked
    assert "T2026" in linked
    cut = "{% set line %}{{ ticket.title }} burns{% endset %}{{ line|truncate(8, true, '') }}"
    assert "Printer" in _titled(cut, "Printer")
    assert not re.search("[\ue000-\uf8ff\ufffd]", _titled(cut, "Printer"))


def test_lines_and_indents_of_a_text_are_kept() -> None:
    words = _render("{{ note.text }}\n\n{{ words(note) }}", _note("one\n  two\n\nthree *x* _y_"))
    assert "one\n  two\n\nthree *x* _y_" in words.text
    shown = words.html.replace("<br>\n", "\n").replace("\u00a0", " ")
    shown = shown.replace("&nbsp;", " ").replace("<br>", "\n")
    assert shown.count("one\n  two\n\nthree *x* _y_") == 2


def test_subject_and_preheader_are_one_line() -> None:
    words = _render("x", _note("two\r\nBcc: x@y\u2028lines\x00"), subject="{{ note.text }}")
    assert words.subject == "two Bcc: x@y lines"


def test_times_are_the_recipients() -> None:
    example = SHIPPED_ONES.named("note").example()
    german = {"recipient": {**example["recipient"], "language": "en-GB"}}
    words = _render("{{ note.created|time }}, {{ note.created|day }}, {{ 1.5|hours }}", german)
    assert "Sat, 21 Nov 2026, 10:30, Sat, 21 Nov 2026, 1.5 h" in words.text


def test_what_is_none_shows_nothing() -> None:
    assert "[]" in _render("[{{ ticket.completed }}]").text
