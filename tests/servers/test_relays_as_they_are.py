"""Relays as they are: what is wrong with us holds the queue, what is wrong with one recipient or
one mail fails that one (H75 to H77, H97, H98, H103)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from maild.config import SmtpSection
from maild.desk.alerts import raise_alert
from maild.desk.notify import notify
from maild.errors import Temporary, Unavailable
from maild.model import SendState
from maild.outbox import deliver, rows
from maild.outbox.answers import Answer, given_id, judge
from maild.outbox.claims import MARGIN, Claims, Others
from maild.outbox.deliver import Deliverer, probe
from maild.outbox.journal import Journal
from maild.outbox.relay import NO_SUCH, Connection
from maild.parse.attachments import attachment_bytes
from maild.parse.parser import parse
from maild.relay_ids import as_kept, as_readers_know_it
from maild.rules.clocks import Clocks
from maild.rules.engine import Rules
from maild.store import records
from maild.store.records import Alert, Delivery, OutboxItem
from tests.looking import every
from tests.office import Office, a_note, the_ticket
from tests.servers.rude_smtp import CUT, HANG, TAKE_AND_CUT, RudeSmtp, Taken
from tests.waiting import WAIT_SECONDS, until

PEOPLE = ("ann@acme.example", "bob@globex.example", "cem@initech.example")
ANN, BOB, CEM = PEOPLE


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one by one", "pipelining"])
def relay(request: pytest.FixtureRequest) -> Iterator[RudeSmtp]:
    with RudeSmtp(("SMTPUTF8", "8BITMIME", *request.param)) as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, relay: RudeSmtp) -> Office:
    return Office(tmp_path, smtp=smtp(relay))


def smtp(relay: RudeSmtp, **more: Any) -> dict[str, Any]:
    return {"port": relay.port, "timeout_seconds": 2, "connections": 1, **more}


def tell(office: Office, *addresses: str, cause: str = "message:1") -> None:
    """One acknowledgement each, in this order."""
    number = office.ticket()
    for index, address in enumerate(addresses):
        with office.desk(f"{cause}:{index}") as desk:
            notify(desk, the_ticket(desk, number), "acknowledgement", [address])


def states(office: Office) -> list[str]:
    return [item.state for item in office.items()]


def attempts(office: Office) -> list[int]:
    return [item.attempts for item in office.items()]


def standing(office: Office) -> dict[str, str]:
    """The alerts that stand, by their keys."""
    return {a.key: a.text for a in every(office.store, Alert, cleared=None)}


# ---- what an answer is about


@pytest.mark.parametrize(
    ("stage", "code", "text", "outcome"),
    [
        # us
        ("mail", 530, "5.7.0 Authentication required", "ours"),
        (
            "mail",
            550,
            "5.7.60 SMTP; Client does not have permissions to send as this sender",
            "ours",
        ),
        ("mail", 553, "5.1.8 sender address rejected: domain not found", "ours"),
        ("mail", 451, "4.3.0 try later", "ours"),
        ("rcpt", 530, "5.7.57 Client not authenticated to send mail", "ours"),
        ("rcpt", 504, "5.5.2 <desk>: Helo command rejected: need fully-qualified hostname", "ours"),
        (
            "rcpt",
            553,
            "5.7.1 <s@x.example>: Sender address rejected: not owned by user bob",
            "ours",
        ),
        ("data", 554, "5.2.252 SendAsDenied; support@example.com not allowed to send as x", "ours"),
        ("data", 535, "5.7.8 Authentication failed", "ours"),
        # perhaps us
        ("rcpt", 554, "5.7.1 <a@b.example>: Relay access denied", "doubtful"),
        ("rcpt", 550, "relay not permitted", "doubtful"),
        ("rcpt", 550, "5.4.5 Daily user sending limit exceeded", "doubtful"),
        ("data", 554, "5.7.1 Message rejected due to content restrictions", "doubtful"),
        ("data", 550, "5.7.708 Access denied, traffic not accepted from this IP", "doubtful"),
        ("rcpt", 550, "Your account has been suspended", "doubtful"),
        ("rcpt", 554, "Blocked by our block list", "doubtful"),
        # the recipient
        ("rcpt", 550, "5.1.1 no such user", "failed"),
        ("rcpt", 550, "User unknown", "failed"),
        ("rcpt", 550, "No such user here", "failed"),
        ("rcpt", 550, "5.4.1 Recipient address rejected: Access denied", "failed"),
        ("rcpt", 551, "User not local", "failed"),
        ("rcpt", 553, "5.1.3 bad address", "failed"),
        ("rcpt", 552, "5.2.2 mailbox full", "failed"),
        ("rcpt", 550, "5.2.1 The account is disabled", "failed"),
        ("data", 550, "no", "failed"),
        ("rcpt", 450, "4.2.0 Greylisted, try again in 5 minutes", "later"),
        ("rcpt", 452, "4.2.2 The account is over quota", "later"),
        ("data", 451, "4.7.1 later", "later"),
        # the mail
        ("mail", 552, "5.3.4 Message size exceeds fixed limit", "too large"),
        ("data", 552, "message too large", "too large"),
        ("data", 554, "5.3.4 message size exceeds limit", "too large"),
        ("mail", 523, "the mail is too large", "too large"),
        # nobody
        ("mail", 421, "4.7.0 Too many connections", "dropped"),
        ("rcpt", 421, "shutting down", "dropped"),
        ("data", 452, "4.3.1 Insufficient system storage", "dropped"),
        ("rcpt", 452, "too many recipients", "dropped"),
    ],
)
def test_what_an_answer_is_about(stage: Any, code: int, text: str, outcome: str) -> None:
    assert judge(stage, code, text) == outcome


# ---- what is wrong with us

OURS = [
    ("GREETING", ["554 5.7.1 You are not welcome"]),
    ("GREETING", ["421 4.3.2 Service not available"]),
    ("GREETING", ["530 5.7.0 Must issue STARTTLS first"]),
    ("EHLO", ["550 5.7.1 your host name is not allowed"]),
    ("EHLO", ["504 5.5.2 need fully-qualified hostname"]),
    ("MAIL", ["530 5.7.0 Authentication required"]),
    ("MAIL", ["535 5.7.8 Not logged in"]),
    ("MAIL", ["550 5.7.60 Client does not have permissions to send as this sender"]),
    ("MAIL", ["553 5.7.1 Sender address rejected: not owned by user"]),
    ("MAIL", ["550 5.4.5 Daily sending quota exceeded"]),
    ("MAIL", ["451 4.3.2 Please try again later"]),
    ("RCPT", ["530 5.7.57 Client was not authenticated"]),
    ("RCPT", ["504 5.5.2 <desk>: Helo command rejected: need fully-qualified hostname"]),
    ("RCPT", ["550 5.7.1 not permitted to send as support@example.com"]),
    ("DATA", ["530 5.7.0 Authentication required"]),
    ("DOT", ["550 5.7.60 SendAsDenied; not allowed to send as"]),
    ("RCPT", ["554 5.7.1 Relay access denied"]),
    ("RCPT", ["550 5.4.5 Daily user sending limit exceeded"]),
    ("DOT", ["550 5.7.1 Our system has detected that your account was suspended"]),
]


@pytest.mark.parametrize(("command", "answers"), OURS)
def test_h103_what_is_wrong_with_us_holds_the_queue_and_fails_no_mail(
    office: Office, relay: RudeSmtp, command: str, answers: list[str]
) -> None:
    relay.always[command] = lambda argument: answers[0]
    if command == "EHLO":
        relay.always["HELO"] = relay.always["EHLO"]
    tell(office, *PEOPLE)
    for _ in range(3):
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
        office.later(minutes=2)
    assert states(office) == ["waiting"] * 3
    assert attempts(office) == [0] * 3
    alerts = standing(office)
    assert list(alerts) == ["smtp"]
    words = answers[0].partition(" ")[2]
    assert words.removeprefix("<desk>: ").rstrip(".") in alerts["smtp"]
    assert "password" not in alerts["smtp"] or "uthenticat" in words
    relay.always.clear()
    office.later(minutes=2)
    assert office.deliver()["sent"] == 3
    assert standing(office) == {}
    assert [len(relay.to(address)) for address in PEOPLE] == [1, 1, 1]


def test_h103_for_weeks_nothing_fails_while_the_relay_refuses_us(
    office: Office, relay: RudeSmtp
) -> None:
    relay.always["RCPT"] = lambda address: "550 5.4.5 Daily user sending limit exceeded"
    tell(office, *PEOPLE)
    for _ in range(20):
        office.deliver()
        office.later(days=1)
    relay.always.clear()
    assert office.deliver() == {"sent": 3, "failed": 0, "later": 0}


# ---- what is wrong with one of them


@pytest.mark.parametrize(
    "answer",
    ["554 5.7.1 Relay access denied", "550 5.7.1 rejected by policy", "550 quota exceeded"],
)
@pytest.mark.parametrize("command", ["RCPT", "DOT"])
@pytest.mark.parametrize("who", PEOPLE)
def test_a_refusal_that_one_alone_gets_is_his(
    office: Office, relay: RudeSmtp, answer: str, command: str, who: str
) -> None:
    relay.always[command] = lambda address: answer if address == who else None
    tell(office, *PEOPLE)
    assert office.deliver()["sent"] == 2
    tell(office, "dora@acme.example", cause="message:2")
    for _ in range(2):
        office.later(minutes=3)
        office.deliver()
    assert [i.state for i in office.items() if i.address == who] == ["failed"]
    assert len(relay.received) == 3
    assert set(standing(office)) == {f"undelivered:{who}"}


@pytest.mark.parametrize(
    "answer", ["550 5.1.1 no such user", "550 User unknown", "552 5.2.2 mailbox full"]
)
def test_a_clear_refusal_of_a_recipient_fails_at_once(
    office: Office, relay: RudeSmtp, answer: str
) -> None:
    relay.always["RCPT"] = lambda address: answer if address == BOB else None
    tell(office, *PEOPLE)
    assert office.deliver() == {"sent": 2, "failed": 1, "later": 0}


def test_a_mail_that_is_refused_again_and_again_has_failed_though_nothing_else_is_sent(
    office: Office, relay: RudeSmtp
) -> None:
    relay.always["DOT"] = lambda address: "554 5.7.1 Message rejected as spam"
    tell(office, ANN)
    assert [sum(office.deliver().values()) for _ in range(2)] == [1, 0]
    for _ in range(3):
        office.later(hours=1)
        office.deliver()
    assert states(office) == ["failed"]


def test_two_bad_recipients_at_one_domain_are_theirs(office: Office, relay: RudeSmtp) -> None:
    relay.always["RCPT"] = lambda a: "550 5.7.1 denied" if a.endswith("acme.example") else None
    tell(office, ANN, "dora@acme.example", BOB)
    office.deliver()
    office.later(minutes=3)
    office.deliver()
    assert sorted(states(office)) == ["failed", "failed", "sent"]
    assert "smtp" not in standing(office)


def test_a_desk_with_one_domain_hears_of_a_relay_that_takes_nothing(
    office: Office, relay: RudeSmtp
) -> None:
    relay.always["RCPT"] = lambda address: "550 5.4.5 Daily user sending limit exceeded"
    tell(office, *(f"person{i}@acme.example" for i in range(6)))
    assert office.deliver()["later"] == 6
    assert "Daily user sending limit" in standing(office)["smtp"]
    assert set(states(office)) == {"waiting"}


# ---- 421 and 452


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("answer", ["421 4.7.0 Too many messages", "452 4.3.1 No space", CUT])
def test_a_connection_that_ends_in_the_middle_burns_no_attempt(
    office: Office, relay: RudeSmtp, command: str, answer: str
) -> None:
    relay.script[command] = [answer]
    tell(office, *PEOPLE)
    if (command, answer) == ("DOT", CUT):  # that one may have been taken
        assert office.deliver() == {"sent": 2, "failed": 0, "later": 1}
        return
    assert office.deliver() == {"sent": 3, "failed": 0, "later": 0}
    assert attempts(office) == [1, 1, 1]
    assert relay.connections == 2
    assert [len(relay.to(address)) for address in PEOPLE] == [1, 1, 1]
    assert standing(office) == {}


@pytest.mark.parametrize("answer", ["421 4.7.0 Try again later", "452 4.3.1 No space", CUT])
def test_a_relay_that_ends_every_connection_holds_the_queue(
    office: Office, relay: RudeSmtp, answer: str
) -> None:
    relay.always["MAIL"] = lambda argument: answer
    tell(office, *PEOPLE)
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
    assert relay.connections <= 5
    assert set(standing(office)) == {"smtp"}
    assert attempts(office) == [0, 0, 0]
    relay.always.clear()
    office.later(minutes=2)
    assert office.deliver()["sent"] == 3
    assert standing(office) == {}


def test_one_mail_that_ends_each_connection_holds_up_no_other(
    office: Office, relay: RudeSmtp
) -> None:
    relay.always["RCPT"] = lambda address: "421 4.3.0 internal error" if address == ANN else None
    tell(office, *PEOPLE)
    assert office.deliver() == {"sent": 2, "failed": 0, "later": 1}
    assert standing(office) == {}
    office.later(days=5)
    assert office.deliver()["failed"] == 1


def test_a_relay_that_closes_idle_connections_is_not_felt(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, wake = threading.Event(), threading.Event()
    daemon = Deliverer(office.store, office.settings, clock=lambda: office.at)
    thread = threading.Thread(target=daemon.run, args=(stop, wake))
    thread.start()
    try:
        for index in range(4):
            tell(office, ANN, cause=f"message:{index}")
            wake.set()
            until(lambda index=index: len(relay.received) == index + 1)  # type: ignore[misc]
            relay.cut()
    finally:
        stop.set()
        wake.set()
        thread.join(WAIT_SECONDS)
    assert attempts(office) == [1] * 4


# ---- one mail


def parsed(mail: Taken) -> Any:
    return message_from_bytes(mail.octets, policy=default)


@pytest.mark.parametrize("address", ["müller@acme.example", "用户@acme.example", "ж@acme.example"])
def test_an_address_beyond_ascii_gets_its_answer(
    office: Office, relay: RudeSmtp, address: str
) -> None:
    tell(office, address, ANN)
    assert office.deliver() == {"sent": 2, "failed": 0, "later": 0}
    [mail] = [mail for mail in relay.received if mail.recipient == address]
    assert "SMTPUTF8" in mail.options
    assert f"<{address}>".encode() in mail.octets
    [other] = relay.to(ANN)
    assert "SMTPUTF8" not in other.options


def test_an_address_beyond_ascii_fails_alone_where_the_relay_cannot(tmp_path: Path) -> None:
    with RudeSmtp(extensions=("8BITMIME",)) as relay:
        office = Office(tmp_path, smtp=smtp(relay))
        tell(office, "müller@acme.example", ANN)
        assert office.deliver() == {"sent": 1, "failed": 1, "later": 0}
        assert "does not offer SMTPUTF8" in standing(office)["undelivered:müller@acme.example"]


async def marked() -> None:
    """All goes out."""


def handed_over(relay: RudeSmtp, sender: str, recipient: str, mail: bytes) -> tuple[Any, int]:
    """What became of a mail, and of a good one on the same connection after it; how many
    connections that took."""

    async def go() -> tuple[Any, int]:
        connection = Connection(SmtpSection(**{"host": "127.0.0.1", "tls": "none", **smtp(relay)}))
        await connection.open()
        answer = await connection.send(sender, recipient, mail, marked)
        assert (await connection.send(ANN, ANN, b"Subject: x\r\n\r\nx\r\n", marked)).code == 250
        await connection.close()
        return answer, relay.connections

    return asyncio.run(go())


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nRCPT TO:<evil@b.example", "a@b.example\nDATA", "a@b.example\rDATA",
        "a\x00@b.example", "a\x7f@b.example", "a\x1b[0m@b.example", "a b@c.example",
        "a@b.example SIZE=1", "<a@b.example>", "a@b.example>", "a<@b.example", "a@b@c.example",
        '"a b"@c.example', "a,c@b.example", "a:b@c.example", "a\u2028@b.example",
        "a@\u202eb.example", "a\xa0b@c.example", "a\x85@b.example", "no address", "@b.example",
        "a@", "a" * 500 + "@b.example",
    ],
)  # fmt: skip
def test_h117_an_address_that_is_none_fails_its_mail_and_is_never_said(
    relay: RudeSmtp, address: str
) -> None:
    mail = b"Subject: x\r\n\r\nx\r\n"
    for sender, recipient in ((address, ANN), (ANN, address)):
        answer, connections = handed_over(relay, sender, recipient, mail)
        assert answer.outcome == "failed" and answer.text == NO_SUCH
        assert connections == 1  # the next mail goes out on the same one
        relay.connections = 0
    assert {mail.recipient for mail in relay.received} == {ANN}
    assert not [line for line in relay.said if "evil" in line or address in line]


@pytest.mark.parametrize("sender", ["", "o'neil+x=y@b.example", "a/b@[192.0.2.1]", "ж@b.example"])
def test_an_address_that_only_looks_odd_is_said(relay: RudeSmtp, sender: str) -> None:
    answer, _ = handed_over(relay, sender, ANN, b"Subject: x\r\n\r\nx\r\n")
    assert answer.outcome == "sent"


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\n", b"\n.\r"],
)
def test_h117_no_words_end_a_mail(relay: RudeSmtp, end: bytes) -> None:
    smuggled = b"Subject: x\r\n\r\nx" + end + b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<x@y>\r\n"
    answer, _ = handed_over(relay, ANN, ANN, smuggled)
    assert answer.outcome == "sent" and len(relay.received) == 2
    octets = relay.received[0].octets
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    assert b"MAIL FROM:<evil" in octets


NAMES = ("big.zip", "log.txt", "dump.bin")


def with_files(
    tmp_path: Path,
    relay: RudeSmtp,
    sizes: Sequence[int] = (20_000,),
    language: str = "en",
    **more: Any,
) -> Office:
    """A note of Bob's with files of so many octets, for Ann (or Dora, who reads German)."""
    files = "".join(
        "Content-Type: application/zip\r\nContent-Disposition: attachment; "
        f'filename="{name}"\r\n\r\n{"x" * size}\r\n--b'
        for name, size in zip(NAMES, sizes, strict=False)
    ).replace("--bContent", "--b\r\nContent")
    mail = (
        "From: bob@example.com\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n'
        f"{files}--\r\n"
    ).encode()
    views = [asdict(view) for view in parse(mail).attachments]
    notifications = {"attachment_bytes": 1_000_000}
    office = Office(tmp_path, smtp=smtp(relay, **more), notifications=notifications)
    number = office.ticket()
    with office.desk("message:1", by="bob@example.com", mail="m@example.com") as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "Hello")
        assert desk.stored is not None
        desk.unit.change(note, attachments=views, stored_id=desk.stored.id)
        desk.unit.add(records.Raw(stored_id=desk.stored.id, octets=mail))
        address = "ann@acme.example" if language == "en" else "dora@acme.example"
        notify(desk, ticket, "reply", [office.person(desk.unit, address)], note=note)
    return office


