"""No person's mail ends in silence, and machines' words are kept (H104 to H108)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from maild.demo.writer import parse, plain_text
from maild.desk import views
from maild.errors import UsageError
from maild.ingest.accept import accept
from maild.templates.renderer import check_templates
from tests.scenario.conversation import PROOF, Desk, InProcess
from tests.scenario.test_loops import alerts
from tests.scenario.test_trust import configured, numbered, roles, templates

MakeDesk = Callable[..., Desk]
OURS = "Example Support <support@example.com>"
GROUP = {
    "Precedence": "list",
    "Mailing-list": "list support@example.com; contact support+owners@example.com",
    "List-ID": "<support.example.com>",
    "List-Unsubscribe": "<mailto:support+unsubscribe@example.com>",
}


def raw(text: str = "The VPN drops every hour.", **fields: str) -> bytes:
    """A mail of these header fields; _ stands for - in their names."""
    message = EmailMessage()
    for name, value in ({"To": "support@example.com", "Subject": "VPN"} | fields).items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def notes(desk: Desk) -> list[tuple[str, bool]]:
    """Who wrote each note of the newest ticket, and whether contacts may read it."""
    return [(note["by_kind"], note["public"]) for note in desk.ticket()["notes"]]


# ---- From is the desk's own address


@pytest.mark.parametrize(
    "fields",
    [
        {"X_Original_From": "Ann <ann@acme.example>", "Reply_To": "Ann <ann@acme.example>"},
        {"X_Original_Sender": "ann@acme.example"},
        {"Reply_To": "ann@acme.example"},
        {"Sender": "Ann <ann@acme.example>"},
        {"Reply_To": "support@example.com, Ann <ann@acme.example>"},
        {
            "X_Original_Sender": "ann@acme.example",
            **{k.replace("-", "_"): v for k, v in GROUP.items()},
        },
    ],
)
@pytest.mark.parametrize("address", [OURS, "'Ann' via Support <support@example.com>"])
def test_h104_who_wrote_behind_our_own_address_is_its_contact(
    make_desk: MakeDesk, fields: dict[str, str], address: str
) -> None:
    """Groups and forms write our address into From; a claim behind it is as good as a From."""
    desk = make_desk()
    desk.put(raw(From=address, **fields))
    assert desk.ticket()["contact"] == {"name": "Ann", "address": "ann@acme.example"}
    assert desk.messages()[-1].outcome == "ticket"
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]
    told = desk.ann.received()[-1]
    reply = {"In_Reply_To": str(told["Message-ID"]), "Subject": f"Re: {told['Subject']}"}
    desk.put(raw("It is the one in the kitchen.", From=address, **fields, **reply))
    assert desk.ticket()["status"] == "Feedback Received"
    assert notes(desk) == [("contact", True), ("contact", True)]


def test_h104_a_technician_behind_our_own_address_is_not_proven_by_it(make_desk: MakeDesk) -> None:
    """Our server vouches for From, which anybody who fills in our form has."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    subject = numbered(desk, "Printer is resolved")
    proof = PROOF["Authentication-Results"]
    desk.put(
        raw(
            "x",
            From=OURS,
            Reply_To="bob@example.com",
            Subject=subject,
            Authentication_Results=proof,
        )
    )
    assert desk.ticket()["status"] == "New"
    assert notes(desk)[-1] == ("resource", False)
    assert templates(desk, "bob@example.com")[-1] == "confirm"


def test_h104_a_person_at_the_shared_mailbox_is_a_note(make_desk: MakeDesk) -> None:
    """Nobody knows who it was, so it moves nothing, commands nothing, and the holder is told."""
    desk = make_desk()
    first = desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "#take"), "#take")
    fields = {
        "In_Reply_To": f"<{first}>",
        "Subject": "Re: Printer is resolved",
        "Message_ID": "<1@x>",
    }
    desk.put(raw("Hello Ann, we come at 3.", From=OURS, To="Ann <ann@acme.example>", **fields))
    assert desk.messages()[-1].outcome == "note"
    assert desk.ticket()["notes"][-1]["text"] == "Hello Ann, we come at 3."
    assert "support@example.com" in desk.ticket()["notes"][-1]["title"]
    assert notes(desk)[-1] == ("system", False)
    assert desk.ticket()["status_kind"] != "closed"
    assert templates(desk, "bob@example.com")[-1] == "note"
    proof = {"Authentication_Results": PROOF["Authentication-Results"]}
    desk.put(raw("And bring toner.", From=OURS, To="Ann <ann@acme.example>", **fields, **proof))
    assert notes(desk)[-1] == ("system", True)
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]


