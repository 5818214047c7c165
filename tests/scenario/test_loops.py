"""Machines that answer machines: it ends, nothing is lost, one alert (H29 to H40, H68; E9, E10)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from maild.demo.writer import plain_text
from maild.store.records import Alert, Person, PersonAddress, Raw
from tests.looking import every, the
from tests.scenario.conversation import Desk, InProcess

MakeDesk = Callable[..., Desk]
AUTO = {"Auto-Submitted": "auto-replied"}


def alerts(desk: Desk) -> list[str]:
    return [alert.key for alert in every(desk.store, Alert)]


def bounce(of: EmailMessage, to: str, status: str = "5.1.1") -> bytes:
    """A delivery notice as RFC 3464 has it."""
    return (
        "From: MAILER-DAEMON@mx.acme.example\r\nTo: support@example.com\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: <bounce-of-{str(of['Message-ID']).strip('<>')}>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nCould not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {of['Message-ID']}\r\n\r\n"
        "--b--\r\n"
    ).encode()


# ---- each case


def test_h29_two_desks_acknowledge_each_other_once(make_desk: MakeDesk) -> None:
    desk = make_desk()
    other = desk.writer("Other Desk", "desk@other.example")
    other.mail("We have your request")
    assert len(other.received()) == 1
    assert "auto-replied" in str(other.received()[0]["Auto-Submitted"])
    other.reply("We have your request, number 17", headers=AUTO)
    assert len(other.received()) == 1
    assert desk.messages()[-1].outcome == "ignored"


def test_h31_a_hundred_names_run_into_one_cap(make_desk: MakeDesk) -> None:
    """Counters in the database end it, whatever the headers say (E10)."""
    desk = make_desk(more="[floods]\nstrangers = {hour = 5, day = 5}\n")
    for n in range(20):
        desk.writer(f"Echo {n}", f"echo{n}@evil{n}.example").mail(f"Re: hello {n}")
    sent = [i for i in desk.outbox() if i.template == "acknowledgement" and i.state == "sent"]
    assert len(sent) == 5
    assert len(desk.messages()) == len(desk.tickets()) == 20
    assert alerts(desk) == ["flood"]
    desk.ann.mail("Printer is on fire")
    assert len(desk.ann.received()) == 1


def test_h32_our_own_mail_that_returns_is_known(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", headers={"Cc": "support@example.com"})
    returned = desk.ann.inbox()[-1]
    sent = len(desk.notifications())
    desk.put(returned)
    desk.put(returned.replace(b"support@example.com", b"someone@else.example"))
    assert [m.outcome for m in desk.messages()] == ["ticket", "ignored", "ignored"]
    assert len(desk.notifications()) == sent
    assert desk.ticket()["additional_contacts"] == []


def test_h33_e9_a_bounce_is_noted_where_its_mail_was(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire")
    before = len(desk.notifications())
    desk.put(bounce(desk.ann.received()[-1], "ann@acme.example"))
    ticket = desk.ticket()
    assert ticket["status"] == "New"
    assert len(desk.notifications()) == before
    [note] = ticket["notes"][1:]
    assert (note["by_kind"], note["public"]) == ("system", False)
    [row] = [i for i in desk.outbox() if i.template == "acknowledgement"]
    assert row.state == "failed"
    assert "5.1.1" in str(row.error)


def test_e9_an_address_that_bounces_again_and_again_is_held_until_it_writes(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    for n in range(3):
        desk.bob.mail(f"[{desk.ticket()['number']}] Printer", f"Question {n}?")
        desk.put(bounce(desk.ann.received()[-1], "ann@acme.example"))
    assert [e["event"] for e in desk.ticket()["events"]].count("address held") == 1
    told = len(desk.ann.received())
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer", "Are you there?")
    assert len(desk.ann.received()) == told
    assert [i.state for i in desk.outbox() if i.template == "reply"][-1] == "held"
    desk.ann.mail("I am here again")
    assert len(desk.ann.received()) == told + 1


def test_a_forged_bounce_holds_nobody(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    fake = EmailMessage()
    for n in range(4):
        del fake["Message-ID"]
        fake["Message-ID"] = f"<guess{n}@example.com>"
        desk.put(bounce(fake, "ann@acme.example"))
    ann = the(desk.store, Person, name="Ann")
    addresses = every(desk.store, PersonAddress, person_id=ann.id)
    assert [(a.held, a.bounces) for a in addresses] == [(None, 0)]


@pytest.mark.parametrize(
    "text",
    ["Could not be delivered.", "Your mail [T20261123.0001] Printer is on fire: no such user."],
)
def test_h92_a_notice_that_only_names_an_address_changes_nothing(
    make_desk: MakeDesk, text: str
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    fake = EmailMessage()
    fake["Message-ID"] = "<guess@example.com>"
    for n in range(3):
        notice = bounce(fake, "ann@acme.example").replace(b"guess", b"guess%d" % n)
        desk.put(notice.replace(b"Could not be delivered.", text.encode()))
        assert desk.messages()[-1].outcome == "ignored"
    assert {item.state for item in desk.outbox()} == {"sent"}
    assert len(desk.ticket()["notes"]) == 1
    [alert] = every(desk.store, Alert, key="bounce:ann@acme.example")
    assert "anybody may have written it" in alert.text
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer", "I come.")
    assert "I come." in plain_text(desk.ann.received()[-1])


@pytest.mark.parametrize("evidence", ["message id", "references", "text"])
def test_h92_a_notice_that_carries_our_mail_counts(make_desk: MakeDesk, evidence: str) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    ours = desk.ann.received()[-1]
    fake = EmailMessage()
    fake["Message-ID"] = str(ours["Message-ID"]) if evidence == "message id" else "<x@y.example>"
    notice = bounce(fake, "ann@acme.example")
    if evidence == "references":
        notice = b"References: " + str(ours["Message-ID"]).encode() + b"\r\n" + notice
    if evidence == "text":
        notice = notice.replace(b"Could not be delivered.", plain_text(ours).encode())
    desk.put(notice)
    [item] = [i for i in desk.outbox() if i.address == "ann@acme.example"]
    assert item.state == "failed"


@pytest.mark.parametrize("evidence", ["message id", "text"])
def test_h92_a_notice_that_carries_what_others_have_seen_changes_nothing(
    make_desk: MakeDesk, evidence: str
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    ours = desk.ann.received()[-1]
    desk.ann.reply("More smoke.", headers={"Cc": "Eve <eve@evil.example>"})
    fake = EmailMessage()
    fake["Message-ID"] = str(ours["Message-ID"]) if evidence == "message id" else "<x@y.example>"
    notice = bounce(fake, "ann@acme.example")
    if evidence == "text":
        notice = notice.replace(b"Could not be delivered.", plain_text(ours).encode())
    desk.put(notice)
    assert {i.state for i in desk.outbox() if i.address == "ann@acme.example"} == {"sent"}
    [alert] = every(desk.store, Alert, key="bounce:ann@acme.example")
    assert "others have seen" in alert.text


@pytest.mark.parametrize("value", ["Auto-Replied (vacation); p=1", "auto-replied"])
def test_h34_an_absence_notice_reopens_nothing(make_desk: MakeDesk, value: str) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer is resolved", "Done.")
    sent = len(desk.outbox())
    desk.ann.reply("I am away.", headers={"Auto-Submitted": value})
    assert desk.ticket()["status"] == "Complete"
    assert len(desk.outbox()) == sent


def test_h35_auto_submitted_no_is_a_person(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", headers={"Auto-Submitted": "no"})
    assert len(desk.ann.received()) == 1


@pytest.mark.parametrize(
    "headers", [{"Precedence": "first-class"}, {"List-Id": "<all.acme.example>"}]
)
def test_h36_what_a_list_carries_is_never_dropped(
    make_desk: MakeDesk, headers: dict[str, str]
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", headers=headers)
    assert desk.messages()[-1].outcome == "ticket"


def test_h37_who_wants_no_automatic_answer_gets_none(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer", headers={"X-Auto-Response-Suppress": "DR, oof, AutoReply"})
    assert desk.messages()[-1].outcome == "ticket"
    assert desk.ann.received() == []


def test_e9_list_mail_changes_no_status(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.bob.reply("Does it still burn?")
    was, number = desk.ticket()["status"], desk.ticket()["number"]
    before = len(desk.bob.received())
    listed = {"List-Id": "<all.acme.example>", "To": "all@acme.example"}
    desk.ann.mail(f"Re: [{number}] Printer is on fire", "Seen.", headers=listed)
    assert desk.ticket()["status"] == was
    assert len(desk.ticket()["notes"]) == 3
    assert len(desk.bob.received()) == before


@pytest.mark.parametrize("field", ["List-Id", "List-Post", "Mailing-list"])
def test_h105_who_answers_what_he_alone_got_is_heard_whatever_list_his_server_names(
    make_desk: MakeDesk, field: str
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.bob.reply("Does it still burn?")
    desk.ann.reply("Yes, and it smokes.", headers={field: "<all.acme.example>"})
    assert desk.ticket()["status"] == "Feedback Received"
    assert "it smokes" in plain_text(desk.bob.received()[-1])


def test_h38_a_phrase_in_automatic_mail_is_no_command(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.bob.reply("Away.", subject="Re: Printer is resolved", headers=AUTO)
    assert desk.ticket()["status"] == "New"
    assert desk.messages()[-1].commands == []


def test_h39_resolve_and_an_absence_notice_take_turns_only_so_often(make_desk: MakeDesk) -> None:
    desk = make_desk(more="[floods]\nreopenings = {hour = 2, day = 2}\n")
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    for n in range(5):
        desk.bob.mail(f"[{number}] Printer, take {n}, is resolved", "Done.")
        desk.ann.reply("I am away and will read this on Monday.")
    assert desk.ticket()["status"] == "Complete"
    events = [e["event"] for e in desk.ticket()["events"]]
    assert events.count("reopened") == 2
    assert events.count("note filed") == 3
    assert alerts(desk) == ["flood"]


def test_commands_of_a_contact_do_not_count_as_reopenings(make_desk: MakeDesk) -> None:
    desk = make_desk(more="[floods]\nreopenings = {hour = 1, day = 1}\n")
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer is resolved", "Done.")
    told = len(desk.ann.received())
    for _ in range(3):
        desk.ann.reply("#list")
    assert len(desk.ann.received()) == told + 3
    assert desk.ticket()["status"] == "Complete"


def test_h40_what_went_through_a_hundred_servers_is_only_stored(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.put(b"Received: by a; x\r\n" * 101 + b"From: ann@acme.example\r\nSubject: x\r\n\r\nx\r\n")
    assert [m.outcome for m in desk.messages()] == ["ignored"]
    assert desk.outbox() == []


def test_h68_one_sender_cannot_drown_the_others(make_desk: MakeDesk) -> None:
    desk = make_desk(
        more="[floods]\ntickets = {hour = 3, day = 3}\nmails = {hour = 10, day = 10}\n"
    )
    flood = desk.writer("Flood", "flood@evil.example")
    for n in range(30):
        flood.mail(f"Buy now {n}")
    assert len(desk.tickets()) == 3
    assert [m.state for m in desk.messages()] == ["processed"] * 30
    assert len(desk.ticket()["notes"]) == 1 + 27
    assert alerts(desk) == ["flood"]
    desk.ann.mail("Printer is on fire")
    assert (desk.ticket()["title"], len(desk.ann.received())) == ("Printer is on fire", 1)


# ---- a storm

STORM = """[floods]
strangers = {hour = 6, day = 30}
resource = {hour = 20, day = 60}
"""


class Echo:
    """Answers all mail twice, without any header of it, under new names, subjects growing."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.count, self.seen = desk, 0, 0

    def speak(self, subject: str) -> None:
        self.count += 1
        name = f"echo{self.count}@evil{self.count % 7}.example"
        self.desk.writer("Echo", name).mail(f"Re: {subject}"[-300:], f"I heard you {self.count}")

    def answer(self) -> None:
        """Answers until nothing new comes."""
        while True:
            mails = [m for m in self.desk.servers.smtp.received if "evil" in m.recipients[0]]
            fresh, self.seen = mails[self.seen :], len(mails)
            if not fresh:
                return
            for mail in fresh:
                subject = mail.octets.split(b"Subject: ", 1)[1].split(b"\r\n", 1)[0]
                self.speak(subject.decode("ascii", "replace"))
                self.speak(subject.decode("ascii", "replace"))


