"""What stands before a subject, in every language, and echoes behind it (E6, H80)."""

from __future__ import annotations

import pytest

from maild.commands import subject_phrases
from maild.commands.words import HOLE, Phrase
from maild.ingest.subject_fields import title_of
from maild.parse import prefixes
from maild.parse.languages import by_language

from .test_commands import NAMES

TITLE = "Printer on the second floor"
REPLIES = sorted({w for words in by_language("reply_prefixes").values() for w in words})
FORWARDS = sorted({w for words in by_language("forward_prefixes").values() for w in words})
UNCLEAR = set(REPLIES) & set(FORWARDS)
HOLES = {
    "status": "waiting customer",
    "resource": "bob",
    "priority": "high",
    "date": "friday",
    "time": "friday 9:00",
    "queue": NAMES.queues[0],
    "type": NAMES.types[0],
}
PHRASES = sorted(
    {HOLE.sub(lambda hole: HOLES[hole[1]], phrase.say) for phrase in NAMES.vocabulary.phrases}
)

# How programs and gateways write a prefix: {} is the word.
SHAPES = [
    "{}: ", "{}:", "{} : ", "{}： ", "{}：", "{}. : ", "{}[2]: ", "{} [12]: ", "{}(3): ", "{}^2: ",
    "{}*4: ", "{}: {}: ", "{}: {}: {}: ", "RE: {}: ", "{}: RE: ", "{}[2]: Re^2: ",
    "[EXTERNAL] {}: ", "{}: [EXTERNAL] ", "{}: [External]: ", "[EXT] {}: [BULK] ",
    "CAUTION: {}: ", "{}: CAUTION: ", "EXTERNAL EMAIL - {}: ", "EXTERN: {}: ", "***SPAM*** {}: ",
    "{{Spam?}} {}: ", "<EXTERNAL> {}: ", "【外部】{}: ", "{}: [EXTERNE MAIL] ", "[signed OK] {}: ",
    "[T20261121.0042] {}: ", "{}: [T20261121.0042] ", "{}: [T20261121.0042] {}: ",
    "[EXTERNAL] {}: [T20261121.0042] [SPAM?] ", "\u200f{}: ", "[Caution: External Sender] {}: ",
    "[EXTERNAL EMAIL] - {}: ", "[EXTERNAL EMAIL] {}: ", "{}: [Ext:] ", "[!!Mass Mail] {}: ",
    "CAUTION - EXTERNAL SENDER: {}: ", "{}: [WARNING: UNTRUSTED SENDER] - ", "  {}:   ",
]  # fmt: skip


def plain_title(subject: str) -> str:
    return subject_phrases.plain(subject)


@pytest.mark.parametrize("word", [*REPLIES, *FORWARDS])
def test_every_prefix_in_every_shape(word: str) -> None:
    for written in {word, word.upper(), word.capitalize()}:
        for shape in SHAPES:
            subject = shape.format(*[written] * 3) + TITLE
            if len(word) == 1 and word.isascii() and ": " not in shape:
                continue  # "R:Printer": a letter is a prefix with a space only
            assert title_of(subject) == TITLE, subject
            assert prefixes.is_answer(subject) or "T2026" in shape, subject


@pytest.mark.parametrize("word", REPLIES)
def test_a_reply_is_no_forward(word: str) -> None:
    assert not prefixes.is_forward(f"{word.upper()}: {TITLE}")
    assert not prefixes.is_forward(f"{word}: WG: {TITLE}")
    assert prefixes.was_forwarded(f"{word}: WG: {TITLE}")


@pytest.mark.parametrize("word", FORWARDS)
def test_a_forward_is_one(word: str) -> None:
    text = "Fra: Ann <ann@acme.example>\nSendt: i dag\n" if word in UNCLEAR else ""
    for shape in ("{}: ", "{}： ", "{} : ", "[EXTERNAL] {}: ", "[list] {}: ", "{}: Re: "):
        assert prefixes.is_forward(shape.format(word.upper()) + TITLE, text), shape


def test_what_a_prefix_means_in_two_languages_the_text_decides() -> None:
    assert {"vs"} == UNCLEAR
    for text in ("", "Lähettäjä: Ann\nAihe: x", "Saatja: Ann", "> Lähettäjä: Ann"):
        assert not prefixes.is_forward("VS: Tulostin", text)
    for text in ("Fra: Ann\nEmne: x", "Se her.\n\n*Fra:* Ann\n", "> Fra: Ann"):
        assert prefixes.is_forward("VS: Printer", text)