def test_h104_a_first_mail_of_the_shared_mailbox_is_the_customers_ticket(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    desk.put(raw("Your laptop is ready.", From=OURS, To="Ann <ann@acme.example>", Subject="Laptop"))
    assert desk.ticket()["contact"]["address"] == "ann@acme.example"
    assert templates(desk, "ann@acme.example") == []
    assert templates(desk, "bob@example.com") == ["new-ticket"]
    desk.put(raw("Name: Joe", From=OURS, Subject="Contact form"))  # a form that names nobody
    assert desk.ticket()["title"] == "Contact form"
    assert desk.ticket()["contact"] is None


def changed(mail: bytes, how: str) -> bytes:
    """Our own notification as servers on its way back leave it."""
    message = EmailMessage()
    parsed = plain_text_of(mail)
    if how == "as it was":
        return mail
    if how == "a relay's id":
        return mail.replace(parsed[0].encode(), b"<0100019a@relay.example>")
    if how == "a list's footer":
        return mail.replace(b"MIME-Version", b"List-Id: <all.example.com>\r\nMIME-Version", 1)
    message["From"], message["To"], message["Subject"] = OURS, "all@example.com", parsed[1]
    message["Message-ID"] = "<new@list.example>"
    message.set_content(parsed[2] + "\n-- \nall@example.com")
    return message.as_bytes()


def plain_text_of(mail: bytes) -> tuple[str, str, str]:
    message = parse(mail)
    return str(message["Message-ID"]), str(message["Subject"]), plain_text(message)


@pytest.mark.parametrize("how", ["as it was", "a relay's id", "a list's footer", "written anew"])
def test_h32_our_own_mail_is_known_by_what_it_says(make_desk: MakeDesk, how: str) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.put(changed(desk.ann.inbox()[-1], how))
    assert desk.messages()[-1].outcome == "ignored", desk.messages()[-1].why
    assert len(desk.ticket()["notes"]) == 1
    assert len(desk.tickets()) == 1


def test_h104_our_message_id_on_other_words_is_not_our_mail(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    own = str(desk.ann.received()[-1]["Message-ID"])
    desk.put(raw("Please call me back.", From="Ann <ann@acme.example>", Message_ID=own))
    assert desk.messages()[-1].outcome in ("ticket", "note")


# ---- lists


def test_h105_the_desk_behind_a_group_is_a_mailbox(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Scanner offline", headers=GROUP)
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]
    desk.bob.mail(numbered(desk, "Scanner is resolved"), "Done.", headers=GROUP)
    assert desk.ticket()["status"] == "Complete"
    desk.ann.reply("It is offline again, please look.", headers=GROUP)
    assert desk.ticket()["status"] == "Ticket Reopened"
    desk.ann.reply("I am away.", headers={**GROUP, "Auto-Submitted": "auto-replied"})
    assert desk.messages()[-1].kind == "auto-reply"
    assert desk.ticket()["status"] == "Ticket Reopened"


def test_a_thread_of_a_foreign_list_is_one_ticket_that_nobody_is_told_of(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    listed = {"List-Id": "Users <users.lists.example>", "To": "users@lists.example"}
    first = desk.ann.mail("New release", "It is out.", headers=listed)
    post = {**listed, "In-Reply-To": f"<{first}>"}
    for name in ("carl", "eve", "joe"):
        desk.writer(name, f"{name}@lists.example").mail("Re: New release", "Fine.", headers=post)
    assert len(desk.tickets()) == 1
    assert desk.outbox() == []
    assert len(desk.ticket()["notes"]) == 4
    with desk.store.look() as unit:
        found = views.tickets(unit, desk.profile, "mailing lists")
        assert [ticket.title for ticket in found] == ["New release"]


# ---- machines' words


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Auto: Re: {}", {"X-Autoresponder": "yes"}),
        ("Automatic reply: {}", {"Auto-Submitted": "auto-replied"}),
        ("Abwesend: {}", {"Auto-Submitted": "auto-replied", "In-Reply-To": "<unknown@x>"}),
    ],
)
def test_an_automatic_mails_words_are_on_its_ticket(
    make_desk: MakeDesk, subject: str, headers: dict[str, str]
) -> None:
    """Also where only its subject names the ticket; it moves nothing and tells nobody."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    sent = len(desk.outbox())
    desk.ann.mail(
        subject.format(numbered(desk, "Printer")),
        "Away until Monday; call Max, 555.",
        headers=headers,
    )
    note = desk.ticket()["notes"][-1]
    assert "call Max" in note["text"]
    assert note["by"] == "Ann"
    assert note["public"] is False
    assert desk.ticket()["status"] == "New"
    assert len(desk.outbox()) == sent
    eve = desk.writer("Eve", "eve@evil.example")  # H45: she only knows the number
    eve.mail(subject.format(numbered(desk, "Printer")), "Away.", headers=headers)
    assert len(desk.ticket()["notes"]) == 2


def meeting(answer: str, comment: str = "", reply_to: str = "") -> bytes:
    """A calendar's answer (RFC 5546 §3.2.3)."""
    lines = [
        "From: Ann <ann@acme.example>",
        "To: support@example.com",
        f"Subject: {answer.title()}: Technician visit",
        f"Message-ID: <{answer}{len(comment)}@acme.example>",
        f"In-Reply-To: {reply_to}",
        'Content-Type: text/calendar; charset="utf-8"; method=REPLY',
        "",
        "BEGIN:VCALENDAR",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        f"ATTENDEE;PARTSTAT={answer.upper()};CN=Ann:mailto:ann@acme.example",
        "UID:abc-1",
        "SUMMARY:Technician visit",
        *([f"COMMENT:{comment}"] if comment else []),
        "DTSTART:20261127T090000Z",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("profile", ["next7", "atera", "ggit"])
@pytest.mark.parametrize(
    ("answer", "comment", "told"),
    [
        ("accepted", "", False),
        ("tentative", "", False),
        ("declined", "", True),
        ("declined", "I am in Rome that day.", True),
        ("accepted", "Please ring twice.", True),
    ],
)
def test_h107_a_declined_appointment_is_told_and_moves_nothing(
    make_desk: MakeDesk, profile: str, answer: str, comment: str, told: bool
) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "Printer"), "#take\nI come on Friday at ten.")
    before, sent = desk.ticket()["status"], len(desk.outbox())
    desk.put(meeting(answer, comment, str(desk.ann.received()[-1]["Message-ID"])))
    ticket = desk.ticket()
    assert ticket["status"] == before
    assert f"Ann: {answer}" in ticket["fields"]["service_call_answer"]
    assert comment in ticket["fields"]["service_call_answer"]
    note = ticket["notes"][-1]
    assert (note["public"], "\n" in note["text"]) == (False, False)
    new = [(item.address, item.template) for item in desk.outbox()[sent:]]
    assert new == ([("bob@example.com", "note")] if told else [])


