"""Who is believed, by the real daemon: one of it for all the tables (H81, H82, H87, H88)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from functools import partial

from maild.demo.writer import plain_text
from tests.scenario.conversation import Daemon, Desk
from tests.servers.dovecot import Dovecot

BORDER = "Received: from evil.example (x [192.0.2.1]) by mx.example.com with ESMTP id 1; {date}"
INSIDE = "Received: from mx.example.com by mx.example.com with LMTP id 2; {date}"
PASS = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
BOB = "From: Bob Tech <bob@example.com>"
SECRET = "The password is blue-horse"

# One customer who gets more in a minute than the caps let through in an hour.
ROOM = "[floods]\nrecipient = {hour = 1000, day = 1000}\n"

FORGED = [  # the fields above the others of a mail in Bob's name
    [BORDER, PASS],
    [BORDER, INSIDE, PASS],
    [BORDER.replace("from evil.example", "from [127.0.0.1]-by"), PASS],
    [BORDER.replace("; {date}", ' for <"support+ with LMTP x"@example.com>; {date}'), PASS],
    [BORDER.replace("(x [192.0.2.1])", "(127.0.0.1.evil.example [192.0.2.1])"), PASS],
    [BORDER, PASS.replace(":", " :", 1)],
    [BORDER, "X-A: b\r" + PASS],
    [PASS.replace("dmarc=pass", "dmarc=fail"), BORDER, PASS],
    [PASS.replace("mx.example.com", "mx.evil.example"), BORDER],
    [PASS.replace("header.from=example.com", "header.from=evil.example"), BORDER],
]
GENUINE = [
    [PASS, BORDER],
    [INSIDE, PASS, BORDER, PASS.replace("dmarc=pass", "dmarc=fail")],
    [
        "Authentication-Results: mx.example.com; spf=none",
        "Authentication-Results: mx.example.com; dkim=pass header.d=example.com",
        BORDER,
    ],
]
NO_YES = [
    "",
    "Yes this is forged, do NOT do it!",
    "OK who is doing this",
    "No.",
    "Ja, aber das war ich nicht.",
    "Oui, mais ce n'est pas moi",
    "Sí, pero no fui yo",
    "What is this?",
    "I am out of the office.",
    "yes and no",
]
YES = ["yes", "Ja, bitte.", "Oui, merci", "Sí, por favor", "Yes, that was me.\n\nBob"]
CLOSING = ["#resolve", "#close", "Thanks, solved!\n\nAnn", "#stop"]
PROVEN = [
    "dmarc=pass header.from=acme.example",
    "dkim=pass header.d=acme.example; dmarc=none",
    "spf=pass smtp.mailfrom=ann@acme.example",
]
UNPROVEN = ["", "dmarc=fail (p=reject) header.from=acme.example", "spf=pass smtp.mailfrom=x@e.f"]
ANSWERS = [  # fields of a customer's mail that name an id which a stranger has taken
    ["In-Reply-To: {0}"],
    ["References: {0}"],
    ["References: {0} <other@acme.example>", "In-Reply-To: <other@acme.example>"],
    ["Message-ID: {0}"],
    ["In-Reply-To: {0}", "Cc: Bob Tech <bob@example.com>"],
]


def test_h81_h82_h87_h88_the_daemon_believes_what_is_proven_and_nothing_else(
    make_desk: Callable[..., Desk], dovecot: Dovecot
) -> None:
    desk = make_desk(more=ROOM, transport=partial(Daemon, dovecot=dovecot))
    _forged_and_genuine_results(desk)
    _answers_to_the_question(desk)
    _deeds_of_contacts(desk)
    _ids_that_a_stranger_took(desk)


def letter(fields: Iterable[str], sender: str, subject: str, text: str) -> bytes:
    """A mail with exactly these fields on top."""
    date = "Mon, 23 Nov 2026 10:00:00 +0100"
    head = [*(f.format(date=date) for f in fields), sender, "To: support@example.com"]
    return "\r\n".join([*head, f"Subject: {subject}", "", text, ""]).encode()


def arrive(desk: Desk, letters: Iterable[bytes]) -> None:
    """All of them, before anybody waits."""
    for octets in letters:
        desk.transport.put(octets)
    desk.transport.wait_until_done()


def opened(desk: Desk, what: str, count: int) -> list[str]:
    """So many tickets of Ann's; their numbers."""
    ann = "From: Ann <ann@acme.example>"
    arrive(desk, (letter((), ann, f"{what} {i}", "It burns.") for i in range(count)))
    of_title = {ticket["title"]: ticket["number"] for ticket in desk.tickets()}
    return [of_title[f"{what} {i}"] for i in range(count)]


