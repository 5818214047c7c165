"""Profile runbook: qualification, promises, clean closure (rows R), and a desk of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.demo.writer import plain_text
from maild.model import EventName
from maild.store.records import Alert, Event
from tests.looking import every
from tests.scenario.conversation import Desk

OWN = """
extends: runbook
name: own
on_call: {people: [Dana Lead, Bob Tech], turn: week, starts: 2026-11-16 00:00}
groups: {internal channel: [channel@chat.example]}
"""


@pytest.fixture
def desk(make_desk: Callable[..., Desk], tmp_path: Path) -> Desk:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(OWN)
    desk = make_desk(profile=str(folder))
    desk.ann.mail("Printer is on fire", "It burns.")
    return desk


def told(desk: Desk, address: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == address]


def test_r1_r2_the_subject_fills_the_fields_that_it_names(desk: Desk) -> None:
    desk.bob.mail("[Acme] - [VPN] - [No connection]", "Help!")
    ticket = desk.ticket()
    assert (ticket["fields"]["service"], ticket["fields"]["symptom"]) == ("VPN", "No connection")
    assert ticket["organization"] == "Acme"


def test_h45_r2_a_customer_that_a_stranger_names_gives_him_nothing(desk: Desk) -> None:
    """Nor is a customer whom nobody knows a rule that fails."""
    number = desk.ticket()["number"]
    eve = desk.writer("Eve", "eve@home.example")
    for subject in (
        "[Acme] - [VPN] - [Down]",
        "[Beta] - [VPN] - [Down]",
        "[Acme] VPN",
        "Acme - VPN - Down",
        f"[{number}] - [VPN] - [Down]",
        f"[Acme] {number}",
    ):
        eve.mail(subject, "Help!")
        ticket = desk.ticket()
        assert (ticket["organization"], ticket["contact"]["name"]) == (None, "Eve")
        assert ticket["number"] != number
    assert not any(number in plain_text(m) or "It burns" in plain_text(m) for m in eve.received())
    desk.bob.mail("[Beta] - [VPN] - [Down]", "A customer whom we do not know.")
    assert not [alert.key for alert in every(desk.store, Alert) if "rule" in alert.key]
    assert not [e for e in every(desk.store, Event) if e.event == EventName.RULE_FAILED]
    desk.ann.mail("[Acme] - [VPN] - [Down]", "Her own.")
    assert desk.ticket()["organization"] == "Acme"


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        ("high", "high", "P1"),
        ("high", "medium", "P2"),
        ("medium", "high", "P2"),
        ("medium", "medium", "P3"),
        ("low", "high", "P4"),
        ("high", "low", "P4"),
    ],
)
def test_r4_r5_impact_and_urgency_make_the_priority(
    desk: Desk, impact: str, urgency: str, priority: str
) -> None:
    desk.bob.reply(f"#impact {impact}\n#urgency {urgency}")
    assert desk.ticket()["priority"] == priority


def test_r6_a_promise_is_warned_of_missed_and_escalated(desk: Desk) -> None:
    sla = desk.ticket()["fields"]["sla"]
    assert (sla["name"], sla["first_response_due"][:16]) == ("Normal", "2026-11-23T13:00")
    desk.later(hours=3)  # 75 per cent of the four hours
    assert "SLA approaching" in events(desk)
    desk.later(hours=1)
    assert "SLA missed" in events(desk)
    assert desk.ticket()["tags"] == ["SLA missed"]
    assert told(desk, "dana@example.com")[-1] == "sla-warning"


def test_r6_an_answer_keeps_the_promise_and_waiting_stops_the_clock(desk: Desk) -> None:
    desk.later(hours=1)
    desk.bob.reply("#take\n#status Waiting Customer\n\nWhich floor?")
    desk.later(days=6)
    assert not {"SLA missed", "SLA approaching"} & set(events(desk))
    desk.ann.reply("The second.")
    due = desk.ticket()["fields"]["sla"]["resolution_due"]
    assert due > "2026-11-30"  # it stood still for six days, four of them business days
    desk.later(days=6)
    assert "SLA missed" in events(desk)


def test_r7_an_urgent_ticket_has_the_on_call_resource_at_once(desk: Desk) -> None:
    desk.bob.reply("#priority P1")
    ticket = desk.ticket()
    assert ticket["primary_resource"]["name"] == "Bob Tech"  # the second week of the rota
    assert ticket["tags"] == ["On-call"]
    assert told(desk, "channel@chat.example") == ["on-call"]


PACK = """
Context: Acme, Hamburg, nobody prints
Timestamp and frequency: since nine, every page
Evidence: https://logs.example.com/4711
Actions tried: new toner, no change
Hypothesis and question: The fuser is worn. Is there one in stock?
"""


@pytest.mark.parametrize("command", ["#escalate N2", "#queue N2", "#set queue N2"])
def test_r10_an_escalation_needs_its_pack(desk: Desk, command: str) -> None:
    desk.bob.reply("#take")
    for text, lacking in (
        ("", "context"),
        ("The toner burns since nine.", "context"),
        (PACK.replace("https://logs.example.com/4711", "logs are at hand"), "evidence"),
        (PACK.replace("since nine, every page", "-"), "time and frequency"),
        (PACK.replace("Is there one in stock?", ""), "question"),
    ):
        desk.bob.reply(f"{command}\n\n{text}")
        assert desk.ticket()["queue"] == "N1 - Support", text
        said = " ".join(plain_text(desk.bob.received()[-1]).split())
        named = said.partition("this lacks: ")[2].partition(". Write it again")[0]
        assert lacking in named, text
        assert len(named.split("; ")) == (6 if lacking == "context" else 1)
    before = len(desk.ann.received())
    desk.bob.reply(f"{command}\n#set vendor_case HP-4711\n\n{PACK}")
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["fields"]["vendor_case"]) == ("N2", "HP-4711")
    notes = [note for note in ticket["notes"] if note["title"] == "ESCALATION"]
    assert [(n["public"], "fuser is worn" in n["text"]) for n in notes] == [(False, True)]
    assert "checklist" not in ticket["fields"]  # no blank form beside the pack
    assert ticket["primary_resource"] is None
    assert told(desk, "dana@example.com")[-1] == "escalated"
    assert len(desk.ann.received()) == before


def test_r10_evidence_may_be_a_file_and_the_receiver_a_resource(desk: Desk) -> None:
    pack = PACK.replace("https://logs.example.com/4711", "see the log")
    desk.bob.reply(f"#escalate dana\n\n{pack}", attach={"printer.log": b"E 4711"})
    assert desk.ticket()["primary_resource"]["name"] == "Dana Lead"
    assert told(desk, "dana@example.com")[-1] == "escalated"
    assert "The fuser is worn" in plain_text(desk.dana.received()[-1])


def test_r10_what_a_request_puts_there_asks_for_the_pack(desk: Desk) -> None:
    desk.ann.mail("New hardware", "What is needed: a printer\nFor whom: me\nBy when: Friday")
    ticket = desk.ticket()
    assert ticket["queue"] == "N2"
    assert len(ticket["fields"]["checklist"]) == 5
    assert "ESCALATION" not in [note["title"] for note in ticket["notes"]]


def test_r9_r11_closing_says_what_is_missing(desk: Desk) -> None:
    desk.bob.reply("#take\n#complete")
    assert desk.ticket()["status"] != "Complete"
    said = plain_text(desk.bob.received()[-1])
    for part in ("resolution", "public note", "time entry"):
        assert part in said
    desk.bob.reply("#time 30m remote\n#resolution New toner.\n#complete\n\nIt is replaced.")
    assert desk.ticket()["status"] == "Complete"


def test_r12_an_urgent_ticket_ends_with_a_retex_and_its_follow_up(desk: Desk) -> None:
    desk.bob.reply("#priority P1")
    desk.bob.reply("#time 30m remote\n#resolution New toner.\n#complete\n\nIt is replaced.")
    number = desk.ticket()["number"]
    retex = desk.ticket()["notes"][-1]
    assert (retex["title"], retex["public"]) == ("RETEX", False)
    desk.bob.reply(
        "#internal\nRoot cause: toner\nCorrective action: replaced\nPreventive action: checks\n"
        "Follow-up: Check all printers"
    )
    follow_up = desk.ticket()
    assert (follow_up["title"], follow_up["contact"]["name"]) == ("Check all printers", "Ann")
    assert number in follow_up["notes"][0]["text"]
    assert follow_up["due"] is not None


PORTAL = """
- rule: Mail of the portal is of the source Client Portal
  when: mail received
  if:
    mail.subject: {matches: '^Portal(?: \\((?P<request>[^)]+)\\))?: '}
  then:
    - from: Client Portal
    - contact: "${mail.sender}"
    - set: {request_type: "${request}"}
