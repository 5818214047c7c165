"""A shared ticket is two tickets with one number, and nobody reads the other side's (P5, P8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]

CLIENTS = """
[[resource]]
name = "Cleo Client"
email = "cleo@acme.example"
organization = "Acme"
[[resource]]
name = "Kim Client"
email = "kim@acme.example"
organization = "Acme"
"""
PROOF_ACME = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
SECRET = {"client": "We will leave this provider in May.", "provider": "This customer never pays."}


@dataclass
class Sides:
    """A desk with a ticket that is shared, and who has which side."""

    desk: Desk
    client: Writer
    provider: Writer

    def __post_init__(self) -> None:
        self.number = self.desk.ticket()["number"]

    def of(self, side: str) -> dict[str, Any]:
        return self.desk.ticket(self.number, side)

    def writer(self, side: str) -> Writer:
        return self.client if side == "client" else self.provider

    def say(self, side: str, text: str) -> None:
        """Somebody of this side mails what he has to say of the ticket."""
        self.writer(side).mail(f"[#{self.number}]", text)

    def read(self, side: str) -> str:
        """All that this side's person was ever sent."""
        return "\n".join(plain_text(mail) for mail in self.writer(side).received())


OTHER = {"client": "provider", "provider": "client"}
BOTH = pytest.mark.parametrize("side", ["client", "provider"])


@pytest.fixture(params=["client first", "provider first", "sides unknown"])
def shared(request: pytest.FixtureRequest, make_desk: MakeDesk) -> Sides:
    """Whoever has it first, and whether or not the desk knows whose technicians they are."""
    known = request.param != "sides unknown"
    desk = make_desk(more=CLIENTS if known else "")
    client = desk.writer("Cleo Client", "cleo@acme.example", PROOF_ACME) if known else desk.bob
    provider = desk.dana
    desk.ann.mail("Printer is on fire", "It burns.")
    number = desk.ticket()["number"]
    first, other = (provider, client) if request.param == "provider first" else (client, provider)
    first.mail(f"[#{number}]", "#take")
    first.mail(f"[#{number}]", f"#internal\n{SECRET['client' if first is client else 'provider']}")
    name = other.address.partition("@")[0]
    first.mail(f"[#{number}]", f"#internal\n#share Service Provider {name}\n\nPlease help.")
    sides = Sides(desk, client, provider)
    assert {sides.of(s)["side"] for s in OTHER} == set(OTHER)
    return sides


def test_p8_each_side_has_its_own_and_contacts_words_are_on_both(shared: Sides) -> None:
    shared.desk.ann.reply("It smokes, too.")
    for side in OTHER:
        texts = [note["text"] for note in shared.of(side)["notes"]]
        assert [t for t in texts if t in ("It burns.", "It smokes, too.", "Please help.")] == [
            "It burns.",
            "Please help.",
            "It smokes, too.",
        ]
    assert "It smokes, too." in shared.read("client") and "It smokes" in shared.read("provider")


@BOTH
def test_p8_an_internal_note_is_read_by_its_own_side_alone(shared: Sides, side: str) -> None:
    """By mail, list, search, ticket as it is shown, and the ticket's own record."""
    shared.say(side, f"#internal\n{SECRET[side]} And more.")
    other = OTHER[side]
    for asked in ("#show", "#list open", "#list all", "#search never pays", "#search leave"):
        shared.say(other, asked)
    shared.say(other, f"#question\n\nWhat is up?\n#show {shared.number}")
    assert SECRET[side] not in shared.read(other)
    assert SECRET[side] not in str(shared.of(other))
    assert SECRET[side] in str(shared.of(side))
