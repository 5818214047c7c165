"""Downtime makes no storm of reminders: what was due meanwhile is a few mails and one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from maild.demo.writer import plain_text
from maild.desk import overdue
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
MANY = 8
FEW = overdue.ALONE.hour
PROFILES = ["next7", "ggit", "atera", "runbook"]


def reminded(make_desk: MakeDesk, profile: str, count: int) -> Desk:
    """A desk where Bob wants to be reminded of so many tickets in two days."""
    desk = make_desk(profile=profile)
    for number in range(count):
        writer = desk.writer(f"P{number}", f"p{number}@acme.example")
        writer.mail(f"Thing {number} is broken", f"It burns, number {number}.")
        desk.bob.reply("#take\n#remind in 2 days")
    return desk


def told_since(desk: Desk, before: set[int]) -> Counter[tuple[str, str]]:
    return Counter((i.address, i.template) for i in desk.outbox() if i.id not in before)


@pytest.mark.parametrize("profile", PROFILES)
def test_h27_a_week_of_downtime_is_a_few_mails_and_one_list(
    make_desk: MakeDesk, profile: str
) -> None:
    desk = reminded(make_desk, profile, MANY)
    numbers = {ticket["number"] for ticket in desk.tickets()}
    before = {item.id for item in desk.outbox()}
    desk.later(days=9)
    desk.later(minutes=5)
    told = told_since(desk, before)
    for who in (desk.bob.address, desk.dana.address):
        assert sum(n for (to, what), n in told.items() if to == who) <= FEW + 1, told
    assert told[desk.bob.address, "overdue"] == 1
    text = plain_text(desk.bob.received()[-1])
    singles = [str(mail["Subject"]) for mail in desk.bob.received()[-FEW - 1 :]]
    assert all(n in text or any(n in subject for subject in singles) for n in numbers)
    assert "you wanted to be reminded" in text
    desk.later(hours=2)
    assert told_since(desk, before) == told  # and that was all


def test_h27_what_fires_in_time_is_a_mail_each(make_desk: MakeDesk) -> None:
    desk = reminded(make_desk, "next7", MANY)
    before = {item.id for item in desk.outbox()}
    desk.later(hours=47, minutes=1)  # at nine in Berlin
    told = told_since(desk, before)
    assert (told[desk.bob.address, "reminder"], told[desk.bob.address, "overdue"]) == (MANY, 0)


def test_h27_a_few_late_reminders_are_mails_of_their_own(make_desk: MakeDesk) -> None:
    desk = reminded(make_desk, "next7", FEW)
    before = {item.id for item in desk.outbox()}
    desk.later(days=3)
    desk.later(minutes=5)
    assert told_since(desk, before)[desk.bob.address, "reminder"] == FEW


def test_h27_deadlines_are_in_the_list_by_what_was_promised(make_desk: MakeDesk) -> None:
    desk = reminded(make_desk, "runbook", 0)
    for number in range(MANY):
        desk.writer(f"P{number}", f"p{number}@acme.example").mail(f"Thing {number}", "It burns.")
    desk.later(days=9)
    desk.later(minutes=5)
    text = plain_text(desk.bob.received()[-1])
    assert "deadline missed, resolution" in text
    assert "approaching" not in text.partition("to spare")[2]