def relay_told(office: Office) -> str:
    """What Bob is told of his files, after the clocks."""
    Clocks(office.store, office.settings, Rules(office.profile.folder)).due(office.at)
    items = every(office.store, OutboxItem, template="files-left-out")
    return str([item.data["files"] for item in items])


@pytest.mark.parametrize("answer", ["552 5.3.4 Message size exceeds limit", "552 too large"])
@pytest.mark.parametrize("command", ["MAIL", "DOT"])
@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Too large to attach; ask us for it: big.zip"), ("de", "Zu groß zum Anhängen")],
)
def test_552_goes_once_more_without_the_files_and_says_so(
    tmp_path: Path, relay: RudeSmtp, answer: str, command: str, language: str, said: str
) -> None:
    relay.script[command] = [answer]
    office = with_files(tmp_path, relay, language=language)
    deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
    assert deliverer.once(office.at)["failed"] == 0
    deliverer.once(office.at)
    [mail] = relay.received
    assert len(mail.octets) < 15_000
    body = parsed(mail).get_body(("plain",)).get_content()
    assert said in body
    assert "Hello" in body
    assert states(office)[0] == "sent"


@pytest.mark.parametrize(
    ("size", "sizes", "goes"),
    [  # what EHLO says, the octets of the files, which of them go
        ("SIZE 60000", [20_000], [0]),
        ("SIZE 60000", [30_000, 30_000], [0]),
        ("SIZE 60000", [90_000, 10_000], [1]),
        ("SIZE 60000", [90_000], []),
        ("SIZE 60000", [10_000, 90_000, 12_000], [0, 2]),
        ("SIZE 0", [90_000], [0]),  # no fixed limit (RFC 1870 §4)
        ("SIZE", [90_000], [0]),
        ("SIZE lots", [90_000], [0]),
        ("8BITMIME", [90_000], [0]),
    ],
)
def test_h113_what_the_relay_announces_bounds_the_files(
    tmp_path: Path, size: str, sizes: list[int], goes: list[int]
) -> None:
    with RudeSmtp(extensions=("8BITMIME", size)) as relay:
        office = with_files(tmp_path, relay, sizes)
        deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
        deliverer.once(office.at)
        deliverer.once(office.at)
        [mail] = relay.to("ann@acme.example")
        files = [part.get_filename() for part in parsed(mail).iter_attachments()]
        assert files == [NAMES[number] for number in goes]
        missing = [NAMES[number] for number in range(len(sizes)) if number not in goes]
        told = relay_told(office)
        assert len(mail.octets) <= 60_000 or size != "SIZE 60000"
        assert sum(line == "DATA" for line in relay.said) == 1
        body = parsed(mail).get_body(("plain",)).get_content()
        assert ("Too large to attach" in body) is bool(missing)
        assert all(name in body.partition("Too large to attach")[2] for name in missing)
        assert [name for name in NAMES if name in told] == missing


