"""Profile atera: four statuses and a review, as conversations (row A1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenario.conversation import Desk


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    desk = make_desk(profile="atera")
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    return desk


def status(desk: Desk) -> str:
    return str(desk.ticket()["status"])


def test_a1_pending_lasts_until_the_contact_answers(desk: Desk) -> None:
    assert status(desk) == "Open"
    desk.bob.reply("#status Pending\n\nWhich floor?")
    assert status(desk) == "Pending"
    desk.dana.reply("#internal\nThe second, I think.", to=desk.dana.received()[0])
    desk.later(days=30)
    assert status(desk) == "Pending"
    desk.ann.reply("The second.")
    assert status(desk) == "Open"


def test_a1_resolved_waits_for_review_and_a_follow_up_opens_it(desk: Desk) -> None:
    desk.bob.reply("New one is here.", subject="Re: Printer is on fire is resolved")
    assert status(desk) == "Resolved"
    assert "complete" not in [item.template for item in desk.outbox()]
    desk.dana.reply("#complete", to=desk.dana.received()[0])
    assert status(desk) == "Closed"
    assert [i.template for i in desk.outbox() if i.address == "ann@acme.example"][-1] == "complete"
    desk.ann.reply("It burns again, and the new one as well.")
    assert status(desk) == "Open"


def test_a8_a_technician_is_assigned_and_told(desk: Desk) -> None:
    desk.bob.reply("", subject="Re: Printer is on fire is assigned to dana")
    assert desk.ticket()["primary_resource"]["name"] == "Dana Lead"
    assert [i.template for i in desk.outbox() if i.address == "dana@example.com"][-1] == "assigned"
