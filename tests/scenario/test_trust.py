"""Who may: technicians are proven, everybody else only writes (E4, E5, N11; H41 to H51)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild import config
from maild.app import build
from maild.demo.writer import plain_text
from maild.desk import people, views
from maild.model import Address
from maild.store import asking
from maild.store.records import Person, TicketLink
from tests.looking import every
from tests.scenario.conversation import PROOF, Desk, InProcess

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """In process; `test_proof_by_daemon.py` has the same tables with the real daemon."""
    return make_desk()


NO_PROOF: dict[str, str] = {}


def templates(desk: Desk, to: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == to]


def test_a_technician_is_proven_by_dmarc(desk: Desk) -> None:
    """Our own server vouches for him (E5)."""
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == "dmarc"
    assert "complete" in templates(desk, "ann@acme.example")


def test_a_technician_is_proven_by_the_mail_that_he_alone_got(desk: Desk) -> None:
    """A token of his own (E5)."""
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    desk.ann.mail("Printer is on fire")
    bob.reply("I put it out.", subject=f"Re: {bob.received()[-1]['Subject']} is resolved")
    assert desk.ticket()["status"] == "Complete"
    assert desk.messages()[-1].proof == "token"


@pytest.mark.parametrize(
    "result", [None, "dmarc=fail header.from=example.com", "dmarc=pass header.from=evil.example"]
)
def test_h41_without_proof_there_is_a_note_and_no_command(desk: Desk, result: str | None) -> None:
    """The words are kept, nothing is done, he is asked (E5)."""
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    before = len(templates(desk, "ann@acme.example"))
    headers = {"Authentication-Results": f"mx.example.com; {result}"} if result else {}
    bob = desk.writer("Bob Tech", "bob@example.com", headers)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    ticket = desk.ticket()
    assert ticket["status"] == "New"
    assert ticket["primary_resource"] is None
    assert [note["public"] for note in ticket["notes"]] == [True, False]
    assert len(templates(desk, "ann@acme.example")) == before
    assert templates(desk, "bob@example.com").count("confirm") == 1
    assert [c["done"] for c in desk.messages()[-1].commands] == [False]


def test_h41_confirming_does_what_was_withheld_once(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    asked = bob.received()[-1]
    bob.reply("Yes, that was me.", to=asked)
    ticket = desk.ticket()
    assert ticket["status"] == "Complete"
    assert [n["public"] for n in ticket["notes"]] == [True, True, False]
    assert "reply" in templates(desk, "ann@acme.example") or "complete" in templates(
        desk, "ann@acme.example"
    )
    desk.ann.reply("It burns again, please come back.")
    assert desk.ticket()["status"] == "Ticket Reopened"
    bob.reply("Yes", to=asked)
    assert desk.ticket()["status"] == "Ticket Reopened"


def test_a_forgers_phrase_does_not_make_the_technicians_an_echo(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    subject = numbered(desk, "Printer is resolved")
    desk.writer("Bob Tech", "bob@example.com", NO_PROOF).mail(subject, "x")
    desk.bob.mail(subject, "I put it out.")
    assert desk.ticket()["status"] == "Complete"


@pytest.mark.parametrize("text", ["No! That was not me.", "What is this?", "I am out of office."])
def test_h41_only_a_yes_confirms(desk: Desk, text: str) -> None:
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    bob.mail(f"[{number}] Printer is resolved", "I put it out.")
    bob.reply(text)
    assert desk.ticket()["status"] != "Complete"


def configured(make_desk: MakeDesk, desk_key: str) -> Desk:
    """A desk with one more key in its [desk] section."""
    desk = make_desk()
    text = desk.file.read_text()
    desk.file.write_text(text.replace("[desk]\n", f"[desk]\n{desk_key}\n"))
    desk.transport = InProcess(desk)
    return desk


def numbered(desk: Desk, subject: str) -> str:
    return f"[{desk.ticket()['number']}] {subject}"


def roles(desk: Desk, number: str) -> dict[str, str]:
    """role by address of who else is of the ticket."""
    with desk.store.look() as unit:
        people_of_it = asking.tickets.people(unit, views.ticket(unit, number))
        persons = unit.some(Person, [p.person_id for p in people_of_it])
        return {asking.people.email(unit, persons[p.person_id]): p.role for p in people_of_it}


# ---- proof


def test_a_token_that_others_have_seen_proves_nobody(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    told = bob.received()[-1]
    bob.reply("We look at it.", to=told, headers={"Cc": "eve@evil.example"})
    assert desk.messages()[-1].proof == "token"
    eve = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)  # she knows his Message-IDs now
    eve.reply("", to=told, subject="Re: Printer is resolved")
    assert desk.messages()[-1].proof == "none"
    assert desk.ticket()["status"] != "Complete"


def test_h90_a_token_in_another_form_proves_nobody(make_desk: MakeDesk) -> None:
    """Whoever has seen an id can write it at another host, behind a prefix or in capitals."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    told, number = str(bob.received()[-1]["Message-ID"]).strip("<> "), desk.ticket()["number"]
    local, _, host = told.partition("@")
    others = (
        f"<{local}@evil.example>",
        f"<{local}@example.com.evil.example>",
        f"<x+{told}>",
        f"<x+y+{local}@evil.example>",
        f"<{local}>",
        f"<{told.upper()}>",
        f"<{local.upper()}@{host}>",
        f"<{local}@{host.upper()}>",
        f"<{told}>x@evil.example>",
    )
    for other in others:
        assert seen(desk, number, other) == "none", other
    assert seen(desk, number, f"<{told}>") == "token"
    bob.reply("We look at it.", to=bob.received()[0], headers={"Cc": "eve@evil.example"})
    for other in (f"<{told}>", *others):
        assert seen(desk, number, other) == "none", other
        assert len(desk.tickets()) == 1  # it is found all the same


