"""Whose turn it is: technicians and what has just come before a backlog, mailboxes by turns, and
each conversation in its order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild import config
from maild.app import App, build
from maild.ingest import lanes, process
from maild.ingest.imap.cursor import Cursor, Fetched
from maild.ingest.process import Pipeline
from maild.model import Lane, Mail
from maild.parse.first_look import FirstLook, first_look
from maild.parse.limits import LocalReader
from maild.parse.parser import parse
from maild.spool import Mass, whole
from maild.store import Store, asking
from maild.store.records import Message, Note, Ticket
from tests.fresh import make_file
from tests.looking import every

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OLD = NOW - timedelta(days=1)
TOML = """
[desk]
address = "support@example.com"
[trust]
authserv_id = "mx.example.com"
[[resource]]
name = "Bob"
email = "bob@example.com"
[[contact]]
name = "Kim"
email = "kim@client.example"
"""


def mail(
    name: str,
    sender: str = "",
    subject: str = "Printer",
    answers: Sequence[str] = (),
    *,
    references: bool = True,
) -> bytes:
    """A mail whose Message-ID is `name`."""
    lines = [
        "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com",
        f"From: Somebody <{sender or f'{name}@acme.example'}>",
        "To: support@example.com",
        f"Message-ID: <{name}@acme.example>",
        f"Subject: {subject}",
    ]
    if answers:
        lines.append(f"In-Reply-To: <{answers[-1]}@acme.example>")
    if answers and references:
        lines.append("References: " + " ".join(f"<{one}@acme.example>" for one in answers))
    return "\r\n".join([*lines, "", f"This is {name}.", ""]).encode()


class House:
    """A desk, mail that comes in by its mailboxes, and the order in which it is taken up."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.uids: dict[str, int] = {}
        self.order: list[str] = []
        self.pipeline = Pipeline(app.store, app.settings, app.rules, LocalReader())
        take = self.pipeline._take

        def note(stored_id: int, mail: Mail, *rest: object) -> object:
            self.order.append((mail.message_id or "").partition("@")[0])
            return take(stored_id, mail, *rest)  # type: ignore[arg-type]

        self.pipeline._take = note  # type: ignore[assignment, method-assign]

    def comes(
        self, *octets: bytes, mailbox: str = "support", arrived: datetime | None = NOW
    ) -> None:
        """One batch, as the watcher of a mailbox accepts it."""
        cursor = Cursor(self.app.store, mailbox, lambda: NOW)
        if mailbox not in self.uids:
            cursor.enter(1)
            cursor.scanned(0)
        cursor.uidvalidity = 1
        first = self.uids.get(mailbox, 0) + 1
        batch = [Fetched(uid, raw, arrived) for uid, raw in enumerate(octets, first)]
        self.uids[mailbox] = first + len(octets) - 1
        cursor.accept(batch, self.uids[mailbox])

    def work(self, limit: int = 1000) -> list[str]:
        """Who was taken up, in order."""
        self.order.clear()
        self.pipeline.process_due(NOW, limit)
        return list(self.order)

    def lane(self, name: str) -> Lane:
        (found,) = [m for m in every(self.app.store, Message) if m.message_id == _id(name)]
        return Lane(found.lane)


def _id(name: str) -> str:
    return f"{name}@acme.example"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    (tmp_path / "maild.toml").write_text(TOML)
    make_file(tmp_path / "var" / "maild.db")
    settings = config.load(tmp_path / "maild.toml")
    app = build(settings, Store(settings.database_url), now=NOW)
    monkeypatch.setattr(
        lanes, "ROOM", {Lane.COMMAND: lanes.Room(9, 3, 9), Lane.KNOWN: ROOM, Lane.FRESH: ROOM}
    )
    yield House(app)
    app.close()


ROOM = lanes.Room(mailbox=6, sender=2, first=12)


def backlog(count: int, name: str = "old") -> list[bytes]:
    return [mail(f"{name}{n}") for n in range(count)]


# ---- who goes first


def test_h16_a_technician_and_who_has_just_written_go_before_a_backlog(house: House) -> None:
    house.comes(*backlog(8), arrived=OLD)
    house.comes(mail("new"))
    house.comes(mail("bob", "bob@example.com", "A visit"), arrived=OLD)
    assert house.work()[:3] == ["bob", "new", "old0"]
    where = [house.lane(name) for name in ("bob", "new", "old0")]
    assert where == [Lane.COMMAND, Lane.FRESH, Lane.BACKLOG]