def test_a_mail_that_is_too_large_without_files_has_failed(tmp_path: Path) -> None:
    with RudeSmtp(extensions=("SIZE 500",)) as relay:
        office = with_files(tmp_path, relay)
        deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
        for _ in range(4):
            deliverer.once(office.at)
        assert states(office)[0] == "failed"
        assert relay.received == []


def test_552_without_files_has_failed(tmp_path: Path, relay: RudeSmtp) -> None:
    relay.always["DOT"] = lambda address: "552 5.3.4 Message size exceeds limit"
    office = with_files(tmp_path, relay)
    deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
    deliverer.once(office.at)
    deliverer.once(office.at)
    assert states(office) == ["failed"]
    assert sum(line == "DATA" for line in relay.said) == 2


@pytest.mark.parametrize(
    ("setting", "said"), [({"helo": "desk.example.com"}, "desk.example.com"), ({}, None)]
)
def test_helo_is_what_the_admin_says(
    tmp_path: Path, relay: RudeSmtp, setting: dict[str, str], said: str | None
) -> None:
    import socket

    office = Office(tmp_path, smtp=smtp(relay, **setting))
    tell(office, ANN)
    assert office.deliver()["sent"] == 1
    assert relay.received[0].helo == (said or socket.gethostname())


@pytest.mark.parametrize("helo", ["two words", "a\r\nRCPT TO:<x>", "", "größe.example", "a b"])
def test_a_helo_that_is_none_is_refused(tmp_path: Path, relay: RudeSmtp, helo: str) -> None:
    with pytest.raises(ValueError, match="helo"):
        Office(tmp_path, smtp=smtp(relay, helo=helo))


