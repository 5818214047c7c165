"""Who reads what a technician writes, by the real daemon: one of it for the table (H83–H86)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import partial

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import PROOF, Daemon, Desk
from tests.scenario.test_audience import (
    CLIENTS,
    DAY,
    HEADERS,
    PROSE,
    SECRET,
    WISHES,
    forward,
)
from tests.servers.dovecot import Dovecot

VIC, DESK = "Vic <v@v.example>", "Example Support <support@example.com>"
CAPS = "[floods]\nrecipient = {hour = 9000, day = 9000}\n"
RELAY = {"In-Reply-To": "<0100-rewritten@eu-west-1.amazonses.com>"}


@dataclass(frozen=True)
class Case:
    """One mail of Bob's on a ticket of its own, and whether Ann reads it."""

    name: str
    text: str
    public: bool
    subject: str = "Re: {subject}"
    headers: dict[str, str] = field(default_factory=dict)
    quotes: str | None = None  # how his program quotes what he answers
    mailed: bool = True  # by us; he may have mailed it to her himself
    internally: bool = False  # Dana wrote something internal on the ticket before


def cases() -> list[Case]:
    """The variants of each point, and what is genuine beside them."""
    found = []
    for client in HEADERS:  # forwards of hers, of the desk's, of a vendor's
        for who in (
            "Ann <ann@acme.example>",
            "Example Support <support@example.com>",
            "Vic <v@v.example>",
        ):
            subject, text = forward(client, who, "It makes a noise.")
            subject = subject.replace("Scanner", "{subject}")
            found.append(Case(f"forward {client} {who}", text, False, subject))
    found += [
        Case(
            "to a vendor",
            f"{SECRET}.",
            False,
            headers={"To": VIC, "Cc": DESK},
        ),
        Case("to a colleague", f"{SECRET}.", False, headers={"To": "dana@example.com"}),
        Case("to her", "Fuse.", True, headers={"To": f"ann@acme.example, {DESK}"}, mailed=False),
        Case("escalated", f"#escalate dana\n\n{SECRET}.", False),
        Case("transferred", f"#transfer provider\n\n{SECRET}.", False),
        Case("escalated, to her", "#escalate dana\n#reply\n\nDana comes.", True),
        Case("a time beside it", "#time 5m\n\nIt is the fuse.", True),
    ]
    found += [Case(f"wish {w}", f"{w}\n\nCareful, {SECRET}.", False) for w in WISHES]
    found += [Case(f"prose {w}", w, True) for w in PROSE]
    for client, form in CLIENTS.items():
        for at, text in enumerate(DAY):
            found.append(Case(f"{client} {at}", text, True, quotes=form))
            found.append(Case(f"{client} {at}, relay", text, True, headers=RELAY, quotes=form))
    found.append(Case("relay, internal", f"{SECRET}.", False, headers=RELAY, internally=True))
    return found


def test_h83_h86_the_daemon_shows_her_what_is_for_her_and_nothing_else(
    make_desk: Callable[..., Desk], dovecot: Dovecot
) -> None:
    desk = make_desk(more=CAPS, transport=partial(Daemon, dovecot=dovecot))
    table = cases()
    ann, bob, dana = (replace(w, send=desk.transport.put) for w in (desk.ann, desk.bob, desk.dana))
    for at in range(len(table)):
        ann.mail(f"Printer {at:03d}", "It burns.")
    desk.transport.wait_until_done()
    numbers = {t["title"]: t["number"] for t in desk.tickets()}
    for at, case in enumerate(table):
        if case.internally:
            dana.mail(f"[{numbers[f'Printer {at:03d}']}] x", f"#assign bob\n#internal\n{SECRET}.")
    desk.transport.wait_until_done()
    before = {number: len(mails) for number, mails in by_ticket(desk.ann).items()}
    sent_to_bob = by_ticket(desk.bob)
    for at, case in enumerate(table):
        answer(bob, case, sent_to_bob[numbers[f"Printer {at:03d}"]][0])
    desk.transport.wait_until_done()
    mails = by_ticket(desk.ann)
    for at, case in enumerate(table):
        number = numbers[f"Printer {at:03d}"]
        new = mails[number][before[number] :]
        assert desk.ticket(number)["notes"][-1]["public"] or not case.public, case.name
        assert len(new) == (case.public and case.mailed), case.name
        assert all(SECRET not in plain_text(mail) for mail in new), case.name
    asked = [i for i in desk.outbox() if i.template == "kept-internal"]
    assert [i.address for i in asked] == ["bob@example.com"]  # the last one alone


def by_ticket(writer: Writer) -> dict[str, list[EmailMessage]]:
    found: dict[str, list[EmailMessage]] = {}
    for mail in writer.received():
        number = re.search(r"T\d{8}\.\d+", plain_text(mail))
        if number:
            found.setdefault(number[0], []).append(mail)
    return found


def answer(bob: Writer, case: Case, answered: EmailMessage) -> None:
    """As his program writes it."""
    quoted, text = plain_text(answered), case.text
    if case.quotes:
        text = case.quotes.format(
            text=text,
            by=DESK,
            subject=answered["Subject"],
            quoted=quoted,
            marked="".join(f"> {line}\n" for line in quoted.splitlines()),
        )
    number = re.search(r"T\d{8}\.\d+", quoted)
    assert number is not None
    bob.mail(
        case.subject.format(subject=f"[{number[0]}] Printer"),
        text,
        headers={"In-Reply-To": str(answered["Message-ID"]), **PROOF, **case.headers},
    )
