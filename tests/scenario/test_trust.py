"""Who may: technicians are proven, everybody else only writes (E5; H41 to H51)."""

from __future__ import annotations

import pytest

from tests.scenario.conversation import Desk

NO_PROOF: dict[str, str] = {}


def templates(desk: Desk, to: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == to]


def test_a_technician_is_proven_by_dmarc(desk: Desk):
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == "dmarc"
    assert "complete" in templates(desk, "ann@acme.example")


def test_a_technician_is_proven_by_the_mail_that_he_alone_got(desk: Desk):
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    desk.ann.mail("Printer is on fire")
    bob.reply("I put it out.", subject=f"Re: {bob.received()[-1]['Subject']} is resolved")
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == "token"


@pytest.mark.parametrize(
    "result", [None, "dmarc=fail header.from=example.com", "dmarc=pass header.from=evil.example"]
)
def test_h41_without_proof_there_is_a_note_and_no_command(desk: Desk, result: str | None):
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    before = len(templates(desk, "ann@acme.example"))
    headers = {"Authentication-Results": f"mx.example.com; {result}"} if result else {}
    bob = desk.writer("Bob Tech", "bob@example.com", headers)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    ticket = desk.ticket()
    assert ticket["status"] == "New"
    assert ticket["primary_resource"] is None
    assert [note["public"] for note in ticket["notes"]] == [True, False]
    assert len(templates(desk, "ann@acme.example")) == before
    assert templates(desk, "bob@example.com").count("confirm") == 1
    assert [c["done"] for c in desk.messages()[-1].commands] == [False]


def test_h41_confirming_does_what_was_withheld_once(desk: Desk):
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    asked = bob.received()[-1]
    bob.reply("Yes, that was me.", to=asked)
    ticket = desk.ticket()
    assert ticket["status"] == "Complete"
    assert [n["public"] for n in ticket["notes"]] == [True, True, False]
    assert "reply" in templates(desk, "ann@acme.example") or "complete" in templates(
        desk, "ann@acme.example"
    )
    desk.ann.reply("It burns again, please come back.")
    assert desk.ticket()["status"] == "Ticket Reopened"
    bob.reply("Yes", to=asked)
    assert desk.ticket()["status"] == "Ticket Reopened"


@pytest.mark.parametrize("text", ["No! That was not me.", "What is this?", "I am out of office."])
def test_h41_only_a_yes_confirms(desk: Desk, text: str):
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    bob.reply(text)
    assert desk.ticket()["status"] != "Complete"
