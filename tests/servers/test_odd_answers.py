"""What relays say that no book foresees, octet by octet: read as it is meant, or as no answer."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maild.config import SmtpSection
from maild.outbox.answers import Answer
from maild.outbox.deliver import Deliverer
from maild.outbox.journal import Journal
from maild.outbox.relay import HELD_BACK, Connection, readable
from maild.parse.attachments import attachment_bytes
from maild.store.records import Delivery
from tests.looking import every
from tests.servers.rude_smtp import CUT, HANG, RESET, RudeSmtp
from tests.servers.test_relays_as_they_are import (
    ANN,
    attempts,
    marked,
    smtp,
    standing,
    states,
    with_files,
)
from tests.waiting import WAIT_SECONDS

GOOD = {"MAIL": 250, "RCPT": 250, "DATA": 354, "DOT": 250}
MAIL = b"Subject: x\r\n\r\nx\r\n"


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one by one", "pipelining"])
def relay(request: pytest.FixtureRequest) -> Iterator[RudeSmtp]:
    with RudeSmtp(request.param) as server:
        yield server


def told(relay: RudeSmtp, **more: Any) -> Answer:
    """What became of a mail."""

    async def go() -> Answer:
        connection = Connection(SmtpSection(**{"tls": "none", **smtp(relay, **more)}))
        await connection.open()
        answer = await connection.send(ANN, ANN, MAIL, marked)
        await connection.close()
        return answer

    return asyncio.run(go())


@pytest.mark.parametrize("command", GOOD)
@pytest.mark.parametrize(
    "answer",
    [
        "{code}\r\n",
        "{code} \r\n",
        "{code}\tOK\r\n",
        "{code}OK\r\n",
        "{code}-one\r\n{code}-\r\n{code} three\r\n",
        "{code}-one\r\n{code}\r\n",
        "{code} a\rb\r\n",
        "{code} gr\udcfc\udcdfe \udced\udca0\udc80\r\n",
        "{code} a\0b\0\r\n",
        "{code} \x1b[31mred\x85\u2028\r\n",
        "{code} " + "x" * 8_000 + "\r\n",
        ("{code}-" + "x" * 500 + "\r\n") * 50 + "{code} y\r\n",
    ],
)
@pytest.mark.parametrize("pieces", [0, 3])
def test_an_odd_yes_is_a_yes(relay: RudeSmtp, command: str, answer: str, pieces: int) -> None:
    relay.pieces = pieces if len(answer) < 500 else pieces * 1000
    relay.always[command] = lambda argument: answer.replace("{code}", str(GOOD[command]))
    said = told(relay)
    assert said.outcome == "sent"
    assert len(relay.received) == relay.connections == 1
    assert len(said.text) <= 300 and said.text.isprintable()
    said.text.encode()


@pytest.mark.parametrize("command", GOOD)
@pytest.mark.parametrize(
    "answer",
    [
        "\r\n",
        "OK\r\n",
        " {code} OK\r\n",
        "\0{code} OK\r\n",
        "25\r\n",
        "{code}-one\r\n550 two\r\n",
        "550-one\r\n{code} two\r\n",
        "{code}-one\r\n\r\n",
        "{code}-one\r\n" * 20_000,
        CUT,
        RESET,
    ],
)
def test_h122_what_is_no_answer_is_one_that_did_not_come(
    relay: RudeSmtp, command: str, answer: str
) -> None:
    relay.script[command] = [answer.replace("{code}", str(GOOD[command]))]
    assert told(relay).outcome == ("unsure" if command == "DOT" else "dropped")
    assert relay.connections == 1
    assert told(relay).outcome == "sent"


@pytest.mark.parametrize(("command", "where"), [("RCPT", "envelope"), ("DATA", "data")])
def test_an_answer_that_does_not_come_is_missed_where_it_was_due(
    relay: RudeSmtp, command: str, where: str
) -> None:
    relay.script[command] = [HANG]
    answer = told(relay, timeout_seconds=1)
    assert (answer.outcome, answer.text) == ("later", f"no answer in time ({where})")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["2", "354", "250 one\r\n25", "354 go on\r\n250 OK\r\n"])
def test_a_word_too_many_is_no_half_of_the_next_one(
    relay: RudeSmtp, command: str, answer: str
) -> None:
    whole = f"{GOOD[command]} OK\r\n{answer}\r\n"
    relay.script[command] = [whole]
    outcome = told(relay).outcome
    assert (outcome, len(relay.received)) in {("dropped", 0), ("sent", 1), ("unsure", 1)}


@pytest.mark.parametrize("pieces", [1, 7, 1000, 100_000])
def test_an_answer_without_end_takes_no_memory_and_little_time(
    relay: RudeSmtp, pieces: int
) -> None:
    async def go() -> int:
        connection = Connection(SmtpSection(**{"tls": "none", **smtp(relay)}))
        await connection.open()
        session = connection._session
        assert session is not None
        session.expect()
        octets = b"250-x\r\n" * 6_000
        for at in range(0, len(octets), pieces):
            session.data_received(octets[at : at + pieces])
        kept = sum(map(sys.getsizeof, (*session._lines, session._rest)))
        assert not session.is_open
        connection.drop()
        return kept

    assert asyncio.run(go()) < 100 * 33_000


@pytest.mark.parametrize(
    ("answer", "state", "tried", "said"),
    [
        ("552 5.3.4 Message too large", "sent", 2, "5.3.4 Message too large"),
        ("554 5.7.1 Message rejected as spam", "failed", 0, "5.7.1 Message rejected as spam"),
        ("550 5.1.1 no such user", "failed", 1, "5.1.1 no such user"),
        ("451 4.3.0 later", "waiting", 3, "4.3.0 later"),
        ("421 4.3.2 shutting down", "waiting", 0, "4.3.2 shutting down"),
        ("250 OK", "waiting", 0, "it answered out of turn: 250 OK"),
        ("what?\r\n", "waiting", 0, "it answered out of turn: what?"),
        (CUT, "waiting", 0, "the connection was lost (data)"),
    ],
)
def test_h122_an_answer_before_the_dot_is_about_the_mail(
    tmp_path: Path,
    relay: RudeSmtp,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    state: str,
    tried: int,
    said: str,
) -> None:
    """A relay that has heard enough of a large mail; it was tried for days, with files and all."""
    mark, heard = Journal.about, threading.Event()

    def enough(address: str) -> str:
        heard.set()
        return answer

    def later(journal: Journal, keys: Iterable[str]) -> None:
        if any(len(item.octets or b"") > HELD_BACK for item in office.items()):
            heard.wait(WAIT_SECONDS)
            heard.clear()
            time.sleep(0.1)
        mark(journal, keys)

    monkeypatch.setattr(Journal, "about", later)
    relay.always["MIDDLE"] = enough
    office = with_files(tmp_path, relay, [700_000])
    deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
    for _ in range(3):
        deliverer.once(office.at)
        office.later(hours=5)
    assert states(office) == [state]
    assert every(office.store, Delivery)[0].text == said
    assert attempts(office) == [tried]
    assert "smtp" not in standing(office)
    assert len(relay.received) == (state == "sent")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("two\r\nlines\0and\x1b[0m", "two lines and [0m"),
        ("gr\udcfc\udcdfe", "gr\ufffd\ufffde"),
        ("x" * 400, "x" * 300),
    ],
)
def test_what_a_person_reads_of_an_answer(said: str, shown: str) -> None:
    assert readable(said) == shown
