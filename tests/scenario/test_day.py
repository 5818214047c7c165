"""A technician's day, from the first call to the timesheet, by mail alone."""

from __future__ import annotations

from collections.abc import Callable

from maild.demo.writer import plain_text
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last

MakeDesk = Callable[..., Desk]


def ok(desk: Desk) -> None:
    """All that the last mail asked for was done."""
    commands = desk.messages()[-1].commands
    assert commands and all(c["done"] for c in commands), commands


def test_n11_n15_n16_n17_n19_n20_n21_n23_a2_a7_g10_r8_a_technicians_day_by_mail(
    make_desk: MakeDesk,
) -> None:
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
    # A project's task, an appointment, the clock, the note form, the work list.
    desk.bob.mail("Books", "#record project Move: organization Acme; lead dana")
    desk.bob.mail(
        "Books",
        "#record task Wire: project Move; resources bob; start 2026-11-24; due 2026-11-30; "
        f"estimated hours 3; status in progress; ticket {ticket['number']}; notes ask the janitor",
    )
    ok(desk)
    desk.bob.mail("#list tasks to process", "")
    assert "Wire" in last(desk.bob) and "Move" in last(desk.bob)
    answer = f"Re: [{ticket['number']}]"
    desk.bob.mail(answer, "#schedule 2026-11-24 14:00-15:30\n#worklist\n#clock start")
    ok(desk)
    assert desk.ticket()["status"] == "Scheduled"
    assert "appointment" in last(desk.ann) and "2:00" in last(desk.ann)
    desk.later(minutes=8)
    desk.bob.mail(answer, "#clock stop remote looked at the drum\n#form")
    ok(desk)
    assert desk.ticket()["time_entries"][-1]["minutes"] == 8
    assert "Symptom" in last(desk.bob) or "Symptom" in plain_text(desk.bob.received()[-2])
    desk.bob.mail(answer, "#internal\nSymptom: prints nothing\nFindings: the drum is worn")
    assert desk.ticket()["fields"]["findings"] == "the drum is worn"
    desk.bob.mail("#list work", "")
    assert "Printer prints nothing" in last(desk.bob)
    desk.bob.mail("Books", "#record task Wire: project Move; status done")
    desk.bob.mail("#list tasks to process", "")
    assert "Wire" not in last(desk.bob)
    # Done, signed off, and the week.
    desk.bob.reply("#complete Shaken.", subject=f"Re: [{desk.ticket()['number']}]")
    ok(desk)
    assert desk.ticket()["status"] == "Complete"
    desk.ann.reply("Signed off")
    assert desk.ticket()["status"] == "Complete"
    assert "Ann" in desk.ticket()["fields"]["signed_off_by"]
    desk.bob.mail(f"#show {ticket['number']}", "")
    assert "the drum is worn" in last(desk.bob)
    desk.bob.mail("#timesheet", "")
    assert "Printer prints nothing" in last(desk.bob)
    desk.dana.mail("#timesheet bob", "")
    assert "Bob Tech" in last(desk.dana)
    assert len(desk.tickets()) == 1
