"""What is wrong with a template or the layout: its line, what was found, what to do, as its reader
reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk.notifications import catalogue
from maild.errors import MaildError
from maild.i18n import Sentence, Translator
from maild.templates.candidate import mistakes
from maild.templates.check import layout_problems, problems
from maild.templates.jinja_errors import in_our_words
from maild.templates.source import Library, parse, shipped_layout

GERMAN = Translator("de")
LIBRARY = Library()
KIND = catalogue().named("acknowledgement")

# a body, what is said of it, and a part of the same in German
TABLE = [
    ("{{ ticket.number", "{{ is not closed; write }} at its end.", "schreiben Sie }} an"),
    ("{% if ticket", "{% is not closed; write %} at its end.", "schreiben Sie %} an"),
    ("{% if ticket %}x", "the {% if %} above is not closed; write {% endif %}", "{% endif %} dort"),
    ("{% for e in earlier %}x", "write {% endfor %} where it ends.", "{% endfor %} dorthin"),
    ("{% set x %}", "write {% endset %} where it ends.", "{% endset %} dorthin"),
    ("{% endfor %}", "nothing is open that {% endfor %} belongs to", "gehört zu nichts"),
    ("{% else %}", "nothing is open that {% else %} belongs to", "gehört zu nichts"),
    ("{% if ticket %}{% endfor %}", "write {% endif %} first.", "zuerst {% endif %}"),
    ("{% foo %}", "there is no {% foo %};", "{% foo %} gibt es nicht"),
    ("{% if ticket %}{% foo %}{% endif %}", "there is no {% foo %};", "{% foo %} gibt es nicht"),
    ("{%%}", 'a word is missing after "{%"', "fehlt ein Wort"),
    ("{{ }}", 'a name is missing before "}}".', "fehlt ein Name"),
    ("{% for e in %}{% endfor %}", 'a name is missing before "%}".', "fehlt ein Name"),
    ("{% for e earlier %}{% endfor %}", '"earlier" was found where "in" is', "nötig ist „in“"),
    ("{% if ticket = 1 %}{% endif %}", '"=" was found where "%}" is needed.', "nötig ist „%}“"),
    ("{{ ticket number }}", '"number" was found where "}}" is needed.', "nötig ist „}}“"),
    ("{{ [1, 2 }}", '"}" was found where "]" is needed.', "nötig ist „]“"),
    ("{{ ticket.number }", '"}" cannot stand here;', "„}“ kann hier nicht stehen"),
    ("{{ ticket.number § }}", '"§" cannot stand here;', "„§“ kann hier nicht stehen"),
    ("{{ 'abc }}", '"\'" cannot stand here;', "ein Anführungszeichen fehlt"),
    ("{# open", "a comment is not closed;", "Kommentar ist nicht geschlossen"),
    ("{% raw %}", "{% raw %} is not closed;", "{% raw %} ist nicht geschlossen"),
    ("{{ ticket.number|uper }}", 'no filter "uper"; did you mean upper?', "meinten Sie upper?"),
    ("{{ ticket.number|zzqq }}", 'there is no filter "zzqq".', "Den Filter „zzqq“ gibt es nicht."),
    ("{{ ticket.number is odd_one }}", 'there is no "is odd_one"', "„is odd_one“ gibt es nicht"),
    ("{{ tiket.number }}", '"tiket.number" is not known; did you mean ticket.number?', "meinten"),
    ("{{ loop.index }}", '"loop" is not known.', "„loop“ ist nicht bekannt."),
    ("{{ time.internal }}", "is for colleagues only", "ist nur für Kollegen"),
    ("{{ earlier[99].by }}", 'there is no "99" here;', "„99“ gibt es hier nicht"),
    ("{{ ticket.number() }}", "this cannot be called;", "kann nicht aufgerufen werden"),
    ("{{ words() }}", "too much or too little", "zu viel oder zu wenig"),
    ("{{ ticket.created|time('x') }}", "too much or too little", "zu viel oder zu wenig"),
    ("{{ ticket.number + 1 }}", "only numbers can be reckoned with", "nur mit Zahlen"),
    ("{{ desk.name * 100 }}", "templates calculate only with numbers", "rechnen nur mit Zahlen"),
    ("{{ range(5000) }}", "at most 1000 members.", "höchstens 1000 Glieder"),
    ("{{ 1 / 0 }}", "this divides by zero.", "durch null geteilt"),
    ("{% include 'x' %}", "takes in no other file;", "keine andere Datei einbinden"),
    ("{% set ticket.x = 1 %}", "a new name of your own", "ein neuer, eigener Name"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "said", "german"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_wrong_is_said_with_its_line_in_the_readers_language(
    body: str, said: str, german: str
) -> None:
    text = f"subject: x\n---\nHello,\n\n{body}\n"
    template = parse(text, KIND.name, "en", "own/acknowledgement.md", shipped=False)
    found = problems(template, KIND, LIBRARY.words("en"), LIBRARY.layout())
    line = 5 if "above" not in found[0] and "not closed" not in found[0] else None
    assert said in found[0]
    assert found[0].startswith(f"own/acknowledgement.md, line {line or ''}")
    translated = GERMAN.write(found[0])
    assert german in translated
    assert ", Zeile " in translated and not {"not", "there", "write"} & set(translated.split())


@pytest.mark.parametrize(
    ("text", "said", "german"),
    [
        ("subject: x\nsubjekt: y\n---\n", "line 2: above the --- stand only subject:", "Zeile 2"),
        ("subject: x\n", "a line --- is missing", "fehlt eine Zeile"),
        ("preheader: x\n---\nHello\n", "the line subject: is missing", "Zeile „subject:“ fehlt"),
    ],
)
def test_a_file_that_has_not_its_parts_says_which(text: str, said: str, german: str) -> None:
    with pytest.raises(MaildError) as caught:
        parse(text, "note", "en", "note.md", shipped=False)
    assert said in caught.value.message
    assert german in GERMAN.write(caught.value.message)


def test_what_is_not_known_to_us_is_quoted() -> None:
    assert in_our_words("the moon is full.") == "this cannot be done (the moon is full)."


BODY = "{{ body|ready }}"


@pytest.mark.parametrize(
    ("old", "new", "said", "german"),
    [
        ("{{ preheader }}", "{{ preheadr }}", "did you mean preheader?", "meinten Sie preheader?"),
        ("{{ foot }}", "{{ ticket.number }}", '"ticket.number" is not known.', "nicht bekannt."),
        ("cid:{{ logo }}", "cid:{{ lgo }}", "did you mean logo?", "meinten Sie logo?"),
        (BODY, "{{ body }}", "{{ body|ready }} is missing", "{{ body|ready }} fehlt"),
        (BODY, "{{ subject|ready }}", "{{ body|ready }} is missing", "stünde nichts"),
        (BODY, "{{ body|redy }}", "did you mean ready?", "meinten Sie ready?"),
        (BODY, "{{ body|ready", "cannot stand here", "kann hier nicht stehen"),
        ("{% endif %}", "", "the {% if %} above is not closed", "nicht geschlossen"),
        ("{{ signature }}", "{{ signature() }}", "this cannot be called", "kann nicht aufgerufen"),
    ],
)
def test_what_is_wrong_with_the_layout_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, said: str, german: str
) -> None:
    text = shipped_layout()
    assert old in text
    found = mistakes(tmp_path, "layout", "en", text.replace(old, new, 1))
    assert said in found[0] and found[0].startswith("layout.html, line ")
    assert isinstance(found[0], Sentence) and german in GERMAN.write(found[0])


def test_the_shipped_layout_and_one_of_ones_own_are_good() -> None:
    assert layout_problems(shipped_layout()) == []
    assert layout_problems("<p>{{ desk|upper }}{% if logo %}x{% endif %}{{ body | ready }}") == []