def status(desk: Desk, numbers: Iterable[str]) -> list[str]:
    return [desk.ticket(number)["status"] for number in numbers]


def inbox(desk: Desk, address: str) -> Callable[[str], list[EmailMessage]]:
    """What this address got, by the number of the ticket that it is about."""
    found: dict[str, list[EmailMessage]] = {}
    for mail in desk.writer("x", address).received():
        number = re.search(r"T\d{8}\.\d+", str(mail["Subject"]))
        found.setdefault(number[0] if number else "", []).append(mail)
    return lambda number: found.get(number, [])


def _resolves(fields: list[str], number: str) -> bytes:
    return letter(fields, BOB, f"[{number}] It is resolved", "Done.")


def _forged_and_genuine_results(desk: Desk) -> None:
    forged, genuine = opened(desk, "Forged", len(FORGED)), opened(desk, "True", len(GENUINE))
    cases = zip([*FORGED, *GENUINE], [*forged, *genuine], strict=True)
    arrive(desk, (_resolves(fields, number) for fields, number in cases))
    assert status(desk, forged) == ["New"] * len(FORGED)
    assert status(desk, genuine) == ["Complete"] * len(GENUINE)


def _answers_to_the_question(desk: Desk) -> None:
    numbers = opened(desk, "Asked", len(NO_YES))
    arrive(desk, (_resolves([], number) for number in numbers))
    of_bob = inbox(desk, "bob@example.com")
    questions = [of_bob(number)[-1] for number in numbers]
    bob = desk.writer("Bob Tech", "bob@example.com")
    bob.send = desk.transport.put
    for question, text in zip(questions, NO_YES, strict=True):
        bob.reply(text, to=question)
    desk.transport.wait_until_done()
    assert "Complete" not in status(desk, numbers)
    of_ann = inbox(desk, "ann@acme.example")
    for number, text in zip(numbers[1:], NO_YES[1:], strict=True):  # nor is it for her to read
        assert not any(text in plain_text(m) for m in of_ann(number))
    for question, text in zip(questions, YES, strict=False):
        bob.reply(text, to=question)
    desk.transport.wait_until_done()
    assert status(desk, numbers[: len(YES)]) == ["Complete"] * len(YES)


def _deeds_of_contacts(desk: Desk) -> None:
    deeds = [(deed, results) for results in [*UNPROVEN, *PROVEN] for deed in CLOSING]
    numbers = opened(desk, "Deed", len(deeds))
    arrive(desk, (letter([PASS], BOB, f"[{number}] x", "I look at it.") for number in numbers))
    ann = "From: Ann <ann@acme.example>"
    arrive(
        desk,
        (
            letter(
                [f"Authentication-Results: mx.example.com; {results}"] if results else [],
                ann,
                f"Re: [{number}] Deed",
                deed,
            )
            for number, (deed, results) in zip(numbers, deeds, strict=True)
        ),
    )
    arrive(desk, (letter([PASS], BOB, f"[{n}] x", f"Words about {n}.") for n in numbers))
    of_ann = inbox(desk, "ann@acme.example")
    for number, (deed, results) in zip(numbers, deeds, strict=True):
        proven, closes = results in PROVEN, deed != "#stop"
        closed = desk.ticket(number)["status"] == "Complete"
        assert closed == (proven and closes), (deed, results)
        reaches = any(f"Words about {number}" in plain_text(mail) for mail in of_ann(number))
        assert reaches == (closes or not proven), (deed, results)


def _ids_that_a_stranger_took(desk: Desk) -> None:
    ids = [f"<offer-{i}@acme.example>" for i in range(len(ANSWERS))]
    eve = "From: Eve <eve@evil.example>"
    arrive(desk, (letter([f"Message-ID: {i}"], eve, f"Taken {i}", "Help me.") for i in ids))
    ann = "From: Ann <ann@acme.example>"
    arrive(
        desk,
        (
            letter([f.format(i) for f in fields], ann, f"Re: Offer {i}", "My password fails.")
            for i, fields in zip(ids, ANSWERS, strict=True)
        ),
    )
    hers = [t["number"] for t in desk.tickets() if t["title"].startswith("Offer <")]
    assert len(hers) == len(ANSWERS)
    arrive(desk, (letter([PASS], BOB, f"[{number}] x", SECRET) for number in hers))
    of_ann = inbox(desk, "ann@acme.example")
    assert all(any(SECRET in plain_text(mail) for mail in of_ann(number)) for number in hers)
    for mail in desk.writer("Eve", "eve@evil.example").received():
        assert "password" not in plain_text(mail)
