"""Two desks share a ticket by mail, each with its own number (P8, promise 14)."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage, Message
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import pytest

from maild.demo.writer import parse, plain_text
from maild.desk.partner_seal import Event, signatures, written
from maild.parse.sealed_part import NAME, TYPE
from maild.store import asking
from tests.scenario.conversation import Desk

SECRET = "0123456789abcdef0123456789abcdef"
OURS, THEIRS = "support@example.com", "support@northwind.example"
PARTNER = """
[[partner]]
name = "{name}"
address = "{address}"
secret = "{secret}"
"""
MOST = 60  # mails that are carried before a test gives up


def partner(name: str, address: str, secret: str = SECRET, more: str = "") -> str:
    return PARTNER.format(name=name, address=address, secret=secret) + more


class Pair:
    """Two desks, and the mail between them."""

    def __init__(self, ours: Desk, theirs: Desk) -> None:
        self.ours, self.theirs = ours, theirs
        self.carried = {OURS: 0, THEIRS: 0}
        self.through: Callable[[bytes], bytes] = lambda octets: octets  # what relays make of it

    def between(self, to: str) -> list[bytes]:
        """All mail that one desk sent the other."""
        sender = self.ours if to == THEIRS else self.theirs
        return [mail.octets for mail in sender.servers.smtp.to(to)]

    def carry(self) -> int:
        """Brings the mail of both to the other, until none is left; how many there were."""
        count = 0
        while count < MOST:
            before = count
            for to, desk in ((THEIRS, self.theirs), (OURS, self.ours)):
                for octets in self.between(to)[self.carried[to] :]:
                    self.carried[to] += 1
                    count += 1
                    desk.put(self.through(octets))
            if count == before:
                return count
        raise AssertionError("they never stop")

    def share(self, words: str = "Please have a look at its fuse.") -> None:
        """Ann's ticket, which Bob has and shares."""
        self.ours.ann.mail("Printer is on fire", "It burns.")
        self.ours.bob.reply("#take")
        self.ours.bob.reply(f"#share Northwind\n\n{words}")
        self.carry()


@pytest.fixture
def pair(make_desk: Callable[..., Desk]) -> Pair:
    ours = make_desk(more=partner("Northwind IT", THEIRS))
    theirs = make_desk(name="Northwind IT", address=THEIRS, more=partner("Example", OURS))
    return Pair(ours, theirs)


def words(ticket: dict[str, Any]) -> list[tuple[str, bool, str]]:
    """Who wrote each note, whether contacts may read it, and what it says."""
    return [(note["by"], note["public"], note["text"]) for note in ticket["notes"]]


