"""Octets of notifications: threading, automatic marks, and headers that nothing can break."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from maild.desk import people
from maild.desk.desk import Actor
from maild.desk.notify import Recipient, notify
from maild.errors import Refused
from maild.model import Address, Role
from maild.store import asking
from tests.office import Office, a_note, the_ticket

ANN, BOB = "ann@acme.example", "bob@example.com"


def _mails(office: Office) -> list[EmailMessage]:
    found = [
        message_from_bytes(office.octets(item), policy=policy.default) for item in office.items()
    ]
    assert not any(mail.defects for mail in found)
    return found


def _plain(mail: EmailMessage) -> str:
    """Its text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _acknowledge(office: Office, number: str, **more: Any) -> EmailMessage:
    with office.desk("message:1", by=ANN, mail="first@acme.example") as desk:
        ann = office.person(desk.unit, ANN)
        notify(desk, the_ticket(desk, number), "acknowledgement", [ann], **more)
    return _mails(office)[0]


def test_an_acknowledgement_in_full(tmp_path: Path) -> None:
    office = Office(tmp_path)
    mail = _acknowledge(office, number := office.ticket())
    assert mail["From"] == "Example Support <support@example.com>"
    assert mail["To"] == "Ann Archer <ann@acme.example>"
    assert mail["Subject"] == f"Re: [{number}] Printer is on fire"
    assert mail["In-Reply-To"] == mail["References"] == "<first@acme.example>"
    assert mail["Message-ID"] == f"<{office.items()[0].message_id}>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Reply-To"] is None
    assert mail["Date"].datetime == office.at
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert "Hello Ann," in text.get_content()
    assert text.get_content().startswith("##- ")
    assert "<p" in html.get_content()
    assert office.octets(office.items()[0]) == office.octets(office.items()[0])


def test_a_technicians_words_are_no_automatic_mail(tmp_path: Path) -> None:
    office = Office(tmp_path, desk={"address": "support@example.com", "plus_address": True})
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "I am on my way.\n\nBob")
        notify(desk, ticket, "reply", [office.person(desk.unit, ANN)], note=note)
    mail = _mails(office)[0]
    assert mail["From"] == '"Bob Tech (Support)" <support@example.com>'
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "List-Id"):
        assert mail[name] is None
    assert f"support+{number.lower()}." in mail["Reply-To"]
    assert mail["Subject"] == f"[{number}] Printer is on fire"
    assert "I am on my way.\r\n\r\nBob" in _plain(mail)


EVIL = [
    "x\r\nBcc: evil@x.example",
    "x\nSubject: other",
    "x\u2028Bcc: a@b\u2029\x85c",
    "x\x00y\x0bz\x0c",
    "=?utf-8?q?x=0D=0ABcc:_evil@x.example?=",
    "\ud800 lone",
    '"quote" \\ <a@b>, c',
    "ü" * 3000,
    "word " * 3000,
    "\u202egnp.exe",
    "",
    "   ",
]


@pytest.mark.parametrize("evil", EVIL)
def test_h74_headers_stay_clean_and_the_mail_is_sent(tmp_path: Path, evil: str) -> None:
    office = Office(tmp_path, desk={"name": evil, "address": "support@example.com"})
    number = office.ticket(title=evil)
    with office.desk("message:1", by=BOB, mail="a b\r\nX-Evil: 1@x") as desk:
        told = Recipient(evil, "eve@x.example", Role.CONTACT, None)
        ticket = the_ticket(desk, number)
        desk.unit.change_ticket(ticket, contact_id=None)
        notify(desk, ticket, "acknowledgement", [told])
        note = a_note(desk, ticket, evil)
        desk.unit.change(desk.by, name=evil or "?")
        notify(desk, ticket, "reply", [told], note=note, extra={})
    for mail in _mails(office):
        assert set(mail.keys()) <= {
            "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
            "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "In-Reply-To",
            "References",
        }  # fmt: skip
        assert len(mail.keys()) == len(set(mail.keys()))
        assert mail["To"].addresses[0].addr_spec == "eve@x.example"
        assert number in mail["Subject"]
    for item in office.items():
        head = office.octets(item).partition(b"\r\n\r\n")[0]
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert b"\n" not in head.replace(b"\r\n", b"")


@pytest.mark.parametrize(("proof", "said"), [("none", False), ("dmarc", True)])
def test_h78_an_acknowledgement_says_nothing_of_whom_it_cannot_verify(
    tmp_path: Path, proof: str, said: bool
) -> None:
    office = Office(tmp_path)
    number = office.ticket(title="Buy at https://evil.example now")
    with office.desk("message:1", by=ANN, mail="m@x.example") as desk:
        eve = people.learn(desk.unit, Address("Cheap pills", "eve@x.example"), desk.now)
        ticket = the_ticket(desk, number)
        desk.unit.change_ticket(ticket, contact_id=eve.id)
        desk.actor = Actor.of(eve)
        desk.unit.change(desk.stored, sender="eve@x.example", proof=proof)
        note = a_note(desk, ticket, "Pills at https://evil.example")
        notify(desk, ticket, "acknowledgement", [eve], note=note)
        notify(desk, ticket, "acknowledgement", [office.person(desk.unit, ANN)], note=note)
    stranger, known = _mails(office)
    octets = office.octets(office.items()[0]).lower()
    assert b"in-reply-to: <m@x.example>" in octets
    for word in (b"pills", b"evil.example/", b"buy"):
        assert (word in octets) is (said and word != b"evil.example/")
    assert ("Buy at" in stranger["Subject"]) is said
    assert "Buy at" in known["Subject"]
    for mail in (stranger, known):
        assert "Pills" not in _plain(mail)


def test_an_internal_note_is_held_back_at_the_last_moment(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "All is well.")
        notify(desk, ticket, "reply", [office.person(desk.unit, ANN)], note=note)
    with office.desk("cli:1") as desk:
        last = asking.notes.of(desk.unit, the_ticket(desk, number))[-1]
        desk.unit.change(last, public=False)
    with pytest.raises(Refused, match="internal"):
        office.octets(office.items()[0])


def test_h72_a_broken_own_template_never_stops_a_mail(tmp_path: Path) -> None:
    office = Office(tmp_path)
    own = tmp_path / "templates" / "en" / "acknowledgement.md"
    own.parent.mkdir(parents=True)
    own.write_text("subject: {{ ticket.title }}\n---\nOurs: {{ ticket.number }}\n", "utf-8")
    mail = _acknowledge(office, office.ticket())
    assert "Ours: T2026" in _plain(mail)
    own.write_text("subject: {{ ticket.title }}\n---\n{{ tiket.number }}{{ \n", "utf-8")
    assert "thank you for your mail" in _plain(_mails(office)[0])


def test_long_lines_and_every_letter_survive(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    words = "größer – 漢字 🙂\n" + "x" * 3000 + "\n.\n..dots\nFrom here\n  end  "
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "reply", ["a@x.example"], note=a_note(desk, ticket, words))
    octets = office.octets(office.items()[0])
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    shown = _plain(message_from_bytes(octets, policy=policy.default))
    assert words.strip() in shown.replace("\r\n", "\n")