"""


@pytest.mark.parametrize(
    ("subject", "queue"),
    [
        ("Portal (New hardware): a mouse", "N2"),
        ("Portal (Of our own): a mouse", "Client Portal"),
        ("Portal: a mouse", "Client Portal"),
    ],
)
def test_p1_p2_portal_tickets_have_their_queue_and_work_type(
    make_desk: Callable[..., Desk], tmp_path: Path, subject: str, queue: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(OWN)
    (folder / "rules.yaml").write_text(PORTAL)
    desk = make_desk(profile=str(folder))
    desk.ann.mail(subject, "Please.")
    ticket = desk.ticket()
    assert (ticket["source"], ticket["queue"]) == ("Client Portal", queue)
    assert ticket["fields"]["work_type"] == "Remote"
    assert ticket["contact"]["name"] == "Ann"


def events(desk: Desk) -> list[str]:
    return [event["event"] for event in desk.ticket()["events"]]


ACME = """
extends: runbook
name: own
slas:
  - {name: Acme, organizations: [acme], first_response: 1 hour, resolution: 1 business day}
  - {name: Normal, first_response: 2 hours}
"""


def test_r6_an_organizations_own_promise_goes_before_those_of_the_profile_below(
    make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(ACME)
    desk = make_desk(profile=str(folder))
    desk.ann.mail("Printer is on fire", "It burns.")
    sla = desk.ticket()["fields"]["sla"]
    assert (sla["name"], sla["first_response_due"][:16]) == ("Acme", "2026-11-23T10:00")
    desk.writer("Eve", "eve@home.example").mail("Mouse", "It squeaks.")  # of no organization
    sla = desk.ticket()["fields"]["sla"]
    assert (sla["name"], sla["first_response_due"][:16]) == ("Normal", "2026-11-23T11:00")
    assert sla["resolution_due"][:10] == "2026-11-26"  # of the entry below, three business days


def test_r7_a_tag_set_by_hand_calls_who_is_on_call(desk: Desk) -> None:
    desk.bob.reply("#tag On-call")
    assert desk.ticket()["primary_resource"]["name"] == "Bob Tech"
    assert told(desk, "channel@chat.example") == ["on-call"]
    desk.bob.reply("#assign dana\n#priority P1")
    assert desk.ticket()["primary_resource"]["name"] == "Dana Lead"  # once is enough
    assert told(desk, "channel@chat.example") == ["on-call"]


@pytest.mark.parametrize("said", ["none", "None.", "-", "no", "keine", "n/a"])
def test_r12_a_retex_without_a_follow_up_opens_nothing(desk: Desk, said: str) -> None:
    desk.bob.reply("#priority P1")
    desk.bob.reply("#time 30m remote\n#resolution New toner.\n#complete\n\nIt is replaced.")
    count = len(desk.tickets())
    desk.bob.reply(f"#internal\nRoot cause: toner\nPreventive action: checks\nFollow-up: {said}")
    assert len(desk.tickets()) == count


def test_r11_a_contact_who_says_resolved_closes_nothing_that_lacks(desk: Desk) -> None:
    desk.ann.reply("Thanks, solved", headers={"Authentication-Results":
                   "mx.example.com; dmarc=pass header.from=acme.example"})  # fmt: skip
    ticket = desk.ticket()
    assert ticket["status_kind"] != "closed"
    note = ticket["notes"][-1]
    assert not note["public"] and "Ann says that it is resolved." in note["text"]
    assert "time entry" in note["text"]


def test_r11_a_ticket_that_lacks_does_not_complete_by_itself(desk: Desk) -> None:
    desk.bob.reply("#status Auto-Complete in 2 Days")
    desk.later(days=3)
    ticket = desk.ticket()
    assert ticket["status"] == "Auto-Complete in 2 Days"
    assert "It needs the resolution" in ticket["notes"][-1]["text"]
    assert not ticket["notes"][-1]["public"]


def test_r8_the_note_form_is_sent_and_what_it_says_is_on_the_ticket(desk: Desk) -> None:
    notes = len(desk.ticket()["notes"])
    desk.bob.reply("#form")
    text = plain_text(desk.bob.received()[-1])
    asked = ("Symptom:", "Findings:", "Actions taken:", "Result:", "Next step:")
    assert [line for line in asked if line in text] == list(asked)
    assert len(desk.ticket()["notes"]) == notes
    desk.bob.reply(
        "Symptom: smoke\n\nFindings:\nThe fuse\nis hot.\n\nResult:\nNext step: a new fuse"
    )
    ticket = desk.ticket()
    assert not ticket["notes"][-1]["public"]  # as what answers something internal
    kept = {"symptom": "smoke", "findings": "The fuse\nis hot.", "next_step": "a new fuse"}
    assert {name: ticket["fields"][name] for name in kept} == kept
    assert told(desk, "ann@acme.example") == ["acknowledgement"]
    # The next one, for the customer, in German; what it does not say stays.
    desk.bob.reply("#reply\nBefund: Die Sicherung.\nErgebnis: Sie ist neu.")
    ticket = desk.ticket()
    assert ticket["notes"][-1]["public"]
    fields = [ticket["fields"][n] for n in ("symptom", "findings", "result")]
    assert fields == ["smoke", "Die Sicherung.", "Sie ist neu."]
    # A contact's words are hers, whatever they look like.
    desk.ann.reply("Symptom: none\nResult: none")
    assert desk.ticket()["fields"]["symptom"] == "smoke"


def test_r6_an_answered_promise_stays_and_a_new_priority_starts_its_own(desk: Desk) -> None:
    desk.bob.reply("#priority P1\n#take\n\nWe look at it.", to=desk.bob.received()[0])
    answered = desk.ticket()["fields"]["sla"]["first_response_due"]
    assert "resolution: 4 h" in plain_text(desk.bob.received()[-1])
    desk.bob.reply("#status waiting customer\n\nWhich?")
    desk.later(hours=2)
    desk.ann.reply("The second.")
    sla = desk.ticket()["fields"]["sla"]
    assert sla["first_response_due"] == answered  # though the pause came later
    assert sla["resolution_due"].startswith("2026-11-23T15:00")
    assert "left" not in plain_text(desk.ann.received()[-1])  # what we owe is told to us alone
    desk.later(hours=5)
    missed = desk.ticket()["fields"]["sla"]
    assert missed["resolution_missed"]
    desk.bob.reply("#priority P3", to=desk.bob.received()[-1])
    sla = desk.ticket()["fields"]["sla"]
    assert sla["name"] == "Normal" and "resolution_missed" not in sla
    shown = CliRunner().invoke(
        app, ["show", desk.ticket()["number"], "--config", str(desk.file)], env={"COLUMNS": "300"}
    )
    assert "of business time left" in shown.output