def test_h107_a_thumb_is_one_line_on_its_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "Printer is resolved"), "Done.")
    sent = len(desk.outbox())
    desk.ann.reply("\U0001f44d\n\nAnn reacted to your message:")
    assert desk.ticket()["status"] == "Complete"
    note = desk.ticket()["notes"][-1]
    assert "reacted to your message" in note["text"]
    assert "\n" not in note["text"]
    assert len(desk.outbox()) == sent


# ---- the first mail


def test_what_stands_below_a_first_mail_is_in_the_technicians_mail(make_desk: MakeDesk) -> None:
    """The problem often stands there; a reply's quote does not come again."""
    desk = make_desk()
    below = "From: Pete <pete@provider.example>\nSent: Wednesday, November 25, 2026 4:00 PM\n"
    below += "To: Ann <ann@acme.example>\nSubject: Router\n\nWhich VLAN shall port 4 carry?"
    desk.ann.mail("Re: Router", f"Please see below.\n\nAnn\n\n{below}")
    assert "VLAN" in desk.ticket()["notes"][0]["quoted_text"]
    told = desk.bob.received()[-1]
    assert "Which VLAN shall port 4 carry?" in plain_text(told)
    page = told.get_body(("html",))
    assert page is not None
    assert "Which VLAN" in page.get_content()
    assert all("VLAN" not in plain_text(mail) for mail in desk.ann.received())
    desk.bob.reply("#take\nPort 4 carries 12.", to=told)
    desk.ann.reply("Thank you, and port 5?")
    mail = plain_text(desk.bob.received()[-1])
    assert mail.count("Please see below.") == 1
    assert "port 5?" in mail