@pytest.mark.parametrize(
    ("subject", "words", "forward"),
    [
        ("[Fwd: Printer]", "Printer", True),
        ("[EXTERNAL] [Fwd: Printer]", "Printer", True),
        ("Re: [Fwd: Printer]", "Printer", False),
        ("Printer (fwd)", "Printer", True),
        ("Printer -Reply", "Printer", False),
        ("[list] Re: Printer", "[list] Printer", False),
        ("Re: [list] Printer", "[list] Printer", False),
        ("ＲＥ：Printer", "Printer", False),
        ("Re:", "", False),
        ("Re: AW: SV: Antw: 回复： R: Printer", "Printer", False),
    ],
)
def test_subjects_with_something_before_them(subject: str, words: str, forward: bool) -> None:
    found = prefixes.read(subject)
    assert (found.words, prefixes.is_forward(subject)) == (words, forward)
    assert found.stack


@pytest.mark.parametrize(
    "subject",
    [
        "Printer", "R: drive is full", "I: Laufwerk fehlt", "R:\\share", "I: disk voll",
        "Return: 4 monitors", "Reminder: backup", "Regarding: invoice", "FS01: full", "TR-4: hi",
        "Forwarding: how?", "Answer: 42", "Error: [EXTERNAL] call failed", "[Acme] - [A] - [slow]",
        "[Acme][VPN] slow", "Caution: wet floor", "External: monitors", "Spam: what can I do?",
        "Warning: printer is hot", "3: 2: 1: go", ": x", "[2] x", "(private) call me",
        "[list] - x", "[-] - x", "[?] x", "(!) x", "[Phishing] what is it?", "Caution - wet floor",
        "http://acme.example is down", "Vlan: 12", "Vacation: 1.8.", "Antwerp: office",
    ],
)  # fmt: skip
def test_subjects_without_a_prefix_stay_as_they_are(subject: str) -> None:
    found = prefixes.read(subject)
    assert (found.words, found.stack) == (subject, ())
    assert title_of(subject) == subject


# ---- echoes


def read(subject: str, *carried: str, role: str = "resource") -> list[str]:
    known = frozenset(map(plain_title, carried))
    title = subject_phrases.read(subject, NAMES, known, opens=False, role=role)
    return [command.name for command in title.commands]


def test_every_phrase_is_a_deed_behind_the_title() -> None:
    for phrase in PHRASES:
        subject = f"Re: {TITLE} {phrase}"
        assert read(subject, TITLE) or read(subject, TITLE, role="contact"), phrase


@pytest.mark.parametrize("phrase", PHRASES)
def test_an_echo_does_nothing_behind_any_prefix(phrase: str) -> None:
    """Replies and forwards in all languages, to a mail whose subject ends in the phrase."""
    title = f"{TITLE} {phrase}"
    for word in {*REPLIES, *FORWARDS}:
        assert read(f"{word.upper()}: {title}", title) == [], word


@pytest.mark.parametrize("phrase", PHRASES)
def test_an_echo_does_nothing_whatever_stands_before_it(phrase: str) -> None:
    """No list knows these: a gateway of tomorrow, another language, a typing error."""
    title = f"{TITLE} {phrase}"
    for before in (
        "Zwrot zewn.: ",
        "Freagra: ",
        "[[ACME-GW 7]] ",
        "Ateb; ",
        "!! ",
        "Re, ",
        "RRE : ",
    ):
        assert read(before + title, title) == [], before
        assert read(f"{before}[T20261121.0042] {title}", title) == [], before


@pytest.mark.parametrize("shape", SHAPES)
def test_an_echo_does_nothing_in_any_shape(shape: str) -> None:
    for word in ("Re", "Antwort", "Réf", "回复", "Ynt", "R", "Doorst", "Weitergeleitet", "TR"):
        subject = shape.format(*[word] * 3) + f"{TITLE} is resolved"
        assert read(subject, f"{TITLE} is resolved") == [], subject