def test_p8_two_desks_share_a_ticket_each_with_its_own_number(pair: Pair) -> None:
    pair.theirs.ann.mail("Something else", "It is cold.")  # so their number is another
    pair.ours.ann.mail("Printer is on fire", "It burns.")
    pair.ours.bob.reply("#take")
    pair.ours.bob.reply("#share Northwind\n\nIs it the fuse?", attach={"fuse.jpg": b"a picture"})
    assert pair.carry() == 2  # it is shared, it has a number there; nobody thanks for that
    ours, theirs = pair.ours.ticket(), pair.theirs.ticket()
    assert (ours["number"], theirs["number"]) == ("T20261123.0001", "T20261123.0002")
    assert (ours["shared"]["reference"], theirs["shared"]["reference"]) == (
        theirs["number"],
        ours["number"],
    )
    assert theirs["title"] == "Printer is on fire"
    assert words(theirs) == [("Example", True, "Is it the fuse?")]
    assert theirs["notes"][0]["quoted_text"] == "It burns."
    (file,) = theirs["attachments"]
    assert file["filename"] == "fuse.jpg"
    assert theirs["contact"]["address"] == OURS

    pair.theirs.bob.reply("#take", to=pair.theirs.bob.received()[-1])
    pair.theirs.bob.reply("Which floor is it on?", to=pair.theirs.bob.received()[-1])
    pair.theirs.bob.reply("#internal\nThey never pay.", to=pair.theirs.bob.received()[-1])
    pair.carry()
    ours = pair.ours.ticket()
    assert words(ours)[-1] == ("Northwind IT", False, "Which floor is it on?")
    assert ours["status"] == "Feedback Received"
    assert ours["shared"]["status"] == "Assigned"
    told = [parse(octets) for octets in pair.between(OURS)]
    assert f"[{theirs['number']} / {ours['number']}]" in str(told[-1]["Subject"])
    assert told[-1]["Maild-Ticket"] == f"{theirs['number']}; yours={ours['number']}"

    pair.ours.bob.reply("#partner\n\nThe second one.", to=pair.ours.bob.received()[-1])
    pair.ours.bob.reply("#question\n\nWhen do you come?", to=pair.ours.bob.received()[-1])
    pair.ours.bob.reply("#internal\nThey are slow.", to=pair.ours.bob.received()[-1])
    pair.carry()
    theirs = pair.theirs.ticket()
    assert [note[2] for note in words(theirs)] == [
        "Is it the fuse?",
        "Which floor is it on?",
        "They never pay.",
        "The second one.",
        "When do you come?",
    ]
    assert templates(pair.theirs, "bob@example.com")[-1] == "shared-question"

    pair.theirs.bob.reply("#mydone\n\nA new fuse is in.", to=pair.theirs.bob.received()[-1])
    pair.carry()
    ours, theirs = pair.ours.ticket(), pair.theirs.ticket()
    assert words(ours)[-1] == ("Northwind IT", False, "A new fuse is in.")
    assert (ours["status"], theirs["status"]) == ("Waiting Internal Review", "Feedback Received")
    assert templates(pair.ours, "bob@example.com")[-1] == "shared-complete"
    assert ours["shared"]["completed"] and theirs["shared"]["done"]

    pair.ours.bob.reply("", subject=f"Re: [{ours['number']}] Printer is on fire is complete")
    pair.carry()
    ours, theirs = pair.ours.ticket(), pair.theirs.ticket()
    assert (ours["status"], theirs["status"]) == ("Complete", "Waiting Internal Review")
    pair.theirs.bob.reply("#complete", to=pair.theirs.bob.received()[-1])
    assert pair.carry() == 0  # that their work is complete they have said
    assert pair.ours.ticket()["status"] == "Complete"
    assert pair.theirs.ticket()["status"] == "Complete"


def test_p8_the_customer_of_a_desk_reads_no_word_of_the_other(pair: Pair) -> None:
    pair.share("She is a VIP.")
    pair.theirs.bob.reply("#take", to=pair.theirs.bob.received()[-1])
    pair.theirs.bob.reply("Is SHE the one who shouts?", to=pair.theirs.bob.received()[-1])
    pair.carry()
    pair.ours.bob.reply("#reply\nWe are on it.", to=pair.ours.bob.received()[-1])
    pair.ours.ann.reply("Thank you, when?")
    pair.ours.bob.reply("Tomorrow.", to=pair.ours.bob.received()[-1])
    read = "\n".join(plain_text(mail) for mail in pair.ours.ann.received())
    assert "Tomorrow." in read
    assert "VIP" not in read
    assert "shouts" not in read
    assert "Northwind" not in read
    pair.carry()
    assert "Tomorrow." not in str(words(pair.theirs.ticket()))  # it was for Ann


def templates(desk: Desk, address: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == address]


# ---- what nothing proves, and what relays make of a mail

EVENT = Event(
    sender=OURS,
    to=THEIRS,
    id="a" * 64,
    n=90,
    ticket="T20261123.0001",
    yours="T20261123.0001",
    says="done",
    by="Bob Tech",
    title="Printer is on fire",
    status="Assigned",
    words="We are done, close it.",
)


