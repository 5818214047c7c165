"""Nothing twice: copies, repeats, clocks that jump (H22 to H24, H27)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from maild.ingest.accept import accept
from maild.store.records import Alert
from tests.looking import every
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
TWO_QUEUES = """
[[mailbox]]
name = "sales"
host = "127.0.0.1"
tls = "none"
queue = "Client Portal"
"""


def arrive(desk: Desk, octets: bytes, mailbox: str) -> None:
    """A mail comes in by this mailbox."""
    with desk.store.unit() as unit:
        accept(unit, mailbox=mailbox, uidvalidity=None, uid=None, octets=octets, now=desk.now)
    desk.transport.wait_until_done()


def mail(body: str, *fields: str, trace: str = "") -> bytes:
    head = ["From: Ann <ann@acme.example>", "Subject: Printer", *fields]
    return (trace + "\r\n".join(head) + f"\r\n\r\n{body}\r\n").encode()


def alerts(desk: Desk) -> list[Alert]:
    return every(desk.store, Alert)


def test_h22_one_mail_by_two_mailboxes_is_one_ticket_in_both_queues(desk: Desk) -> None:
    first = mail("It smokes.", "Message-ID: <1@acme.example>", trace="Received: by a; x\r\n")
    second = mail("It smokes.", "Message-ID: <1@acme.example>", trace="Received: by b; y\r\n")
    desk.put(first)
    desk.put(second)
    assert [m.outcome for m in desk.messages()] == ["ticket", "duplicate"]
    assert len(desk.tickets()) == 1
    assert len(desk.ann.received()) == 1


def test_h22_the_other_queue_sees_it_too(make_desk: MakeDesk) -> None:
    desk = make_desk(more=TWO_QUEUES)
    arrive(desk, mail("x", "Message-ID: <1@acme.example>"), "support")
    arrive(desk, mail("x", "Message-ID: <1@acme.example>"), "sales")
    assert desk.ticket()["fields"]["also_in"] == ["Client Portal"]
    assert [e["event"] for e in desk.ticket()["events"]].count("also came in") == 1


def test_h23_other_content_with_the_same_message_id_is_another_mail(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.put(mail("The first scanner broke.", "Message-ID: <1@acme.example>"))
    desk.put(mail("The second scanner broke.", "Message-ID: <1@acme.example>"))
    assert [m.outcome for m in desk.messages()] == ["ticket", "ticket"]
    assert [t["notes"][0]["text"] for t in map(desk.ticket, numbers(desk))] == [
        "The first scanner broke.",
        "The second scanner broke.",
    ]


def numbers(desk: Desk) -> list[str]:
    return [t["number"] for t in desk.tickets()]


def test_h24_the_same_again_without_a_message_id_is_meant(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.put(mail("Still broken."))
    number = desk.ticket()["number"]
    again = mail("Any news?", f"X-Unused: {number}").replace(b"Printer", f"[{number}]".encode())
    desk.put(again)
    desk.put(again)
    assert [m.outcome for m in desk.messages()] == ["ticket", "note", "note"]


def test_h24_without_a_message_id_the_copy_of_another_mailbox_is_known_by_content(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(more=TWO_QUEUES)
    arrive(desk, mail("It smokes."), "support")
    arrive(desk, mail("It smokes."), "sales")
    desk.now += timedelta(hours=1)
    arrive(desk, mail("It smokes."), "sales")
    assert [m.outcome for m in desk.messages()] == ["ticket", "duplicate", "ticket"]


def test_h27_a_clock_that_jumps_keeps_the_caps(make_desk: MakeDesk) -> None:
    desk = make_desk(more="[floods]\ntickets = {hour = 2, day = 2}\n")
    for _ in range(3):
        desk.ann.mail("Printer")
    assert len(desk.tickets()) == 2
    desk.later(days=1)
    desk.ann.mail("Printer")
    desk.later(days=-1)
    desk.ann.mail("Printer")
    assert len(desk.tickets()) == 3
    assert [a.key for a in alerts(desk)] == ["flood"]
