"""The checker is a test of tests, so it is tested itself: it finds each kind of fault that is
planted, and nothing where there is none."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.checker import Delivered, Report, Seen, check

BOB = "bob@example.com"


def mail(number: int) -> Delivered:
    octets = f"Subject: Mail {number}\r\nMessage-ID: <{number}@a.example>\r\n\r\nx\r\n".encode()
    sender = f"p{number}@a.example"
    return Delivered(octets, sender, (sender, BOB))


def told(recipient: str, number: int, message_id: str = "", body: str = "hello") -> Seen:
    """What the relay saw: an acknowledgement (without a word of the mail), or news for Bob."""
    key = message_id or f"{recipient}.{number}"
    about = (
        f"Subject: [T1] Mail {number}\r\n"
        if recipient == BOB
        else f"Subject: We have your mail\r\nIn-Reply-To: <{number}@a.example>\r\n"
    )
    return Seen(recipient, f"{about}Message-ID: <{key}>\r\n\r\n{body}\r\n".encode())


@dataclass
class Story:
    """Three mails, and all that must come of them."""

    place: Path
    delivered: list[Delivered] = field(default_factory=lambda: [mail(n) for n in range(3)])
    seen: list[Seen] = field(default_factory=list)
    kills: int = 1

    def __post_init__(self) -> None:
        self.seen = [told(who, n) for n in range(3) for who in (f"p{n}@a.example", BOB)]
        self.run(
            "CREATE TABLE message (id INTEGER, sha256 TEXT, state TEXT, ticket_id INTEGER)",
            "CREATE TABLE raw (stored_id INTEGER, octets BLOB)",
            "CREATE TABLE note (id INTEGER PRIMARY KEY, stored_id INTEGER)",
            "CREATE TABLE ticket (id INTEGER)",
            "CREATE TABLE outbox (address TEXT, message_id TEXT, state TEXT)",
        )
        for number, one in enumerate(self.delivered):
            digest = hashlib.sha256(one.octets).hexdigest()
            self.run(
                f"INSERT INTO message VALUES ({number}, '{digest}', 'processed', {number})",
                f"INSERT INTO raw VALUES ({number}, x'{one.octets.hex()}')",
                f"INSERT INTO note (stored_id) VALUES ({number})",
                f"INSERT INTO ticket VALUES ({number})",
            )

    def run(self, *statements: str) -> None:
        with sqlite3.connect(self.place) as connection:
            for statement in statements:
                connection.execute(statement)

    def check(self) -> Report:
        return check(str(self.place), self.delivered, self.seen, self.kills)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "db")


def test_it_finds_nothing_where_all_is_well(story: Story) -> None:
    report = story.check()
    assert report.clean, report
    assert (report.mails, report.notifications, report.repeats) == (3, 6, 0)
    assert report.text(7).startswith("seed 7: ")
    assert "lost 0, doubled 0, stalled 0" in report.text(7)


def test_one_repeat_of_a_kill_is_allowed(story: Story) -> None:
    story.seen.append(story.seen[0])
    report = story.check()
    assert report.clean
    assert report.repeats == 1


def test_what_maild_says_it_does_not_know_is_no_loss(story: Story) -> None:
    story.seen = [one for one in story.seen if one.recipient != "p1@a.example"]
    story.run("INSERT INTO outbox VALUES ('p1@a.example', 'x', 'unknown')")
    report = story.check()
    assert report.clean
    assert report.unknown == 1


OTHER = mail(9).octets


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        # lost
        (lambda s: s.run("DELETE FROM message WHERE id = 1"), "Mail 1 is not stored"),
        (lambda s: s.run("UPDATE raw SET octets = x'00' WHERE stored_id = 1"), "other octets"),
        (lambda s: s.run("DELETE FROM raw WHERE stored_id = 1"), "other octets"),
        (lambda s: s.run("UPDATE message SET state = 'stored' WHERE id = 1"), "is stored"),
        (lambda s: s.run("UPDATE message SET state = 'quarantined' WHERE id = 2"), "quarantined"),
        (lambda s: s.run("UPDATE message SET ticket_id = NULL WHERE id = 1"), "has no ticket"),
        (lambda s: s.seen.pop(0), "p0@a.example never heard of Mail 0"),
        (lambda s: s.seen.pop(1), "bob@example.com never heard of Mail 0"),
        # doubled
        (lambda s: s.run("INSERT INTO message SELECT 7, sha256, state, ticket_id FROM message "
                         "WHERE id = 1"), "is stored 2 times"),
        (lambda s: s.run(f"INSERT INTO message VALUES (7, '{'0' * 64}', 'processed', 7)"),
         "that nobody delivered"),
        (lambda s: s.run("INSERT INTO ticket VALUES (9)"), "3 mails made 4 tickets"),
        (lambda s: s.run("UPDATE message SET ticket_id = 1 WHERE id = 2",
                         "DELETE FROM ticket WHERE id = 2"), "2 mails are one ticket"),
        (lambda s: s.run("INSERT INTO note (stored_id) VALUES (1)"), "made 2 notes"),
        (lambda s: s.run("DELETE FROM note WHERE stored_id = 1"), "made 0 notes"),
        (lambda s: s.seen.append(told(BOB, 1, "another")), "heard 2 times of Mail 1"),
        (lambda s: s.seen.extend([s.seen[0]] * 2), "got one mail 3 times"),
        (lambda s: s.seen.extend(s.seen[:2]), "2 repeats for 1 kills"),
        (lambda s: s.seen.append(told(BOB, 1, body="other words")), "is not the same mail"),
        (lambda s: s.seen.append(told("eve@example.com", 1)), "which is not for him"),
        (lambda s: s.seen.append(Seen(BOB, b"Subject: hello\r\n\r\n")), "which is not for him"),
        (lambda s: s.__dict__.update(kills=0, seen=[*s.seen, s.seen[0]]), "1 repeats for 0 kills"),
    ],
)  # fmt: skip
def test_it_finds_what_is_planted(
    story: Story, plant: Callable[[Story], object], found: str
) -> None:
    plant(story)
    report = story.check()
    assert not report.clean
    assert any(found in line for line in (*report.lost, *report.doubled)), report


def test_a_stall_is_no_clean_report() -> None:
    report = Report(stalled=["after a kill: Mail 1 is stored within 60 s"])
    assert not report.clean
    total = Report()
    total.add(report)
    assert not total.clean
    assert "stalled 1" in total.text(1)