def mail_of(event: Event, *secrets: str, sender: str = OURS, **headers: str) -> bytes:
    """A mail that carries this, signed by these secrets."""
    octets = written(event)
    return carrying(octets, signatures(octets, [one.encode() for one in secrets]), sender, headers)


def carrying(octets: bytes, signed: list[str], sender: str, headers: dict[str, str]) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = f"Example <{sender}>", THEIRS
    message["Subject"] = f"Re: [{event_number(octets)}] Printer is on fire"
    message["Message-ID"] = make_msgid(domain="example.com")
    if signed:
        message["Maild-Signature"] = ", ".join(f"v1={one}" for one in signed)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Bob Tech of Example writes: close it.")
    kind, _, subtype = TYPE.partition("/")
    message.add_attachment(octets, maintype=kind, subtype=subtype, filename=NAME)
    return message.as_bytes()


def event_number(octets: bytes) -> str:
    found = re.search(rb'"yours": "([^"]*)"', octets)
    return found[1].decode() if found else ""


def altered(event: Event, before: bytes, after: bytes) -> bytes:
    """Signed, and changed afterwards."""
    octets = written(event)
    assert before in octets
    changed = octets.replace(before, after)
    return carrying(changed, signatures(octets, [SECRET.encode()]), OURS, {})


OTHER = "ffffffffffffffffffffffffffffffff"
OF_C = "cccccccccccccccccccccccccccccccc"
C = "help@c.example"
FORGED: dict[str, Callable[[Event], bytes]] = {
    "no signature": lambda e: mail_of(e),
    "another's secret": lambda e: mail_of(e, OTHER),
    "words altered": lambda e: altered(e, b"close it", b"sell it "),
    "event altered": lambda e: altered(replace(e, says="note"), b'"note"', b'"done"'),
    "ticket altered": lambda e: altered(replace(e, yours="T20261123.0099"), b".0099", b".0001"),
    "for another desk": lambda e: mail_of(replace(e, to="help@other.example"), SECRET),
    "of another desk": lambda e: mail_of(replace(e, sender="help@other.example"), SECRET),
    "in the name of another partner": lambda e: mail_of(replace(e, sender=C), SECRET, sender=C),
    "another partner in ours": lambda e: mail_of(e, OF_C, sender=C),
    "from a stranger": lambda e: mail_of(e, OTHER, sender="eve@evil.example"),
    "no JSON": lambda e: carrying(b"[", signatures(b"[", [SECRET.encode()]), OURS, {}),
    "a list": lambda e: carrying(b"[1]", signatures(b"[1]", [SECRET.encode()]), OURS, {}),
    "nested": lambda e: carrying(
        b"[" * 90_000, signatures(b"[" * 90_000, [SECRET.encode()]), OURS, {}
    ),
    "an automatic one": lambda e: mail_of(e, OTHER, Auto_Submitted="auto-generated"),
    "another version": lambda e: carrying(
        written(e).replace(b'"maild": 1', b'"maild": 9'),
        signatures(written(e).replace(b'"maild": 1', b'"maild": 9'), [SECRET.encode()]),
        OURS,
        {},
    ),
}


def test_p8_what_the_secret_does_not_prove_changes_nothing(make_desk: Callable[..., Desk]) -> None:
    theirs = make_desk(
        name="Northwind IT",
        address=THEIRS,
        more=partner("Example", OURS) + partner("Third", C, OF_C),
    )
    theirs.put(mail_of(replace(EVENT, id="1", n=1, yours=None, says="share"), SECRET))
    number = theirs.ticket()["number"]
    before = theirs.ticket(number)
    assert before["shared"]["reference"] == EVENT.ticket
    for name, make in FORGED.items():
        came = len(theirs.messages())
        theirs.put(make(replace(EVENT, id=name)))
        assert len(theirs.messages()) == came + 1
        ticket = theirs.ticket(number)
        assert words(ticket) == words(before), name
        assert (ticket["status"], ticket["shared"]) == (before["status"], before["shared"]), name
    assert theirs.messages()[-1].state == "processed"
    assert not theirs.servers.smtp.to(C)
    assert len(theirs.servers.smtp.to(OURS)) == 1  # that it is open; nothing was acknowledged
    with theirs.store.look() as unit:
        alerts = [alert.text for alert in asking.alerts.every(unit)]
    assert any("partner Example was not believed" in text for text in alerts)
    titles = [ticket["title"] for ticket in theirs.tickets()]
    assert titles.count("Printer is on fire") > 1  # the words are there, on tickets of their own
    theirs.put(mail_of(EVENT, SECRET))  # the genuine one beside them
    ticket = theirs.ticket(number)
    assert ticket["status"] == "Waiting Internal Review"
    assert words(ticket)[-1] == ("Example", True, "We are done, close it.")


