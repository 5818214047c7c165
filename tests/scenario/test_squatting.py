"""A Message-ID that somebody else chose leads only those who are of its ticket (E4, H88)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.demo.writer import plain_text
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """In process; `test_proof_by_daemon.py` has the same tables with the real daemon."""
    return make_desk()


TAKEN = "<offer-4711@acme.example>"
SECRET = "The password is blue-horse."


def squat(desk: Desk, message_id: str = TAKEN, **headers: str) -> str:
    """Eve opens a ticket under a Message-ID that others' mail will carry; its number."""
    eve = desk.writer("Eve", "eve@evil.example")
    eve.mail("Hello", "Please help me.", headers={"Message-ID": message_id, **headers})
    return str(desk.ticket()["number"])


def told(desk: Desk) -> str:
    """All that Eve has got."""
    eve = desk.writer("Eve", "eve@evil.example")
    return "\n".join(plain_text(mail) for mail in eve.received())


@pytest.mark.parametrize(
    "headers",
    [
        {"In-Reply-To": TAKEN},
        {"References": TAKEN},
        {"References": f"{TAKEN} <other@acme.example>", "In-Reply-To": "<other@acme.example>"},
        {"Message-ID": TAKEN},
        {"Message-ID": TAKEN, "References": TAKEN},
        {"In-Reply-To": TAKEN, "Cc": "Bob Tech <bob@example.com>"},
    ],
)
def test_h88_a_customer_who_answers_or_bears_it_gets_a_ticket_of_his_own(
    desk: Desk, headers: dict[str, str]
) -> None:
    taken = squat(desk)
    desk.ann.mail("Re: Offer 4711", "My password does not work.", headers=headers)
    assert len(desk.tickets()) == 2
    assert [n["by"] for n in desk.ticket(taken)["notes"] if n["by_kind"] == "contact"] == ["Eve"]
    desk.bob.reply(SECRET)
    assert SECRET in plain_text(desk.ann.received()[-1])
    assert "blue-horse" not in told(desk)
    desk.ann.reply("Thank you. Please reset it now.")
    assert len(desk.ticket(taken)["notes"]) == 1
    assert "reset" not in told(desk)


def test_h88_what_follows_goes_to_the_customers_own_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    taken = squat(desk)
    desk.ann.mail("Password", "It does not work.", headers={"Message-ID": TAKEN})
    own = desk.ticket()["number"]
    for headers in ({"In-Reply-To": TAKEN}, {"References": TAKEN}):
        desk.ann.mail("Re: Password", "Still waiting.", headers=headers)
    desk.writer("Carl", "carl@acme.example").mail("Re: x", "Me too.", headers={"References": TAKEN})
    assert len(desk.tickets()) == 2
    assert len([n for n in desk.ticket(own)["notes"] if n["by_kind"] == "contact"]) == 4
    assert len(desk.ticket(taken)["notes"]) == 1


def test_h88_a_victim_in_cc_does_not_answer_there(make_desk: MakeDesk) -> None:
    desk = make_desk()
    squat(desk, Cc="ann@acme.example")
    desk.ann.mail("Re: Offer", "My password does not work.", headers={"In-Reply-To": TAKEN})
    assert len(desk.tickets()) == 2


@pytest.mark.parametrize("bears", [False, True])
@pytest.mark.parametrize("to", ["Ann <ann@acme.example>", "Vendor <sales@vendor.example>"])
def test_h88_what_a_technician_writes_to_others_is_not_shown_to_the_squatter(
    make_desk: MakeDesk, to: str, bears: bool
) -> None:
    desk = make_desk()
    squat(desk)
    if bears:
        desk.ann.mail("Password", "It does not work.", headers={"Message-ID": TAKEN})
    headers = {"To": to, "Cc": "support@example.com", "In-Reply-To": TAKEN}
    desk.bob.mail("Re: Offer 4711", SECRET, headers=headers)
    assert "blue-horse" not in told(desk)
    assert any("blue-horse" in n["text"] for t in desk.tickets() for n in notes(desk, t))


def notes(desk: Desk, ticket: dict[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = desk.ticket(ticket["number"])["notes"]
    return found


def test_h88_a_squatters_answer_with_a_customers_id_is_his_own(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Password", SECRET, headers={"Message-ID": TAKEN})
    number = desk.ticket()["number"]
    eve = desk.writer("Eve", "eve@evil.example")
    for headers in ({"In-Reply-To": TAKEN}, {"References": TAKEN}, {"Cc": "x@y.example"}):
        eve.mail("Re: Password", "Send it to me.", headers={"References": TAKEN, **headers})
    assert len(desk.ticket(number)["notes"]) == 1
    assert "blue-horse" not in told(desk)
    [system] = [n for n in desk.ticket()["notes"] if n["by_kind"] == "system"]
    assert (system["public"], number in system["text"]) == (False, True)


# ---- the genuine neighbours


def test_h88_who_is_of_the_ticket_still_finds_it_by_any_id(desk: Desk) -> None:
    """Her own mail, a colleague, a technician, and who was in Cc and answers her."""
    desk.ann.mail(
        "Printer is on fire",
        headers={"Message-ID": TAKEN, "Cc": "Vic Vendor <vic@vendor.example>"},
    )
    answer = {"In-Reply-To": TAKEN}
    desk.ann.mail("Re: Printer is on fire", "More smoke.", headers=answer)
    desk.writer("Carl", "carl@acme.example").mail("Re: Printer", "Here too.", headers=answer)
    desk.bob.mail("Re: Printer", "I come.", headers=answer)
    to_all = {**answer, "To": "ann@acme.example", "Cc": "support@example.com"}
    desk.bob.mail("Re: Printer", "I am on my way.", headers=to_all)
    desk.writer("Vic Vendor", "vic@vendor.example").mail("Re: Printer", "A part.", headers=to_all)
    assert len(desk.tickets()) == 1
    texts = {n["text"]: n["public"] for n in desk.ticket()["notes"]}
    assert {"More smoke.", "Here too.", "I come.", "I am on my way.", "A part."} <= set(texts)
    assert all(texts.values())
    vendor = {**answer, "To": "sales@vendor.example", "Cc": "support@example.com"}
    desk.bob.mail("Re: Printer", "What is your price?", headers=vendor)
    assert desk.ticket()["notes"][-1]["public"] is False
    assert len(desk.tickets()) == 1


def test_h88_our_own_id_leads_whoever_has_our_mail(make_desk: MakeDesk) -> None:
    """Forwarded to somebody whom we do not know, she still answers to the ticket."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    ours = str(desk.ann.received()[-1]["Message-ID"])
    other = desk.writer("Ann at home", "ann@home.example")
    other.mail("Re: Printer", "It burns.", headers={"In-Reply-To": ours})
    assert len(desk.tickets()) == 1
