"""`maild outbox show|retry|drop`: by id, by recipient, by ticket, or all that failed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import outbox as commands
from maild.desk.notify import notify
from maild.outbox import rows
from maild.store.records import Event, OutboxItem
from tests.looking import every, the
from tests.office import Office, the_ticket
from tests.servers.rude_smtp import CUT, RudeSmtp
from tests.servers.test_relays_as_they_are import ANN, BOB, CEM, standing, states

TOML = '[desk]\naddress = "support@example.com"\n[smtp]\nport = {port}\ntimeout_seconds = 2\n'


@pytest.fixture
def relay() -> Iterator[RudeSmtp]:
    with RudeSmtp() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, relay: RudeSmtp) -> Office:
    """Ann's has failed, Bob's is unknown, Cem's was sent; one waits for Dora."""
    (tmp_path / "maild.toml").write_text(TOML.format(port=relay.port))
    office = Office(tmp_path, smtp={"port": relay.port, "timeout_seconds": 2, "connections": 1})
    number = office.ticket()
    for index, address in enumerate((ANN, BOB, CEM)):
        with office.desk(f"message:{index}") as desk:
            notify(desk, the_ticket(desk, number), "acknowledgement", [address])
    relay.always["RCPT"] = lambda address: "550 5.1.1 unknown" if address == ANN else None
    relay.always["DOT"] = lambda address: CUT if address == BOB else None
    office.deliver()
    office.later(minutes=5)
    office.deliver()
    with office.desk("message:3") as desk:
        notify(desk, the_ticket(desk, number), "acknowledgement", ["dora@acme.example"])
    relay.always.clear()
    assert states(office) == ["failed", "unknown", "sent", "waiting"]
    assert len(relay.received) == 1
    return office


def maild(office: Office, *words: str, fails: int = 0) -> str:
    """What `maild outbox WORDS` prints."""
    import typer

    app = typer.Typer()
    commands.register(app)

    @app.command("other")
    def other() -> None:
        """A second one, so that typer makes a group of them."""

    result = CliRunner().invoke(app, ["outbox", *words, "--config", str(office.settings.file)])
    if fails:
        assert result.exception is not None
        return getattr(result.exception, "message", str(result.exception))
    assert result.exception is None, result.exception
    return result.output


@pytest.mark.parametrize(
    ("words", "again"),
    [
        (["1"], [ANN]),
        (["2"], [BOB]),
        (["1", "2"], [ANN, BOB]),
        ([ANN], [ANN]),
        ([ANN.upper()], [ANN]),
        (["T20261121.0001"], [ANN, BOB, "dora@acme.example"]),
        (["--since", "2026-11-21T09:31:00Z"], [BOB]),
        (["--since", "2026-11-21T09:00:00Z"], [ANN, BOB]),
        (["--since", "5000 weeks"], [ANN, BOB]),
        (["1", "--since", "2026-11-21T09:31:00Z"], [ANN, BOB]),
    ],
)
def test_what_is_tried_again(
    office: Office, relay: RudeSmtp, words: list[str], again: list[str]
) -> None:
    said = maild(office, "retry", *words)
    assert said == (
        "One notification will be sent again by `maild run`.\n"
        if len(again) == 1
        else f"{len(again)} notifications will be sent again by `maild run`.\n"
    )
    office.later(days=3650)
    office.deliver()
    sent = {mail.recipient for mail in relay.received[1:]}
    assert sent == {*again, "dora@acme.example"}
    assert len(relay.received) == len(sent) + 1
    for address in again:
        assert f"undelivered:{address}" not in standing(office)


def test_what_was_sent_is_not_sent_again(office: Office) -> None:
    assert "is sent already" in maild(office, "retry", "3", fails=1)
    assert "is sent already" in maild(office, "drop", "3", fails=1)
    office.store.act(lambda unit: rows.claim(unit, office.at, 1))
    assert "on its way just now" in maild(office, "drop", "4", fails=1)
    assert states(office) == ["failed", "unknown", "sent", "sending"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "Say which"),
        (["99"], "99: no notification is meant"),
        (["nobody@example.com"], "nobody@example.com: no notification is meant"),
        (["T20260101.0001"], "no notification is meant"),
        (["bob"], "is no id, address or ticket number"),
        (["--since", "2099-01-01T00:00:00Z"], "Nothing has failed since then"),
        (["--since", "yesterday"], "write a time like"),
        (["1", "99"], "99: no notification is meant"),
    ],
)
def test_what_means_nothing_is_said_and_changes_nothing(
    office: Office, words: list[str], why: str
) -> None:
    for command in ("retry", "drop"):
        assert why in maild(office, command, *words, fails=1)
    assert states(office) == ["failed", "unknown", "sent", "waiting"]


def test_a_retry_counts_from_the_start(office: Office, relay: RudeSmtp) -> None:
    """Days of retrying, doubts and lost connections of before do not count."""
    office.later(days=10)
    maild(office, "retry", "1", "2")
    office.later(days=3650)
    relay.always["RCPT"] = lambda address: "450 4.2.0 later" if address == ANN else None
    relay.always["DOT"] = lambda address: CUT if address == BOB else None
    assert office.deliver() == {"sent": 1, "failed": 0, "later": 2}


def test_what_is_dropped_is_not_sent(office: Office, relay: RudeSmtp) -> None:
    assert maild(office, "drop", "1", "2", "4") == "3 notifications will not be sent.\n"
    office.later(days=1)
    assert office.deliver() == {"sent": 0, "failed": 0, "later": 0}
    assert states(office) == ["dropped", "dropped", "sent", "dropped"]
    assert standing(office) == {}
    events = [event.event for event in every(office.store, Event)]
    assert events[-3:] == ["notification dropped"] * 3


def test_show_tells_every_attempt(office: Office) -> None:
    told: dict[str, Any] = json.loads(maild(office, "show", "1", "--json"))
    assert told["to"] == ANN
    assert [(d["code"], d["text"]) for d in told["deliveries"]] == [(550, "5.1.1 unknown")]
    text = maild(office, "show", "2")
    assert text.count("perhaps the relay has it") == 3  # twice, and as what stands
    assert "`maild outbox retry 2` sends it again" in text
    assert "Message-ID: <" in maild(office, "show", "3", "--raw")
    assert "It is not written yet; now it would be:" in maild(office, "show", "4")
    assert "Message-ID: <" in maild(office, "show", "4", "--raw")
    assert "There is no notification 99" in maild(office, "show", "99", fails=1)


def test_the_list_is_as_before(office: Office) -> None:
    listed = json.loads(maild(office, "--json"))
    assert [row["state"] for row in listed] == ["failed", "unknown", "sent", "waiting"]
    assert maild(office, "list", "--json") == maild(office, "--json")
    maild(office, "--pause")
    assert office.deliver()["sent"] == 0
    maild(office, "--resume")
    assert office.deliver()["sent"] == 1
    assert the(office.store, OutboxItem, id=4).state == "sent"