def relayed(change: Callable[[EmailMessage], object]) -> Callable[[bytes], bytes]:
    """A relay that changes the mail as a program reads it."""

    def through(octets: bytes) -> bytes:
        message = email.message_from_bytes(octets, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        change(message)
        return message.as_bytes(policy=email.policy.SMTP)

    return through


def header(message: EmailMessage, name: str, value: str) -> None:
    del message[name]
    message[name] = value


def rewritten(message: EmailMessage, text: str, cte: str) -> None:
    body = message.get_body(("plain",))
    assert body is not None
    body.set_content(text.format(str(body.get_content())), cte=cte)


def only_text(message: EmailMessage) -> None:
    """The HTML is taken away."""
    alternative = next(message.iter_parts())
    alternative.set_payload([next(alternative.iter_parts())])


def renamed_type(message: EmailMessage) -> None:
    part = list(message.iter_parts())[-1]
    part.set_type("application/octet-stream")


def without_part(message: EmailMessage) -> None:
    parts: list[Message | str] = [*message.iter_parts()]
    message.set_payload(parts[:-1])


def wrapped(octets: bytes) -> bytes:
    """A list's software puts the whole into another part, its footer beside it."""
    head, _, body = octets.partition(b"\r\n\r\n")
    kind = re.search(rb'Content-Type: multipart/mixed;\s+boundary="[^"]+"', head)
    assert kind is not None
    inner = kind[0].strip() + b"\r\n\r\n" + body
    outer = head.replace(kind[0].strip(), b'Content-Type: multipart/mixed; boundary="LIST"')
    return (
        outer + b"\r\n\r\n--LIST\r\n" + inner + b"\r\n--LIST\r\nContent-Type: text/plain\r\n\r\n"
        b"_______\r\nYou are on this list.\r\n--LIST--\r\n"
    )


RELAYS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda octets: octets,
    "a prefix": relayed(lambda m: header(m, "Subject", f"[EXTERNAL] {m['Subject']}")),
    "no subject": relayed(lambda m: header(m, "Subject", "")),
    "another id": relayed(lambda m: header(m, "Message-ID", "<0100-x@eu-west-1.amazonses.com>")),
    "another sender": relayed(lambda m: header(m, "From", "Example via list <list@l.example>")),
    "a footer in base64": relayed(lambda m: rewritten(m, "{}\n--\nConfidential!", "base64")),
    "a banner above": relayed(lambda m: rewritten(m, "CAUTION: external!\n\n{}", "8bit")),
    "no HTML": relayed(only_text),
    "another type": relayed(renamed_type),
    "folded": lambda octets: re.sub(rb"Maild-Signature: v1=", b"Maild-Signature:\r\n\tv1=", octets),
    "lower case": lambda octets: octets.replace(b"Maild-Signature", b"maild-signature"),
    "bare line feeds": lambda octets: octets.replace(b"\r\n", b"\n"),
    "a list": wrapped,
    "traces": lambda octets: b"Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0000\r\n" + octets,
    "marked automatic": lambda octets: b"Auto-Submitted: auto-generated\r\n" + octets,
    "a clock that is wrong": relayed(lambda m: header(m, "Date", "Thu, 1 Jan 1998 00:00:00 +0000")),
}


