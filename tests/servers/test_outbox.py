"""Delivery through a real SMTP server: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from maild.demo.servers import Servers
from maild.desk import reply_tokens
from maild.desk.notify import notify
from maild.model import EventName, Lane, MessageState
from maild.outbox import deliver, rows
from maild.outbox.deliver import Deliverer
from maild.parse.attachments import attachment_bytes
from maild.parse.parser import parse
from maild.store import records
from maild.store.asking import lanes
from maild.store.records import Alert, Delivery, Event, Message
from maild.templates.renderer import LocalRenderer
from tests.looking import all_kept, every, the
from tests.office import Office, a_note, the_ticket
from tests.processes import Process

ANN, BOB, CEM = "ann@acme.example", "bob@example.com", "cem@example.com"


@pytest.fixture
def servers() -> Iterator[Servers]:
    with closing(Servers()) as both:
        yield both


@pytest.fixture
def office(tmp_path: Path, servers: Servers) -> Office:
    return Office(tmp_path, smtp=_smtp(servers))


def _smtp(servers: Servers, **more: Any) -> dict[str, Any]:
    return {"host": servers.smtp.host, "port": servers.smtp.port, "timeout_seconds": 5, **more}


def _tell(office: Office, number: str, *addresses: str, cause: str = "message:1") -> None:
    with office.desk(cause) as desk:
        told = [office.person(desk.unit, address) for address in addresses]
        notify(desk, the_ticket(desk, number), "assigned", told)


def _states(office: Office) -> list[str]:
    return [item.state for item in office.items()]


def _ids(servers: Servers, address: str) -> list[str]:
    return [message_from_bytes(m.octets)["Message-ID"] for m in servers.smtp.to(address)]


def test_every_recipient_gets_a_mail_of_his_own(office: Office, servers: Servers) -> None:
    _tell(office, office.ticket(), BOB, CEM)
    assert office.deliver() == {"sent": 2, "failed": 0, "later": 0}
    assert {mail.recipients for mail in servers.smtp.received} == {(BOB,), (CEM,)}
    assert _states(office) == ["sent", "sent"]
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}


def test_who_runs_claims_at_once_what_fills_a_batch_and_lets_less_become_more(
    office: Office, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    stop, wake = threading.Event(), threading.Event()

    async def note(seconds: float, _: object) -> None:
        waits.append(seconds > 0)

    monkeypatch.setattr(deliver, "BATCH", 2)
    monkeypatch.setattr(deliver, "APART_SECONDS", 60)
    monkeypatch.setattr(deliver, "_within", note)
    _tell(office, office.ticket(), ANN, BOB, CEM)
    running = Deliverer(office.store, office.settings, clock=lambda: office.at)
    thread = threading.Thread(target=running.run, args=(stop, wake))
    thread.start()
    servers.wait_for(lambda: _states(office) == ["sent"] * 3)
    stop.set()
    wake.set()
    thread.join()
    assert waits[:3] == [False, False, True]  # before the first claim, after two, after one
    assert running.once(office.at)["sent"] == 0


def test_who_is_stopped_while_more_come_claims_no_more(
    office: Office, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, wake = threading.Event(), threading.Event()

    async def until_it_stops(seconds: float, stopped: asyncio.Event) -> None:
        if seconds > 0 and not stop.is_set():
            await asyncio.to_thread(servers.wait_for, lambda: servers.smtp.to(ANN))
            _tell(office, office.ticket(), BOB, cause="message:2")
            stop.set()
            wake.set()
            await stopped.wait()

    monkeypatch.setattr(deliver, "_within", until_it_stops)
    _tell(office, office.ticket(), ANN)
    Deliverer(office.store, office.settings, clock=lambda: office.at).run(stop, wake)
    assert _states(office) == ["sent", "waiting"]
    assert [item.octets is None for item in office.items()] == [False, True]


def test_while_many_mails_wait_a_daemon_tells_of_technicians_mail_alone(
    office: Office, servers: Servers
) -> None:
    number = office.ticket()
    for address, lane in ((ANN, Lane.KNOWN), (BOB, Lane.COMMAND)):
        with office.desk("cause", mail="a@b.example") as desk:
            assert desk.stored is not None
            desk.unit.change(desk.stored, lane=lane)
            notify(desk, the_ticket(desk, number), "assigned", [office.person(desk.unit, address)])
    with office.store.unit() as unit:
        many = range(lanes.MANY + 1)
        common: dict[str, Any] = {"size": 1, "accepted": office.at, "lane": Lane.BACKLOG}
        waiting = [unit.add(Message(mailbox="m", sha256=f"{n}", **common)) for n in many]
    stop, wake = threading.Event(), threading.Event()
    running = Deliverer(office.store, office.settings, clock=lambda: office.at)
    thread = threading.Thread(target=running.run, args=(stop, wake))
    thread.start()
    try:
        servers.wait_for(lambda: _states(office)[1] == "sent")
        assert _states(office)[0] == "waiting"
        with office.store.unit() as unit:
            for message in unit.some(Message, [one.id for one in waiting]).values():
                unit.change(message, state=MessageState.PROCESSED)
        wake.set()
        servers.wait_for(lambda: _states(office) == ["sent"] * 2)
    finally:
        stop.set()
        wake.set()
        thread.join()


def test_h75_put_off_by_4xx_is_tried_again_spaced_out(office: Office, servers: Servers) -> None:
    servers.smtp.fail(BOB, "450 4.2.0 later, please", times=2)
    _tell(office, office.ticket(), BOB)
    waits = []
    for _ in range(2):
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 1}
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}  # not due yet
        waits.append(office.items()[0].next_try - office.at)
        office.at = office.items()[0].next_try
    assert waits[1] > waits[0]
    assert office.deliver()["sent"] == 1
    assert len(servers.smtp.to(BOB)) == 1
    assert [d.code for d in every(office.store, Delivery)] == [450, 450, 250]


def test_h75_put_off_for_days_has_failed(office: Office, servers: Servers) -> None:
    servers.smtp.fail(BOB, "450 4.2.0 later")
    _tell(office, office.ticket(), BOB)
    office.deliver()
    office.later(days=5)
    assert office.deliver() == {"sent": 0, "failed": 1, "later": 0}


def test_h75_refused_by_5xx_stops_and_is_said_on_the_ticket(
    office: Office, servers: Servers
) -> None:
    servers.smtp.fail(BOB, "550 5.1.1 no such user")
    _tell(office, office.ticket(), BOB)
    assert office.deliver() == {"sent": 0, "failed": 1, "later": 0}
    office.later(days=1)
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}
    event = the(office.store, Event, event=EventName.NOTIFICATION_FAILED)
    assert event.detail["to"] == BOB
    assert "no such user" in event.detail["why"]
    assert the(office.store, Alert).key == f"undelivered:{BOB}"


def test_h75_no_relay_loses_nothing_and_says_so_once(tmp_path: Path, servers: Servers) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, port=1))
    _tell(office, office.ticket(), BOB, CEM)
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 2}
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 2}
    assert _states(office) == ["waiting", "waiting"]
    alert = the(office.store, Alert)
    assert alert.key == "smtp"
    assert "cannot be reached" in alert.text


def test_h76_one_of_three_refused(office: Office, servers: Servers) -> None:
    servers.smtp.fail(CEM, "450 4.2.0 later", times=1)
    _tell(office, office.ticket(), BOB, CEM, ANN)
    assert office.deliver() == {"sent": 2, "failed": 0, "later": 1}
    office.later(minutes=5)
    assert office.deliver() == {"sent": 1, "failed": 0, "later": 0}
    assert [len(servers.smtp.to(a)) for a in (ANN, BOB, CEM)] == [1, 1, 1]


def test_h77_lost_after_the_final_dot_is_one_repeat(office: Office, servers: Servers) -> None:
    servers.smtp.fail(BOB, "drop", at="data", times=1)
    _tell(office, office.ticket(), BOB)
    assert office.deliver()["later"] == 1
    office.later(minutes=5)
    assert office.deliver()["sent"] == 1
    first, second = servers.smtp.to(BOB)
    assert first.octets == second.octets


def test_h77_a_server_that_always_hangs_up_gets_no_third_copy(
    office: Office, servers: Servers
) -> None:
    servers.smtp.fail(BOB, "drop", at="data")
    _tell(office, office.ticket(), BOB)
    for _ in range(4):
        office.deliver()
        office.later(hours=6)
    assert len(servers.smtp.to(BOB)) == 2
    assert len(set(_ids(servers, BOB))) == 1
    assert _states(office) == ["unknown"]  # it may well have arrived


def test_h28_yesterdays_database_sends_nothing_again(
    office: Office, servers: Servers, tmp_path: Path
) -> None:
    number = office.ticket()
    with closing(sqlite3.connect(tmp_path / "var" / "maild.db")) as today:
        today.execute("VACUUM INTO ?", (str(tmp_path / "yesterday.db"),))
    _tell(office, number, BOB)
    assert office.deliver()["sent"] == 1
    office.store.close()
    for file in (tmp_path / "var").glob("maild.db*"):
        file.unlink()
    (tmp_path / "yesterday.db").rename(tmp_path / "var" / "maild.db")
    restored = Office(tmp_path, smtp=_smtp(servers))
    _tell(restored, number, BOB)  # the same mail is taken in again
    assert restored.deliver()["sent"] == 0
    assert len(servers.smtp.to(BOB)) == 1
    assert _states(restored) == ["sent"]


def test_order_within_a_ticket_is_kept_for_each_recipient(office: Office, servers: Servers) -> None:
    number = office.ticket()
    servers.smtp.fail(BOB, "450 4.2.0 later", times=1)
    _tell(office, number, BOB, cause="message:1")
    _tell(office, number, BOB, CEM, cause="message:2")
    assert office.deliver() == {"sent": 1, "failed": 0, "later": 1}  # Bob's second one waits
    office.later(minutes=5)
    assert office.deliver()["sent"] == 2
    assert _ids(servers, BOB) == [f"<{i.message_id}>" for i in office.items() if i.address == BOB]


def test_a_mail_that_waits_for_long_holds_up_no_other(office: Office, servers: Servers) -> None:
    """Greylisting, a full mailbox: for an hour order counts, then news does."""
    number = office.ticket()
    servers.smtp.fail(BOB, "450 4.2.0 later")
    _tell(office, number, BOB, cause="message:1")
    office.deliver()
    waited = 0
    while {item.attempts for item in office.items()[1:]} <= {0}:
        assert waited <= 70
        _tell(office, number, BOB, cause=f"message:{waited + 2}")
        office.later(minutes=10)
        waited += 10
        office.deliver()
    assert waited >= 60


def test_the_days_of_retrying_count_from_the_first_try(tmp_path: Path, servers: Servers) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, port=1))
    _tell(office, office.ticket(), BOB)
    for _ in range(7):
        office.deliver()  # no relay: nothing was tried
        office.later(days=1)
    office = Office(tmp_path, smtp=_smtp(servers))
    office.later(days=7)
    servers.smtp.fail(BOB, "450 4.2.0 later", times=3)
    for _ in range(3):
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 1}
        office.later(days=1)
    assert office.deliver()["sent"] == 1


@pytest.mark.parametrize("days", [0, 2])
def test_a_claim_from_a_clock_that_was_ahead_is_taken_over(
    office: Office, servers: Servers, days: int
) -> None:
    _tell(office, office.ticket(), BOB)
    then, now = office.at + timedelta(days=1), office.at + timedelta(days=days)
    office.store.act(lambda unit: rows.claim(unit, then, 10))
    with office.store.unit() as unit:
        assert rows.stale(unit, then) == set()
        assert rows.claim(unit, then, 10) == []
        assert len(rows.claim(unit, now, 10, rows.stale(unit, now))) == 1


def test_fifty_recipients_of_whom_one_hangs(tmp_path: Path, servers: Servers) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, timeout_seconds=1))
    number = office.ticket()
    people = [f"person{i}@acme.example" for i in range(50)]
    servers.smtp.fail(people[7], "hang", times=1)
    with office.desk("message:1") as desk:
        notify(desk, the_ticket(desk, number), "acknowledgement", people)
    assert office.deliver() == {"sent": 49, "failed": 0, "later": 1}
    assert len(servers.smtp.received) == 49


def test_h79_no_credentials_in_rows_alerts_or_log(
    tmp_path: Path, servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    from maild.demo.servers import Background, Bell, SmtpServer

    background = Background()
    server = SmtpServer(background, Bell(), login=("support", "right"))
    smtp = {
        "host": server.host, "port": server.port, "username": "support",
        "password": "Correct-Horse-9", "timeout_seconds": 5,
    }  # fmt: skip
    office = Office(tmp_path, smtp=smtp)
    _tell(office, office.ticket(), BOB)
    assert office.deliver()["later"] == 1
    server.close()
    background.close()
    alert = the(office.store, Alert)
    kept = all_kept(office.store)
    assert "refuses the login of support" in alert.text
    encoded = "AHN1cHBvcnQAQ29ycmVjdC1Ib3JzZS05"  # AUTH PLAIN
    for place in (kept, capsys.readouterr().out, capsys.readouterr().err):
        assert "Correct-Horse-9" not in place
        assert encoded not in place


@pytest.mark.parametrize(
    "wrong",
    [
        "{{ tiket.number }}",  # H72: an unknown name
        "{{ ticket.number",  # H72: a syntax error
        "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{{ a + b + c }}"
        "{% endfor %}{% endfor %}{% endfor %}",  # H71: hours of work
        "{{ lipsum(5) }}",  # H70: a function that is none of ours
    ],
)
def test_h71_h72_a_broken_template_never_stops_a_mail(
    office: Office, servers: Servers, tmp_path: Path, wrong: str
) -> None:
    own = tmp_path / "templates" / "en" / "assigned.md"
    own.parent.mkdir(parents=True)
    own.write_text(f"subject: x\n---\nOurs. {wrong}\n", "utf-8")
    _tell(office, office.ticket(), BOB, CEM)
    assert office.deliver()["sent"] == 2
    for mail in servers.smtp.received:
        assert b"Ours." not in mail.octets
        assert b"is yours now" in mail.octets
    alert = the(office.store, Alert)
    assert alert.key == "template:assigned"
    assert str(own) in alert.text
    own.write_text("subject: {{ ticket.title }}\n---\nOurs.\n", "utf-8")  # seen without a restart
    _tell(office, office.ticket(), BOB, cause="message:2")
    assert office.deliver()["sent"] == 1
    assert b"Ours." in servers.smtp.to(BOB)[-1].octets


def test_two_deliverers_send_each_mail_once(office: Office, servers: Servers) -> None:
    people = [f"person{i}@acme.example" for i in range(40)]
    number = office.ticket()
    with office.desk("message:1") as desk:
        notify(desk, the_ticket(desk, number), "acknowledgement", people)
    deliverers = [Deliverer(office.store, office.settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        counts = list(both.map(lambda one: one.once(office.at), deliverers))
    assert sum(count["sent"] for count in counts) == 40
    assert sorted(mail.recipients[0] for mail in servers.smtp.received) == sorted(people)


@pytest.mark.parametrize("where", ["outbox.claimed", "outbox.composed", "outbox.recorded"])
def test_h1_killed_at_a_step_sends_each_mail_once(
    office: Office, servers: Servers, where: str
) -> None:
    _tell(office, office.ticket(), BOB)
    assert _deliver_elsewhere(office, where) == -signal.SIGKILL
    office.deliver()
    assert len(servers.smtp.to(BOB)) == 1
    assert _states(office) == ["sent"]


def test_h77_killed_before_recording_is_at_most_one_repeat(
    office: Office, servers: Servers
) -> None:
    _tell(office, office.ticket(), BOB)
    assert _deliver_elsewhere(office, "outbox.sent") == -signal.SIGKILL
    office.deliver()
    copies = servers.smtp.to(BOB)
    assert len(copies) == 2
    assert copies[0].octets == copies[1].octets
    assert office.deliver()["sent"] == 0


class Forgetful(Deliverer):
    """What it has sent it cannot write down, for a reason that nobody foresaw."""

    def _written(self, done: Any) -> Any:
        raise ZeroDivisionError


def test_an_error_that_nobody_foresaw_ends_the_pass_and_sends_nothing_twice(
    office: Office, servers: Servers
) -> None:
    number = office.ticket()
    for count in range(5):
        _tell(office, number, BOB, cause=f"message:{count}")
    with pytest.raises(ZeroDivisionError):
        Forgetful(office.store, office.settings).once(office.at)
    office.at += rows.STALE + timedelta(seconds=1)
    office.deliver()
    assert _states(office) == ["sent"] * 5
    assert len(servers.smtp.to(BOB)) == 5


def _deliver_elsewhere(office: Office, kill_at: str) -> int:
    """A pass in a process of its own that dies at this step; its exit status."""
    file = office.settings.file
    smtp = office.settings.config.smtp
    file.write_text(
        f'[desk]\naddress = "support@example.com"\n[smtp]\nport = {smtp.port}\n', "utf-8"
    )
    program = (
        "import sys; from datetime import datetime; from pathlib import Path\n"
        "from maild import config; from maild.store import Store\n"
        "from maild.outbox.deliver import Deliverer\n"
        "settings = config.load(Path(sys.argv[1]))\n"
        "now = datetime.fromisoformat(sys.argv[2])\n"
        "Deliverer(Store(settings.database_url), settings).once(now)\n"
    )
    env = {**os.environ, "MAILD_KILL_AT": kill_at}
    return Process(str(file), office.at.isoformat(), program=program, env=env).wait()


def test_a_paused_outbox_sends_nothing_until_it_is_resumed(
    office: Office, servers: Servers
) -> None:
    _tell(office, office.ticket(), BOB)
    office.store.act(lambda unit: rows.pause(unit, "root", office.at))
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}
    office.store.act(rows.resume)
    assert office.deliver()["sent"] == 1


@pytest.mark.parametrize(
    ("envelope", "automatic", "human"),
    [("desk", "support@example.com", "support@example.com"), ("null", "", "support@example.com")],
)
def test_whom_a_bounce_goes_to(
    tmp_path: Path, servers: Servers, envelope: str, automatic: str, human: str
) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, envelope=envelope))
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "acknowledgement", ["a@x.example"])
        notify(desk, ticket, "reply", ["b@x.example"], note=a_note(desk, ticket, "Hello."))
    assert office.deliver()["sent"] == 2
    assert servers.smtp.to("a@x.example")[0].sender.strip("<>") == automatic
    assert servers.smtp.to("b@x.example")[0].sender == human


def test_a_tagged_envelope_says_which_ticket_and_whom(tmp_path: Path, servers: Servers) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, envelope="tagged"))
    number = office.ticket()
    _tell(office, number, BOB)
    assert office.deliver()["sent"] == 1
    with office.store.look() as unit:
        token = reply_tokens.read(reply_tokens.desk_secret(unit), servers.smtp.to(BOB)[0].sender)
        bob = office.person(unit, BOB).id
    assert token == reply_tokens.Token(number, bob)


def test_files_of_a_note_are_passed_on_where_the_admin_allows(
    tmp_path: Path, servers: Servers
) -> None:
    mail = (
        b"From: bob@example.com\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n'
        b'Content-Type: image/png; name="toner.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        b"iVBORw0KGgo=\r\n--b\r\nContent-Type: application/zip\r\n"
        b'Content-Disposition: attachment; filename="big.zip"\r\n\r\n'
        + b"x" * 5000
        + b"\r\n--b--\r\n"
    )
    views = [asdict(view) for view in parse(mail).attachments]
    office = Office(tmp_path, smtp=_smtp(servers), notifications={"attachment_bytes": 1000})
    number = office.ticket()
    with office.desk("message:1", by=BOB, mail="m@example.com") as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "Hello")
        assert desk.stored is not None
        desk.unit.change(note, attachments=views, stored_id=desk.stored.id)
        desk.unit.add(records.Raw(stored_id=desk.stored.id, octets=mail))
        notify(desk, ticket, "reply", ["a@x.example", "b@x.example"], note=note)
        without = a_note(desk, ticket, "And something else")
        desk.unit.change(without, stored_id=desk.stored.id)
        notify(desk, ticket, "reply", ["a@x.example"], note=without)
    renderer = _Counting()
    deliverer = Deliverer(
        office.store, office.settings, attachment=attachment_bytes, renderer=renderer
    )
    assert deliverer.once(office.at)["sent"] == 3
    assert renderer.extracted == 1  # for the first of those who are told of the note
    for address in ("a@x.example", "b@x.example"):
        sent = message_from_bytes(servers.smtp.to(address)[0].octets, policy=default)
        files = [(f.get_filename(), f.get_content()) for f in sent.iter_attachments()]
        assert files == [("toner.png", b"\x89PNG\r\n\x1a\n")]
        text = sent.get_body(("plain",))
        assert text is not None and "big.zip" in text.get_content()
    other = message_from_bytes(servers.smtp.to("a@x.example")[1].octets, policy=default)
    assert not list(other.iter_attachments())


class _Counting(LocalRenderer):
    """Counts the files that are read out of mails."""

    extracted = 0

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        self.extracted += work is attachment_bytes
        return super().run(work, *args)


def test_starttls_is_never_given_up(tmp_path: Path, servers: Servers) -> None:
    office = Office(tmp_path, smtp=_smtp(servers, tls="starttls"))
    _tell(office, office.ticket(), BOB)
    assert office.deliver()["later"] == 1
    assert servers.smtp.received == []
    assert "does not offer what [smtp] asks for" in the(office.store, Alert).text


def test_the_same_on_postgresql(tmp_path: Path, servers: Servers, postgres: str) -> None:
    office = Office(tmp_path, postgres, smtp=_smtp(servers))
    number = office.ticket(title="x\x00 \ud800")
    servers.smtp.fail(CEM, "450 later", times=1)
    _tell(office, number, BOB, CEM)
    deliverers = [Deliverer(office.store, office.settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda one: one.once(office.at), deliverers))
    office.later(minutes=5)
    assert office.deliver()["sent"] == 1
    assert [len(servers.smtp.to(a)) for a in (BOB, CEM)] == [1, 1]
