"""A database with work in it, of the version before time entries were billed, comes up to date."""

from __future__ import annotations

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


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    url = f"sqlite:///{tmp_path / 'maild.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
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