# ---- what nobody knows


@pytest.mark.parametrize("answer", [TAKE_AND_CUT, CUT])
def test_h77_closed_after_data_is_once_more_and_then_unknown(
    office: Office, relay: RudeSmtp, answer: str
) -> None:
    relay.always["DOT"] = lambda address: answer
    tell(office, ANN)
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 1}
    for _ in range(4):
        office.later(hours=5)
        office.deliver()
    assert sum(line == "DATA" for line in relay.said) == 2
    assert states(office) == ["unknown"]
    assert len({mail.octets for mail in relay.received}) <= 1
    text = standing(office)[f"undelivered:{ANN}"]
    assert "has arrived is not known" in text
    assert "maild outbox retry 1" in text


NONSENSE = [
    "OK\r\n",
    "hello there\r\n",
    "354 go on\r\n",
    "199 wait\r\n",
    "999 what\r\n",
    "-1 x\r\n",
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_h77_an_answer_to_the_final_dot_that_is_none_is_one_repeat(
    office: Office, relay: RudeSmtp, answer: str
) -> None:
    relay.always["DOT"] = lambda to: answer
    tell(office, ANN)
    for _ in range(5):
        office.deliver()
        office.later(hours=8)
    assert relay.said.count("DATA") == 2
    assert states(office) == ["unknown"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        *(("MAIL", said) for said in NONSENSE),
        *(("RCPT", said) for said in NONSENSE),
        ("DATA", "250 2.0.0 OK\r\n"),
        ("DATA", "hello there\r\n"),
        ("GREETING", "220 ready\r\n220 ready\r\n"),  # two at once: all that follows is one behind
        ("MAIL", "250 OK\r\n250 OK\r\n"),
        ("RCPT", "250 OK\r\n250 OK\r\n"),
    ],
)
def test_h122_answers_out_of_turn_fail_no_mail_and_hold_the_queue(
    office: Office, relay: RudeSmtp, command: str, answer: str
) -> None:
    relay.always[command] = lambda argument: answer
    tell(office, *PEOPLE)
    for _ in range(3):
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
        office.later(minutes=2)
    assert attempts(office) == [0] * 3
    assert list(standing(office)) == ["smtp"]
    assert relay.received == []
    relay.always.clear()
    assert office.deliver()["sent"] == 3
    assert [len(relay.to(address)) for address in PEOPLE] == [1, 1, 1]