def test_h68_h95_a_customer_goes_before_strangers_however_many_they_are(house: House) -> None:
    house.comes(*(mail(f"many{n}") for n in range(9)))
    house.comes(*(mail(f"kim{n}", "kim@client.example") for n in range(4)))
    assert house.work()[:2] == ["kim0", "kim1"]
    assert [house.lane(f"kim{n}") for n in range(4)] == [Lane.KNOWN] * 2 + [
        Lane.FRESH,
        Lane.BACKLOG,
    ]


def test_h68_what_a_sender_sends_beyond_his_measure_waits_for_all_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MANY", 3)
    house.comes(*(mail(f"flood{n}", "eve@evil.example") for n in range(4)), arrived=OLD)
    house.comes(mail("flood4", "eve@evil.example"))
    house.comes(*(mail(f"forged{n}", "bob@example.com") for n in range(7)), arrived=OLD)
    house.comes(mail("old"), arrived=OLD)
    assert [house.lane(f"flood{n}") for n in range(5)] == [Lane.BACKLOG] * 3 + [Lane.LAST] * 2
    assert house.lane("forged6") == Lane.LAST
    order = house.work()
    assert order.index("old") < order.index("flood3") < order.index("flood4")
    assert len(order) == 13  # and nothing is lost


def test_who_comes_while_others_are_worked_waits_for_one_commit_at_most(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 60)
    house.comes(*backlog(8), arrived=OLD)
    assert len(house.work(limit=5)) == 5
    house.comes(mail("bob", "bob@example.com"))
    house.comes(mail("new"))
    assert house.work()[:2] == ["bob", "new"]


def test_h16_a_flood_fills_its_lane_and_stops_nobody(house: House) -> None:
    house.comes(*(mail(f"flood{n}", "printer@flood.example") for n in range(9)))
    house.comes(*(mail(f"many{n}", f"user{n % 3}@many.example") for n in range(15)))
    house.comes(mail("ann"))
    in_front = [m.sender for m in every(house.app.store, Message) if m.lane == Lane.FRESH]
    assert in_front.count("printer@flood.example") == 2
    assert len(in_front) < lanes.ROOM[Lane.FRESH].first
    house.work(limit=in_front.index("ann@acme.example"))
    house.comes(*(mail(f"more{n}", f"user{n % 3}@many.example") for n in range(9)))
    house.comes(mail("bea"))
    assert house.work()[:2] == ["ann", "bea"]


def test_a_forged_technician_gets_no_more_than_a_technicians_room(house: House) -> None:
    house.comes(*(mail(f"forged{n}", "bob@example.com") for n in range(9)))
    states = [m.lane for m in every(house.app.store, Message)]
    assert states.count(Lane.COMMAND) == lanes.ROOM[Lane.COMMAND].sender
    assert states.count(Lane.FRESH) == lanes.ROOM[Lane.FRESH].sender


def test_the_backlog_goes_on_while_people_write(house: House) -> None:
    house.comes(*backlog(5), arrived=OLD)
    house.comes(*(mail(f"new{n}") for n in range(25)))
    first = house.work(limit=25)
    assert sum(name.startswith("old") for name in first) >= process.OWED


def test_mailboxes_take_turns(house: House) -> None:
    house.comes(*backlog(12, "a"), mailbox="large", arrived=OLD)
    house.comes(*backlog(2, "b"), mailbox="small", arrived=OLD)
    house.comes(*backlog(2, "c"), mailbox="third", arrived=OLD)
    order = house.work()
    for name in ("b1", "c1"):
        assert order.index(name) < 6, order
    assert [name for name in order if name.startswith("a")] == [f"a{n}" for n in range(12)]


def test_a_mailbox_that_comes_late_owes_nothing_and_gains_nothing(house: House) -> None:
    house.comes(*backlog(12, "a"), mailbox="large", arrived=OLD)
    house.work(limit=4)
    house.comes(*backlog(4, "b"), mailbox="small", arrived=OLD)
    order = house.work()
    for place, name in enumerate(order[:8]):
        assert name.startswith("ab"[place % 2]), order


def test_what_failed_holds_up_no_turn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(raw: Mass) -> Mail:
        if b"<a0@" in whole(raw):
            raise ZeroDivisionError
        return parse(raw)

    house.comes(*backlog(8, "a"), mailbox="large", arrived=OLD)
    house.pipeline._ahead._reader = LocalReader(read)
    house.work(limit=4)
    house.comes(*backlog(2, "b"), mailbox="small", arrived=OLD)
    assert house.work()[:4] == ["a4", "b0", "a5", "b1"]


