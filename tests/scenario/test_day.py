"""A technician's day, from the first call to the timesheet, by mail alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last

MakeDesk = Callable[..., Desk]


def ok(desk: Desk) -> None:
    """All that the last mail asked for was done."""
    commands = desk.messages()[-1].commands
    assert commands and all(c["done"] for c in commands), commands


def test_n11_n15_n16_n17_n19_n21_a_technicians_day_by_mail(make_desk: MakeDesk) -> None:
    desk = make_desk(admins=("dana@example.com",))
    # The books: an asset, a contract with its rates, an article.
    desk.bob.mail("Books", "#record contract Care: organization Acme; rates remote 90, on-site 110")
    ok(desk)
    desk.bob.mail("Books", "#record asset PC-1: organization Acme; reference A-17; serial 4711")
    ok(desk)
    desk.bob.mail("Books", "#record article Toner: text Shake it.; tags printer")
    ok(desk)
    assert desk.tickets() == []
    # Ann calls; Bob writes it down for her.
    desk.bob.mail(
        "Printer prints nothing", "#for ann@acme.example #source phone\n#take\n\nShe called."
    )
    ok(desk)
    ticket = desk.ticket()
    assert (ticket["contact"]["name"], ticket["source"], ticket["status"]) == (
        "Ann",
        "phone",
        "Assigned",
    )
    # What it is about, and until when.
    desk.bob.reply("#set asset pc-1\n#set estimated hours 1,5\n#due 2030-12-03\n#tag printer")
    ok(desk)
    fields = desk.ticket()["fields"]
    assert (fields["asset"], fields["asset_reference"], fields["estimated_hours"]) == (
        "PC-1",
        "A-17",
        1.5,
    )
    # Work, corrected, with Dana's help.
    desk.bob.reply("#time 9:00-9:45 remote looked at the queue\n\nPlease shake the toner.")
    assert "Please shake the toner." in last(desk.ann)
    desk.bob.reply("#time 50m instead of 45m\n#time 30m on-site not billable for dana cleaned it")
    ok(desk)
    entries = desk.ticket()["time_entries"]
    assert [(e["by"], e["minutes"], e["billable"], e["rate"]) for e in entries] == [
        ("Bob Tech", 50, True, 90.0),
        ("Dana Lead", 30, False, 110.0),
    ]
    # Ann answers; the list and the search find it.
    desk.ann.reply("It prints again.")
    assert desk.ticket()["status"] == "Feedback Received"
    desk.bob.mail("#list to process", "")
    assert "Printer prints nothing" in last(desk.bob)
    desk.bob.mail("Find", "#search toner asset:pc-1 client:acme")
    assert "Printer prints nothing" in last(desk.bob)
    # Done, and the week.
    desk.bob.reply("#complete Shaken.", subject=f"Re: [{desk.ticket()['number']}]")
    ok(desk)
    assert desk.ticket()["status"] == "Complete"
    desk.bob.mail("#timesheet", "")
    assert "Printer prints nothing" in last(desk.bob)
    desk.dana.mail("#timesheet bob", "")
    assert "Bob Tech" in last(desk.dana)
    assert len(desk.tickets()) == 1
