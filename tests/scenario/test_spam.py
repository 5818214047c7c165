"""Spam is kept and listed; it opens no ticket and nobody is answered (H112)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.desk import spam_lists
from maild.errors import UsageError
from maild.model import Address
from maild.parse.parser import parse
from maild.parse.spam_verdict import verdict
from maild.store import asking
from maild.store.records import Alert
from tests.looking import every
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
FLAG = {"X-Spam-Flag": "YES"}


@pytest.mark.parametrize(
    ("field", "is_spam"),
    [
        ("X-Spam-Flag: YES", True),
        ("X-Spam-Flag: NO", False),
        ("X-Spam-Status: Yes, score=12.1 required=5.0", True),
        ("X-Spam-Status: No, score=-1.9", False),
        ("X-Spam: Yes", True),
        ("X-MS-Exchange-Organization-SCL: 9", True),
        ("X-MS-Exchange-Organization-SCL: 5", True),
        ("X-MS-Exchange-Organization-SCL: 1", False),
        ("X-MS-Exchange-Organization-SCL: -1", False),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:SPM;H:x", True),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:NSPM;H:x", False),
        ("Authentication-Results: mx.example.com; x-spam=fail", True),
        ("Authentication-Results: mx.example.com; spf=fail smtp.mailfrom=x", False),
        ("X-Spam-Flag: NO\nX-Spam-Flag: YES", False),  # the topmost is the last server's
        ("Subject: X-Spam-Flag: YES", False),
    ],
)
def test_h112_what_servers_say_is_read(field: str, is_spam: bool) -> None:
    mail = parse(f"{field}\nFrom: a@b.example\n\nx".encode())
    assert bool(verdict(mail)) is is_spam


def test_h112_a_strangers_spam_opens_no_ticket_and_is_told_once_a_day(make_desk: MakeDesk) -> None:
    desk = make_desk()
    eve = desk.writer("Eve", "eve@evil.example", FLAG)
    for n in range(3):
        eve.mail(f"Cheap watches {n}")
    assert desk.tickets() == []
    assert eve.received() == []
    [alert] = [a for a in every(desk.store, Alert) if a.key.startswith("spam:")]
    assert (alert.count, "maild spam list" in alert.text) == (3, True)
    with desk.store.look() as unit:
        assert len(asking.messages.spam(unit)) == 3


def test_h112_whom_we_know_and_who_answers_us_is_no_spam(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.writer("Ann", "ann@acme.example", FLAG).mail("Printer is on fire")
    new = desk.writer("New", "new@other.example")
    new.mail("Hello")
    desk.writer("New", "new@other.example", FLAG).reply("More.", to=new.received()[-1])
    assert len(desk.tickets()) == 2
    assert desk.messages()[-1].outcome == "note"


def test_h112_spam_and_notspam_by_mail(make_desk: MakeDesk) -> None:
    desk = make_desk()
    eve = desk.writer("Eve", "eve@evil.example")
    eve.mail("Cheap watches")
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] x", "#spam")
    answered = len(eve.received())
    eve.mail("More watches")
    assert len(eve.received()) == answered
    assert (desk.messages()[-1].why or "").startswith("spam: eve@evil.example")
    desk.bob.mail(f"[{number}] x", "#notspam")
    eve.mail("A question")
    assert {ticket["title"] for ticket in desk.tickets()} == {"Cheap watches", "A question"}


def test_h112_a_known_customer_is_not_blocked_with_the_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Cheap watches")
    desk.bob.mail(f"[{desk.ticket()['number']}] x", "#spam")
    desk.ann.mail("Printer")
    assert [ticket["title"] for ticket in desk.tickets()] == ["Printer"]


def test_h112_the_narrowest_entry_decides(make_desk: MakeDesk) -> None:
    desk = make_desk(more='[spam]\nblock = ["evil.example"]\nallow = ["good@evil.example"]\n')
    config = desk.transport.app.settings.config  # type: ignore[attr-defined]
    with desk.store.unit() as unit:
        spam_lists.put(unit, spam_lists.BLOCK, "@Mail.Other.Example")
        spam_lists.put(unit, spam_lists.ALLOW, "x@mail.other.example")

        def listed(address: str) -> str:
            return spam_lists.listed(unit, config, Address("", address))

        assert listed("good@evil.example") == "allow"
        assert listed("bad@sub.evil.example") == "block"
        assert listed("bad@notevil.example") == ""
        assert listed("y@mail.other.example") == "block"
        assert listed("X@mail.other.example") == "allow"
        spam_lists.put(unit, spam_lists.ALLOW, "mail.other.example")
        assert listed("y@mail.other.example") == "allow"
        with pytest.raises(UsageError):
            spam_lists.put(unit, spam_lists.BLOCK, "everybody")
