"""Profile next7: the co-managed helpdesk's sentences, as conversations (rows N)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maild.demo.writer import plain_text
from maild.store import asking
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()


def fired(ticket: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    """The firings of a rule on a ticket."""
    return [
        event["detail"]
        for event in ticket["events"]
        if event["event"] == "rule fired" and rule in event["detail"]["rule"]
    ]


def templates(desk: Desk, address: str) -> list[str]:
    """Which notifications somebody was sent, in order."""
    return [item.template for item in desk.outbox() if item.address == address]


def open_and_wait(desk: Desk, status: str) -> None:
    """Ann's ticket, which Bob has, with a status."""
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply(f"#status {status}\n\nWhich floor?")
    assert desk.ticket()["status"] == status


def test_n2_an_assigned_new_ticket_is_assigned(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    assert desk.ticket()["status"] == "New"
    desk.bob.reply("Yours.", subject="Re: Printer is on fire is assigned to dana")
    ticket = desk.ticket()
    assert ticket["status"] == "Assigned"
    (firing, *_) = fired(ticket, "An assigned new ticket")
    assert firing["because"].startswith("ticket.status is ")
    assert firing["did"] == "status Assigned"


def test_n3_eight_silent_business_days_make_a_client_unresponsive(desk: Desk) -> None:
    open_and_wait(desk, "Waiting Customer")  # a Monday
    desk.later(days=9)
    assert desk.ticket()["status"] == "Waiting Customer"
    desk.later(days=1)  # the Thursday of the next week: eight business days
    ticket = desk.ticket()
    assert ticket["status"] == "Client No Response"
    (firing,) = fired(ticket, "A customer who is silent")
    assert firing["because"] == "ticket.status is Waiting Customer"
    desk.later(days=30)
    assert len(fired(desk.ticket(), "A customer who is silent")) == 1


def test_n3_an_answer_ends_the_waiting(desk: Desk) -> None:
    open_and_wait(desk, "Waiting Customer")
    desk.later(days=7)
    desk.ann.reply("The second one.")
    desk.later(days=14)
    assert desk.ticket()["status"] == "Feedback Received"


def test_n3_an_internal_note_is_no_sign_of_life(desk: Desk) -> None:
    open_and_wait(desk, "Waiting Customer")
    desk.later(days=7)
    desk.bob.reply("#internal\nHe is on holiday.")
    desk.later(days=3)
    assert desk.ticket()["status"] == "Client No Response"


def test_n4_eight_silent_business_days_make_a_vendor_unresponsive(desk: Desk) -> None:
    open_and_wait(desk, "Waiting Vendor")
    desk.later(days=10)
    assert desk.ticket()["status"] == "Vendor No Response"


def test_n6_a_note_on_a_completed_ticket_reopens_it(desk: Desk) -> None:
    open_and_wait(desk, "Complete")
    desk.ann.reply("It burns again, please come quickly!")
    assert desk.ticket()["status"] == "Ticket Reopened"


RMM = "N-central", "alerts@n-central.example"


def test_n7_an_alert_is_a_ticket_and_its_all_clear_resolves_it(desk: Desk) -> None:
    rmm = desk.writer(*RMM)
    rmm.mail("ALERT: Disk C: on SRV01 is CRITICAL", "97 % full")
    ticket = desk.ticket()
    assert (ticket["type"], ticket["source"], ticket["contact"]) == ("Alert", "monitoring", None)
    assert ticket["notes"][0]["by_kind"] == "monitoring"
    rmm.mail("ALERT: Disk C: on SRV02 is CRITICAL", "98 % full")
    assert len(desk.tickets()) == 2
    rmm.mail("RESOLVED: Disk C: on SRV01 is OK", "50 % full")
    assert len(desk.tickets()) == 2
    again = desk.ticket(ticket["number"])
    assert again["status"] == "Auto-Resolved"
    assert [n["text"] for n in again["notes"]] == ["97 % full", "50 % full"]
    assert rmm.received() == []  # a machine is not answered


@pytest.mark.parametrize(
    ("alert", "clear"),
    [
        ("[ALERT] SRV01: backup", "[OK] SRV01: backup"),
        (
            "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
            "** RECOVERY Service Alert: web1/HTTP is OK **",
        ),
        ("[FIRING:1] DiskFull (web1)", "[RESOLVED] DiskFull (web1)"),
        ("Problem: High CPU load on db1", "Resolved: High CPU load on db1"),
        ("Failed - Connectivity - ROUTER1", "Normal - Connectivity - ROUTER1"),
        ("SRV01 is down", "SRV01 is back online"),
        ("Alert: CPU 95 % on SRV01", "Resolved: CPU 12 % on SRV01"),
    ],
)
def test_n7_ways_in_which_monitoring_writes(desk: Desk, alert: str, clear: str) -> None:
    rmm = desk.writer(*RMM)
    rmm.mail(alert, "x")
    rmm.mail(clear, "y")
    assert [t["status"] for t in desk.tickets()] == ["Auto-Resolved"]


def test_n7_people_of_the_farm_market_are_no_monitoring(desk: Desk) -> None:
    for address in ("armmanager@farmmarket.example", "alertson@monitorsales.example"):
        desk.writer("Eve", address).mail("ALERT: the printer is down", "Help!")
        assert (desk.ticket()["type"], desk.ticket()["source"]) == ("Service Request", "email")


def test_n7_an_all_clear_of_nothing_makes_no_ticket(desk: Desk) -> None:
    desk.writer(*RMM).mail("RESOLVED: Disk C: on SRV01", "fine")
    assert desk.tickets() == []
    assert "no open ticket" in str(desk.messages()[-1].why)


def test_n6_n7_monitoring_reopens_what_is_complete_or_resolved(desk: Desk) -> None:
    rmm = desk.writer(*RMM)
    rmm.mail("ALERT: Disk C: on SRV01", "97 %")
    rmm.mail("RESOLVED: Disk C: on SRV01", "50 %")
    rmm.mail("ALERT: Disk C: on SRV01", "96 %")
    assert [t["status"] for t in desk.tickets()] == ["Ticket Reopened"]
    desk.bob.reply("Cleaned.\n", subject=desk.bob.received()[-1]["Subject"] + " is complete")
    assert desk.ticket()["status"] == "Complete"
    rmm.mail("ALERT: Disk C: on SRV01", "99 %")
    assert [t["status"] for t in desk.tickets()] == ["Ticket Reopened"]


def test_n8_two_silent_days_complete_it(desk: Desk) -> None:
    open_and_wait(desk, "Auto-Complete in 2 Days")
    assert "auto-complete" in templates(desk, "ann@acme.example")
    desk.later(days=1, hours=23)
    assert desk.ticket()["status"] == "Auto-Complete in 2 Days"
    desk.later(hours=1)
    assert desk.ticket()["status"] == "Complete"
    assert templates(desk, "ann@acme.example")[-1] == "complete"  # N9


def test_n8_an_answer_ends_the_clock(desk: Desk) -> None:
    open_and_wait(desk, "Auto-Complete in 2 Days")
    desk.later(days=1)
    desk.ann.reply("No, it still burns.")
    assert desk.ticket()["status"] == "Feedback Received"
    desk.later(days=3)
    assert desk.ticket()["status"] == "Feedback Received"


def test_n8_a_week_of_downtime_fires_once_and_says_that_it_is_late(desk: Desk) -> None:
    open_and_wait(desk, "Auto-Complete in 2 Days")
    desk.later(days=9)
    (firing,) = fired(desk.ticket(), "Two silent days")
    assert firing["late"] == "7 days"


def test_n12_everybody_of_the_ticket_hears_of_a_note_but_its_author(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take\n#also dana\n\nI look at it.")
    told = templates(desk, "bob@example.com")
    desk.dana.reply("#internal\nTake the extinguisher.")
    assert templates(desk, "bob@example.com")[len(told) :] == ["note"]
    assert "extinguisher" not in "".join(plain_text(m) for m in desk.ann.received())


def test_n12_a_time_entry_is_told_to_the_others(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take\n#also dana")
    desk.bob.reply("#time 30m remote looked at the log")
    assert templates(desk, "dana@example.com")[-1] == "time-entry"
    assert "time-entry" not in templates(desk, "bob@example.com")


def test_n13_an_update_of_a_problem_goes_to_the_contacts_of_its_incidents(desk: Desk) -> None:
    cem = desk.writer("Cem", "cem@acme.example")
    desk.ann.mail("No mail since nine", "Nothing comes in.")
    incident = desk.ticket()["number"]
    cem.mail("Mail is down", "For all of us.")
    problem = desk.ticket()["number"]
    desk.bob.reply("#type Problem\n#take")
    desk.bob.mail(f"[{incident}] is mine", f"#parent {problem}")
    assert desk.ticket(incident)["type"] == "Incident"
    told = len(desk.ann.received())
    desk.bob.reply("The provider works on it.", to=last_of(desk, problem))
    assert "The provider works on it." in plain_text(desk.ann.received()[told])
    assert templates(desk, "ann@acme.example")[-1] == "problem-update"


def last_of(desk: Desk, number: str) -> Any:
    """Bob's last mail about a ticket."""
    return [mail for mail in desk.bob.received() if number in str(mail["Subject"])][-1]


def test_n13_a_change_is_approved_by_mail_with_proof(desk: Desk) -> None:
    desk.ann.mail("New firewall rule", "Please open port 443.")
    desk.bob.reply("#type Change Request\n#take")
    ticket = desk.ticket()
    assert ticket["fields"]["approval"] == "pending"
    assert "approved" in plain_text(desk.ann.received()[-1])
    desk.ann.reply("Approved. Go ahead.")
    ticket = desk.ticket()
    assert ticket["fields"]["approval"] == "approved"
    assert "proof" in ticket["notes"][-1]["text"]


def test_n13_a_change_is_refused_by_mail(desk: Desk) -> None:
    desk.ann.mail("New firewall rule", "Please open port 443.")
    desk.bob.reply("#type Change Request\n#take")
    desk.ann.reply("Refused, not before Christmas.")
    assert desk.ticket()["fields"]["approval"] == "refused"


REFUSALS = [
    "No, it is too risky.",
    "We do not want this.",
    "Denied.",
    "Not approved!",
    "Nein.",
    "Wir lehnen das ab.",
]


def test_n13_only_the_approver_decides_and_plain_words_refuse(desk: Desk) -> None:
    desk.ann.mail("New firewall rule", "Please open port 443.")
    desk.bob.reply("#type Change Request\n#take\n#set approver eve@acme.example")
    assert desk.ticket()["fields"]["approver"] == "eve@acme.example"
    eve = desk.writer("Eve", "eve@acme.example")
    assert "needs your approval" in plain_text(eve.received()[-1])
    desk.ann.reply("Approved. Go ahead.")  # who asked for it is not who may allow it
    assert desk.ticket()["fields"]["approval"] == "pending"
    eve.mail(f"Re: [{desk.ticket()['number']}] New firewall rule", "Approved.")  # no proof
    assert desk.ticket()["fields"]["approval"] == "pending"
    asked = eve.received()[-1]
    for words in REFUSALS:
        eve.reply(words, to=asked)
        assert desk.ticket()["fields"]["approval"] == "refused", words
        assert "Refused by eve" in desk.ticket()["notes"][-1]["text"]
        desk.bob.mail(f"[{desk.ticket()['number']}] Firewall", "#set approval pending")
    for words in ("Nobody told me of this. What is it?", "Now I see it. Is it urgent?"):
        eve.reply(words, to=asked)
        assert desk.ticket()["fields"]["approval"] == "pending", words
    eve.reply("Approved", to=asked)
    assert desk.ticket()["fields"]["approval"] == "approved"


def test_n13_a_parent_is_a_problem_and_what_is_detached_no_incident(desk: Desk) -> None:
    desk.ann.mail("No mail", "Nothing comes in.")
    incident = desk.ticket()["number"]
    desk.ann.mail("Mail is down", "For all of us.")
    problem = desk.ticket()["number"]
    for line in (f"#parent {problem}", f"#set parent {problem}"):
        desk.bob.mail(f"[{incident}] No mail", line)
        assert desk.ticket(incident)["type"] == "Service Request", line
        assert "is no Problem" in plain_text(desk.bob.received()[-1])
    desk.bob.mail(f"[{problem}] Mail is down", "#type problem")
    desk.bob.mail(f"[{incident}] No mail", f"#parent {problem}")
    assert desk.ticket(incident)["type"] == "Incident"
    desk.bob.mail(f"[{incident}] No mail", "#parent none")
    assert desk.ticket(incident)["type"] == "Service Request"


def test_n24_a_ticket_goes_to_the_service_provider_and_back(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    desk.bob.reply("#transfer provider\n\nPlease help us.")
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["primary_resource"]) == ("Service Provider", None)
    assert ticket["status"] == "Assigned"
    desk.dana.reply("#transfer client\n\nIt is the fuse.", to=last_to_dana(desk))
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["primary_resource"]["name"]) == ("Co-managed", "Bob Tech")
    assert templates(desk, "bob@example.com")[-1] == "returned"


PROVIDERS = """
name: ours
extends: next7
groups: {provider: [dana, zoe]}
"""
ZOE = '[[resource]]\nname = "Zoe"\nemail = "zoe@example.com"\n'


@pytest.fixture
def staffed(make_desk: MakeDesk, tmp_path: Path) -> Desk:
    """The provider has people: Dana and Zoe."""
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "profile.yaml").write_text(PROVIDERS)
    desk = make_desk(profile=str(folder), more=ZOE)
    desk.ann.mail("Printer is on fire", "It burns.")
    return desk


def test_n24_the_least_loaded_of_the_provider_gets_it_and_both_sides_are_told(
    staffed: Desk,
) -> None:
    desk = staffed
    desk.bob.reply("#take\n#queue Client Portal")
    before = len(desk.ann.received())
    desk.ann.mail("Scanner is on fire", "It burns too.")
    desk.dana.reply("#take")
    desk.dana.reply("#transfer provider\n\nHe is ill.", to=desk.dana.received()[0])
    number = desk.tickets()[0]["number"]
    ticket = desk.ticket(number)
    assert ticket["primary_resource"]["name"] == "Zoe"  # Dana has one already
    assert (ticket["queue"], ticket["status"]) == ("Service Provider", "Assigned")
    assert templates(desk, "bob@example.com")[-1] == "transferred"  # it was his
    desk.bob.reply("#transfer client\n\nHe is well again.", to=desk.bob.received()[-1])
    ticket = desk.ticket(number)
    assert (ticket["queue"], ticket["primary_resource"]["name"]) == ("Client Portal", "Bob Tech")
    assert templates(desk, "zoe@example.com")[-1] == "transferred"
    assert len(desk.ann.received()) == before + 1  # of her other ticket; the notes are the team's
    assert [n["public"] for n in ticket["notes"]] == [True, False, False]


@pytest.mark.parametrize("had", ["nobody", "somebody who has left"])
def test_n24_what_nobody_had_comes_back_to_nobody(staffed: Desk, had: str) -> None:
    desk = staffed
    if had != "nobody":
        desk.bob.reply("#take")
    desk.bob.reply("#transfer provider\n\nPlease help us.")
    if had != "nobody":
        with desk.store.unit() as unit:
            (bob,) = [p for p in asking.people.resources(unit) if p.name == "Bob Tech"]
            unit.change(bob, active=False)
    desk.dana.reply("#transfer client\n\nIt is the fuse.", to=last_to_dana(desk))
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["primary_resource"], ticket["status"]) == (
        "Co-managed",
        None,
        "New",
    )
    assert templates(desk, "zoe@example.com")[-1] == "returned"
    assert not [e for e in ticket["events"] if e["event"] == "rule failed"]