@pytest.mark.parametrize(("command", "answer"), [("MAIL", "251 fine"), ("RCPT", "252 fine")])
def test_any_answer_that_begins_with_2_is_a_yes(
    office: Office, relay: RudeSmtp, command: str, answer: str
) -> None:
    relay.always[command] = lambda argument: answer
    tell(office, ANN)
    assert office.deliver()["sent"] == 1


def test_a_relay_that_can_is_told_the_envelope_in_one_go() -> None:
    """RFC 2920: it answers nothing before it has heard all three."""
    heard: list[bytes] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def after(commands: int, answer: bytes) -> None:
            heard.extend([await reader.readline() for _ in range(commands)])
            writer.write(answer)

        writer.write(b"220 ready\r\n")
        await after(1, b"250-localhost\r\n250 PIPELINING\r\n")
        await after(3, b"250 2.1.0 OK\r\n250 2.1.5 OK\r\n354 go on\r\n")
        await after(2, b"250 2.0.0 OK\r\n")
        await after(1, b"221 2.0.0 bye\r\n")
        writer.close()

    async def send() -> Answer:
        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Connection(SmtpSection(host="127.0.0.1", port=port, tls="none", helo="x"))
        await connection.open()
        answer = await connection.send("", ANN, b"words\r\n", marked)
        await connection.close()
        server.close()
        return answer

    assert asyncio.run(asyncio.wait_for(send(), WAIT_SECONDS)).outcome == "sent"
    told = [
        b"EHLO x",
        b"MAIL FROM:<>",
        f"RCPT TO:<{ANN}>".encode(),
        b"DATA",
        b"words",
        b".",
        b"QUIT",
    ]
    assert heard == [line + b"\r\n" for line in told]


