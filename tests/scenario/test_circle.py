"""Once round the circle, as people live it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from maild.demo.writer import plain_text
from maild.desk import original_mail, views
from maild.spool import whole
from maild.store.records import Raw
from tests.looking import the
from tests.scenario.conversation import Desk


def statuses(desk: Desk) -> str:
    return str(desk.ticket()["status"])


def test_n1_n5_n6_n9_n25_a_ticket_lives_by_mail_alone(desk: Desk) -> None:
    ann, bob, dana = desk.ann, desk.bob, desk.dana

    ann.mail("Printer is on fire", "It smokes.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["priority"], ticket["queue"]) == (
        "New",
        "Undetermined",
        "Co-managed",
    )
    assert (ticket["organization"], ticket["contact"]["name"]) == ("Acme", "Ann")
    assert ticket["number"] in str(ann.received()[-1]["Subject"])
    assert "It smokes." in plain_text(dana.received()[-1])

    dana.reply("", subject="Re: Printer is on fire is assigned to bob")
    assert statuses(desk) == "Assigned"
    assert desk.ticket()["primary_resource"]["address"] == "bob@example.com"
    assert desk.ticket()["number"] in plain_text(bob.received()[-1])

    bob.reply("Pull the plug, please.")
    assert "Pull the plug" in plain_text(ann.received()[-1])

    ann.reply("Done. What now?")
    assert statuses(desk) == "Feedback Received"
    assert "What now?" in plain_text(bob.received()[-1])

    bob.reply("A new one comes today.", subject="Re: Printer is on fire is resolved")
    assert statuses(desk) == "Complete"
    assert desk.ticket()["completed"] is not None
    told = len(ann.received())
    assert "A new one comes today." in plain_text(ann.received()[-1])

    ann.reply("The new one smokes as well, can you look at it?")
    assert statuses(desk) == "Ticket Reopened"
    assert len(desk.tickets()) == 1
    assert len(ann.received()) == told
    assert [note["by"] for note in desk.ticket()["notes"]] == [
        "Ann",
        "Bob Tech",
        "Ann",
        "Bob Tech",
        "Ann",
    ]


def test_e9_an_out_of_office_changes_nothing_and_is_not_answered(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire")
    sent = len(desk.notifications())
    desk.ann.reply(
        "I am away.", subject="Out of office", headers={"Auto-Submitted": "auto-replied"}
    )
    assert statuses(desk) == "New"
    assert len(desk.notifications()) == sent
    notes = [(note["text"], note["public"]) for note in desk.ticket()["notes"][1:]]
    assert notes == [("I am away.", False)]
    assert desk.messages()[-1].outcome == "ignored"


def test_n26_h60_the_eml_is_kept_byte_for_byte(desk: Desk) -> None:
    desk.ann.mail("Scan", "See below.", attach={"scan.bin": bytes(range(256)) * 10})
    with desk.store.look() as unit:
        ticket = views.ticket(unit, desk.ticket()["number"])
        octets = whole(original_mail.eml(unit, ticket))
    assert octets == the(desk.store, Raw).octets
    assert desk.messages()[0].sha256 == hashlib.sha256(octets).hexdigest()
    assert b"From: Ann <ann@acme.example>" in octets
    (attachment,) = desk.ticket()["attachments"]
    assert attachment["filename"] == "scan.bin"
    assert attachment["sha256"] == hashlib.sha256(bytes(range(256)) * 10).hexdigest()


def test_a_number_in_the_subject_finds_the_ticket_of_its_organization(desk: Desk) -> None:
    """Known by the domain of the address (R3)."""
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    colleague = desk.writer("Carl", "carl@acme.example")
    colleague.mail(f"About {number.lower()}", "It is the one by the window.")
    assert len(desk.tickets()) == 1
    stranger = desk.writer("Eve", "eve@elsewhere.example")
    stranger.mail(f"About {number}", "Tell me all.")
    assert len(desk.tickets()) == 2


def test_is_resolved_of_somebody_who_is_no_technician_is_nothing(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire")
    stranger = desk.writer("Eve", "eve@elsewhere.example")
    stranger.mail(f"Re: {desk.ticket()['number']} is resolved", "Ha.")
    assert desk.tickets()[0]["status"] == "New"


def test_the_same_mail_by_two_ways_is_one_ticket(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    octets: list[bytes] = []
    writer = desk.writer("Ann", "ann@acme.example")
    writer.send = octets.append
    writer.mail("Printer is on fire")
    desk.put(b"Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000\r\n" + octets[0])
    desk.put(b"Received: from c by d; Sat, 21 Nov 2026 10:00:05 +0000\r\n" + octets[0])
    assert [m.outcome for m in desk.messages()] == ["ticket", "duplicate"]
    assert len(desk.tickets()) == 1
    assert len(desk.ann.received()) == 1


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"Subject: no sender\r\n\r\nHello"])
def test_h14_mail_of_nobody_is_quarantined_and_others_go_on(
    make_desk: Callable[..., Desk], raw: bytes
) -> None:
    desk = make_desk()
    desk.put(raw)
    desk.ann.mail("Printer is on fire")
    assert [m.outcome for m in desk.messages()] == ["quarantined", "ticket"]
    assert desk.messages()[0].error
