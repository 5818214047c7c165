"""A thank-you does not reopen a ticket; anything more does (E14)."""

from __future__ import annotations

import pytest

from maild.ingest.subject_fields import named_fields, title_of
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


SIGNED = [
    "\n\nBest regards\nAnn Acker\nHead of Sales\nAcme Ltd · London\n+44 20 7946 0000",
    "\n\nMit freundlichen Grüßen\n\nAnn Acker\nLeiterin Einkauf\n\nAcme GmbH\n12345 Berlin\n"
    "Tel.: 030 1234567\nwww.acme.example\n\nGeschäftsführer: Al May\nAmtsgericht Berlin HRB 4711",
    "\n\nAnn",
    "\nAnn Acker\nAcme Ltd.",
    "\n\nKind regards,\nAnn\n\nThis e-mail is confidential and for its addressee. If you are not"
    " the intended recipient, please do not copy it, and tell us. Why? Because it is the law.",
    "\n\nCordialement,\nAnn Acker",
    ". Best regards, Ann",
    "\n\nLG",
    "\n\nPlease consider the environment before printing this mail.",
]


@pytest.mark.parametrize("signature", SIGNED)
@pytest.mark.parametrize(
    "text",
    [
        "Danke, jetzt geht es",
        "Perfect, thanks a lot for the quick help!",
        "Hallo Bob,\n\nvielen Dank für Ihre schnelle und kompetente Hilfe, alles läuft.",
        "Merci beaucoup, tout fonctionne à nouveau !",
        "Thanks 👍",
        "Top 👍",
        "Super, es funktioniert wieder. Danke! 😊",
        "Hi Bob,\nIt's working now. Thank you so much for fixing this so fast",
        "Gracias, ya funciona perfectamente.",
        "Grazie mille, ora funziona tutto",
        "Bedankt, het werkt weer!",
        "Obrigada, já está funcionando.",
        "Tack så mycket, det fungerar igen",
        "Tak for den hurtige hjælp, alt virker igen.",
        "Dziękuję bardzo, już działa!",
        "Díky moc, už funguje",
        "Большое спасибо, всё работает!",
        "Teşekkürler, artık çalışıyor.",
        "Köszönöm szépen a gyors segítséget, már működik.",
        "Kiitos paljon nopeasta avusta, nyt toimii taas",
    ],
)
def test_e14_a_thank_you_however_signed(text: str, signature: str) -> None:
    assert is_thanks(text + signature, NAMES | {"acker"})


@pytest.mark.parametrize("signature", SIGNED)
@pytest.mark.parametrize(
    "text",
    [
        "Danke, aber es geht nicht",
        "Danke, jetzt geht es. Wann kommt der Toner?",
        "Thanks 👍 but the scanner is still dead",
        "👎",
        "Thanks, it worked for an hour.",
        "Danke. Nochmal.",
        "Danke, aber.",
        "Thanks. Problem again.",
        "Merci, par contre le scanner est en panne",
        "Thanks! Please also order toner",
        "Thank you, the serial number is 4711",
        "No more problems?",
        "Thanks, can you close it",
        "Danke, geht wieder nicht",
        "Vielen Dank für Ihre Hilfe, leider ist der Fehler wieder da",
        "Спасибо, но принтер опять не печатает",
        "Gracias pero no funciona",
        "I thank you for nothing",
    ],
)
def test_e14_a_thank_you_that_says_more(text: str, signature: str) -> None:
    assert is_thanks(text + signature, NAMES | {"acker"}) is None


@pytest.mark.parametrize("text", ["👍", "👍🏻", "🙏\n\nAnn", "👍\n\nBest regards\nAnn", "❤️ 👏"])
def test_e14_a_thumb_alone(text: str) -> None:
    assert is_thanks(text, NAMES)


@pytest.mark.parametrize(
    "below",
    [
        "PS: the scanner is broken",
        "P.S. call me",
        "By the way the scanner makes a noise since yesterday",
        "Is the scanner ready?",
        "Der Scanner geht übrigens nicht mehr",
    ],
)
def test_e14_what_stands_below_a_closing_counts(below: str) -> None:
    assert is_thanks("Thanks!\n\nBest regards\nAnn", NAMES)
    assert is_thanks(f"Thanks!\n\nBest regards\nAnn\n\n{below}", NAMES) is None


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


def test_r2_a_subject_that_names_its_fields() -> None:
    fields = {"customer": "Acme", "service": "Mail", "symptom": "Cannot send"}
    assert named_fields("[Acme] - [Mail] - [Cannot send]") == (fields, True)
    assert named_fields("Acme - Mail - Cannot send") == (fields, False)
    assert named_fields("Printer - on fire") == ({}, False)
    assert named_fields("Printer is on fire") == ({}, False)