def seen(desk: Desk, number: str, told: str) -> str:
    """What proves somebody who knows this id of a mail to Bob: "token", or "none"."""
    eve = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    eve.mail(f"[{number}] x", "Hello.", headers={"In-Reply-To": told})
    return str(desk.messages()[-1].proof)


@pytest.mark.parametrize(
    "headers",
    [
        {"Cc": "eve@evil.example"},
        {"To": "eve@evil.example", "Cc": "support@example.com"},
        {"Cc": "eve@evil.example", "Auto-Submitted": "auto-replied"},
        {"Cc": "eve@evil.example", "Subject": "Automatic reply: out of office"},
        {"Cc": "ann@acme.example"},
    ],
)
def test_h90_ids_of_all_tickets_in_a_mail_that_goes_outside_are_exposed(
    make_desk: MakeDesk, headers: dict[str, str]
) -> None:
    desk = make_desk()
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    desk.ann.mail("Printer")
    one = desk.ticket()["number"]
    desk.ann.mail("Scanner")
    two = desk.ticket()["number"]
    ids = [str(mail["Message-ID"]) for mail in bob.received()]
    bob.mail("Re: both", "x", headers={"References": " ".join(ids), **headers})
    assert [seen(desk, one, ids[0]), seen(desk, two, ids[1])] == ["none", "none"]


def test_h90_what_stays_inside_and_what_goes_to_its_holder_proves_on(make_desk: MakeDesk) -> None:
    """The rest of the conversation keeps its worth."""
    desk = make_desk()
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    desk.ann.mail("Printer")
    number, told = desk.ticket()["number"], str(bob.received()[-1]["Message-ID"])
    bob.mail(f"[{number}] x", "x", headers={"References": told, "Cc": "dana@example.com"})
    assert seen(desk, number, told) == "token"
    hers = str(desk.ann.received()[0]["Message-ID"])
    both = {"References": f"{hers} {told}", "Cc": "Ann <ann@acme.example>"}
    bob.mail(f"[{number}] x", "x", headers=both)
    assert seen(desk, number, told) == "none"
    desk.ann.mail("Re: Printer", "x", headers={"In-Reply-To": hers})
    assert desk.messages()[-1].proof == "token"  # hers went to nobody else
    desk.ann.mail("Re: Printer", "x", headers={"In-Reply-To": hers, "Cc": "vic@vendor.example"})
    desk.ann.mail("Re: Printer", "x", headers={"In-Reply-To": hers})
    assert desk.messages()[-1].proof == "none"


