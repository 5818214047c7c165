"""Canned replies and signatures: what goes to a contact when a technician writes in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from maild.ingest import own_signature
from tests.processes import maild
from tests.scenario.conversation import Desk

TONER = """\
when: toner, printer
---
Hello {{ contact.first_name }},

we send a new toner for {{ ticket.number }}. {{ words }}
"""
TONER_DE = """\
when: Toner, Drucker
---
Guten Tag {{ contact.name }},

zu {{ ticket.number }} kommt ein neuer Toner.
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for language, text in (("en", TONER), ("de", TONER_DE)):
        (tmp_path / "replies" / language).mkdir(parents=True)
        (tmp_path / "replies" / language / "toner.md").write_text(text)
    (tmp_path / "replies" / "en" / "mailbox.md").write_text("when: mailbox full\n---\nDelete some.")
    more = '[[contact]]\nname = "Karl Berg"\nemail = "karl@berg.example"\nlanguage = "de"\n'
    return Desk(tmp_path, more=more)


def test_e17_a_canned_reply_is_filled_suggested_and_shown(desk: Desk) -> None:
    desk.ann.mail("The printer", "The toner is empty.")
    offered = plain_text(desk.bob.received()[-1])
    assert "#reply toner" in offered and "we send a new toner" not in offered.partition("#reply")[0]
    assert "#reply mailbox" not in offered
    desk.bob.reply("#reply toner Which floor?\nAnd which model?")
    said = plain_text(desk.ann.received()[-1]).replace("\r\n", "\n")
    number = desk.ticket()["number"]
    assert f"we send a new toner for {number}. Which floor?\nAnd which model?" in said
    assert "#reply" not in said and "{{" not in said
    answer = plain_text(desk.bob.received()[-1])
    assert 'the reply "toner"' in answer and "Which floor?" in answer


def test_e17_it_is_in_the_contact_s_language(desk: Desk) -> None:
    karl = desk.writer("Karl Berg", "karl@berg.example")
    karl.mail("Drucker", "Der Toner ist leer.")
    desk.bob.reply("#reply toner Bitte kurz warten.")
    said = plain_text(karl.received()[-1])
    assert "Guten Tag Karl Berg" in said and said.index("neuer Toner") < said.index("Bitte kurz")


@pytest.mark.parametrize("text", ["#reply tonne is empty", "#reply Toner's empty", "#reply"])
def test_words_that_are_no_reply_s_name_go_as_they_are(desk: Desk, text: str) -> None:
    desk.ann.mail("The printer", "The toner is empty.")
    desk.bob.reply(f"{text}\nI come at ten.")
    said = plain_text(desk.ann.received()[-1])
    assert "I come at ten." in said and text.removeprefix("#reply").strip() in said
    assert "we send" not in said


def test_e17_an_internal_note_sends_none_of_it(desk: Desk) -> None:
    desk.ann.mail("The printer", "The toner is empty.")
    told = len(desk.ann.received())
    desk.bob.reply("#reply toner\n#internal")
    desk.writer("Bob Tech", "bob@example.com").mail(
        f"[{desk.ticket()['number']}] x", "#reply toner Which floor?"
    )
    assert not any("new toner" in plain_text(m) for m in desk.ann.received()[told + 1 :])


def test_a_broken_reply_is_said_and_sends_nothing_broken(desk: Desk) -> None:
    file = desk.folder / "replies" / "en" / "bad.md"
    file.write_text("---\nHello {{ contact.nmae }}")
    said = maild("check", status=2, cwd=desk.folder)
    assert "bad.md, line 2" in said and "contact.name" in said


SIGNED = "Hello Ann,\n\nplease try again.\n\nKind regards\nBob Tech"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{SIGNED}\nSenior Technician\nExample GmbH | Tel. +49 30 1234\nwww.example.com", SIGNED),
        (f"{SIGNED}\n\nBob Tech\nSenior Technician\nbob@example.com", SIGNED + "\n\nBob Tech"),
        ("Done.\n\nViele Grüße, Bob\n\nTel. 030 123456", "Done.\n\nViele Grüße, Bob"),
        (SIGNED, SIGNED),
        (f"{SIGNED}\n\nP.S. Please send me the invoice as well.", None),
        (f"{SIGNED}\n\nAnd do not forget to restart it before you print.", None),
        ("Call me: +49 30 1234\nBob Tech is my name.", None),
        ("Bob Tech\n+49 30 1234", None),
    ],
)
def test_e17_a_technician_s_signature_is_cut(text: str, kept: str | None) -> None:
    assert own_signature.without(text, "Bob Tech") == (text if kept is None else kept)


def test_e17_the_desk_s_signature_stands_below(desk: Desk) -> None:
    """Of several lines, in both parts; in place of the name alone."""
    toml = desk.file.read_text()
    lines = 'signature = """\nExample Support\nMon to Fri, 9 to 5\n"""'
    desk.file.write_text(toml.replace("[desk]\n", f"[desk]\n{lines}\n", 1))
    shown = maild("templates", "preview", "reply", cwd=desk.folder)
    assert "Example Support · T20261121.0042\nMon to Fri, 9 to 5\n" in shown.replace("\r\n", "\n")


def test_e17_an_outlook_signature_does_not_reach_the_contact(desk: Desk) -> None:
    desk.ann.mail("The printer", "The toner is empty.")
    desk.bob.reply("Please wait.\n\nKind regards\nBob Tech\nSenior Technician\nTel. +49 30 1234")
    said = plain_text(desk.ann.received()[-1])
    assert "Kind regards" in said and "1234" not in said
