"""What contacts may: their deeds count by proof, their words always (E5, H87; N11)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.demo.writer import Writer, plain_text
from maild.store import asking
from maild.store.records import Person, TicketPerson
from tests.looking import every
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """In process; `test_proof_by_daemon.py` has the same tables with the real daemon."""
    return make_desk()


FORGED = {
    "Authentication-Results": "mx.example.com; dmarc=fail (p=reject) header.from=acme.example"
}
PROVEN = {
    "dmarc": "dmarc=pass header.from=acme.example",
    "dkim": "dkim=pass header.d=acme.example; dmarc=none",
    "spf": "spf=pass smtp.mailfrom=ann@acme.example",
}


def ann(desk: Desk, results: str) -> Writer:
    """Ann, as our server sees her."""
    field = {"Authentication-Results": f"mx.example.com; {results}"}
    return desk.writer("Ann", "ann@acme.example", field)


def opened(desk: Desk) -> str:
    """A ticket of Ann's in Bob's hands; its number."""
    desk.ann.mail("Printer is on fire")
    number = str(desk.ticket()["number"])
    desk.bob.mail(f"[{number}] Printer", "I look at it.")
    return number


def roles(desk: Desk) -> dict[str, str]:
    with desk.store.look() as unit:
        entries = every(desk.store, TicketPerson)
        persons = unit.some(Person, [entry.person_id for entry in entries])
        return {asking.people.email(unit, persons[e.person_id]): e.role for e in entries}


def got(desk: Desk, address: str) -> str:
    return "\n".join(plain_text(mail) for mail in desk.writer("x", address).received())


DEEDS = ["#resolve", "#close", "Thanks, solved!\n\nAnn"]


@pytest.mark.parametrize("headers", [{}, FORGED], ids=["unproven", "refuted"])
@pytest.mark.parametrize("text", DEEDS)
def test_h87_closing_without_proof_is_a_wish(
    make_desk: MakeDesk, headers: dict[str, str], text: str
) -> None:
    desk = make_desk()
    number = opened(desk)
    eve = desk.writer("Ann", "ann@acme.example", headers)
    eve.mail(f"Re: [{number}] Printer", text)
    ticket = desk.ticket()
    assert ticket["status_kind"] not in ("resolved", "closed")
    [wish] = [n for n in ticket["notes"] if n["by_kind"] == "system"]
    assert (wish["public"], "#resolve" in wish["text"]) == (False, True)
    assert "Ann says that it is solved" in got(desk, "bob@example.com")
    assert "says that it is solved" not in got(desk, "ann@acme.example")
    desk.bob.reply("#resolve")
    assert desk.ticket()["status"] == "Complete"


@pytest.mark.parametrize("by", PROVEN)
@pytest.mark.parametrize("text", DEEDS)
def test_h87_closing_with_proof_is_done(make_desk: MakeDesk, by: str, text: str) -> None:
    desk = make_desk()
    number = opened(desk)
    ann(desk, PROVEN[by]).mail(f"Re: [{number}] Printer", text)
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == by


def test_h87_closing_by_a_reply_to_what_she_alone_got_is_done(desk: Desk) -> None:
    opened(desk)
    desk.ann.reply("Thanks, solved!")
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == "token"


def test_h87_a_refuted_reply_with_her_token_closes_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    opened(desk)
    desk.writer("Ann", "ann@acme.example", FORGED).reply("#resolve", to=desk.ann.received()[-1])
    assert desk.ticket()["status_kind"] != "closed"


def test_h87_in_ggit_says_close_is_such_a_wish(make_desk: MakeDesk) -> None:
    desk = make_desk(profile="ggit")
    number = opened(desk)
    desk.ann.mail(f"Re: [{number}] Printer", "#resolve")
    assert desk.ticket()["status"] == "Customer or Tech Says Close"


def test_h87_stop_without_proof_silences_automatic_mail_alone(make_desk: MakeDesk) -> None:
    desk = make_desk()
    number = opened(desk)
    desk.writer("Ann", "ann@acme.example", FORGED).mail(f"Re: [{number}] Printer", "#stop")
    assert roles(desk)["ann@acme.example"] == "quiet"
    assert "still reaches them" in got(desk, "bob@example.com")
    desk.bob.mail(f"[{number}] Printer", "The part has come.")
    assert "The part has come." in got(desk, "ann@acme.example")
    before = len(desk.ann.received())
    desk.bob.mail(f"[{number}] Printer is waiting customer")
    assert len(desk.ann.received()) == before
    desk.ann.mail(f"Re: [{number}] Printer", "Where is it?")
    assert "ann@acme.example" not in roles(desk)


def test_h87_stop_with_proof_mutes_until_she_writes_again(desk: Desk) -> None:
    number = opened(desk)
    desk.ann.reply("#stop")
    assert roles(desk)["ann@acme.example"] == "stopped"
    assert "until they write again" in got(desk, "bob@example.com")
    desk.bob.mail(f"[{number}] Printer", "The part has come.")
    assert "The part has come." not in got(desk, "ann@acme.example")
    desk.ann.mail(f"Re: [{number}] Printer", "What about the part?")
    desk.bob.mail(f"[{number}] Printer", "I bring it today.")
    assert "I bring it today." in got(desk, "ann@acme.example")


def test_h87_a_cc_without_proof_waits_for_her_yes(make_desk: MakeDesk) -> None:
    desk = make_desk()
    eve = desk.writer("Carl", "carl@acme.example")
    eve.mail("Hello")  # a colleague's account, in a stranger's hands
    desk.writer("Ann", "ann@acme.example", FORGED).mail(
        "Printer", "It burns.", headers={"Cc": "Carl <carl@acme.example>"}
    )
    assert roles(desk) == {"carl@acme.example": "proposed"}
    assert "carl@acme.example" in got(desk, "ann@acme.example") and 'reply "yes"' in " ".join(
        got(desk, "ann@acme.example").split()
    )
    desk.bob.reply("The password is blue-horse.")
    assert "blue-horse" not in got(desk, "carl@acme.example")
    desk.ann.reply("No, please not.", to=desk.ann.received()[0])
    assert roles(desk) == {"carl@acme.example": "proposed"}
    desk.ann.reply("Yes, please.", to=desk.ann.received()[0])
    assert roles(desk) == {"carl@acme.example": "additional"}


@pytest.mark.parametrize("by", PROVEN)
def test_h87_a_cc_with_proof_is_put_on_it_at_once(make_desk: MakeDesk, by: str) -> None:
    desk = make_desk()
    desk.writer("Carl", "carl@acme.example").mail("Hello")
    ann(desk, PROVEN[by]).mail("Printer", headers={"Cc": "Carl <carl@acme.example>"})
    assert roles(desk) == {"carl@acme.example": "additional"}
    assert 'reply "yes"' not in got(desk, "ann@acme.example")


def test_a_customers_plain_day_without_any_proof_of_her_server(desk: Desk) -> None:
    """No DMARC, DKIM or SPF: she writes, replies, adds a colleague, closes; asked once (E5)."""
    desk.writer("Carl", "carl@acme.example").mail("Hello")
    desk.ann.mail("Printer is on fire", headers={"Cc": "Carl <carl@acme.example>"})
    number = desk.ticket()["number"]
    desk.ann.reply("Yes")
    assert roles(desk) == {"carl@acme.example": "additional"}
    desk.bob.mail(f"[{number}] Printer", "Which one is it?")
    assert "Which one" in got(desk, "carl@acme.example")
    desk.ann.reply("The one in the cellar.")
    assert "The one in the cellar." in got(desk, "bob@example.com")
    desk.bob.mail(f"[{number}] Printer", "I have put it out.")
    desk.ann.reply("Thanks, solved!")
    assert desk.ticket(number)["status"] == "Complete"
    told = [item.template for item in desk.outbox() if item.address == "ann@acme.example"]
    assert "confirm" not in told
    assert got(desk, "ann@acme.example").count("Shall they get") == 1
    assert "proves" not in got(desk, "ann@acme.example")