def test_h122_a_second_answer_to_the_final_dot_sends_nothing_twice(
    office: Office, relay: RudeSmtp
) -> None:
    relay.always["DOT"] = lambda to: "250 queued\r\n250 queued\r\n"
    tell(office, *PEOPLE)
    assert office.deliver()["sent"] == 3
    assert [len(relay.to(address)) for address in PEOPLE] == [1, 1, 1]


def test_h77_no_answer_in_time_to_the_final_dot_is_unsure_too(
    tmp_path: Path, relay: RudeSmtp
) -> None:
    relay.script["DOT"] = [HANG]
    office = Office(tmp_path, smtp=smtp(relay, timeout_seconds=1))
    tell(office, ANN)
    assert office.deliver()["later"] == 1
    office.later(minutes=2)
    assert office.deliver()["sent"] == 1
    assert len(relay.to(ANN)) == 1


# ---- the Message-ID that a relay gives

SES = "Ok 0100018c5f2d1234-1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901-000000"


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (SES, SES.removeprefix("Ok ")),
        ("2.0.0 OK", None),
        ("2.0.0 Ok: queued as 4F3A12345", None),
        ("2.6.0 <ours@example.com> [InternalId=1] Queued mail for delivery", None),
        ("2.6.0 <AM9P1@eur.prod.outlook.com> [InternalId=1] Queued", "AM9P1@eur.prod.outlook.com"),
        ("2.0.0 OK  1700000000 a640c23a62f3a-a1b2 - gsmtp", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_the_final_answer_names(answer: str, given: str | None) -> None:
    assert given_id(answer, "ours@example.com") == given


def test_the_relays_own_id_is_kept(office: Office, relay: RudeSmtp) -> None:
    relay.accepted = f"250 {SES}"
    tell(office, ANN)
    assert office.deliver()["sent"] == 1
    assert office.items()[0].relay_id == SES.removeprefix("Ok ")


def test_later_mail_names_the_id_under_which_its_reader_knows_the_first(
    office: Office, relay: RudeSmtp
) -> None:
    relay.accepted = "250 2.6.0 <AM9P1@eur.prod.outlook.com> [InternalId=1] Queued"
    number = office.ticket()
    for count in range(2):
        with office.desk(f"message:{count}") as desk:
            notify(desk, the_ticket(desk, number), "acknowledgement", [ANN])
        assert office.deliver()["sent"] == 1
    first, second = office.items()
    assert second.references[-2:] == ["AM9P1@eur.prod.outlook.com", first.message_id]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "eu-west-1.amazonses.com"),
        ("email-smtp-fips.us-east-1.amazonaws.com", "email.amazonses.com"),
        ("vpce-1a.email-smtp.us-west-2.vpce.amazonaws.com", "us-west-2.amazonses.com"),
        ("smtp.example.com", None),
    ],
)
def test_an_id_that_ses_gave_is_known_by_its_region(host: str, domain: str | None) -> None:
    kept = SES.removeprefix("Ok ")
    whole = f"{kept}@{domain}" if domain else None
    assert as_readers_know_it(kept, host) == whole
    assert as_readers_know_it("AM9P1@eur.prod.outlook.com", host) == "AM9P1@eur.prod.outlook.com"
    assert as_kept(f"{kept}@eu-west-1.amazonses.com") == kept
    for other in (f"{kept}@acme.example", f"{kept}@amazonses.com.acme.example", kept, "@", ""):
        assert as_kept(other) == other


# ---- H97: the mark before the final dot


def key(number: int) -> str:
    return f"{number:064x}"


def test_h97_the_mark_is_on_the_disk_before_the_final_dot(office: Office, relay: RudeSmtp) -> None:
    place = office.settings.path("var") / "sent.journal"
    seen: list[tuple[str, str]] = []
    relay.before_dot = lambda: seen.append((place.read_text(), office.items()[0].key))
    tell(office, ANN)
    assert office.deliver()["sent"] == 1
    [(text, marked)] = seen
    assert text == f"?{marked}\n"
    assert place.read_text() == f"?{marked}\n{marked}\n"