def test_every_subject_that_the_ticket_ever_had_counts() -> None:
    known = (TITLE, "Fwd: Scanner is resolved", f"[T20261121.0042] {TITLE} is spam")
    assert read("Svar: Scanner is resolved", *known) == []
    assert read(f"Odg: {TITLE} is spam", *known) == []
    assert read(f"Odg: {TITLE} is resolved", *known) == ["resolve"]


def test_a_phrase_behind_the_echo_is_a_deed() -> None:
    title = f"{TITLE} is resolved"
    assert read(f"Re: {title} is resolved", title) == ["resolve"]
    assert read(f"Antwort: {title} is spam", title) == ["spam"]
    assert read(f"Zwrot zewn.: {title} is resolved", title) == ["resolve"]
    assert read(f"Re: {title}, is assigned to bob", title) == ["assign"]


@pytest.mark.parametrize(
    "before", ["A: ", "PC: ", "[Acme] ", "[Acme] [VPN] ", "NAS: [slow] ", "TÜV: "]
)
def test_an_echo_that_lost_its_beginning_does_nothing(before: str) -> None:
    for phrase in ("is resolved", "ist erledigt", "is assigned to bob"):
        title = f"{before}{TITLE} {phrase}"
        assert read(f"RE: {TITLE} {phrase}", title) == [], title
        assert read(f"RE: {title}", title) == [], title
        assert read(f"RE: {TITLE} {phrase} is spam", title) == ["spam"], title
    assert read(f"RE: {TITLE} is resolved", before + TITLE) == ["resolve"]
    assert read(f"RE: {before}is resolved is resolved", f"{before}is resolved") == ["resolve"]
    assert read("RE: The plug is resolved", f"{before}is resolved") == ["resolve"]


def test_an_echo_that_lost_its_accents_does_nothing() -> None:
    for title, echo in (
        ("Drucker für Büro ist erledigt", "AW: Drucker fur Buro ist erledigt"),
        ("Écran cassé est résolu", "Re: Ecran casse est resolu"),
        ("Kafé is resolved", "RE: [EXTERNAL] Kafe\u0301 is resolved"),
    ):
        assert read(echo, title) == [], echo
        assert read(f"{echo} is spam", title) == ["spam"], echo
    assert read("AW: Drucker fur Buro ist erledigt", "Drucker für Büro") == ["resolve"]


@pytest.mark.parametrize(
    ("title", "echo"),
    [
        ("Drucker – alt", "Drucker - alt"),
        ("Drucker—alt", "Drucker -- alt"),
        ("Printer 🔥 hot", "Printer hot"),
        ("✉ Printer", "Printer"),
        ("Printer​ x", "Printer x"),
        ("„Printer“", '"Printer"'),
        ("Printer… hot", "Printer... hot"),
        ("Printer & scanner", "Printer + scanner"),
    ],
)
def test_an_echo_whose_signs_were_changed_does_nothing(title: str, echo: str) -> None:
    for phrase in ("is resolved", "ist erledigt", "is assigned to bob"):
        assert read(f"RE: {echo} {phrase}", f"{title} {phrase}") == [], phrase
        assert read(f"RE: {echo} {phrase} is spam", f"{title} {phrase}") == ["spam"], phrase
        assert read(f"RE: {echo} {phrase}", title), phrase


def test_an_empty_subject_ends_nothing() -> None:
    assert read("Re: is resolved", "") == ["resolve"]
    assert read("is resolved", "", "Re:") == ["resolve"]
    assert read(f"Re: {TITLE} is resolved", "", TITLE) == ["resolve"]
    for signs in ("+" * 20, "🔥" * 20):  # no word in it
        assert read(f"Re: {signs} is resolved", signs) == ["resolve"]


def test_a_title_that_only_ends_like_the_deed_is_no_echo() -> None:
    assert read("Re: bob is assigned to bob", "bob") == ["assign"]
    assert read("Re: resolved is resolved", "resolved") == ["resolve"]
    assert read("Re: friday is due friday", "friday") == ["due"]


def test_talk_before_the_known_subject_is_talk() -> None:
    for before in ("When ", "I hope that ", "Not sure: "):
        assert read(f"{before}{TITLE} is resolved", TITLE) == [], before


def test_no_phrase_lacks_a_word_for_its_hole() -> None:
    kinds = {phrase.hole for phrase in NAMES.vocabulary.phrases if isinstance(phrase, Phrase)}
    assert kinds - {None} <= set(HOLES)
