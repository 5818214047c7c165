"""Profile ggit: the ticket statuses of an MSP, as conversations (rows G)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.demo.writer import plain_text
from maild.store.records import Alert
from tests.looking import the
from tests.scenario.conversation import Desk

ANN, BOB, DANA = "ann@acme.example", "bob@example.com", "dana@example.com"


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    desk = make_desk(profile="ggit")
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    return desk


def status(desk: Desk) -> str:
    return str(desk.ticket()["status"])


def told(desk: Desk, address: str) -> list[str]:
    """Which notifications somebody was sent, in order."""
    return [i.template for i in desk.outbox() if i.address == address and i.state == "sent"]


def answer(desk: Desk) -> str:
    """What Bob's last command was answered with."""
    return plain_text(desk.bob.received()[-1])


@pytest.mark.parametrize("name", ["Note Emailed In", "Incomplete - Re-opened", "Sent from MC"])
def test_g1_system_statuses_are_refused_to_people(desk: Desk, name: str) -> None:
    before = status(desk)
    desk.bob.reply(f"#status {name}")
    assert status(desk) == before
    assert "set by the desk itself" in answer(desk)


def test_g2_follow_up_needs_a_note_and_mails_who_has_to_act(desk: Desk) -> None:
    desk.bob.reply("#also dana")
    desk.dana.reply("#status Follow Up Needed: Resource", to=desk.dana.received()[-1])
    assert status(desk) == "New"
    assert "a note in the same mail" in plain_text(desk.dana.received()[-1])
    desk.dana.reply(
        "#internal\n#status Follow Up Needed: Resource\n\nBob, please call Ann.",
        to=desk.dana.received()[0],
    )
    assert status(desk) == "Follow Up Needed: Resource"
    assert told(desk, BOB)[-1] == "follow-up"
    assert "please call Ann" in plain_text(desk.bob.received()[-1])


def test_g2_where_nobody_is_office_admin_the_admins_are_told(desk: Desk) -> None:
    desk.bob.reply("#internal\n#status Follow Up Needed: Admin\n\nPlease send the invoice.")
    assert status(desk) == "Follow Up Needed: Admin"
    text = the(desk.store, Alert, key="group:office admin").text
    assert "profile.yaml: groups, office admin" in text


def test_g3_a_customer_is_reminded_after_five_days(desk: Desk) -> None:
    desk.bob.reply("#status Waiting Customer\n\nWhich floor?")
    desk.later(days=4, hours=23)
    assert "waiting-reminder" not in told(desk, ANN)
    desk.later(hours=1)
    assert told(desk, ANN)[-1] == "waiting-reminder"
    assert status(desk) == "Waiting Customer"
    desk.later(days=10)
    assert told(desk, ANN).count("waiting-reminder") == 1


def test_g3_nobody_who_has_answered_is_reminded(desk: Desk) -> None:
    desk.bob.reply("#status Waiting Customer\n\nWhich floor?")
    desk.later(days=3)
    desk.ann.reply("The second.")
    desk.later(days=10)
    assert "waiting-reminder" not in told(desk, ANN)


def test_g4_the_scheduler_sets_its_statuses(desk: Desk) -> None:
    number = desk.ticket()["number"]
    tool = desk.writer("TimeZest", "no-reply@timezest.example")
    tool.mail(f"Scheduling link sent for {number}", "Choose a time.")
    assert status(desk) == "Scheduling Link Sent"
    tool.mail(f"Appointment booked: {number}", "Tuesday, 9:00")
    assert status(desk) == "Scheduled"
    assert len(desk.tickets()) == 1
    assert tool.received() == []


def test_g5_complete_with_an_open_item_opens_again(desk: Desk) -> None:
    desk.bob.reply("#checklist Closing")
    desk.bob.reply("#status Complete")
    assert status(desk) == "Incomplete - Re-opened"
    assert "closing-refused" in told(desk, BOB)
    assert "complete" not in told(desk, ANN)
    for number in (1, 2, 3):
        desk.bob.reply(f"#checklist done {number}")
    desk.bob.reply("#status Complete")
    assert status(desk) == "Complete"


def test_g5_complete_with_time_entries_not_done_opens_again(desk: Desk) -> None:
    desk.bob.reply("#set time_entries_done Time Entries Not Completed")
    desk.bob.reply("", subject="Re: Printer is on fire is complete")
    assert status(desk) == "Incomplete - Re-opened"
    desk.bob.reply("#set time_entries_done yes\n#status Complete")
    assert status(desk) == "Complete"


def test_g6_deferring_demands_a_date_and_reminds_before_it(desk: Desk) -> None:
    desk.bob.reply("#status Deferred")
    assert status(desk) == "New"
    assert "a due date in the future" in answer(desk)
    desk.bob.reply("", subject="Re: Printer is on fire is deferred until 3 December")
    assert status(desk) == "Deferred"
    desk.later(days=8, hours=20)  # Wednesday 2 December, 06:00 in Berlin
    assert status(desk) == "Deferred"
    desk.later(hours=3)
    assert status(desk) == "Follow Up Needed: Resource"
    assert told(desk, BOB)[-1] == "deferred-due"
    desk.later(days=5)
    assert told(desk, BOB).count("deferred-due") == 1


