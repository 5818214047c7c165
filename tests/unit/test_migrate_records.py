"""A database with work in it, of the version before time entries were billed, comes up to date."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from maild.store import Store, asking, migrate
from maild.store.records import Organization, OutboxItem, TimeEntry

BEFORE = "0003"
NOW = "2026-11-23 09:00:00"
FILLED = (
    "INSERT INTO organization (id, name, active, fields) VALUES (1, 'Acme', true, '{}')",
    "INSERT INTO person (id, name, role, active, organization_id, source, created, fields) "
    f"VALUES (1, 'Bob Tech', 'resource', true, NULL, 'config', '{NOW}', '{{}}')",
    "INSERT INTO ticket (id, number, title, status, status_kind, priority, type, source, queue, "
    "organization_id, primary_id, notify_contact, created, updated, reopened, tags, fields) VALUES "
    "(1, 'T20261123.0001', 'Printer', 'Assigned', 'working', '1 High', 'Incident', 'email', 'Q', "
    f"1, 1, true, '{NOW}', '{NOW}', 0, '[]', '{{\"asset\": \"PC-1\"}}')",
    "INSERT INTO time_entry (id, ticket_id, by_id, worked_on, minutes, work_type, summary, created)"
    f" VALUES (1, 1, 1, '{NOW}', 45, 'remote', 'Looked.', '{NOW}')",
)


@pytest.fixture
def older(url: str) -> Store:
    return of_version(BEFORE, Store(url), *FILLED)


def of_version(revision: str, store: Store, *statements: str) -> Store:
    """The database as that version left it."""
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    with migrate._alone(store) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in statements:
            connection.execute(sa.text(statement))
    return store


def test_n15_a5_what_was_worked_before_is_kept_and_billable(older: Store) -> None:
    migrate.migrate(older)
    with older.look() as unit:
        entry = unit.get(TimeEntry, 1)
        assert entry is not None
        assert (entry.minutes, entry.work_type, entry.summary) == (45, "remote", "Looked.")
        assert (entry.billable, entry.rate, entry.entered_by_id) == (True, None, None)
        ticket = asking.tickets.numbered(unit, "T20261123.0001")
        assert ticket is not None and ticket.fields["asset"] == "PC-1"
        assert asking.tickets.minutes(unit, ticket) == 45
        client = unit.get(Organization, 1)
        assert client is not None and asking.items.of_organization(unit, client) == []
    older.close()


def test_what_is_long_is_kept_compressed_from_then_on(tmp_path: Path) -> None:
    """And what was there says what it said, by whatever statement it is read."""
    words = "It is mine, and it is dead. " * 40
    store = of_version(
        "0013",
        Store(f"sqlite:///{tmp_path / 'maild.db'}"),
        *FILLED[1:2],
        *(
            "INSERT INTO outbox (id, key, address, template, language, audience, data, message_id, "
            '"references", state, attempts, next_try, created, exposed) VALUES '
            f"({n}, '{n}', 'a@x.example', 'note', 'en', 'contact', '{{\"text\"\\: \"{text}\"}}', "
            f"'{n}@x', '[]', 'sent', 0, '{NOW}', '{NOW}', 0)"
            for n, text in ((1, words), (2, "Short."))
        ),
    )
    migrate.migrate(store)
    with store.look() as unit:
        items = unit.some(OutboxItem, [1, 2])
        assert [items[n].data for n in (1, 2)] == [{"text": words}, {"text": "Short."}]
    with store.engine.connect() as connection:
        kinds = connection.execute(sa.text("SELECT typeof(data) FROM outbox ORDER BY id"))
        assert list(kinds.scalars()) == ["blob", "text"]
    store.close()


SHARED = (
    *FILLED[:2],
    "INSERT INTO person (id, name, role, active, organization_id, source, created, fields) VALUES "
    f"(2, 'Dana Lead', 'resource', true, NULL, 'config', '{NOW}', '{{}}'), "
    f"(3, 'Eve', 'contact', true, 1, 'mail', '{NOW}', '{{}}')",
    "INSERT INTO ticket (id, number, title, status, status_kind, priority, type, source, queue, "
    "organization_id, primary_id, notify_contact, created, updated, reopened, tags, fields) VALUES "
    + ", ".join(
        f"({n}, 'T20261123.000{n}', 'Printer', '{status}', '{kind}', '1 High', 'Incident', "
        f"'email', 'Q', 1, 1, true, '{NOW}', '{NOW}', 0, '[]', '{fields}')"
        for n, status, kind, fields in (
            (
                1,
                "New",
                "new",
                '{"asset": "PC-1", "twin": {"side": "provider", "queue": "Service", '
                '"resource_id": 2, "resource": "Dana Lead", "status": "Complete", '
                '"completed": "2026-11-24T09:00:00+00:00"}}',
            ),
            (
                2,
                "Assigned",
                "working",
                '{"twin": {"side": "client", "queue": "Service", "resource_id": 2, '
                '"resource": "Dana Lead", "status": "Assigned", "completed": null}}',
            ),
            (3, "New", "new", '{"asset": "the twin"}'),
        )
    ),
    "INSERT INTO note (id, ticket_id, by_id, by_kind, public, text, quoted_text, created, "
    "attachments) VALUES "
    + ", ".join(
        f"({n}, 1, {by}, '{kind}', {public}, '{text}', 'quoted', '{NOW}', '[]')"
        for n, by, kind, public, text in (
            (1, 3, "contact", "true", "It burns."),
            (2, 1, "resource", "false", "Bobs own."),
            (3, 2, "resource", "false", "Danas own."),
        )
    ),
    "INSERT INTO ticket_person (ticket_id, person_id, role) VALUES (1, 3, 'additional'), "
    "(1, 2, 'secondary')",
)


@pytest.fixture
def sharing(url: str) -> Store:
    return of_version("0014", Store(url), *SHARED)


def test_p5_p8_the_other_side_of_a_shared_ticket_gets_a_ticket_of_its_own(sharing: Store) -> None:
    if not sharing.is_sqlite:  # ids that were given by hand are not taken again
        with sharing.engine.begin() as connection:
            for table in ("ticket", "note", "ticket_person"):
                connection.execute(sa.text(f"SELECT setval('{table}_id_seq', 100)"))
    migrate.migrate(sharing)
    with sharing.look() as unit:
        first, second, third = (
            asking.tickets.numbered(unit, f"T20261123.000{n}") for n in (1, 2, 3)
        )
        assert first is not None and second is not None and third is not None
        assert (third.shared_side, third.fields) == ("", {"asset": "the twin"})
        assert (first.shared_side, first.status, first.primary_id) == ("client", "New", 1)
        assert first.fields == {"asset": "PC-1", "side": "client"}
        twin = asking.tickets.other_side(unit, first)
        assert twin is not None and asking.tickets.other_side(unit, twin) is first
        assert (twin.number, twin.shared_side) == (first.number, "provider")
        assert (twin.status, twin.status_kind, twin.queue) == ("Complete", "closed", "Service")
        assert (twin.primary_id, twin.fields) == (2, {"side": "provider"})
        assert twin.completed is not None and twin.completed.day == 24
        notes = [(note.text, note.quoted_text) for note in asking.notes.of(unit, twin)]
        assert notes == [("It burns.", ""), ("Danas own.", "")]
        assert len(asking.notes.of(unit, first)) == 3
        assert [p.person_id for p in asking.tickets.people(unit, twin)] == [3]
        other = asking.tickets.other_side(unit, second)
        assert other is not None and (other.shared_side, other.status_kind) == ("client", "working")
    sharing.close()


def test_what_was_counted_goes_on_from_there(older: Store) -> None:
    """And on SQLite a counter takes one index, that of its key."""
    with older.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO counter (key, day, in_day, hour, in_hour) VALUES "
                "('20261123:sends:a@x.example', :day, 7, :hour, 2)"
            ),
            {"day": "2026-11-23 00:00:00.000000", "hour": "2026-11-23 09:00:00.000000"},
        )
    migrate.migrate(older)
    key = "sends:a@x.example"
    for now, counted in (("09:30", [(2, 7), (3, 8)]), ("10:00", [(0, 8), (1, 9)])):
        at = datetime.fromisoformat(f"2026-11-23T{now}+00:00")
        with older.unit() as unit:
            before = asking.counters.so_far(unit, [key], at)[key]
            asking.counters.count(unit, [key], at)
        with older.look() as unit:
            assert [before, asking.counters.so_far(unit, [key], at)[key]] == counted
    if older.is_sqlite:
        with older.engine.connect() as connection:
            pages = "SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'counter' AND rootpage > 0"
            assert connection.exec_driver_sql(pages).scalar() == 1
    older.close()