def test_p8_relays_may_rewrite_what_is_not_signed(pair: Pair) -> None:
    pair.share()
    before = len(pair.theirs.tickets())
    for name, relay in RELAYS.items():
        pair.through = relay
        pair.ours.bob.reply(f"#partner\n\nIt came by {name}.", to=pair.ours.bob.received()[-1])
        assert pair.carry() == 1, name
        assert words(pair.theirs.ticket())[-1] == ("Example", True, f"It came by {name}."), name
    assert len(pair.theirs.tickets()) == before


def test_p8_a_relay_that_takes_the_part_away_leaves_words_and_no_deed(pair: Pair) -> None:
    pair.share()
    pair.theirs.bob.reply("#take", to=pair.theirs.bob.received()[-1])
    pair.theirs.bob.reply("Which floor?", to=pair.theirs.bob.received()[-1])
    pair.carry()  # from now on each answers mail of the other
    status = pair.theirs.ticket()["status"]
    pair.through = relayed(without_part)
    pair.ours.bob.reply("#mydone\n\nIt is over.", to=pair.ours.bob.received()[-1])
    pair.carry()
    ticket = pair.theirs.ticket()
    (note,) = [note for note in ticket["notes"] if "It is over" in note["text"]]
    assert (note["public"], note["title"]) == (False, f"Not proven: {OURS}")
    assert (ticket["status"], ticket["shared"]["completed"]) == (status, None)
    assert "It is over." in plain_text(pair.theirs.bob.received()[-1])


def test_p8_what_people_answer_by_hand_is_kept_for_technicians(pair: Pair) -> None:
    pair.share()
    heard = pair.theirs.writer("Eve", "eve@northwind.example")
    sent = parse(pair.between(THEIRS)[0])
    for who, subject in (
        (pair.ours.writer("Eve", "eve@northwind.example"), None),
        (pair.ours.writer("Northwind IT", THEIRS), None),
        (pair.ours.writer("Eve", "eve@northwind.example"), "Re: Printer is on fire is resolved"),
    ):
        who.reply("#resolve\n\nThe customer is wrong.", to=sent, subject=subject)
        ticket = pair.ours.ticket()
        assert len(pair.ours.tickets()) == 1
        assert (ticket["notes"][-1]["public"], ticket["status"]) == (False, "Assigned")
        assert "The customer is wrong." in plain_text(pair.ours.bob.received()[-1])
    pair.ours.bob.reply("#reply\nWe are on it.", to=pair.ours.bob.received()[-1])
    assert "wrong" not in str([plain_text(mail) for mail in pair.ours.ann.received()])
    heard.mail(f"[{pair.theirs.ticket()['number']}] Printer", "Who are you?")  # a number alone
    assert "Who are you?" not in str(words(pair.theirs.ticket("T20261123.0001")))


def test_p8_a_title_of_a_partner_commands_nothing(make_desk: Callable[..., Desk]) -> None:
    theirs = make_desk(name="Northwind IT", address=THEIRS, more=partner("Example", OURS))
    title = "The cable is resolved"
    event = replace(EVENT, id="1", yours=None, says="share", title=title, words="#resolve\nHelp.")
    theirs.put(mail_of(event, SECRET))
    assert theirs.ticket()["status"] == "New"
    theirs.bob.reply("I look at it.")
    assert theirs.ticket()["status_kind"] != "closed"


