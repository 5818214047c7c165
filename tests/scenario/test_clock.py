"""The working clock by mail: one a person, which asks about pauses (A2)."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last, opened

MakeDesk = Callable[..., Desk]


def test_a2_the_clock_counts_between_signs_and_asks_about_the_pause(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#clock start")
    desk.later(minutes=9)
    desk.bob.reply("Which toner do you use?")
    desk.later(minutes=6)
    desk.bob.reply("#clock stop remote looked")
    (entry,) = desk.ticket()["time_entries"]
    assert (entry["minutes"], entry["work_type"], entry["summary"]) == (15, "remote", "looked")
    assert "not counted" not in last(desk.bob)
    desk.bob.reply("#clock start")
    desk.later(minutes=5)
    desk.bob.reply("Still there?")
    desk.later(minutes=40)
    desk.bob.reply("#clock stop")
    assert desk.ticket()["time_entries"][-1]["minutes"] == 5
    assert "40 min without a mail" in last(desk.bob)
    desk.bob.reply("#clock count")
    assert desk.ticket()["time_entries"][-1]["minutes"] == 45
    desk.bob.reply("#clock count")
    assert "no pause" in last(desk.bob)
    desk.bob.reply("#clock stop")
    assert "No clock of yours" in last(desk.bob)


def test_a2_a_start_stops_the_other(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    desk.bob.reply("#clock start")
    desk.ann.mail("Scanner hums", "It does.")
    desk.later(minutes=8)
    desk.bob.reply("#clock start")
    desk.later(minutes=7)
    desk.bob.reply("#clock stop")
    assert desk.ticket()["time_entries"][-1]["minutes"] == 7
    desk.bob.mail(f"[{first}]", "#clock stop")
    assert desk.ticket(first)["time_entries"][-1]["minutes"] == 8


def test_a2_after_a_pause_the_clock_runs_on(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#clock start")
    desk.later(minutes=5)
    desk.bob.reply("Still there?")
    desk.later(minutes=40)
    desk.bob.reply("I am back.")
    desk.later(minutes=6)
    desk.bob.reply("#clock stop")
    assert desk.ticket()["time_entries"][-1]["minutes"] == 11
    assert "40 min without a mail" in last(desk.bob)
