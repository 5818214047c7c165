"""A thank-you does not reopen a ticket; anything more does (E14)."""

from __future__ import annotations

import pytest

from maild.ingest.subject_fields import named_fields, same_topic, title_of
from maild.ingest.withheld import is_yes
from maild.parse.thanks import is_thanks

NAMES = frozenset({"bob", "tech", "ann"})


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much, Bob.",
        "Hi Bob,\n\nperfect, it works now. Thanks a lot!\n\nBest regards\nAnn",
        "Vielen Dank für die schnelle Hilfe!\n\nViele Grüße\nAnn",
        "Merci beaucoup ! Bonne journée.",
        "¡Muchas gracias!",
        "Grazie mille 🙏",
        "Bedankt voor de hulp",
        "Спасибо большое!",
        "ありがとうございました。",
    ],
)
def test_e14_a_thank_you_and_nothing_else(text: str) -> None:
    assert is_thanks(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It works now.",  # says no thanks
        "Thanks, but the printer still smokes.",
        "Thanks! Could you also look at the scanner?",
        "Thanks?",
        "Thanks. By the way, my password expired.",
        "Thank you, please call me at 555 1234",
        "No thanks",
        "Thanks for nothing",
        "Danke, leider geht es immer noch nicht.",
        "Merci, mais ça ne marche pas.",
        "Thanks Alice",  # nobody of that name is here
        "thanks " * 100,
    ],
)
def test_e14_every_further_word_reopens(text: str) -> None:
    assert is_thanks(text, NAMES) is None


@pytest.mark.parametrize(
    "text", ["yes", "Yes, that was me.", "YES!", "Ja.", "oui", "Confirmed", ""]
)
def test_a_yes(text: str) -> None:
    assert is_yes(text)


@pytest.mark.parametrize(
    "text", ["No", "yesterday I was away", "yes?", "I am out of office", "Who asks?", "Nein"]
)
def test_not_a_yes(text: str) -> None:
    assert not is_yes(text)


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: AW: [T20261121.0001] Printer", "Printer"),
        ("Fwd: Re: Printer", "Printer"),
        ("T20261121.0001", "T20261121.0001"),
        ("Ireland: offices", "Ireland: offices"),
    ],
)
def test_r1_a_title_is_the_subject_without_what_programs_put_before_it(
    subject: str, title: str
) -> None:
    assert title_of(subject) == title
    assert same_topic(subject, title)


def test_r2_a_subject_that_names_its_fields() -> None:
    fields = {"customer": "Acme", "service": "Mail", "symptom": "Cannot send"}
    assert named_fields("[Acme] - [Mail] - [Cannot send]") == (fields, True)
    assert named_fields("Acme - Mail - Cannot send") == (fields, False)
    assert named_fields("Printer - on fire") == ({}, False)
    assert named_fields("Printer is on fire") == ({}, False)