def last_to_dana(desk: Desk) -> Any:
    return desk.dana.received()[-1]


def test_r5_impact_and_urgency_make_the_priority(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#impact high\n#urgency medium")
    assert desk.ticket()["priority"] == "1 High"


def test_n10_priorities_are_set_by_number_or_name(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    assert desk.ticket()["priority"] == "Undetermined"
    for said, priority in (("0", "0 Critical"), ("2", "2 Medium High"), ("low", "5 Low")):
        desk.bob.reply(f"#priority {said}")
        assert desk.ticket()["priority"] == priority


def test_n14_r8_a_note_reaches_the_contacts_unless_it_is_internal(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take\n#cc eve@acme.example")
    desk.bob.reply("I come at once.")
    for address in ("ann@acme.example", "eve@acme.example"):
        assert templates(desk, address)[-1] == "reply"
    told = templates(desk, "ann@acme.example")
    desk.bob.reply("#internal\nShe has smoked in there.")
    assert templates(desk, "ann@acme.example") == told


@pytest.fixture
def shared(desk: Desk) -> Desk:
    """Bob has the client's side, Dana the provider's."""
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    desk.bob.reply("#internal\n#share Service Provider dana\n\nPlease look at the driver.")
    return desk


def test_p8_a_shared_ticket_has_a_twin_and_ones_own_stays(shared: Desk) -> None:
    ticket, twin = shared.ticket(), shared.ticket(side="provider")
    assert [one["side"] for one in shared.tickets()] == ["client", "provider"]
    assert ticket["number"] == twin["number"]
    assert ticket["primary_resource"]["name"] == "Bob Tech"
    assert (twin["queue"], twin["primary_resource"]["name"], twin["status"]) == (
        "Service Provider",
        "Dana Lead",
        "Assigned",
    )
    assert templates(shared, "dana@example.com")[-1] == "shared-assigned"


def test_p8_sharing_without_a_note_is_refused(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#share Service Provider dana")
    assert "that note is mandatory" in plain_text(desk.bob.received()[-1])
    assert [one["side"] for one in desk.tickets()] == [None]


def test_p8_my_work_is_complete_changes_the_other_sides_status(shared: Desk) -> None:
    before = shared.ticket()["status"]
    shared.bob.reply("#internal\n#mydone\n\nThe fuse is new.")
    ticket = shared.ticket()
    assert ticket["status"] == before
    assert shared.ticket(side="provider")["status"] == "Waiting Internal Review"
    assert templates(shared, "dana@example.com")[-1] == "shared-complete"
    shared.dana.reply("#internal\n#mydone\n\nThe driver is new.", to=shared.dana.received()[-1])
    assert shared.ticket()["status"] == "Waiting Internal Review"
    assert templates(shared, "bob@example.com")[-1] == "shared-complete"


def test_p5_p8_the_twin_has_its_own_status_and_completed_date(shared: Desk) -> None:
    """What who has it sets is told to no contact, and the first side's is as it was."""
    told, before = len(shared.ann.received()), shared.ticket()
    shared.dana.reply("#internal\n#complete\n\nThe driver is new.", to=last_to_dana(shared))
    ticket = shared.ticket()
    assert (ticket["status"], ticket["completed"]) == (before["status"], None)
    twin = shared.ticket(side="provider")
    assert (twin["status"], twin["completed"]) == ("Complete", shared.now)
    assert len(shared.ann.received()) == told
    dana = shared.now
    shared.later(days=1)
    shared.bob.reply("#internal\n#complete", to=shared.bob.received()[0])
    ticket = shared.ticket()
    assert (ticket["status"], ticket["completed"]) == ("Complete", shared.now)
    assert shared.ticket(side="provider")["completed"] == dana
    shared.dana.reply("#status In Progress", to=last_to_dana(shared))
    ticket, twin = shared.ticket(), shared.ticket(side="provider")
    assert (ticket["status"], twin["completed"]) == ("Complete", None)
    assert twin["status"] == "In Progress"


def test_p8_a_question_is_told_to_the_other_sides_resource(shared: Desk) -> None:
    shared.dana.reply("#internal\n#question\n\nWhich driver?", to=shared.dana.received()[-1])
    assert templates(shared, "bob@example.com")[-1] == "shared-question"
    assert "Which driver?" in plain_text(shared.bob.received()[-1])
    assert "failed" not in [item.state for item in shared.outbox()]


def test_p8_deleting_one_side_is_told_to_the_other(shared: Desk) -> None:
    shared.bob.reply("#delete")
    assert templates(shared, "dana@example.com")[-1] == "shared-deleted"


def test_p5_each_side_has_its_completed_date(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    desk.bob.reply("#transfer provider")
    desk.dana.reply("#complete", to=last_to_dana(desk))
    provider = desk.ticket()["completed"]
    assert provider is not None
    desk.later(days=1)
    desk.dana.reply("#transfer client", to=last_to_dana(desk))
    assert desk.ticket()["completed"] is None
    desk.bob.reply("#complete")
    assert desk.ticket()["completed"] == desk.now
    dates = desk.ticket()["fields"]["completed_by_side"]
    assert dates == {"provider": provider.isoformat(), "client": desk.now.isoformat()}