@pytest.mark.parametrize("how", ["about", "sync"])
def test_h97_without_the_mark_nothing_is_sent(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As on a full disk: one notification went out nine times in 70 seconds."""

    def full(self: Journal, *_: Any) -> None:
        raise Temporary("The journal of sent mail cannot be written (No space left on device).")

    tell(office, *PEOPLE)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, how, full)
        if how == "about":
            for _ in range(9):
                assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
                office.later(minutes=2)
            assert "No space left" in standing(office)["smtp"]
        else:
            monkeypatch.setattr(deliver, "RENEW_AGAIN_SECONDS", 0.01)
            daemon = Deliverer(office.store, office.settings)
            daemon._stopping = True
    assert len(relay.received) == 0
    assert office.deliver()["sent"] == 3
    assert standing(office) == {}
    assert len(relay.received) == 3


def test_h97_a_mail_that_was_marked_twice_and_never_answered_is_unknown(
    office: Office, relay: RudeSmtp
) -> None:
    tell(office, ANN, BOB)
    first, second = (item.key for item in office.items())
    journal = Journal(office.settings.path("var") / "sent.journal")
    journal.about([first, second])
    journal.about([first])
    journal.close()
    assert office.deliver() == {"sent": 1, "failed": 1, "later": 0}
    assert states(office) == ["unknown", "sent"]
    assert [mail.recipient for mail in relay.received] == [BOB]


def test_h97_a_mail_that_the_relay_refused_is_marked_as_often_as_it_takes(
    office: Office, relay: RudeSmtp
) -> None:
    relay.script["DOT"] = ["451 4.3.0 later"] * 5
    tell(office, ANN)
    for _ in range(5):
        assert office.deliver()["later"] == 1
        office.later(hours=5)
    assert office.deliver()["sent"] == 1


# ---- H98: claims


def test_h98_a_claim_that_ran_out_is_not_sent(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the connection, and after everything but the final dot."""
    tell(office, *PEOPLE)
    calls: list[int] = []

    def fresh(self: Claims, row_id: int) -> bool:
        calls.append(row_id)
        return row_id != 1 and not (row_id == 2 and calls.count(2) > 1)

    monkeypatch.setattr(Claims, "fresh", fresh)
    assert office.deliver()["sent"] == 1
    assert [mail.recipient for mail in relay.received] == [CEM]
    monkeypatch.undo()
    assert office.deliver()["sent"] == 2
    assert sorted(mail.recipient for mail in relay.received) == sorted(PEOPLE)


def test_h98_claims_end_before_others_may_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = Claims()
    began = time.monotonic()
    claims.take([1, 2], rows_now(), began)
    assert claims.fresh(1)
    monkeypatch.setattr(time, "monotonic", lambda: began + rows.STALE.total_seconds() - 10)
    assert not claims.fresh(1)
    assert 1 in claims
    claims.renew([2, 3], rows_now(), began + 40)
    assert claims.fresh(2)
    assert 3 not in claims


def rows_now() -> Any:
    return datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_h98_renewal_survives_errors_and_tells_what_is_lost(office: Office) -> None:
    tell(office, *PEOPLE)
    now = office.at
    with office.store.unit() as unit:
        claimed = {row.id: now for row in rows.claim(unit, now, 10)}
    later = office.later(seconds=30)
    with office.store.unit() as unit:
        assert rows.renew(unit, claimed, later) == set()
    renewed = dict.fromkeys(claimed, later)
    with office.store.unit() as unit:  # another daemon took the second one over
        second, third = unit.get(OutboxItem, 2), unit.get(OutboxItem, 3)
        unit.change(second, claimed=office.later(seconds=5))
        unit.change(third, state=SendState.SENT)
    with office.store.unit() as unit:
        assert rows.renew(unit, renewed, office.later(seconds=5)) == {2, 3}


def claims_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims that end twenty times sooner, after two seconds, and all that belongs to them."""
    monkeypatch.setattr(rows, "STALE", rows.STALE / 20)
    monkeypatch.setattr("maild.outbox.claims.STALE", rows.STALE)
    monkeypatch.setattr("maild.outbox.claims.MARGIN", MARGIN / 20)
    for name in ("RENEW_SECONDS", "RENEW_AGAIN_SECONDS"):
        monkeypatch.setattr(deliver, name, getattr(deliver, name) / 20)


def test_h98_a_database_that_is_away_for_a_minute_doubles_nothing(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow relay, and in the middle of the batch no renewal gets through."""
    claims_of_seconds(monkeypatch)
    away = threading.Event()
    renew = rows.renew

    def broken(*arguments: Any) -> set[int]:
        if away.is_set():
            raise Temporary("The connection to the database was lost.")
        return renew(*arguments)

    monkeypatch.setattr(rows, "renew", broken)
    people = [f"person{i}@acme.example" for i in range(30)]
    tell(office, *people)
    relay.before_dot = lambda: time.sleep(0.15)
    deliverers = [Deliverer(office.store, office.settings) for _ in range(2)]
    stop, wake = threading.Event(), threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop, wake)) for one in deliverers]
    for thread in threads:
        thread.start()
    until(lambda: len(relay.received) > 3)
    away.set()
    time.sleep(2.5)  # longer than a claim
    away.clear()
    wake.set()
    until(lambda: set(states(office)) == {"sent"})
    stop.set()
    wake.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert sorted(mail.recipient for mail in relay.received) == sorted(people)


@pytest.mark.parametrize("apart", [{"minutes": 1}, {"days": 1}, {"days": -1}])
def test_h98_two_daemons_whose_clocks_differ_double_nothing(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch, apart: dict[str, float]
) -> None:
    """Each finds the other's claims old, or of the future; they are renewed, so they stay."""
    claims_of_seconds(monkeypatch)
    monkeypatch.setattr(deliver, "POLL_SECONDS", 0.05)
    people = [f"person{i}@acme.example" for i in range(30)]
    tell(office, *people)
    relay.before_dot = lambda: time.sleep(0.15)
    off = timedelta(**apart)
    deliverers = [
        Deliverer(office.store, office.settings),
        Deliverer(office.store, office.settings, clock=lambda: datetime.now(UTC) + off),
    ]
    stop, wake = threading.Event(), threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop, wake)) for one in deliverers]
    for thread in threads:
        thread.start()
    until(lambda: set(states(office)) == {"sent"})
    stop.set()
    wake.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert sorted(mail.recipient for mail in relay.received) == sorted(people)


