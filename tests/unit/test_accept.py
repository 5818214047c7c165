"""Accepting: stored as received, once a place."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild.ingest.accept import accept
from maild.store import Store, asking
from maild.store.records import Message, Raw
from tests.fresh import make_tables
from tests.looking import every

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    make_tables(store)
    yield store
    store.close()


def test_a_message_is_kept_byte_for_byte(store: Store) -> None:
    octets = b"Subject: \xff\x00\r\n\r\nbare\nline\r\n"
    with store.unit() as unit:
        stored = accept(unit, mailbox="support", uidvalidity=7, uid=3, octets=octets, now=NOW)
    assert stored is not None
    assert (stored.state, stored.size, stored.accepted) == ("stored", len(octets), NOW)
    with store.look() as unit:
        assert asking.messages.octets(unit, stored.id) == octets


def test_a_place_holds_one_message(store: Store) -> None:
    place: dict[str, Any] = {"mailbox": "support", "uidvalidity": 7, "uid": 3}
    with store.unit() as unit:
        assert accept(unit, **place, octets=b"first", now=NOW)
        assert accept(unit, **place, octets=b"second", now=NOW) is None
        assert accept(unit, **(place | {"uid": 4}), octets=b"first", now=NOW)
        assert accept(unit, **(place | {"uidvalidity": 8}), octets=b"first", now=NOW)
    assert len(every(store, Message)) == len(every(store, Raw)) == 3


def test_files_have_no_place(store: Store) -> None:
    place: dict[str, Any] = {"mailbox": "files", "uidvalidity": None, "uid": None}
    with store.unit() as unit:
        first = accept(unit, **place, octets=b"same", now=NOW)
        second = accept(unit, **place, octets=b"same", now=NOW)
    assert first and second and first.id != second.id
