"""Machines are named with their domain and proven; what looks like one is a person's (N7, H93)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.store.records import Alert
from tests.looking import every
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
SENDER = '[[sender]]\nkind = "monitoring"\naddress = "{address}"\n{more}\n'
ALERT, CLEAR = "ALERT: disk C: on srv1 is full", "RESOLVED: disk C: on srv1 is full"
PASS = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=rmm.example.net"}
DKIM = {"Authentication-Results": "mx.example.com; dkim=pass header.d=rmm.example.net"}
FAIL = {"Authentication-Results": "mx.example.com; dmarc=fail header.from=rmm.example.net"}
SECRET = "k7Jq-91xYz_ab"


def states(desk: Desk) -> list[tuple[str, str]]:
    return [(ticket["source"], ticket["status"]) for ticket in desk.tickets()]


@pytest.mark.parametrize("address", ["alerts@rmm.example.net", "*@rmm.example.net"])
@pytest.mark.parametrize("headers", [PASS, DKIM], ids=["dmarc", "dkim"])
def test_h93_a_named_and_proven_sender_is_taken(
    make_desk: MakeDesk, address: str, headers: dict[str, str]
) -> None:
    desk = make_desk(more=SENDER.format(address=address, more=""))
    rmm = desk.writer("RMM", "alerts@rmm.example.net", headers)
    rmm.mail(ALERT)
    rmm.mail(CLEAR)
    assert states(desk) == [("monitoring", "Auto-Resolved")]
    assert every(desk.store, Alert) == []


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("rmm@evil.example", PASS),
        ("alerts@evil.example", {}),
        ("alerts@evil.example", {"Authentication-Results": "mx.example.com; dmarc=pass"}),
        ("alerts@rmm.example.net", {}),
        ("alerts@rmm.example.net", FAIL),
        ("alerts@rmm.example.net", {"To": f"support+{SECRET[:-1]}@example.com"}),
        ("alerts@rmm.example.net.evil.example", PASS),
        ("monitoring@example.org", {}),
    ],
)
def test_h93_what_only_looks_like_one_resolves_nothing_and_is_suggested(
    make_desk: MakeDesk, sender: str, headers: dict[str, str]
) -> None:
    desk = make_desk(more=SENDER.format(address="alerts@rmm.example.net", more=""))
    desk.writer("RMM", "alerts@rmm.example.net", PASS).mail(ALERT)
    for _ in range(3):
        desk.writer("RMM", sender, headers).mail(CLEAR)
    assert states(desk)[0] == ("monitoring", "New")
    assert {source for source, _ in states(desk)[1:]} == {"email"}
    [alert] = [a for a in every(desk.store, Alert) if a.key == f"machine:{sender}"]
    assert alert.count == 3
    assert "accept it" in alert.text


def test_h93_a_secret_in_the_address_or_trust_on_purpose_proves(make_desk: MakeDesk) -> None:
    more = SENDER.format(address="a@rmm.example.net", more=f'secret = "{SECRET}"')
    more += SENDER.format(address="b@rmm.example.net", more='trust = "address"')
    desk = make_desk(more=more)
    a = desk.writer("A", "a@rmm.example.net")
    a.mail(ALERT, headers={"To": f"support+{SECRET}@example.com"})
    desk.writer("B", "b@rmm.example.net").mail(ALERT.replace("srv1", "srv2"))
    assert states(desk) == [("monitoring", "New")] * 2


def test_h93_a_persons_mail_is_a_persons(make_desk: MakeDesk) -> None:
    desk = make_desk(more=SENDER.format(address="alerts@rmm.example.net", more=""))
    desk.ann.mail(CLEAR)
    assert states(desk) == [("email", "New")]
    assert every(desk.store, Alert) == []