def test_h98_what_nobody_renews_is_taken_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others, now, began = Others(), rows_now(), time.monotonic()

    def after(seconds: float, suspected: dict[int, Any]) -> list[int]:
        monkeypatch.setattr(time, "monotonic", lambda: began + seconds)
        others.look(suspected)
        return others.abandoned()

    assert after(0, {1: now, 2: now, 3: now}) == []
    later = now + timedelta(days=1)
    assert after(20, {1: now, 2: later}) == []  # 2 is renewed, by whatever clock; 3 is done
    assert after(31, {1: now, 2: later, 3: now}) == [1]
    assert after(51, {1: now, 2: later, 3: now}) == [1, 2]
    assert after(60, {}) == []


# ---- the journal itself


def test_the_journal_is_bounded_and_keeps_what_is_young(tmp_path: Path) -> None:
    place = tmp_path / "sent.journal"
    journal = Journal(place, most_octets=10_000)
    other = Journal(place, most_octets=10_000)
    for number in range(1000):
        (journal if number % 3 else other).about([key(number)])
        journal.taken([key(number)])
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 25_000
    assert {file.name for file in tmp_path.iterdir()} == {"sent.journal", "sent.journal.1"}
    for one in (journal, other, Journal(place)):
        young = {key(number) for number in range(930, 1000)}
        assert one.sent(young) == young
        assert not one.sent([key(5)])
        assert one.unanswered([key(999)]) == {key(999): 0}
    assert sum(len(file.sent) for file in journal._files) < 400


def test_several_daemons_that_turn_over_lose_nothing(tmp_path: Path) -> None:
    place = tmp_path / "sent.journal"

    def write(which: int) -> None:
        journal = Journal(place, most_octets=100_000)
        for number in range(400):
            journal.taken([key(which * 1000 + number)])

    threads = [threading.Thread(target=write, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Journal(place)
    all_keys = {key(w * 1000 + number) for w in range(4) for number in range(400)}
    assert whole.sent(all_keys) == all_keys


@pytest.mark.parametrize("torn", [b"?", b"?abc", b"f" * 63, b"!" + b"0" * 10, b"\0" * 500, b"\n\n"])
def test_half_a_line_is_passed_over(tmp_path: Path, torn: bytes) -> None:
    place = tmp_path / "sent.journal"
    place.write_bytes(f"{key(1)}\n?{key(2)}\n".encode() + torn)
    journal = Journal(place)
    journal.taken([key(3)])
    for one in (journal, Journal(place)):
        assert one.sent([key(n) for n in (1, 2, 3)]) == {key(1), key(3)}
        assert one.unanswered([key(2)]) == {key(2): 1}


def test_nobody_waits_for_more_when_no_more_comes(
    office: Office, relay: RudeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "GATHER_SECONDS", 10 * WAIT_SECONDS)
    tell(office, ANN, BOB)
    tell(office, ANN, cause="message:2")
    began = time.monotonic()
    assert office.deliver()["sent"] == len(relay.received) == 3
    assert time.monotonic() - began < WAIT_SECONDS


def test_a_journal_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    place = tmp_path / "sent.journal"
    place.write_text("".join(f"{key(number)}\n" for number in range(5)))
    assert Journal(place).sent([key(4), key(5)]) == {key(4)}


def test_a_journal_that_is_taken_away_or_put_back_does_no_harm(
    office: Office, relay: RudeSmtp
) -> None:
    place = office.settings.path("var") / "sent.journal"
    tell(office, ANN)
    assert office.deliver()["sent"] == 1
    yesterday = place.read_bytes()
    tell(office, BOB, cause="message:2")
    assert office.deliver()["sent"] == 1
    place.write_bytes(yesterday)
    tell(office, CEM, cause="message:3")
    assert office.deliver()["sent"] == 1
    place.unlink()
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}
    tell(office, ANN, cause="message:4")
    assert office.deliver()["sent"] == 1
    assert len(relay.received) == 4


def test_a_journal_that_goes_while_we_live_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "sent.journal"
    journal = Journal(place)
    journal.taken([key(1)])
    place.unlink()
    journal.about([key(2)])
    assert place.read_text() == f"?{key(2)}\n"
    assert journal.sent([key(1), key(2)]) == {key(1)}


def test_a_journal_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Temporary, match=r"journal of sent mail .* cannot be written \("):
        Journal(tmp_path / "file" / "sent.journal")


# ---- what a person reads


@pytest.mark.parametrize(
    ("command", "answer", "todo"),
    [
        ("EHLO", "504 5.5.2 need fully-qualified hostname", "Set `helo`"),
        ("GREETING", "554 5.7.1 No SMTP service here", "No SMTP service here"),
    ],
)
def test_the_probe_says_what_the_relay_says(
    tmp_path: Path, relay: RudeSmtp, command: str, answer: str, todo: str
) -> None:
    relay.always[command] = lambda argument: answer
    relay.always["HELO"] = lambda argument: answer
    office = Office(tmp_path, smtp=smtp(relay))
    with pytest.raises((Temporary, Unavailable), match=todo):
        probe(office.settings.config.smtp)


def test_an_alert_of_before_ends_when_nothing_waits(office: Office) -> None:
    office.store.act(lambda unit: raise_alert(unit, "smtp", "It refuses us.", office.at))
    office.deliver()
    assert standing(office) == {}


def test_every_attempt_is_written_down(office: Office, relay: RudeSmtp) -> None:
    relay.script["RCPT"] = ["450 4.2.0 later"]
    tell(office, ANN)
    office.deliver()
    office.later(minutes=2)
    office.deliver()
    assert [d.code for d in every(office.store, Delivery)] == [450, 250]