@pytest.mark.parametrize("profile", ["atera", "ggit", "runbook"])
def test_p8_desks_of_other_profiles_share_too(make_desk: Callable[..., Desk], profile: str) -> None:
    pair = Pair(
        make_desk(profile=profile, more=partner("Northwind IT", THEIRS)),
        make_desk(
            profile=profile, name="Northwind IT", address=THEIRS, more=partner("Example", OURS)
        ),
    )
    pair.share()
    there = pair.theirs.bob.received()[-1]
    assert "Please have a look at its fuse." in plain_text(there)
    pair.theirs.bob.reply("#take\n#time 15m remote\n\nWhich floor?", to=there)
    pair.carry()
    assert "Which floor?" in plain_text(pair.ours.bob.received()[-1])
    pair.theirs.bob.reply("#mydone\n\nA new fuse is in.", to=there)
    pair.carry()
    assert templates(pair.ours, "bob@example.com")[-1] == "shared-complete"
    assert pair.ours.ticket()["status_kind"] != "closed"
    for desk in (pair.ours, pair.theirs):
        failed = [e["detail"] for e in desk.ticket()["events"] if e["event"] == "rule failed"]
        assert failed == []


def test_p8_a_merged_ticket_is_still_shared(pair: Pair) -> None:
    pair.share()
    pair.ours.ann.mail("Smoke", "It smokes.")
    into = pair.ours.ticket()["number"]
    pair.ours.bob.reply(f"#merge {into}", to=pair.ours.bob.received()[-2])
    number = pair.theirs.ticket()["number"]
    pair.theirs.bob.reply("Which floor?", to=pair.theirs.bob.received()[-1])
    pair.carry()
    assert words(pair.ours.ticket(into))[-1][2] == "Which floor?"
    pair.ours.bob.reply("#partner The second one.", to=pair.ours.bob.received()[-1])
    pair.carry()
    theirs = pair.theirs.ticket(number)
    assert words(theirs)[-1][2] == "The second one."
    assert theirs["shared"]["reference"] == into


def test_p8_what_was_said_once_is_done_once(pair: Pair) -> None:
    pair.share()
    pair.ours.bob.reply("#partner\n\nHello.", to=pair.ours.bob.received()[-1])
    pair.carry()
    pair.theirs.ann.mail("Scanner", "It is cold.")
    other = pair.theirs.ticket()["number"]
    before = words(pair.theirs.ticket("T20261123.0001"))
    for change in (
        lambda octets: octets,
        relayed(lambda m: header(m, "Message-ID", "<again@example.com>")),
        relayed(lambda m: header(m, "Subject", f"Re: [{other}] Scanner")),
        relayed(lambda m: header(m, "From", "Ann <ann@acme.example>")),
    ):
        for octets in pair.between(THEIRS):
            pair.theirs.put(change(octets))
    assert words(pair.theirs.ticket("T20261123.0001")) == before
    assert len(words(pair.theirs.ticket(other))) == 1
    assert len(pair.theirs.tickets()) == 2


def test_p8_the_mail_of_two_desks_comes_in_any_order(pair: Pair) -> None:
    pair.ours.ann.mail("Printer is on fire", "It burns.")
    pair.ours.bob.reply("#share Northwind\n\nPlease help.")
    pair.ours.bob.reply("#question\n\nWhen?", to=pair.ours.bob.received()[-1])
    first, second = pair.between(THEIRS)
    pair.theirs.put(second)
    pair.theirs.put(first)
    assert [note[2] for note in words(pair.theirs.ticket())] == ["When?", "Please help."]
    assert len(pair.theirs.tickets()) == 1


def test_p8_a_partner_reaches_no_ticket_but_those_it_shares(make_desk: Callable[..., Desk]) -> None:
    theirs = make_desk(
        name="Northwind IT",
        address=THEIRS,
        more=partner("Example", OURS) + partner("Third", C, OF_C),
    )
    theirs.ann.mail("Printer is on fire", "It burns.")  # T20261123.0001, shared with nobody
    theirs.put(mail_of(replace(EVENT, id="1", ticket="A.1", yours=None, says="share"), SECRET))
    before = [theirs.ticket(f"T20261123.000{n}") for n in (1, 2)]
    of_c = replace(EVENT, sender=C, ticket="A.1")
    for n, yours in enumerate(("T20261123.0001", "T20261123.0002", "T20261123.0099", None)):
        for says in ("note", "done", "question", "ended", "opened", "delete", "share"):
            event = replace(of_c, id=f"{n}{says}", yours=yours, says=says, n=n + 1)
            theirs.put(mail_of(event, OF_C, sender=C))
    theirs.put(mail_of(replace(EVENT, id="2"), SECRET))  # the first partner, of Ann's ticket
    for ticket in before:
        now = theirs.ticket(ticket["number"])
        assert (words(now), now["status"]) == (words(ticket), ticket["status"])
        assert now["shared"] == ticket["shared"]
    assert theirs.ann.received() and len(theirs.ann.received()) == 1


