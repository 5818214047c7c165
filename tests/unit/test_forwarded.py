"""Whose message a mail forwards, its words, and the remark above it (H83)."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from maild.model import Forwarded
from maild.parse.parser import parse

REMARK = "Careful, she never pays.\nCan you take it?"
WORDS = "The scanner makes a noise.\n\nAnn"

GMAIL = """---------- Forwarded message ---------
From: Ann Acker <ann@acme.example>
Date: Mon, 23 Nov 2026 at 09:00
Subject: Scanner broken
To: Bob Tech <bob@example.com>


"""
GMAIL_DE = GMAIL.replace("Forwarded message", "Forwarded message").replace("From:", "Von:")
OUTLOOK = """________________________________
From: Ann Acker <ann@acme.example>
Sent: Monday, November 23, 2026 9:00 AM
To: Bob Tech <bob@example.com>
Subject: Scanner broken

"""
OUTLOOK_DE = """Von: Ann Acker <ann@acme.example>
Gesendet: Montag, 23. November 2026 09:00
An: Bob Tech <bob@example.com>
Betreff: Scanner kaputt

"""
OUTLOOK_FR = """De : Ann Acker <ann@acme.example>
Envoyé : lundi 23 novembre 2026 09:00
À : Bob Tech <bob@example.com>
Objet : Scanner

"""
OUTLOOK_DA = """Fra: Ann Acker <ann@acme.example>
Sendt: 23. november 2026 09:00
Til: Bob Tech <bob@example.com>
Emne: Scanner

"""
THUNDERBIRD = """-------- Forwarded Message --------
Subject: \tScanner broken
Date: \tMon, 23 Nov 2026 09:00:00 +0100
From: \tAnn Acker <ann@acme.example>
To: \tBob Tech <bob@example.com>



"""
APPLE = """Begin forwarded message:

From: Ann Acker <ann@acme.example>
Subject: Scanner broken
Date: 23 November 2026 at 09:00:00 CET
To: Bob Tech <bob@example.com>

"""
APPLE_DE = """Anfang der weitergeleiteten Nachricht:

Von: Ann Acker <ann@acme.example>
Betreff: Scanner kaputt
Datum: 23. November 2026 um 09:00:00 MEZ
An: Bob Tech <bob@example.com>

"""
JAPANESE = """---------- 転送済みメッセージ ---------
From: Ann Acker <ann@acme.example>
Date: 2026年11月23日(月) 9:00
Subject: Scanner
To: Bob Tech <bob@example.com>

"""


def written(subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Bob Tech <bob@example.com>"
    message["To"] = "support@example.com"
    message["Subject"] = subject
    message.set_content(text)
    return message


def forwarded(message: EmailMessage) -> Forwarded | None:
    return parse(message.as_bytes()).forwarded


def quoted(text: str) -> str:
    """As Apple's programs write it: the separator stands free, all else behind marks."""
    first, _, rest = text.partition("\n\n")
    return first + "\n\n" + "".join(f"> {line}\n" for line in rest.split("\n"))


YANDEX = """-------- Пересылаемое сообщение --------
23.11.2026, 09:12, "Ann Acker" <ann@acme.example>:

"""
ON = """---------- Forwarded message ----------
On Mon, Nov 23, 2026 at 9:12 AM "Ann Acker" <ann@acme.example> wrote:

"""


INLINE = [
    ("Fwd: Scanner broken", GMAIL + WORDS),
    ("FW: Scanner broken", OUTLOOK + WORDS),
    ("WG: Scanner kaputt", OUTLOOK_DE + WORDS),
    ("TR : Scanner", OUTLOOK_FR + WORDS),
    ("VS: Scanner", OUTLOOK_DA + WORDS),
    ("VB: Scanner", OUTLOOK + WORDS),
    ("Doorst: Scanner", OUTLOOK + WORDS),
    ("Weitergeleitet: Scanner", OUTLOOK_DE + WORDS),
    ("[EXTERNAL] I: Scanner", OUTLOOK + WORDS),
    ("転送: Scanner", JAPANESE + WORDS),
    ("Fwd: Scanner broken", THUNDERBIRD + WORDS),
    ("Fwd: Scanner broken", APPLE + WORDS),
    ("Fwd: Scanner broken", quoted(APPLE + WORDS)),
    ("Fwd: Scanner kaputt", quoted(APPLE_DE + WORDS)),
    ("[Fwd: Scanner broken]", THUNDERBIRD + WORDS),
    ("Scanner broken (fwd)", GMAIL + WORDS),
    ("a subject of his own", GMAIL + WORDS),
    ("Fwd: Сканер", YANDEX + WORDS),
    ("Fwd: Scanner broken", ON + WORDS),
    ("Fwd: Scanner", GMAIL + WORDS + "\n\n----- End forwarded message -----\n"),
    ("Fwd: Сканер", YANDEX + WORDS + "\n-------- Конец пересылаемого сообщения --------"),
]


@pytest.mark.parametrize(("subject", "text"), INLINE)
@pytest.mark.parametrize("remark", [REMARK, "", "#assign bob\n\nfyi"])
def test_in_the_text(subject: str, text: str, remark: str) -> None:
    found = forwarded(written(subject, f"{remark}\n\n{text}"))
    assert found is not None
    assert found.sender is not None
    assert (found.sender.name, found.sender.address) == ("Ann Acker", "ann@acme.example")
    assert (found.remark, found.words) == (remark, WORDS)


@pytest.mark.parametrize("subject", ["FW: Scanner", "WG: Scanner", "Fwd: Scanner", "Enc: Scanner"])
def test_attached(subject: str) -> None:
    message = written(subject, REMARK)
    inner = written("Scanner", WORDS)
    del inner["From"]
    inner["From"] = "Ann Acker <ann@acme.example>"
    message.add_attachment(inner)
    found = forwarded(message)
    assert found is not None
    assert found.sender is not None
    assert found.sender.address == "ann@acme.example"
    assert (found.remark, found.words) == (REMARK, WORDS)
    message.add_attachment(written("another", "x"))
    assert forwarded(message) is None  # which of them?


def test_its_own_quotes_are_of_its_words() -> None:
    words = f"{WORDS}\n\n{OUTLOOK_DE}Bitte melden."
    found = forwarded(written("Fwd: Scanner", GMAIL + words))
    assert found is not None
    assert found.words.startswith(WORDS)
    assert found.words.endswith("Bitte melden.")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Scanner", "It is broken."),
        ("Fwd: Scanner", "It is broken."),
        ("Re: Scanner", f"Yes.\n\n{OUTLOOK}{WORDS}"),
        ("VS: Tulostin", f"Kyllä.\n\n{OUTLOOK.replace('From', 'Lähettäjä')}{WORDS}"),
        ("Re: Fwd: Scanner", f"Yes.\n\nOn 23 Nov 2026, at 9:00, Ann wrote:\n\n> {GMAIL}"),
        ("Scanner", f"See below.\n\n{OUTLOOK}{WORDS}"),
    ],
)
def test_what_forwards_nothing(subject: str, text: str) -> None:
    assert forwarded(written(subject, text)) is None