@pytest.mark.parametrize("who", ["bob", "ann"])
def test_h91_a_proven_copy_of_an_unproven_mail_is_taken_up(desk: Desk, who: str) -> None:
    """Forged in advance, or by a mailbox whose server says nothing; once only."""
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    results = {"bob": PROOF["Authentication-Results"], "ann": "mx.example.com; dmarc=pass"}[who]
    address = {"bob": "bob@example.com", "ann": "ann@acme.example"}[who]
    mail = (
        f"From: {address}\r\nTo: support@example.com\r\nSubject: Re: [{number}] Printer\r\n"
        f"Message-ID: <once@example.com>\r\n\r\n#resolve\r\nIt was the toner.\r\n"
    )
    desk.put(mail.encode())
    assert desk.ticket()["status_kind"] != "closed"
    desk.put(f"Authentication-Results: {results}\r\n{mail}".encode())
    assert desk.ticket()["status"] == "Complete"
    if who == "bob":
        assert "toner" in plain_text(desk.ann.received()[-1])
    desk.ann.reply("It smokes again, please come back.")
    desk.put(f"X-Copy: 3\r\nAuthentication-Results: {results}\r\n{mail}".encode())
    assert desk.messages()[-1].outcome == "duplicate"
    assert desk.ticket()["status_kind"] != "closed"
    assert len(desk.tickets()) == 1