# ---- which ticket, whose


def test_two_mails_that_answer_one_unseen_mail_are_one_ticket(make_desk: MakeDesk) -> None:
    """Within days, of the same people or organization, never a stranger's."""
    desk = make_desk()
    carl = desk.writer("Carl", "carl@acme.example")
    root = {
        "In-Reply-To": "<root@acme.example>",
        "References": "<r0@x> <root@acme.example>",
    }
    desk.ann.mail("Re: Server migration", "The date would be 3 December.", headers=root)
    carl.mail("AW: Server migration", "I can do it.", headers=root)
    assert [t["status"] for t in desk.tickets()] == ["Feedback Received"]
    desk.writer("Eve", "eve@evil.example").mail("Re: Server migration", "Me too.", headers=root)
    assert len(desk.tickets()) == 2
    later = {"In-Reply-To": "<m3@acme.example>", "References": "<r0@x> <m3@acme.example>"}
    carl.mail("Re: Server migration", "In the evening?", headers=later)  # a common root
    assert len(desk.tickets()) == 2
    carl.mail("Re: Another thing", "What is this?", headers={**later, "In-Reply-To": "<m9@x>"})
    assert len(desk.tickets()) == 3
    desk.later(days=20)
    desk.ann.mail("Re: Server migration", "Next year.", headers=root)
    assert len(desk.tickets()) == 4


def test_an_answer_that_arrives_before_its_original(make_desk: MakeDesk) -> None:
    desk = make_desk()
    carl = desk.writer("Carl", "carl@acme.example")
    carl.mail("Re: Scanner", "Mine too.", headers={"In-Reply-To": "<first@acme.example>"})
    desk.ann.mail("Scanner", "It is dead.", headers={"Message-ID": "<first@acme.example>"})
    assert len(desk.tickets()) == 1
    assert [n["by"] for n in desk.ticket()["notes"]] == ["Carl", "Ann"]
    carl.mail("Re: Scanner", "Since Monday.", headers={"In-Reply-To": "<first@acme.example>"})
    assert len(desk.tickets()) == 1
    eve = desk.writer("Eve", "eve@evil.example")
    eve.mail("Printer", "x", headers={"In-Reply-To": "<p@acme.example>"})
    desk.ann.mail("Printer", "y", headers={"Message-ID": "<p@acme.example>"})
    assert len(desk.tickets()) == 3


@pytest.mark.parametrize("copied", [{"Cc": "support@example.com"}, {}])
@pytest.mark.parametrize(
    ("to", "contact"),
    [
        ("Ann <ann@acme.example>", "ann@acme.example"),
        ("new@client.example", "new@client.example"),
        ("a@b.example, c@b.example", "a@b.example"),
        ("dana@example.com, ann@acme.example", "ann@acme.example"),
    ],
)
def test_a_technician_writes_to_the_customer_the_desk_in_copy(
    make_desk: MakeDesk, copied: dict[str, str], to: str, contact: str
) -> None:
    desk = make_desk()
    text = "Come by whenever you like."
    desk.bob.mail("Your new laptop is ready", text, headers={**copied, "To": to})
    ticket = desk.ticket()
    assert ticket["contact"]["address"] == contact
    assert [n["by"] for n in ticket["notes"]] == ["Bob Tech"]
    sent = [item for item in desk.outbox() if item.audience == "contact"]
    assert sent == []
    desk.bob.mail("My own printer", "It burns.")
    assert desk.ticket()["contact"]["address"] == "bob@example.com"


