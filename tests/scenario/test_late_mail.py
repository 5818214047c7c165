"""Mail that is taken in long after it came: it is answered late, or is in a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from maild.ingest.accept import accept
from maild.store.records import OutboxItem, Ticket
from tests.looking import every
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]


class Outage:
    """A desk that was away while people wrote."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.count = 0

    def take_in(self, subject: str, **ago: float) -> None:
        """A mail of Ann's that came so long ago."""
        self.count += 1
        octets = (
            f"From: Ann Archer <ann@acme.example>\r\nTo: support@example.com\r\n"
            f"Subject: {subject}\r\nMessage-ID: <{self.count}.late@acme.example>\r\n\r\n"
            f"Please help me with it, number {self.count}.\r\n"
        ).encode()
        with self.desk.store.unit() as unit:
            accept(
                unit,
                mailbox="support",
                uidvalidity=7,
                uid=self.count,
                octets=octets,
                arrived=self.desk.now - timedelta(**ago),
                now=self.desk.now,
            )

    def told(self) -> list[OutboxItem]:
        self.desk.transport.wait_until_done()
        return every(self.desk.store, OutboxItem)


@pytest.fixture
def outage(make_desk: MakeDesk) -> Outage:
    return Outage(make_desk())


@pytest.mark.parametrize(
    ("ago", "acknowledged", "late"),
    [
        ({"minutes": 1}, True, False),
        ({"hours": 3}, True, False),
        ({"hours": 5}, True, True),
        ({"days": 6}, True, True),
        ({"days": 8}, False, False),
        ({"days": 4000}, False, False),
        ({"days": -1}, True, False),  # a clock of theirs that is ahead
    ],
)
def test_late_mail_is_acknowledged_late_and_old_mail_is_not(
    outage: Outage, ago: dict[str, float], acknowledged: bool, late: bool
) -> None:
    outage.take_in("Printer", **ago)
    rows = [row for row in outage.told() if row.template == "acknowledgement"]
    assert bool(rows) == acknowledged
    if acknowledged:
        assert (rows[0].data.get("late") is not None) == late
    assert [ticket.title for ticket in every(outage.desk.store, Ticket)] == ["Printer"]


def test_old_mail_is_told_to_each_resource_in_one_list(outage: Outage) -> None:
    for number in range(12):
        outage.take_in(f"Old thing {number}", days=9 + number)
    rows = outage.told()
    assert {row.template for row in rows} == {"old-mail"}
    assert len({row.address for row in rows}) == len(rows) >= 2
    for row in rows:
        titles = [line["title"] for line in row.data["tickets"]]
        assert titles == [f"Old thing {number}" for number in range(12)]


def test_beside_old_mail_the_new_one_is_answered_as_ever(outage: Outage) -> None:
    outage.take_in("Old thing", days=30)
    outage.take_in("New thing", minutes=2)
    rows = outage.told()
    assert [row.data["ticket"]["title"] for row in rows if row.template == "acknowledgement"] == [
        "New thing"
    ]
    assert any(row.template == "new-ticket" for row in rows)


def test_what_the_mails_say(outage: Outage) -> None:
    outage.take_in("Printer", hours=30)
    outage.take_in("Toner", days=20)
    outage.told()
    outage.desk.now += timedelta(minutes=11)
    outage.told()
    taken = [row for row in every(outage.desk.store, OutboxItem) if row.octets is not None]
    texts = {row.template: bytes(row.octets or b"").decode("utf-8", "replace") for row in taken}
    assert "could not read it until now" in texts["acknowledgement"]
    assert "Toner" in texts["old-mail"]
    assert "Printer" not in texts["old-mail"]
