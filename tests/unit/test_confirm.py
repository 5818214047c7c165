"""The answer to "was it you?": a yes, or the deed stays withheld (H41, H82)."""

from __future__ import annotations

import pytest

from maild.ingest.withheld import is_yes
from maild.parse.parser import parse

BOB = frozenset(("bob", "tech"))

SIGNED = ["", "\n", "\n\nBob", "\n\nBest regards\nBob Tech\nExample GmbH | +49 30 1234567"]


@pytest.mark.parametrize("signature", SIGNED)
@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes.",
        "YES!",
        "Yes, that was me.",
        "yes please",
        "Yes, please!",
        "Hi,\n\nyes, please go ahead.",
        "Hello support,\nyes",
        "It was me. Thanks!",
        "OK",
        "confirmed",
        "I confirm.",
        "Ja",
        "ja, bitte",
        "Ja bitte!",
        "Hallo zusammen,\n\nja, das war ich. Danke!",
        "Bestätigt.",
        "Oui, merci",
        "Oui, c'est moi",
        "Ja, bitte freigeben",
        "Ok, danke",
        "Sí, fui yo",
        "Sí, por favor",
        "Sì",
        "Да",
        "はい、お願いします。",
    ],
)
def test_h82_a_yes(text: str, signature: str) -> None:
    assert is_yes(text + signature, BOB)


@pytest.mark.parametrize("signature", SIGNED)
@pytest.mark.parametrize(
    "text",
    [
        "Yes this is forged, do NOT do it!",
        "Yes 👎",
        "Ja ❌",
        "Ja, das ist gefälscht",
        "Ja, bitte abbrechen",
        "Ja, bitte nicht",
        "Ich bestätige nicht",
        "Das war ich nicht",
        "Oui, c'est un faux",
        "Oui, annulez s'il vous plaît",
        "Je ne confirme pas",
        "Ce n'était pas moi",
        "Sí, es falso",
        "Sí, cancele por favor",
        "No fui yo",
        "Yes, this is forged. Do not do it.",
        "Yes, but it was not me",
        "Yes? No!",
        "OK who is doing this",
        "Ok, who is this?",
        "Ok, I will ask around",
        "Yes, I saw it.",
        "Yesterday I was away",
        "yes and no",
        "Sure it is a forgery",
        "Do it not",
        "Please don't",
        "Thanks",
        "Tak",
        "No",
        "No, that was me not",
        "It was not me",
        "Correct me if I am wrong",
        "I am out of office until Monday.",
        "Yes, I am out of office.",
        "Ja, das ist gefälscht",
        "Ja nein",
        "Ja, das war ich nicht",
        "ja, bitte nicht",
        "Bitte nicht",
        "Natürlich nicht",
        "Oui, mais ce n'était pas moi",
        "Si no fui yo",
        "yes?",
        "Wer fragt?",
        "Nein",
        "yes " * 2_000,
    ],
)
def test_h82_not_a_yes(text: str, signature: str) -> None:
    assert not is_yes(text + signature, BOB)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "-- \nBob", "Bob", "Best regards\nBob", "> yes", "Hi,"]
)
def test_h82_who_says_nothing_says_no_yes(text: str) -> None:
    assert not is_yes(text, BOB)


@pytest.mark.parametrize(
    "body",
    [
        "Yes\n\nSent from my iPhone\n\n"
        "On Mon, 23 Nov 2026, Example Support wrote:\n> Was it you?\n",
        "yes\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n"
        "From: Example Support <support@example.com>\nSent: Monday, November 23, 2026 9:00 AM\n"
        "To: Bob Tech <bob@example.com>\nSubject: Please confirm\n\nWas it you?\n",
        "Ja, bitte\n\nVon meinem iPhone gesendet\n\n"
        "> Am 23.11.2026 um 09:00 schrieb Support:\n> \n> x\n",
        "Yes\n-- \nBob Tech\nExample GmbH, Hauptstraße 1, 10115 Berlin\nwww.example.com\n",
    ],
)
def test_h82_a_yes_as_programs_send_it(body: str) -> None:
    mail = parse(f"From: Bob <bob@example.com>\nSubject: Re: x\n\n{body}".encode())
    assert is_yes(mail.new_text, BOB)


@pytest.mark.parametrize(
    "body",
    [
        "On Mon, 23 Nov 2026, Example Support wrote:\n> Then reply yes.\n> yes\n",
        "Sent from my iPhone\n",
        "-- \nYes GmbH\n",
    ],
)
def test_h82_what_a_program_wrote_is_no_yes(body: str) -> None:
    mail = parse(f"From: Bob <bob@example.com>\nSubject: Re: x\n\n{body}".encode())
    assert not is_yes(mail.new_text, BOB)