def test_p8_taking_it_back_and_deleting_is_told_and_theirs_stays(pair: Pair) -> None:
    pair.share()
    pair.ours.bob.reply("#undo", to=pair.ours.bob.received()[-1])
    pair.carry()
    theirs = pair.theirs.ticket()
    assert words(theirs)[-1][2] == "T20261123.0001 is not shared any more on our side."
    assert theirs["status_kind"] != "closed"
    pair.ours.bob.reply("#share Northwind\n\nAfter all.", to=pair.ours.bob.received()[0])
    pair.carry()
    theirs = pair.theirs.ticket()
    assert words(theirs)[-1][2] == "After all."
    assert len(pair.theirs.tickets()) == 1  # it has one beside ours already
    pair.theirs.bob.reply("#delete", to=pair.theirs.bob.received()[-1])
    pair.carry()
    assert "is not shared any more" in words(pair.ours.ticket())[-1][2]


ROTATION = [  # secrets of ours, of theirs; each step is made by one of them
    (SECRET, SECRET),
    (SECRET, f'{OTHER}"\nformer_secret = "{SECRET}'),
    (f'{OTHER}"\nformer_secret = "{SECRET}', f'{OTHER}"\nformer_secret = "{SECRET}'),
    (OTHER, f'{OTHER}"\nformer_secret = "{SECRET}'),
    (OTHER, OTHER),
]


@pytest.mark.parametrize(("ours", "theirs"), ROTATION)
def test_p8_a_secret_is_changed_while_mail_goes_both_ways(
    make_desk: Callable[..., Desk], ours: str, theirs: str
) -> None:
    pair = Pair(
        make_desk(more=partner("Northwind IT", THEIRS, ours)),
        make_desk(name="Northwind IT", address=THEIRS, more=partner("Example", OURS, theirs)),
    )
    pair.share()
    assert pair.ours.ticket()["shared"]["reference"] == pair.theirs.ticket()["number"]


def test_p8_two_desks_that_answer_each_other_are_stopped_by_the_caps(
    make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    folder = tmp_path / "echo"
    folder.mkdir()
    (folder / "profile.yaml").write_text("name: echo\nextends: next7\n")
    (folder / "rules.yaml").write_text(ECHO)
    pair = Pair(
        make_desk(profile=str(folder), more=partner("Northwind IT", THEIRS)),
        make_desk(
            profile=str(folder), name="Northwind IT", address=THEIRS, more=partner("Example", OURS)
        ),
    )
    pair.share()  # which ends
    assert 10 <= len(pair.between(THEIRS)) <= 12
    held = [item for item in pair.ours.outbox() if item.state == "held" and item.address == THEIRS]
    assert len(held) <= 1
    with pair.theirs.store.look() as unit:
        alerts = [alert.key for alert in asking.alerts.every(unit)]
    assert "flood" in alerts
    pair.ours.bob.reply("#partner\n\nSorry for the noise.", to=pair.ours.bob.received()[-1])
    pair.carry()
    assert "Sorry for the noise." in str(words(pair.theirs.ticket()))  # people's words still cross


ECHO = """
- rule: What a partner says is said again
  why: Two desks that do so never stop.
  when: note added
  if: {note.by_kind: partner}
  then:
    - tell partner: note
"""
