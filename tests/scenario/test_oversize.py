"""Mail over the limit stays on its server: a technician sees who wrote, and he is told (H15)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.ingest import oversize
from tests.scenario.conversation import Desk, InProcess

HEAD = (
    "From: {sender}\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
    "Message-ID: <1@x.example>\r\n"
    "{more}MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=b\r\n\r\n"
    "--b\r\n\r\nWords that "
)


def came(desk: Desk, sender: str, more: str = "", subject: str = "Log files") -> bool:
    """The watcher has found a mail of 151 MB; whether it was new."""
    head = HEAD.format(sender=sender, more=more, subject=subject).encode()
    octets = oversize.stand_in(head, 150_600_000, "en")
    with desk.store.unit() as unit:
        new = oversize.accept(unit, "support", octets, 150_600_000, desk.now, desk.now)
    assert isinstance(desk.transport, InProcess)
    desk.transport.wait_until_done()
    return new


def test_h15_its_sender_is_told_and_a_ticket_says_it(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    assert came(desk, "Ann <ann@acme.example>")
    ticket = desk.ticket()
    assert ticket["title"] == "Log files"
    assert "This mail of 151 MB is larger" in ticket["notes"][0]["text"]
    assert "Words that" not in ticket["notes"][0]["text"]
    told = [m for m in desk.ann.received() if "larger than what we can take" in str(m.get_body())]
    assert len(told) == 1 and "151 MB" in str(told[0].get_body())
    assert not came(desk, "Ann <ann@acme.example>")  # as after a restart
    assert len(desk.tickets()) == 1

    desk.ann.reply("Without the files, then.", to=told[0])
    assert len(desk.tickets()) == 1


def test_h15_in_german() -> None:
    head = HEAD.format(sender="a@b.example", more="", subject="x").encode()
    octets = oversize.stand_in(head, 99_000, "de")
    assert "Diese Mail ist mit 99 kB größer".encode() in octets


@pytest.mark.parametrize(
    ("sender", "more"),
    [
        ("Ann <ann@acme.example>", "Auto-Submitted: auto-replied\r\n"),
        ("Ann <ann@acme.example>", "List-Id: <news.acme.example>\r\nPrecedence: list\r\n"),
        ("MAILER-DAEMON <mailer-daemon@acme.example>", ""),
        ("no-reply@acme.example", "Auto-Submitted: auto-generated\r\n"),
        ("support@example.com", ""),
    ],
)
def test_h15_what_no_person_waits_for_is_not_answered(
    make_desk: Callable[..., Desk], sender: str, more: str
) -> None:
    desk = make_desk()
    came(desk, sender, more)
    assert [item.template for item in desk.outbox() if item.template == "mail-too-large"] == []


def test_h15_a_technicians_does_nothing_and_he_is_told(make_desk: Callable[..., Desk]) -> None:
    """His words are not known, so neither is a ticket resolved nor a customer told anything."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    told = len(desk.ann.received())
    number = desk.ticket()["number"]
    proof = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
    came(desk, "Bob Tech <bob@example.com>", proof, subject=f"{number} is resolved")
    ticket = desk.ticket()
    assert (ticket["status_kind"], len(ticket["notes"]), len(desk.tickets())) == ("new", 1, 1)
    assert len(desk.ann.received()) == told
    plain = desk.bob.received()[-1].get_body(("plain",))
    text = plain.get_content() if plain is not None else ""
    assert "larger than what the desk takes in (50 MB)" in " ".join(text.split())


def test_h15_nobody_can_pretend_that_his_mail_was_too_large(make_desk: Callable[..., Desk]) -> None:
    """What is told goes by what the watcher noted, not by what a mail says."""
    desk = make_desk()
    desk.ann.mail("Log files", "This mail of 151 MB is larger than what the desk takes in.")
    assert "mail-too-large" not in {item.template for item in desk.outbox()}
