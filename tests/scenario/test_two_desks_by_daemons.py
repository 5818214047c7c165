"""Two daemons for two desks that share a ticket, and a ticket that changes sides by the daemon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial as bound
from pathlib import Path
from typing import Any

from maild.demo.writer import parse
from tests.processes import maild
from tests.scenario.conversation import Daemon, Desk
from tests.scenario.test_two_desks import (
    ECHO,
    OURS,
    THEIRS,
    Pair,
    partner,
    templates,
    words,
)
from tests.servers.dovecot import Dovecot
from tests.waiting import busy


def within() -> timedelta:
    """What a transfer may take: fifteen seconds, says the product."""
    return timedelta(seconds=busy(15))


FEW = "[floods]\nconversation = {hour = 4, day = 9}\n"  # automatic mails, to end a loop soon
ECHO_OF_HELLO = ECHO.replace("partner}", "partner, note.text: {matches: Hello}}")
SIDES = """
name: ours
extends: next7
groups: {provider: [dana]}
"""


def profile(folder: Path, text: str, rules: str = "") -> Path:
    folder.mkdir()
    (folder / "profile.yaml").write_text(text)
    (folder / "rules.yaml").write_text(rules)
    return folder


def test_p8_two_daemons_share_a_ticket_until_both_are_done(
    make_desk: Callable[..., Desk], dovecot: Dovecot, tmp_path: Path
) -> None:
    ours_too, theirs_too = (
        profile(tmp_path / name, "name: ours\nextends: next7\n", ECHO_OF_HELLO)
        for name in ("a", "b")
    )
    by_daemon = bound(make_desk, transport=bound(Daemon, dovecot=dovecot))
    pair = Pair(
        by_daemon(profile=str(ours_too), more=partner("Northwind IT", THEIRS, more=FEW)),
        by_daemon(
            profile=str(theirs_too),
            name="Northwind IT",
            address=THEIRS,
            more=partner("Example", OURS, more=FEW),
        ),
    )
    ours, theirs = pair.ours, pair.theirs
    theirs.ann.mail("Something else", "It is cold.")
    ours.ann.mail("Printer is on fire", "It burns.")
    ours.bob.reply("#take\n#share Northwind\n\nIs it the fuse?", attach={"fuse.jpg": b"a picture"})
    assert pair.carry() == 2
    here, there = ours.ticket(), theirs.ticket()
    assert here["number"] != there["number"]
    assert here["shared"]["reference"] == there["number"]
    assert there["shared"]["reference"] == here["number"]
    assert words(there) == [("Example", True, "Is it the fuse?")]
    assert [file["filename"] for file in there["attachments"]] == ["fuse.jpg"]

    theirs.bob.reply("#take\n\nWhich floor is it on?")
    pair.carry()
    ours.bob.reply("#partner\n\nThe second one.")
    ours.bob.reply("#question\n\nWhen do you come?")
    pair.carry()
    assert [text for _, _, text in words(theirs.ticket())][1:] == [
        "Which floor is it on?",
        "The second one.",
        "When do you come?",
    ]
    assert words(ours.ticket())[-3] == ("Northwind IT", False, "Which floor is it on?")
    assert templates(theirs, "bob@example.com")[-1] == "shared-question"

    theirs.bob.reply("#mydone\n\nA new fuse is in.")
    pair.carry()
    assert ours.ticket()["status"] == "Waiting Internal Review"
    ours.bob.reply("#mydone\n\nIt prints.")
    pair.carry()
    here, there = ours.ticket(), theirs.ticket()
    assert here["shared"]["completed"] and here["shared"]["done"]
    assert there["shared"]["completed"] and there["shared"]["done"]
    assert "burns" not in str(ours.ann.received()[-1]) or len(ours.ann.received()) == 1
    said = maild("show", here["number"], "--config", str(ours.file))
    assert f"Northwind IT, {there['number']}" in " ".join(said.split())

    before = len(pair.between(THEIRS))
    ours.bob.reply("#partner\n\nHello?")
    pair.carry()  # which ends
    assert 1 <= len(pair.between(THEIRS)) - before <= 5
    assert "conversation" in str([item.error for item in (*ours.outbox(), *theirs.outbox())])
    assert len(ours.tickets()) == 1 and len(theirs.tickets()) == 2
    for octets in (*pair.between(OURS), *pair.between(THEIRS)):
        assert parse(octets)["Maild-Signature"]


def test_n24_the_daemon_transfers_and_gives_back_within_15_seconds(
    make_desk: Callable[..., Desk], dovecot: Dovecot, tmp_path: Path
) -> None:
    folder = profile(tmp_path / "ours", SIDES)
    desk = make_desk(profile=str(folder), transport=bound(Daemon, dovecot=dovecot))
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    began = datetime.now(UTC)
    desk.bob.reply("#transfer provider\n\nPlease help us.")
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["status"]) == ("Service Provider", "Assigned")
    assert ticket["primary_resource"]["name"] == "Dana Lead"
    assert took(desk, "transferred", "dana@example.com", began) < within()
    began = datetime.now(UTC)
    desk.dana.reply("#transfer client\n\nIt is the fuse.", to=desk.dana.received()[-1])
    ticket = desk.ticket()
    assert (ticket["queue"], ticket["status"]) == ("Co-managed", "Assigned")
    assert ticket["primary_resource"]["name"] == "Bob Tech"
    assert took(desk, "returned", "bob@example.com", began) < within()
    for event in changes(ticket):  # all of it in the transaction of the mail that asked
        assert event["at"] - began < within()


def changes(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    """Queue, holder and status of the last transfer."""
    events = ticket["events"]
    last = max(n for n, event in enumerate(events) if event["event"] == "transferred")
    kinds = ("field changed", "assigned", "status changed")
    return [event for event in events[last:] if event["event"] in kinds]


def took(desk: Desk, template: str, address: str, began: datetime) -> timedelta:
    """From the mail at the server to the relay's word that it was told."""
    sent = [
        item.sent
        for item in desk.outbox()
        if (item.template, item.address) == (template, address) and item.sent is not None
    ]
    assert sent, f"{address} was not told: {[(i.template, i.address) for i in desk.outbox()]}"
    return sent[-1] - began
