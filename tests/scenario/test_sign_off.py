"""A contact signs off by mail what was done (A7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from maild.demo.writer import plain_text
from tests.scenario.conversation import Desk
from tests.scenario.test_contacts import FORGED, PROVEN, ann, opened

MakeDesk = Callable[..., Desk]

SIGNED = ["Signed off", "Hello Bob,\n\nabgenommen, danke.\n\nAnn"]
NOT_SIGNED = ["Signed off, but the door is broken.", "Signed off.\n\nThe other one still burns."]


def test_a7_a_sign_off_is_kept_with_name_and_time_and_reopens_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    number = opened(desk)
    signer = ann(desk, PROVEN["dmarc"])
    for text in SIGNED:
        desk.bob.mail(f"[{number}] Printer", "#complete")
        assert desk.ticket()["status"] == "Complete", text
        desk.later(minutes=1)
        signer.mail(f"Re: [{number}] Printer", text)
        ticket = desk.ticket()
        assert ticket["status"] == "Complete", text
        assert ticket["fields"]["signed_off_by"] == "Ann <ann@acme.example>", text
        assert datetime.fromisoformat(ticket["fields"]["signed_off_at"]) == desk.now, text
        note = ticket["notes"][-1]
        assert (note["by"], note["title"], note["public"]) == ("Ann", "Sign-off", True)
        assert text.split("\n")[0] in note["text"] and note["message_id"]
        (event,) = [e for e in ticket["events"] if e["event"] == "signed off"][-1:]
        assert (event["by"], event["detail"]["proof"]) == ("Ann", "dmarc")
        assert "is kept with it" in plain_text(signer.received()[-1])
    assert "Sign-off" in plain_text(desk.bob.received()[-1])
    assert len(desk.tickets()) == 1


def test_a7_what_says_more_or_asks_is_an_answer_like_any(make_desk: MakeDesk) -> None:
    desk = make_desk()
    number = opened(desk)
    signer = ann(desk, PROVEN["dmarc"])
    for text in NOT_SIGNED:
        desk.bob.mail(f"[{number}] Printer", "#complete")
        signer.mail(f"Re: [{number}] Printer", text)
        ticket = desk.ticket()
        assert ticket["status"] == "Ticket Reopened", text
        assert ticket["notes"][-1]["text"] == text
        assert "signed_off_by" not in ticket["fields"], text


@pytest.mark.parametrize("headers", [{}, FORGED], ids=["unproven", "refuted"])
def test_a7_h87_without_proof_it_is_no_evidence(
    make_desk: MakeDesk, headers: dict[str, str]
) -> None:
    desk = make_desk()
    number = opened(desk)
    desk.bob.mail(f"[{number}] Printer", "#complete")
    desk.ann.mail(f"Re: [{number}] Printer", "Signed off", headers=headers)
    ticket = desk.ticket()
    assert ticket["status"] == "Complete"
    assert "signed_off_by" not in ticket["fields"]
    assert "does not count as a sign-off" in ticket["notes"][-1]["text"]
    assert not ticket["notes"][-1]["public"]


def test_a7_on_an_open_ticket_it_also_says_that_it_is_resolved(make_desk: MakeDesk) -> None:
    desk = make_desk(profile="atera")
    opened(desk)
    ann(desk, PROVEN["dmarc"]).reply("Signed off", to=desk.ann.received()[-1])
    ticket = desk.ticket()
    assert (ticket["status"], ticket["fields"]["signed_off_by"][:3]) == ("Resolved", "Ann")
    # Once more, while the manager reviews it: it stays where it is.
    ann(desk, PROVEN["dmarc"]).reply("Signed off", to=desk.ann.received()[-1])
    assert desk.ticket()["status"] == "Resolved"


def test_a7_long_after_it_was_closed_it_is_still_of_its_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.file.write_text(desk.file.read_text().replace("[desk]\n", "[desk]\nreopen_days = 3\n"))
    number = opened(desk)
    desk.bob.mail(f"[{number}] Printer", "#complete")
    desk.later(days=30)
    ann(desk, PROVEN["dmarc"]).mail(f"Re: [{number}] Printer", "Signed off")
    assert len(desk.tickets()) == 1
    assert desk.ticket()["fields"]["signed_off_by"] == "Ann <ann@acme.example>"