def second_desk(make_desk: MakeDesk, address: str) -> Desk:
    """A desk like the first, under its own address."""
    desk = make_desk(more=STORM)
    text = desk.file.read_text()
    desk.file.write_text(text.replace("support@example.com", address))
    desk.transport = InProcess(desk)
    return desk


def carry(a: Desk, b: Desk, seen: dict[str, int]) -> int:
    """Brings mail between the desks, through a relay that strips what would end the loop."""
    carried = 0
    for here, there, address in ((a, b, "help@other.example"), (b, a, "support@example.com")):
        mails = here.servers.smtp.to(address)
        for mail in mails[seen.get(address, 0) :]:
            kept = [
                line
                for line in mail.octets.split(b"\r\n")
                if not line.lower().startswith(
                    (b"auto-submitted", b"x-auto-response", b"precedence")
                )
            ]
            there.put(b"\r\n".join(kept))
            carried += 1
        seen[address] = len(mails)
    return carried


def test_h29_h30_a_storm_of_a_day_ends_and_loses_nothing(make_desk: MakeDesk) -> None:
    """Counters in the database end it, whatever the headers say (E10)."""
    a, b = make_desk(more=STORM), second_desk(make_desk, "help@other.example")
    echo, seen = Echo(a), dict[str, int]()
    a.writer("Other desk", "help@other.example").mail("Hello, other desk")
    for hour in range(24):
        echo.speak("Hello")
        echo.answer()
        while carry(a, b, seen):
            pass
        if hour == 11:  # a restart: what is counted is in the database
            fresh = InProcess(a)
            assert isinstance(a.transport, InProcess)
            fresh.uid = a.transport.uid
            a.transport = fresh
        if hour == 20:
            a.ann.mail("Printer is on fire", "It smokes.")
        a.later(hours=1)
        b.later(hours=1)

    for desk in (a, b):
        sent = [i for i in desk.outbox() if i.state == "sent"]
        outside = [i for i in sent if i.audience == "contact" and i.address != "ann@acme.example"]
        assert len(outside) <= 2 * 30  # the day's cap, of two days (UTC)
        for address in ("bob@example.com", "dana@example.com"):
            assert len([i for i in sent if i.address == address]) <= 2 * 60
        assert len(every(desk.store, Raw)) == len(desk.messages())
        assert {m.state for m in desk.messages()} == {"processed"}
    assert echo.count > 24
    assert alerts(a) == ["flood"]
    assert len(alerts(b)) <= 1
    [ack] = a.ann.received()
    assert "Printer is on fire" in str(ack["Subject"])
