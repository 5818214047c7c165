"""Profile next7: the co-managed helpdesk's sentences, as conversations (rows N)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.conversation import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, "sqlite:///var/maild.db")
    yield desk
    desk.close()


def fired(ticket: dict, rule: str) -> list[dict]:
    """The firings of a rule on a ticket."""
    return [
        e["detail"]
        for e in ticket["events"]
        if e["event"] == "rule fired" and rule in e["detail"]["rule"]
    ]


def test_n2_an_assigned_new_ticket_is_assigned(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    assert desk.ticket()["status"] == "New"
    desk.bob.reply("Mine.", subject="Re: is assigned to dana")
    ticket = desk.ticket()
    assert ticket["status"] == "Assigned"
    (firing,) = fired(ticket, "An assigned new ticket")
    assert firing["because"].startswith("ticket.status is ")
