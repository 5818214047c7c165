"""Messages that wait together are committed together; one that fails is taken out of its group, and
a kill undoes the group and nothing else."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild import config
from maild.app import App, build
from maild.desk.desk import Desk
from maild.errors import MailError, Temporary
from maild.ingest import process
from maild.ingest.accept import accept, keep
from maild.ingest.lanes import Place
from maild.ingest.process import Pipeline
from maild.model import Lane, Mail
from maild.octets import Away
from maild.parse.limits import LocalReader
from maild.parse.parser import parse
from maild.spool import Mass
from maild.store import Store
from maild.store.asking import messages
from maild.store.records import Alert, Message, Note, OutboxItem, Ticket
from maild.store.unit import Unit
from tests.fresh import make_file
from tests.looking import every
from tests.processes import Process

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOML = (
    '[desk]\naddress = "support@example.com"\n[[resource]]\nname = "Bob"\nemail = "bob@b.example"\n'
)


def mail(n: int, text: str = "It smokes.") -> bytes:
    return (
        f"From: User {n} <user{n}@acme.example>\r\nTo: support@example.com\r\n"
        f"Message-ID: <{n}@acme.example>\r\nSubject: Printer {n}\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "maild.toml").write_text(TOML)
    make_file(tmp_path / "var" / "maild.db")
    settings = config.load(tmp_path / "maild.toml")
    return build(settings, Store(settings.database_url), now=NOW)


def stored(app: App, *raws: bytes) -> list[int]:
    def take(unit: Unit) -> list[int]:
        rows = [
            accept(unit, mailbox="files", uidvalidity=None, uid=None, octets=raw, now=NOW)
            for raw in raws
        ]
        return [row.id for row in rows if row is not None]

    return app.store.act(take)


def come(app: App, lane: Lane, *numbers: int) -> None:
    """Mails that wait in a lane before the backlog."""

    def keep_all(unit: Unit) -> None:
        for n in numbers:
            place = Place(lane, n, None, None, None)
            keep(unit, "files", None, None, mail(n), NOW, None, place)

    app.store.act(keep_all)


def titles(app: App) -> list[str]:
    """What has become a ticket, in their order."""
    return [one.title for one in sorted(every(app.store, Ticket), key=lambda one: one.id)]


def pipeline(app: App, read: object = None) -> Pipeline:
    return Pipeline(app.store, app.settings, app.rules, LocalReader(read))  # type: ignore[arg-type]


def commits(app: App, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each transaction had."""
    sizes: list[int] = []
    together = app.store.together

    def count(works: list[object], **until: object) -> list[object]:
        given = together(works, **until)  # type: ignore[arg-type]
        sizes.append(len(given))
        return given  # type: ignore[return-value]

    monkeypatch.setattr(app.store, "together", count)
    return sizes


def test_who_waits_together_is_committed_together(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GROUP_SECONDS", 0)  # that is for who is waited for
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 60)
    sizes = commits(app, monkeypatch)
    stored(app, *(mail(n) for n in range(2 * process.GROUP + 1)))
    assert pipeline(app).process_due(NOW) == 2 * process.GROUP + 1
    assert sizes == [process.GROUP, process.GROUP]  # and one by itself
    assert len(every(app.store, Ticket)) == 2 * process.GROUP + 1


def test_a_group_ends_when_its_time_is_over(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 0)
    sizes = commits(app, monkeypatch)
    stored(app, *map(mail, range(4)))
    pipeline(app).process_due(NOW)
    assert sizes == [1, 1, 1]
    assert len(every(app.store, Ticket)) == 4


def test_the_backlog_gives_way_to_who_comes_in_a_hurry_while_it_is_read(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 60)
    sizes = commits(app, monkeypatch)

    def read(raw: bytes) -> Mail:
        if raw == mail(1):
            come(app, Lane.COMMAND, 9)
        return parse(raw)

    stored(app, *map(mail, range(4)))
    assert pipeline(app, read).process_due(NOW) == 5
    assert sizes == [0, 4]  # and who came by himself
    assert titles(app) == [f"Printer {n}" for n in (9, 0, 1, 2, 3)]