def test_an_unproven_technician_tells_the_customer_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    forger = desk.writer("Bob Tech", "bob@example.com")
    forger.mail(
        "Invoice", "Pay here.", headers={"To": "ann@acme.example", "Cc": "support@example.com"}
    )
    assert notes(desk) == [("resource", False)]
    assert templates(desk, "ann@acme.example") == []


@pytest.mark.parametrize(
    "sender",
    [
        "Shop <noreply@shop.example>",
        "wordpress@shop.example",
        "Web <info@example.com>",
        "form@x.example",
    ],
)
def test_a_form_is_the_ticket_of_whom_reply_to_names(make_desk: MakeDesk, sender: str) -> None:
    desk = make_desk()
    desk.put(raw("I cannot pay.", From=sender, Reply_To="Joe <joe@mail.example>"))
    assert desk.ticket()["contact"] == {"name": "Joe", "address": "joe@mail.example"}
    desk.bob.mail(numbered(desk, "VPN"), "Which card do you use?")
    assert templates(desk, "joe@mail.example") == ["acknowledgement", "reply"]


def test_h43_an_ordinary_reply_to_is_nobody(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.put(raw("x", From="Joe <joe@mail.example>", Reply_To="Ann <ann@acme.example>"))
    assert desk.ticket()["contact"]["address"] == "joe@mail.example"


def test_addresses_of_the_desk_are_nobody_on_a_ticket(make_desk: MakeDesk) -> None:
    desk = configured(make_desk, 'aliases = ["helpdesk@example.com"]')
    copies = {
        "Cc": "helpdesk@example.com, HELPDESK+x@Example.com, team@example.com, c@acme.example",
        "X-Original-To": "team@example.com",
        "Delivered-To": "support@example.com",
    }
    desk.ann.mail("Printer is on fire", headers=copies)
    assert set(roles(desk, desk.ticket()["number"])) == {"c@acme.example"}
    assert "alias:team@example.com" in alerts(desk)
    desk.put(raw("x", From="helpdesk@example.com"))
    assert desk.ticket()["contact"] is None


def test_a_former_address_stays_the_desks_own(make_desk: MakeDesk) -> None:
    desk = make_desk()
    text = desk.file.read_text()
    desk.file.write_text(text.replace("support@example.com", "service@example.com"))
    desk.transport = InProcess(desk)
    desk.ann.mail("Printer", headers={"Cc": "support@example.com", "To": "service@example.com"})
    assert roles(desk, desk.ticket()["number"]) == {}


SALES = """
[[mailbox]]
name = "sales"
address = "sales@example.com"
sender = "Example Sales"
signature = "Example Sales, 555"
language = "de"
queue = "Client Portal"
"""


def test_who_writes_to_sales_is_answered_by_sales_to_the_end(make_desk: MakeDesk) -> None:
    desk = make_desk(more=SALES)
    eve = desk.writer("Eve", "eve@shop.example")
    eve.desk = "sales@example.com"
    for mailbox in ("sales", "support"):
        to = f"{mailbox}@example.com"
        octets = raw(f"To {mailbox}.", From="Eve <eve@shop.example>", To=to)
        with desk.store.unit() as unit:
            accept(unit, mailbox=mailbox, uidvalidity=9, uid=9, octets=octets, now=desk.now)
        desk.transport.wait_until_done()
        desk.bob.mail(numbered(desk, "VPN"), "Which one?")
        desk.bob.mail(numbered(desk, "VPN is resolved"), "Done.")
    mails = eve.received()
    assert len(mails) == 6
    assert all("Example Sales" in str(m["From"]) for m in mails[:3])
    assert all("<sales@example.com>" in str(m["From"]) for m in mails[:3])
    assert all("<support@example.com>" in str(m["From"]) for m in mails[3:])
    assert "Example Sales, 555" in plain_text(mails[0])
    assert "Example Sales" not in plain_text(mails[3])
    assert {item.language for item in desk.outbox() if item.address == eve.address} == {"de"}


def test_a_ticket_that_moves_takes_the_address_of_its_queue_if_told_so(make_desk: MakeDesk) -> None:
    for told_so in ("true", "false"):
        desk = make_desk(more=SALES)
        text = desk.file.read_text()
        desk.file.write_text(text.replace("[desk]\n", f"[desk]\nqueue_address = {told_so}\n"))
        desk.transport = InProcess(desk)
        desk.ann.mail("Five laptops, please")
        desk.bob.mail(numbered(desk, "Laptops"), "#set queue Client Portal")
        assert desk.ticket()["queue"] == "Client Portal"
        desk.bob.mail(numbered(desk, "Laptops"), "Which ones?")
        found = [str(mail["From"]) for mail in desk.ann.received()]
        assert "<support@example.com>" in found[0]
        assert ("<sales@example.com>" in found[-1]) == (told_so == "true")


JOBS = """
[[alias]]
address = "jobs@example.com"
sender = "Example Jobs"
signature = "Example Jobs, 777"
language = "de"
queue = "Client Portal"
templates = "templates-jobs"
"""
OWN_WORDS = """subject: {{ ticket.title }}
foot: Antworten Sie einfach.
---
Ihre Bewerbung ist da, {{ recipient.name }}.
"""


def test_an_alias_has_a_name_a_language_a_queue_and_templates_of_its_own(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(more=JOBS)
    folder = desk.folder / "templates-jobs" / "de"
    folder.mkdir(parents=True)
    (folder / "acknowledgement.md").write_text(OWN_WORDS)
    proven = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=home.example"}
    for index, (to, alias) in enumerate(
        {
            "jobs@example.com": True,
            "Jobs+x@Example.com, support@example.com": True,
            "support@example.com, jobs@example.com": False,
            "support@example.com": False,
        }.items()
    ):
        eve = desk.writer(f"Eve Number{'x' * index}", f"eve{index}@home.example", proven)
        eve.desk = to
        eve.mail("Gardener")
        ticket = desk.ticket()
        assert (ticket["queue"] == "Client Portal") == alias
        assert ticket["additional_contacts"] == []
        desk.bob.mail(numbered(desk, "Gardener"), "Wann?")
        desk.bob.mail(numbered(desk, "Gardener is resolved"), "Gut.")
        mails = eve.received()
        assert len(mails) == 3
        assert all(("<jobs@example.com>" in str(m["From"])) == alias for m in mails)
        assert all(("Example Jobs, 777" in plain_text(m)) == alias for m in mails)
        assert ("Ihre Bewerbung ist da" in plain_text(mails[0])) == alias
        assert ("Ihr" in plain_text(mails[2])) == alias  # German, by the shipped template


def test_a_broken_template_of_an_alias_never_stops_a_mail(make_desk: MakeDesk) -> None:
    desk = make_desk(more=JOBS)
    folder = desk.folder / "templates-jobs" / "de"
    folder.mkdir(parents=True)
    (folder / "acknowledgement.md").write_text(OWN_WORDS + "{{ tiket }}")
    with pytest.raises(UsageError) as error:
        check_templates(desk.folder / "templates", ["templates-jobs", "nowhere"])
    assert "templates-jobs/de/acknowledgement.md, line 5" in error.value.message
    assert "nowhere is no folder" in error.value.message
    eve = desk.writer("Eve", "eve@home.example")
    eve.desk = "jobs@example.com"
    eve.mail("Gardener")
    assert "danke für Ihre Mail" in plain_text(eve.received()[0])


UNUSUAL = (
    "😀@acme.example",
    "jürgen@acme.example",
    "ann@bücher.example",
    "👩\u200d🔧@acme.example",
)


def test_a_raw_address_beyond_ascii_gets_its_answer(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for address in UNUSUAL:
        raw = f"From: Ann <{address}>\r\nTo: support@example.com\r\nSubject: Hi\r\n\r\nHello\r\n"
        desk.put(raw.encode())
        assert desk.ticket()["title"] == "Hi"
        [answer] = [item for item in desk.outbox() if item.template == "acknowledgement"][-1:]
        assert (answer.state, answer.error) == ("sent", None)
    assert len(desk.tickets()) == len(UNUSUAL)
