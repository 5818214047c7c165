"""The database: its migrations, its types, its transactions."""

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from maild.errors import MaildError, Unavailable, UsageError
from maild.store import Store, asking, types
from maild.store.migrate import migrate
from maild.store.records import Message, Setting
from maild.store.schema import metadata
from maild.store.types import clean
from tests.looking import every, the


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/maild.db")
    migrate(store)
    return store


def test_the_migrations_lead_to_the_tables_that_the_code_has(store: Store) -> None:
    with store.engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or not _apart(name)}
        context = MigrationContext.configure(connection, opts=ours)
        assert compare_metadata(context, metadata()) == []


def _apart(name: str) -> bool:
    """A table that is no record: the words of the search, each database's own kind."""
    return name.startswith("search_words")


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="newer version"):
        migrate(store)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.unit() as unit:
        unit.add(Setting(key="a", value={}))
        unit.write()
        raise ZeroDivisionError
    assert every(store, Setting) == []


def test_h2_sqlite_is_durable(store: Store) -> None:
    with store.engine.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"


def test_times_keep_their_zone(store: Store) -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=5)))
    with store.unit() as unit:
        unit.add(Message(mailbox="files", sha256="0", size=1, accepted=moment))
    kept = the(store, Message).accepted
    assert kept == moment
    assert kept.tzinfo is UTC


def test_h57_nul_and_lone_surrogates_are_stored(store: Store) -> None:
    assert clean("a\x00b\ud800c😀") == "ab\ufffdc😀"
    with store.unit() as unit:
        now = datetime.now(UTC)
        unit.add(Message(mailbox="files", sha256="0", size=1, accepted=now, subject="\ud83d\x00x"))
    assert the(store, Message).subject == "\ufffdx"


def test_a_message_id_of_any_length_is_found_again(store: Store) -> None:
    long = "x" * 100_000 + "@example.com"
    now = datetime.now(UTC)
    with store.unit() as unit:
        unit.add(Message(mailbox="files", sha256="0", size=1, accepted=now, message_id=long))
    with store.look() as unit:
        assert asking.messages.with_id(unit, long)
        assert not asking.messages.with_id(unit, long + "y")


@pytest.mark.parametrize(
    ("url", "said"),
    [("mysql://x/y", "sqlite and postgresql are possible"), ("nonsense", "is not an address")],
)
def test_other_databases_are_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Store(url)


def test_a_database_that_cannot_be_opened_says_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "maild.db").mkdir()
    with pytest.raises(Unavailable, match="Does its folder exist"):
        migrate(Store(f"sqlite:///{tmp_path}/maild.db"))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"From: a@b.example\r\n\r\nHello\r\n",
        b"From: a@b.example\r\n\r\n" + b"Hello again\r\n" * 5000,
        bytes(range(256)) * 40,
        types.PLAIN + b"as if it were marked",
        types.DEFLATED + b"as if it were packed",
        b"\xff\xfe\x00",
    ],
)
def test_octets_come_out_as_they_went_in(octets: bytes) -> None:
    kept = types.pack(octets)
    assert types.unpack(kept) == octets
    assert len(kept) <= len(octets) + len(types.PLAIN)
    assert len(octets) < 5000 or len(kept) < len(octets) / 5


def _in_base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets)


@pytest.mark.parametrize(
    ("octets", "most"),
    [
        (_in_base64(random.Random(7).randbytes(200_000)), 0.77),  # a picture: nothing repeats
        (_in_base64(b"It burns on the third floor. " * 7_000), 0.05),
        (_in_base64(bytes(200_000)), 0.05),
        (b"It burns. " * 20_000 + _in_base64(random.Random(7).randbytes(150_000)), 0.6),
        (_in_base64(random.Random(7).randbytes(150_000)) + b"It burns. " * 20_000, 0.6),
        (random.Random(7).randbytes(200_000), 1.0001),
        (b"It burns. " * (types.SMALL // 10), 0.05),
        (b"It burns. " * (types.SMALL // 10 + 1), 0.05),
    ],
    ids=["picture", "text", "zeros", "behind text", "before text", "noise", "small", "not small"],
)
def test_octets_of_all_kinds_are_packed_well(octets: bytes, most: float) -> None:
    """Each in the way that suits it, and they come out as they went in."""
    kept = types.pack(octets)
    assert types.unpack(kept) == octets
    assert len(kept) <= len(octets) * most


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept + b"x",
        lambda kept: kept + kept,
        lambda kept: kept[:-1],
        lambda kept: kept[: len(types.DEFLATED)],
        lambda kept: kept[:-1] + bytes([kept[-1] ^ 1]),
        lambda kept: kept[:20] + b"\xff" + kept[21:],
    ],
    ids=["more", "twice", "cut", "empty", "checksum", "changed"],
)
def test_octets_that_are_damaged_are_not_given_out(damage: Callable[[bytes], bytes]) -> None:
    kept = types.pack(b"From: a@b.example\r\n\r\n" + b"Hello again\r\n" * 50)
    assert kept.startswith(types.DEFLATED)
    with pytest.raises(MaildError, match="maild verify"):
        types.unpack(damage(kept))


def test_octets_from_before_they_were_packed_are_read() -> None:
    assert types.unpack(b"From: a@b.example\r\n\r\nHello\r\n")[:6] == b"From: "