def test_who_has_just_come_gives_way_to_a_technician(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GROUP_SECONDS", 60)
    sizes = commits(app, monkeypatch)

    def read(raw: bytes) -> Mail:
        if raw == mail(1):
            come(app, Lane.COMMAND, 9)
        return parse(raw)

    come(app, Lane.FRESH, *range(4))
    assert pipeline(app, read).process_due(NOW) == 5
    assert sizes == [0, 5]
    assert titles(app) == [f"Printer {n}" for n in (9, 0, 1, 2, 3)]


def test_the_backlog_has_its_share_while_many_are_in_a_hurry(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = commits(app, monkeypatch)
    stored(app, *map(mail, range(process.OWED + 2)))
    many = range(100, 100 + process.HURRIED + 3)
    come(app, Lane.FRESH, *many)
    monkeypatch.setattr(process, "GROUP", process.HURRIED)
    monkeypatch.setattr(process, "GROUP_SECONDS", 60)
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 60)
    assert pipeline(app).process_due(NOW) == process.OWED + 2 + len(many)
    assert sizes == [process.HURRIED, process.OWED, 3, 2]


def test_a_group_ends_sooner_where_somebody_waits_to_write(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GROUP_SECONDS", 0)
    monkeypatch.setattr(process, "GROUP_MOST_SECONDS", 60)
    sizes, settle = commits(app, monkeypatch), Desk.settle
    console = threading.Thread(target=app.store.act, args=(lambda unit: None,))

    def wait_for(desk: Desk) -> None:
        settle(desk)
        if desk.mail is not None and desk.mail.subject == "Printer 2":
            console.start()
            while not app.store._turns.wanted:
                threading.Event().wait(0.001)

    monkeypatch.setattr(Desk, "settle", wait_for)
    stored(app, *map(mail, range(6)))
    pipeline(app).process_due(NOW)
    console.join()
    assert sizes == [3, 3]


@pytest.mark.parametrize("when", ["before it wrote", "after it wrote", "while it was read"])
def test_the_poisoned_are_taken_out_and_done_alone(
    app: App, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    poisoned = {4, 11}
    settle = Desk.settle

    def is_poisoned(desk: Desk) -> bool:
        return desk.mail is not None and any(desk.mail.subject == f"Printer {n}" for n in poisoned)

    def fail(desk: Desk) -> None:
        if is_poisoned(desk) and when == "before it wrote":
            raise ZeroDivisionError
        settle(desk)
        if is_poisoned(desk) and when == "after it wrote":
            desk.unit.write()
            raise ZeroDivisionError

    def read(raw: bytes) -> Mail:
        understood = parse(raw)
        if when == "while it was read" and any(b"Printer %d\r" % n in raw for n in poisoned):
            raise ZeroDivisionError
        return understood

    monkeypatch.setattr(Desk, "settle", fail)
    ids = stored(app, *map(mail, range(20)))
    line = pipeline(app, read)
    for minutes in (0, 5, 10, 15):
        line.process_due(NOW + timedelta(minutes=minutes))
    states = {m.id: (m.state, m.attempts) for m in every(app.store, Message)}
    for n, stored_id in enumerate(ids):
        assert states[stored_id] == (("quarantined", 3) if n in poisoned else ("processed", 0))
    assert len(every(app.store, Ticket)) == len(every(app.store, Note)) == 18


def test_what_cannot_be_read_stops_no_other(app: App) -> None:
    def read(raw: bytes) -> Mail:
        if b"Printer 1\r" in raw:
            raise MailError("It took too long.")
        if b"Printer 2\r" in raw:
            raise Temporary("It is stopping.")
        return parse(raw)

    stored(app, *map(mail, range(5)))
    line = pipeline(app, read)
    with pytest.raises(Temporary):
        line.process_due(NOW)
    states = [m.state for m in every(app.store, Message)]
    assert states == ["processed", "quarantined", "stored", "stored", "stored"]


DAMAGE = {
    "cut": "UPDATE raw SET octets = substr(octets, 1, 20) WHERE stored_id = {}",
    "gone": "DELETE FROM raw WHERE stored_id = {}",
    "of another program": "UPDATE raw SET octets = x'006d61696c6434393900' WHERE stored_id = {}",
    "named, and not there": "UPDATE raw SET octets = x'006d61696c6432616263' WHERE stored_id = {}",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_h121_a_mail_that_is_damaged_in_the_database_stops_no_other(app: App, damage: str) -> None:
    ids = stored(app, *map(mail, range(5)))
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql(damage.format(ids[2]))
    line, limits = pipeline(app), app.settings.config.limits
    for n in range(limits.tries):
        line.process_due(NOW + n * timedelta(minutes=5))
    states = [m.state for m in every(app.store, Message)]
    assert states == ["processed", "processed", "quarantined", "processed", "processed"]
    (alert,) = every(app.store, Alert)
    assert "MaildError" not in alert.text


def test_h121_a_mail_whose_octets_are_away_waits_and_no_other_does(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def octets(unit: Unit, stored_id: int) -> Mass:
        if stored_id == ids[2] and away:
            raise Away("A large mail cannot be read below /raw (Input/output error).")
        return as_ever(unit, stored_id)

    ids, away, as_ever = stored(app, *map(mail, range(5))), True, messages.octets
    monkeypatch.setattr(messages, "octets", octets)
    line, tries = pipeline(app), app.settings.config.limits.tries
    for n in range(tries + 1):
        assert not every(app.store, Alert) or n >= tries
        line.process_due(NOW + n * timedelta(minutes=5))
        states = [m.state for m in every(app.store, Message)]
        assert states == ["processed", "processed", "stored", "processed", "processed"]
    (alert,) = every(app.store, Alert)
    assert "Input/output error" in alert.text and alert.cleared is None
    away = False
    assert line.process_due(NOW + timedelta(hours=1)) == 1
    assert len(every(app.store, Ticket)) == 5
    assert every(app.store, Alert)[0].cleared is not None


def test_a_reply_and_a_copy_in_the_group_of_what_they_belong_to(app: App) -> None:
    reply = (
        mail(1, "More smoke.")
        .replace(b"<1@", b"<2@", 1)
        .replace(b"\r\n\r\n", b"\r\nIn-Reply-To: <1@acme.example>\r\n\r\n", 1)
    )
    stored(app, mail(1), reply, mail(1))
    pipeline(app).process_due(NOW)
    assert [m.outcome for m in every(app.store, Message)] == ["ticket", "note", "duplicate"]
    assert len(every(app.store, Ticket)) == 1


@pytest.mark.parametrize("step", ["process.claimed:1", "process.claimed:4", "process.done:4"])
def test_h1_a_group_that_is_killed_is_done_again(app: App, tmp_path: Path, step: str) -> None:
    stored(app, *map(mail, range(6)))
    app.close()
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from maild.app import open_app; from maild.ingest import process\n"
        "from maild.parse.limits import LocalReader\n"
        "process.GROUP_SECONDS = process.GROUP_MOST_SECONDS = 60\n"
        "app = open_app(Path(sys.argv[1]))\n"
        "process.Pipeline(app.store, app.settings, app.rules, LocalReader())"
        ".process_due(datetime.now(UTC))\n"
    )
    file = str(tmp_path / "maild.toml")
    killed = Process(file, program=program, env=os.environ | {"MAILD_KILL_AT": step})
    assert killed.wait() == -signal.SIGKILL
    assert {m.state for m in every(app.store, Message)} == {"stored"}
    assert not every(app.store, Ticket)
    assert not every(app.store, OutboxItem)
    assert Process(file, program=program).wait() == 0
    assert {m.state for m in every(app.store, Message)} == {"processed"}
    assert len(every(app.store, Ticket)) == len(every(app.store, Note)) == 6
