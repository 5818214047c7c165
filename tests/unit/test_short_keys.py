"""What keys are kept as: digests as octets where SQLite keeps them, threads by their Message-ID."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from maild.store import Store, asking, migrate
from maild.store.records import OutboxItem
from tests.unit.test_migrate_records import FILLED, of_version

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DIGEST, OTHER = "0a" * 31 + "f7", "0b" * 32
KEYS = [DIGEST, OTHER, DIGEST.upper(), "0a", "", "x" * 64, "0a " * 21 + "0"]


def test_a_digest_is_found_however_it_is_kept(store: Store) -> None:
    """And what is none, or is written otherwise, comes out as it went in."""
    with store.unit() as unit:
        for number, key in enumerate(KEYS):
            unit.add(
                OutboxItem(
                    key=key,
                    address="a@x.example",
                    template="note",
                    message_id=str(number),
                    next_try=NOW,
                    created=NOW,
                )
            )
    for plain in (False, True):
        store.plain = plain
        for key in KEYS:
            with store.look() as unit:
                one = asking.outbox.with_key(unit, key)
                assert one is not None and one.key == key
        with store.look() as unit:
            asking.outbox.look_up(unit, [*KEYS, "nobody's"])
            before = unit._link.executed  # type: ignore[union-attr]
            found = [asking.outbox.with_key(unit, key) for key in KEYS]
            assert [one and one.key for one in found] == KEYS
            assert asking.outbox.with_key(unit, "nobody's") is None
            assert unit._link.executed == before  # type: ignore[union-attr]
        with store.look() as unit:
            for beginning in (DIGEST[:32], DIGEST[:31], DIGEST):
                begun = asking.outbox.with_key_begun(unit, beginning)
                assert begun is not None and begun.key == DIGEST
            assert asking.outbox.with_key_begun(unit, "0a0b") is None
    if store.is_sqlite:
        with store.engine.connect() as connection:
            sizes = connection.execute(sa.text("SELECT typeof(key), length(key) FROM outbox"))
            assert sorted(map(tuple, sizes))[:3] == [("blob", 32), ("blob", 32), ("text", 0)]


def test_what_was_kept_before_is_found_as_it_was(url: str) -> None:
    """Tickets of one Message-ID in the order in which they came to it, a message by its digest."""
    another = FILLED[2].replace("(1, 'T20261123.0001'", "(2, 'T20261123.0002'")
    store = of_version(
        "0003",
        Store(url),
        *FILLED[:3],
        another,
        "INSERT INTO thread (id, message_id, ticket_id, ours) VALUES "
        "(1, 'a@x', 2, false), (2, 'b@x', 1, true), (3, 'a@x', 1, false)",
        "INSERT INTO message (id, mailbox, sha256, size, accepted, state, attempts, fingerprint, "
        f"reasons, commands) VALUES (1, 'files', '{DIGEST}', 1, '2026-11-23 09:00:00', 'stored', "
        f"0, '{OTHER}', '[]', '[]')",
    )
    migrate.migrate(store)
    with store.unit() as unit:
        asking.tickets.look_up(unit, ["a@x", "b@x"])
        assert [t.ticket_id for t in asking.tickets.threads(unit, "a@x")] == [2, 1]
        assert [(t.ticket_id, t.ours) for t in asking.tickets.threads(unit, "b@x")] == [(1, True)]
        found = asking.messages.came_by(unit, "files", DIGEST)
        assert found is not None and (found.sha256, found.fingerprint) == (DIGEST, OTHER)
    store.close()