# ---- order within a conversation

CONVERSATIONS = {
    "a reply": [("one", ()), ("two", ("one",))],
    "by its References": [("one", ()), ("two", ("one",)), ("three", ("one", "two"))],
    "the first mail comes last": [("two", ("one",)), ("one", ())],
    "of a thread that nobody knows": [("two", ("zero",)), ("three", ("zero", "two"))],
}


def test_a_technician_takes_along_what_he_answers(house: House) -> None:
    for n, (name, references, apart) in enumerate(
        itertools.product(CONVERSATIONS, (True, False), (True, False))
    ):
        house.comes(*backlog(3, f"old{n}-"), arrived=OLD)
        chain = [(f"{one}{n}", [f"{o}{n}" for o in of]) for one, of in CONVERSATIONS[name]]
        senders = [""] * (len(chain) - 1) + ["bob@example.com"]
        raws = [
            mail(one, sender, answers=of, references=references)
            for (one, of), sender in zip(chain, senders, strict=True)
        ]
        for batch in [[raw] for raw in raws] if apart else [raws]:
            house.comes(*batch, arrived=OLD)
        order = house.work()
        assert order[: len(chain)] == [one for one, _ in chain], (name, references, apart)


def test_of_a_ticket_too_by_its_number_and_by_mail_that_it_had(house: House) -> None:
    house.comes(mail("one"))
    house.work()
    (ticket,) = every(house.app.store, Ticket)
    house.comes(*backlog(5), arrived=OLD)
    house.comes(mail("two", "one@acme.example", answers=["one"]), arrived=OLD)
    house.comes(mail("three", "bob@example.com", f"Re: {ticket.number} is resolved"), arrived=OLD)
    assert house.work()[:2] == ["two", "three"]
    notes = [note.text for note in every(house.app.store, Note) if note.ticket_id == ticket.id]
    assert [text.split()[-1] for text in notes[-2:]] == ["two.", "three."]


def test_in_two_mailboxes_too(house: House) -> None:
    house.comes(*backlog(5), arrived=OLD)
    house.comes(mail("one"), arrived=OLD)
    house.comes(mail("two", answers=["one"]), mailbox="other", arrived=OLD)
    order = house.work()
    assert order.index("one") < order.index("two") < 5


def test_of_a_long_conversation_the_last_waits_for_the_others(house: House) -> None:
    replies = [mail(f"reply{n}", answers=["one"]) for n in range(asking.lanes.MOST)]
    house.comes(mail("one"), *replies, arrived=OLD)
    house.comes(mail("bob", "bob@example.com", answers=["one"]))
    assert house.lane("bob") == Lane.BACKLOG
    order = house.work()
    assert order == ["one", *(f"reply{n}" for n in range(len(replies))), "bob"]


# ---- what a mail says at first sight

LOOKS: dict[bytes, FirstLook] = {
    b"": FirstLook(None, "", None, (), None),
    b"no header at all": FirstLook(None, "", None, (), None),
    b"From: Ann <ANN@Acme.example>\nMessage-ID: <1@a>\n\nFrom: x@y.z": FirstLook(
        "ann@acme.example", "", "1@a", (), "1@a"
    ),
    b"subject: =?utf-8?q?T20261123=2E0001?=\r\nreferences: <1@a>\r\n <2@a>\r\n"
    b"in-reply-to: <2@a>\r\n\r\n": FirstLook(None, "T20261123.0001", None, ("2@a", "1@a"), "1@a"),
    b"From: a@b.c\nFrom: d@e.f\nSubject: one\nSubject: two\n\n": FirstLook(
        "a@b.c", "one", None, (), None
    ),
}


@pytest.mark.parametrize("octets", LOOKS, ids=lambda octets: repr(octets[:20]))
def test_what_the_top_of_a_mail_says(octets: bytes) -> None:
    assert first_look(octets) == LOOKS[octets]


def test_a_first_look_agrees_with_reading_it_whole() -> None:
    for raw in (
        mail("one"),
        mail("two", answers=["one", "three"]),
        b"From: " + b"a" * 100_000,
        b"From: <b\xe4r@x.example>\n\n",
    ):
        looked, read = first_look(raw), parse(raw)
        assert looked.sender == (read.sender.key if read.sender else None)
        assert (looked.message_id, looked.subject) == (read.message_id, read.subject)
        assert set(looked.answers) == {*read.in_reply_to, *read.references}