def test_h91_an_unproven_copy_of_a_proven_mail_is_a_duplicate(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    mail = f"From: bob@example.com\r\nSubject: [{number}] x\r\nMessage-ID: <o@x>\r\n\r\n#resolve"
    desk.put(f"Authentication-Results: {PROOF['Authentication-Results']}\r\n{mail}".encode())
    desk.ann.reply("It smokes again, please come back.")
    desk.put(mail.encode())
    assert desk.messages()[-1].outcome == "duplicate"
    assert desk.ticket()["status"] == "Ticket Reopened"


def test_a_plus_address_finds_the_ticket_and_proves_nobody(make_desk: MakeDesk) -> None:
    desk = configured(make_desk, "plus_address = true")
    desk.ann.mail("Printer is on fire")
    bob = desk.writer("Bob Tech", "bob@example.com", NO_PROOF)
    bob.mail("Printer is resolved", "Done.", headers={"To": str(bob.received()[-1]["Reply-To"])})
    assert len(desk.tickets()) == 1
    assert desk.messages()[-1].proof == "none"
    assert desk.ticket()["status"] == "New"
    desk.ann.mail("More smoke", headers={"To": str(desk.ann.received()[-1]["Reply-To"])})
    assert desk.ticket()["status"] == "Feedback Received"


def test_h42_a_forged_result_below_our_own_does_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    real = b"Authentication-Results: mx.example.com; dmarc=fail header.from=example.com\r\n"
    forged = b"Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
    subject = numbered(desk, "Printer is resolved").encode()
    desk.put(real + forged + b"From: bob@example.com\r\nSubject: " + subject + b"\r\n\r\nx\r\n")
    assert desk.ticket()["status"] == "New"
    assert templates(desk, "bob@example.com")[-1] == "confirm"


def test_h43_the_attacker_wrote_it_whoever_is_to_be_answered(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    eve = desk.writer("Eve", "eve@evil.example", PROOF)
    subject = numbered(desk, "Printer is resolved")
    eve.mail(subject, headers={"Reply-To": "bob@example.com"})
    assert desk.ticket()["contact"]["address"] == "eve@evil.example"
    assert [t["status"] for t in desk.tickets()] == ["New", "New"]


@pytest.mark.parametrize(
    "sender",
    [
        b"From: bob@example.com\r\nFrom: ann@acme.example\r\n",
        b'From: "bob@example.com" <eve@evil.example>\r\n',
        b"From: Team: bob@example.com;\r\n",
    ],
)
def test_h44_a_doubtful_from_has_no_rights(make_desk: MakeDesk, sender: bytes) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    results = f"Authentication-Results: {PROOF['Authentication-Results']}\r\n".encode()
    subject = numbered(desk, "Printer is resolved").encode()
    desk.put(results + sender + b"Subject: " + subject + b"\r\n\r\nx\r\n")
    assert {t["status"] for t in desk.tickets()} == {"New"}
    assert desk.messages()[-1].proof == "none"


def test_h48_control_headers_from_outside_mean_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    headers = {"X-Maild-Ticket": number, "X-Maild-Command": "complete", "X-Maild-Proof": "token"}
    desk.writer("Eve", "eve@evil.example").mail("Hello", headers=headers)
    assert len(desk.tickets()) == 2
    assert all("x-maild" not in str(mail.keys()).lower() for mail in desk.ann.received())


def test_h49_a_look_alike_domain_is_a_stranger(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    subject = numbered(desk, "Printer is resolved")
    for address in ("bob@examp1e.com", "bob@example.com.evil.example", "bob@xn--exmple-cua.com"):
        desk.writer("Bob Tech", address, PROOF).mail(subject)
        assert desk.ticket()["contact"]["address"] == address
    assert {t["status"] for t in desk.tickets()} == {"New"}


def test_h50_customers_and_former_technicians_command_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    with desk.store.unit() as unit:
        unit.change(people.the_person(unit, "dana@example.com"), active=False)
    desk.ann.reply("#assign bob\nPlease.", subject=numbered(desk, "Printer is assigned to bob"))
    desk.dana.mail(numbered(desk, "Printer is resolved"), "Bye.")
    assert desk.messages()[-1].outcome == "ticket"
    assert [t["status"] for t in desk.tickets()] == ["Feedback Received", "New"]
    assert desk.tickets()[0]["primary_resource"] is None
    assert "command-answer" not in templates(desk, "ann@acme.example")


# ---- which ticket


def test_h45_e4_a_stranger_with_a_number_gets_a_ticket_of_his_own(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire", "The secret word is blue.")
    eve = desk.writer("Eve", "eve@evil.example")
    eve.mail(f"Re: {numbered(desk, 'Printer is on fire')}", "What was it about?")
    first, second = desk.tickets()
    assert first["status"] == "New"
    assert second["contact"]["address"] == "eve@evil.example"
    assert first["number"] not in second["title"]
    assert all("blue" not in plain_text(m) and "Ann" not in plain_text(m) for m in eve.received())
    assert [link.kind for link in every(desk.store, TicketLink)] == ["related"]
    [told] = [n for n in desk.ticket()["notes"] if n["by_kind"] == "system"]
    assert (told["public"], first["number"] in told["text"]) == (False, True)


def test_e4_a_colleague_with_a_number_writes_to_the_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.writer("Carl", "carl@acme.example").mail(numbered(desk, "Printer"), "Here too.")
    assert len(desk.tickets()) == 1
    assert desk.ticket()["status"] == "Feedback Received"


def wrongly_signed(desk: Desk) -> str:
    """The Message-ID of what Ann was told, with another last letter of its signature."""
    token = str(desk.ann.received()[-1]["Message-ID"]).strip("<>")
    local, _, domain = token.partition("@")
    return f"<{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}>"


def test_h46_a_token_with_a_wrong_signature_is_ignored(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    wrong = wrongly_signed(desk)
    for name, field in (("eve", "In-Reply-To"), ("mallory", "References")):
        desk.writer(name.title(), f"{name}@{name}.example").mail("Hello", headers={field: wrong})
    assert [t["title"] for t in desk.tickets()] == ["Printer is on fire", "Hello", "Hello"]


def test_h46_what_one_writes_below_a_wrong_signature_is_his_own_ticket(make_desk: MakeDesk) -> None:
    """The id is one that we never sent: his mails about it belong together, and to nobody else."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    wrong = wrongly_signed(desk)
    for field in ("In-Reply-To", "References"):
        desk.writer("Eve", "eve@evil.example").mail("Hello", headers={field: wrong})
    printer, hello = desk.tickets()
    assert (printer["status"], hello["contact"]["name"]) == ("New", "Eve")


def test_h51_two_tokens_decide_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer")
    desk.ann.mail("Scanner")
    one, two = (str(m["Message-ID"]) for m in desk.ann.received())
    desk.ann.mail("Both", headers={"In-Reply-To": one, "References": f"{one} {two}"})
    assert [t["status"] for t in desk.tickets()] == ["New", "New", "New"]


def test_h51_a_token_in_quoted_text_decides_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer")
    token, number = str(desk.ann.received()[-1]["Message-ID"]), desk.ticket()["number"]
    desk.ann.mail("Scanner", f"It broke.\n\n> Message-ID: {token}\n> [{number}] is resolved\n")
    assert [t["status"] for t in desk.tickets()] == ["New", "New"]


def test_e4_the_nearest_message_id_decides(make_desk: MakeDesk) -> None:
    desk = make_desk()
    first, second = desk.ann.mail("Printer"), desk.ann.mail("Scanner")
    desk.ann.mail("Re: this", headers={"References": f"<{first}> <{second}>"})
    assert [t["status"] for t in desk.tickets()] == ["New", "Feedback Received"]


def test_a_new_subject_long_after_completion_is_a_ticket_that_follows(make_desk: MakeDesk) -> None:
    desk = configured(make_desk, "reopen_days = 30")
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "Printer is resolved"), "Done.")
    last = desk.ann.received()[-1]
    desk.later(days=10)
    desk.ann.reply("It smokes again.", to=last, subject="Smoke")
    assert [t["status"] for t in desk.tickets()] == ["Ticket Reopened"]
    desk.bob.mail(numbered(desk, "Printer, again, is resolved"), "Done.")
    desk.later(days=31)
    desk.ann.reply("My scanner is broken, please come.", to=last, subject="Scanner")
    assert [t["status"] for t in desk.tickets()] == ["Complete", "New"]
    assert [link.kind for link in every(desk.store, TicketLink)] == ["follow-up"]


def test_e14_a_thank_you_leaves_a_ticket_complete(desk: Desk) -> None:
    desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "Printer is resolved"), "Done.")
    desk.ann.reply("Thank you very much, Bob!\n\nBest regards\nAnn")
    assert desk.ticket()["status"] == "Complete"
    assert desk.ticket()["notes"][-1]["text"].startswith("Thank you")
    desk.ann.reply("Thanks, but it smokes again.")
    assert desk.ticket()["status"] == "Ticket Reopened"


# ---- who is it for, who else hears of it


def test_h47_n11_who_is_in_cc_waits_unless_we_know_him(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.writer("Carl", "carl@acme.example").mail("Hello")
    proven = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
    copies = {"Cc": "Carl <carl@acme.example>, eve@evil.example"}
    desk.ann.mail("Printer", headers=proven | copies)
    number = desk.ticket()["number"]
    assert roles(desk, number) == {
        "carl@acme.example": "additional",
        "eve@evil.example": "proposed",
    }
    desk.bob.reply("We look at it.")
    assert "reply" in templates(desk, "carl@acme.example")
    assert templates(desk, "eve@evil.example") == []
    desk.bob.mail(f"[{number}] Printer", "#cc eve@evil.example\nStill looking.")
    assert roles(desk, number)["eve@evil.example"] == "additional"


def test_h47_a_stranger_cannot_bring_others_in(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.writer("Carl", "carl@acme.example").mail("Hello")
    mine = desk.ann.mail("Printer")
    eve = desk.writer("Eve", "eve@evil.example")
    headers = {"In-Reply-To": f"<{mine}>", "Cc": "carl@acme.example, joe@evil.example"}
    eve.mail("Re: Printer", "Hello", headers=headers)
    assert set(roles(desk, desk.ticket()["number"]).values()) == {"proposed"}


FORWARD = """Can somebody take this?

---------- Forwarded message ---------
From: Carl <carl@acme.example>
Date: Mon, 23 Nov 2026 at 09:00
Subject: Scanner broken
To: Bob Tech <bob@example.com>

It makes a noise.
"""


def test_a_technicians_forward_is_a_ticket_of_who_wrote_it_first(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.bob.mail("Fwd: Scanner broken", FORWARD)
    ticket = desk.ticket()
    assert (ticket["title"], ticket["contact"]["address"]) == (
        "Scanner broken",
        "carl@acme.example",
    )
    assert (ticket["organization"], ticket["fields"]["forwarded_by"]) == ("Acme", "Bob Tech")
    first = ticket["notes"][0]
    assert (first["by"], first["public"]) == ("Carl", True)
    assert "It makes a noise." in first["text"]
    assert templates(desk, "carl@acme.example") == ["acknowledgement"]


def test_an_unproven_forward_tells_nobody_outside(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.writer("Bob Tech", "bob@example.com", NO_PROOF).mail("Fwd: Scanner broken", FORWARD)
    assert desk.ticket()["contact"]["address"] == "carl@acme.example"
    assert templates(desk, "carl@acme.example") == []
    assert "confirm" in templates(desk, "bob@example.com")


def test_a_customers_forward_is_his_own_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Fwd: Scanner broken", FORWARD)
    assert desk.ticket()["contact"]["address"] == "ann@acme.example"


def test_r2_a_subject_fills_what_it_names(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.bob.mail("[Acme] - [Mail] - [Cannot send]")
    ticket = desk.ticket()
    assert ticket["organization"] == "Acme"
    assert ticket["fields"]["service"] == "Mail"
    assert ticket["fields"]["symptom"] == "Cannot send"
    desk.writer("Eve", "eve@evil.example").mail("[Acme] - [Mail] - [Cannot send]")
    assert desk.ticket()["organization"] is None


def test_h14_a_mail_without_from_is_a_ticket_if_it_can_be_answered(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.put(b"Reply-To: joe@there.example\r\nSubject: Hello\r\n\r\nHello\r\n")
    assert desk.ticket()["contact"]["address"] == "joe@there.example"
    desk.put(b"Subject: Hello\r\n\r\nWho am I?\r\n")
    assert desk.messages()[-1].state == "quarantined"


def test_e13_the_story_says_who_which_and_what_was_withheld(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    desk.writer("Bob Tech", "bob@example.com").mail(numbered(desk, "Printer is resolved"), "x")
    told = {step: (decided, because) for step, decided, because in desk.messages()[-1].reasons}
    assert told["who"][0] == "resource Bob Tech"
    assert "the subject names it" in told["match"][1]
    assert told["proof"][0] == "none"
    assert "a reply to a notification" in told["withheld"][1]


# ---- names that deceive (H94)

DECEIVING = {
    "Bob Tech": "Bob Tech <{}>",
    "Tech, Bob": "Tech, Bob <{}>",
    "Воb Tech": "Воb Tech <{}>",
    "Bob Tech (Example Support)": "Bob Tech (Example Support) <{}>",
    "ann": "ann <{}>",
    "maild": "maild <{}>",
    "Example Support": "Example Support <{}>",
    "Support, Example": "Support, Example <{}>",
    "Example Suppоrt Team": "Example Suppоrt Team <{}>",
    "http://evil.example/pay": "{}",
    "Pay at evil.example": "{}",
    "www.evil.example": "{}",
}


def test_h94_a_name_that_deceives_is_shown_with_its_address(make_desk: MakeDesk) -> None:
    desk = make_desk()
    proven = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=evil.example"}
    for index, (name, shown) in enumerate(DECEIVING.items()):
        address = f"eve{index}@evil.example"
        said, eve = shown.format(address), desk.writer(f'"{name}"', address, proven)
        eve.mail("My account", "Please pay at once.")
        assert desk.ticket()["contact"] == {"name": said, "address": address}
        assert desk.ticket()["notes"][0]["by"] == said
        assert f"{said} opened a ticket" in plain_text(desk.bob.received()[-1])
        [answer] = eve.received()
        assert plain_text(answer).splitlines()[2] == "Hello,"
        assert str(answer["To"]) == address


def test_h94_who_came_first_under_a_technicians_name_is_told_apart(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.writer("Cem New", "cem@evil.example").mail("Hello")
    assert desk.ticket()["contact"]["name"] == "Cem New"
    with desk.file.open("a") as file:
        file.write('\n[[resource]]\nname = "Cem New"\nemail = "cem@example.com"\n')
    build(config.load(desk.file), desk.store, now=desk.now)
    assert desk.ticket()["contact"]["name"] == "Cem New <cem@evil.example>"


def test_h94_a_name_in_cc_that_deceives_stands_with_its_address(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail(
        "Printer", headers={"Cc": '"Bob Tech" <b@evil.example>, www.pay.example <c@d.example>'}
    )
    with desk.store.look() as unit:
        called = [
            people.by_address(unit, Address("", a)) for a in ("b@evil.example", "c@d.example")
        ]
    assert [p.name for p in called if p] == ["Bob Tech <b@evil.example>", "c@d.example"]


def test_h94_a_genuine_name_is_greeted_and_stands_alone(make_desk: MakeDesk) -> None:
    desk = make_desk()
    proven = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=vendor.example"}
    vic = desk.writer('"Tester, Bob"', "bob@vendor.example", proven)
    vic.mail("Delivery")
    assert desk.ticket()["contact"]["name"] == "Tester, Bob"
    assert plain_text(vic.received()[0]).splitlines()[2] == "Hello Bob,"


def test_h78_a_configured_contacts_acknowledgement_has_its_title_unless_dmarc_fails(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    for results, title in {
        "dmarc=fail (p=reject) header.from=acme.example": "Your request",
        "dmarc=pass header.from=acme.example": "Printer 2",
        "dmarc=none": "Printer 3",
        "": "Printer 4",
    }.items():
        field = {"Authentication-Results": f"mx.example.com; {results}"} if results else {}
        ann = desk.writer("Ann", "ann@acme.example", field)
        ann.mail(f"Printer {len(desk.tickets()) + 1}")
        assert str(ann.received()[-1]["Subject"]).endswith(title)