def test_g6_another_date_moves_the_clock(desk: Desk) -> None:
    desk.bob.reply("#defer 2026-12-03")
    desk.bob.reply("#due 2026-12-10")
    desk.later(days=12)
    assert status(desk) == "Deferred"
    desk.later(days=5)
    assert status(desk) == "Follow Up Needed: Resource"


def test_g7_in_progress_claims_the_ticket(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(profile="ggit")
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.dana.reply("#status In Progress")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["primary_resource"]["name"]) == ("In Progress", "Dana Lead")


def test_g8_pending_payment(desk: Desk) -> None:
    desk.bob.reply("", subject="Re: Printer is on fire is pending payment")
    assert status(desk) == "Pending Payment"


def test_g9_to_do_moves_the_ticket_and_tells_no_contact(desk: Desk) -> None:
    before = told(desk, ANN)
    desk.bob.reply("#status No Appt Needed - To Do\n\nBackups to look at, some time.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["queue"]) == ("No Appt Needed - To Do", "To Do")
    assert told(desk, ANN) == [*before, "reply"]  # his words; of the status not a word
    desk.bob.reply("#status No Appt Needed - To Do", to=desk.bob.received()[0])
    assert told(desk, ANN) == [*before, "reply"]


def test_g10_g21_an_appointment_is_told_and_reminded_of(desk: Desk) -> None:
    desk.bob.reply("", subject="Re: Printer is on fire is scheduled for 2026-12-03 10:00")
    assert status(desk) == "Scheduled"
    assert told(desk, ANN)[-1] == "scheduled"
    desk.later(days=9)  # Wednesday, 10:00 in Berlin
    assert told(desk, ANN)[-1] == "appointment-reminder"


def test_g11_g14_complete_by_mail_is_told(desk: Desk) -> None:
    desk.bob.reply("All is well.", subject="Re: Printer is on fire is complete")
    assert status(desk) == "Complete"
    assert told(desk, ANN)[-1] == "complete"


def test_g12_g14_waiting_customer_by_mail(desk: Desk) -> None:
    desk.bob.reply("Your vendor brings it.", subject="Re: Printer is on fire is waiting customer")
    assert status(desk) == "Waiting Customer"


def test_g13_a_missed_appointment_is_told_and_cancelled(desk: Desk) -> None:
    desk.bob.reply("#schedule 2026-11-24 10:00")
    desk.later(days=2)
    desk.bob.reply("#status No-Show: Remote Customer")
    assert told(desk, ANN)[-1] == "no-show"
    assert desk.ticket()["fields"]["service_call"] is None
    assert "no-show" in desk.ticket()["tags"]


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_g15_is_resolved_says_close(desk: Desk, who: str) -> None:
    getattr(desk, who).reply("Thank you.", subject="Re: Printer is on fire is resolved")
    assert status(desk) == "Customer or Tech Says Close"


def test_g16_another_note_is_note_emailed_in(desk: Desk) -> None:
    desk.bob.reply("#status Waiting Customer\n\nWhich floor?")
    desk.ann.reply("The second.")
    assert status(desk) == "Note Emailed In"


def test_g17_a_form_mail_is_a_form_response(desk: Desk) -> None:
    number = desk.ticket()["number"]
    form = desk.writer("Web site", "forms@ggit.example")
    form.mail(f"New user form {number}", "Name: Eve", headers={"Reply-To": "ann@acme.example"})
    assert status(desk) == "Received Form Response"
    form.mail("New user form", "Name: Eve", headers={"Reply-To": "eve@acme.example"})
    ticket = desk.ticket()
    assert (ticket["status"], ticket["source"]) == ("Received Form Response", "web form")
    assert ticket["contact"]["address"] == "eve@acme.example"
    assert len(desk.tickets()) == 2
    (told,) = [item for item in desk.outbox() if item.address == "eve@acme.example"]
    assert (told.template, told.auto) == ("portal-ticket", "auto-replied")
    assert "New user form" not in str(told.data["ticket"])  # H78: nobody proves that she asked


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Escalation: VPN does not connect", "Sent from MC"),
        ("Out of scope: VPN does not connect", "Out of Scope"),
        ("No contact with user: VPN does not connect", "Waiting Customer"),
    ],
)
def test_g18_the_outside_helpdesk_hands_over(desk: Desk, subject: str, expected: str) -> None:
    desk.writer("MC", "tickets@missioncontrol.example").mail(subject, "Please take it.")
    assert status(desk) == expected
    if expected == "Waiting Customer":
        changes = [
            e["detail"]["to"] for e in desk.ticket()["events"] if e["event"] == "status changed"
        ]
        assert changes == ["MC No Contact", "Waiting Customer"]


def test_g19_a_template_sets_all_fields_in_one_go(desk: Desk) -> None:
    desk.bob.reply("#template Tech Handoff\n\nDana, please send the invoice.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["queue"]) == ("Follow Up Needed: Admin", "Office Admin")
    assert ticket["tags"] == ["handoff"]
    assert len(ticket["fields"]["checklist"]) == 2


def test_g20_the_category_decides_which_statuses_there_are(desk: Desk) -> None:
    desk.bob.reply("#set category Recurring")
    desk.bob.reply("#status Pending Payment")
    assert status(desk) == "New"
    assert "not for tickets of the category Recurring" in answer(desk)
    desk.bob.reply("#set category Billing")
    desk.bob.reply("#status Pending Payment")
    assert status(desk) == "Pending Payment"
