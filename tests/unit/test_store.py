"""The database: its migrations, its types, its transactions."""

import base64
import contextlib
import json
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from maild import octets
from maild.errors import MaildError, Unavailable, UsageError
from maild.model import Role
from maild.store import Store, asking, packing, preset
from maild.store.migrate import migrate
from maild.store.records import Counter, Message, Note, Organization, Person, PersonAddress, Setting
from maild.store.schema import metadata
from maild.store.types import as_json, clean
from tests.looking import every, the
from tests.office import Office, a_note, the_ticket


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
        assert connection.scalar(sa.text("PRAGMA temp_store")) == 2


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
        packing.PLAIN + b"as if it were marked",
        packing.DEFLATED + b"as if it were packed",
        b"\xff\xfe\x00",
    ],
)
def test_octets_come_out_as_they_went_in(octets: bytes) -> None:
    kept = packing.pack(octets)
    assert packing.unpack(kept) == octets
    assert len(kept) <= len(octets) + len(packing.PLAIN)
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
        (b"It burns. " * (packing.SMALL // 10), 0.05),
        (b"It burns. " * (packing.SMALL // 10 + 1), 0.05),
    ],
    ids=["picture", "text", "zeros", "behind text", "before text", "noise", "small", "not small"],
)
def test_octets_of_all_kinds_are_packed_well(octets: bytes, most: float) -> None:
    """Each in the way that suits it, and they come out as they went in."""
    kept = packing.pack(octets)
    assert packing.unpack(kept) == octets
    assert len(kept) <= len(octets) * most


def _talk(length: int) -> bytes:
    """Words in no order, as people's mail looks to zlib."""
    words = [b"printer", b"server", b"since", b"the", b"office", b"error", b"help", b"yesterday"]
    said = b" ".join(random.Random(7).choices(words, k=length // 6))
    return said[:length]


@pytest.mark.parametrize("known", [None, preset.FACTS, preset.MAIL, preset.SENT])
@pytest.mark.parametrize("length", [2_000, 3_000, packing.SMALL + 2_000])
def test_what_people_write_is_packed_tighter_than_by_the_fastest_way(
    length: int, known: str | None
) -> None:
    octets = _talk(length)
    kept = packing.pack(octets, known)
    assert packing.unpack(kept) == octets
    assert len(kept) - len(packing.DEFLATED) < len(zlib.compress(octets, 1))


NOISE = random.Random(7).randbytes(3_000)
LARGE_NOISE = random.Random(9).randbytes(100_000)


def _attached(
    content: bytes,
    *,
    width: int = 76,
    end: bytes = b"\r\n",
    word: bytes = b"base64",
    last: bytes = b"",
) -> bytes:
    """A mail with a file."""
    line = base64.b64encode(content)
    lines = end.join(line[i : i + width] for i in range(0, len(line), width)) + (last or end)
    head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: " + word + b"\r\n\r\n"
    return b"Subject: x\r\n\r\n--b\r\n" + head + lines + b"--b--\r\n"


@pytest.mark.parametrize(
    ("octets", "most"),
    [
        (_attached(NOISE), 0.76),
        (_attached(NOISE, width=72), 0.76),
        (_attached(NOISE, width=64), 0.76),
        (_attached(NOISE[:-1]), 0.76),
        (_attached(NOISE[:-2]), 0.76),
        (_attached(NOISE, last=b"\r\n\r\n"), 0.76),
        (_attached(NOISE) + _attached(NOISE[::-1]), 0.76),
        (_attached(b"".join(b"line %d;0\r\n" % n for n in range(300))), 0.35),
        (_attached(NOISE) * 2, 0.4),
        (_attached(LARGE_NOISE), 0.74),  # copied, as nothing makes it fewer
        (_attached(LARGE_NOISE + LARGE_NOISE[::-1]), 0.74),
        (_attached(b"It burns. " * 9_000 + LARGE_NOISE), 0.6),
        (_attached(LARGE_NOISE + b"It burns. " * 9_000), 0.6),
        (_attached(b"It burns. " * 9_000 + LARGE_NOISE + b"It burns. " * 9_000), 0.6),
        (_attached(NOISE).replace(b"A", b"\r", 1), 0.9),
        (_attached(NOISE).replace(b"A", b"\n", 1), 0.9),
        (_attached(NOISE).replace(b"\r\n", b"\n\r"), 0.9),
        (_attached(NOISE, last=b"\r"), 0.76),
        (_attached(NOISE, last=b"=\r\n"), 0.9),
        (b"base64\r\n\r\n" + base64.b64encode(NOISE), 0.8),  # one line, and no end
        (_attached(NOISE, end=b"\n"), 0.9),
        (_attached(NOISE, end=b" \r\n"), 0.9),
        (_attached(NOISE, width=74), 0.9),
        (_attached(NOISE, word=b"BASE64"), 0.9),
        (_attached(NOISE).replace(b"/", b"*"), 0.9),
        (_attached(NOISE, last=b"QQ==\r\n"), 0.9),  # more behind the end
        (_attached(NOISE[:-2])[:-11] + b"R==\r\n--b--\r\n", 0.9),  # bits that count for nothing
        (_attached(NOISE)[:2_000], 0.9),
        (_attached(b""), 1),
        (b"base64\r\n" * 9_000, 0.05),
        (b"base64\r\n\r\n" * 9_000 + b"--", 0.05),
        (b"base64\r\n\r\n\r\n--" * 9_000, 0.05),
    ],
)
def test_files_of_a_mail_come_out_as_they_went_in(octets: bytes, most: float) -> None:
    """Whoever wrote the base64, and however; in the usual forms it costs nothing."""
    kept = packing.pack(octets, preset.MAIL)
    assert packing.unpack(kept) == octets
    assert len(kept) <= len(octets) * most + len(packing.PLAIN)


def test_a_file_with_a_byte_changed_is_not_given_out() -> None:
    octets = _attached(NOISE[:900])
    kept = packing.pack(octets, preset.MAIL)
    assert kept.startswith(packing.FILES)
    for place in range(len(packing.FILES), len(kept)):
        changed = kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :]
        with contextlib.suppress(MaildError):
            assert packing.unpack(changed) == octets
    for wrong in (kept[:-1], kept + b"x", kept[: len(packing.FILES)], packing.FILES + b"\n\n"):
        with pytest.raises(MaildError, match="maild verify"):
            packing.unpack(wrong)


@pytest.mark.parametrize(
    ("name", "checksum"),
    [(preset.FACTS, 0xD67F0B6C), (preset.MAIL, 0xC322BC50), (preset.SENT, 0xEB843386)],
)
def test_a_dictionary_stays_as_it_is_as_what_is_kept_needs_it(name: str, checksum: int) -> None:
    assert zlib.adler32(preset.dictionary(name)) == checksum


@pytest.mark.parametrize("known", [None, preset.FACTS, preset.MAIL, preset.SENT])
def test_what_needs_a_dictionary_is_read_without_being_told_which(known: str | None) -> None:
    octets = preset.dictionary(preset.SENT)[-3_000:] + b"It burns."
    kept = packing.pack(octets, known)
    assert packing.unpack(kept) == octets
    assert (len(kept) < 100) == (known == preset.SENT)


@pytest.mark.parametrize("text", ["It burns. ", "It burns. " * 90])
def test_a_note_says_something_however_it_is_kept(tmp_path: Path, text: str) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("message:1", by="bob@example.com") as desk:
        ticket = the_ticket(desk, number)
        a_note(desk, ticket, text)
    said = every(office.store, Note)[-1]
    assert said.text == text
    with office.store.look() as unit:
        assert asking.notes.has_words(unit, ticket, stored_id=None, at=said.created)


def test_a_dictionary_that_nobody_has_is_said() -> None:
    packer = zlib.compressobj(zdict=b"another")
    stream = packer.compress(b"another mail") + packer.flush()
    with pytest.raises(MaildError, match="maild verify"):
        packing.unpack(packing.DEFLATED + stream)


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept + b"x",
        lambda kept: kept + kept,
        lambda kept: kept[:-1],
        lambda kept: kept[: len(packing.DEFLATED)],
        lambda kept: kept[:-1] + bytes([kept[-1] ^ 1]),
        lambda kept: kept[:20] + b"\xff" + kept[21:],
    ],
    ids=["more", "twice", "cut", "empty", "checksum", "changed"],
)
def test_octets_that_are_damaged_are_not_given_out(damage: Callable[[bytes], bytes]) -> None:
    kept = packing.pack(b"From: a@b.example\r\n\r\n" + b"Hello again\r\n" * 50)
    assert kept.startswith(packing.DEFLATED)
    with pytest.raises(MaildError, match="maild verify"):
        packing.unpack(damage(kept))


def apart(head: bytes, rest: bytes = b"hello world", files: bytes = b"abc") -> bytes:
    words = zlib.compress(head + b"\n" + rest)
    return packing.FILES + b"%d\n" % len(words) + words + zlib.compress(files)


@pytest.mark.parametrize(
    "kept",
    [
        packing.FILES,
        packing.FILES + b"9" * 5000 + b"\n",
        packing.FILES + b"-3\n",
        apart(b"3 0 3"),
        apart(b"3 4"),
        apart(b"x y z"),
        apart(b"3 4 1" + b"0" * 5000),
        packing.OUTSIDE,
        packing.OUTSIDE + b"one\ntwo",
        packing.OUTSIDE + b"../../etc/passwd",
        packing.OUTSIDE + b"a" * 5000,
        packing.PIECES + b"one\n\n",
        packing.DEFLATED + zlib.compress(b"Hello") + b"x" * 50_000_000,  # quickly, too
    ],
    ids=range(13),
)
def test_h121_octets_that_we_never_packed_are_told(kept: bytes, tmp_path: Path) -> None:
    octets.use("", tmp_path, tmp_path)  # a place where others may be
    with pytest.raises(MaildError, match="maild verify"):
        packing.unpack(kept)


@pytest.mark.parametrize("width", [4, 8, 28, 32, 76, 996, 1000])
def test_a_file_comes_out_in_lines_of_its_width(width: int) -> None:
    text = base64.b64encode(bytes(range(256)) * 40)
    lines = b"\r\n".join(text[n : n + width] for n in range(0, len(text), width))
    mail = b"Content-Transfer-Encoding: base64\r\n\r\n" + lines + b"\r\n--end--\r\n"
    kept = packing.pack(mail)
    assert packing.unpack(kept) == mail
    assert kept.startswith(packing.FILES) == (width in packing.WIDTHS)


def test_octets_from_before_they_were_packed_are_read() -> None:
    assert packing.unpack(b"From: a@b.example\r\n\r\nHello\r\n")[:6] == b"From: "


def test_counters_of_old_days_are_swept(store: Store) -> None:
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    for days in range(5):
        with store.unit() as unit:
            asking.counters.count(unit, ["sends:ann@x.example", "9"], now - timedelta(days=days))
    with store.unit() as unit:
        asking.counters.sweep(unit, now - timedelta(days=3))
    kept = sorted(counter.key for counter in every(store, Counter))
    days_kept = ("20260227", "20260228", "20260301", "20260302")
    assert kept == [f"{day}:{key}" for day in days_kept for key in ("9", "sends:ann@x.example")]


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Müller", "sizes": [1, 2.5, -3], "so": True, "nothing": None, "within": {"a": []}},
        {1: "a key that is a number", "line": 'two\nlines\t\u2028 and a "quote" \\'},
        ("a", ("tuple", 7)),
        [],
        "alone",
        1e300,
    ],
)
def test_json_is_written_as_the_standard_library_writes_it(value: object) -> None:
    assert as_json(value) == json.dumps(value)


@pytest.mark.parametrize("value", [{"a set": {1}}, {("no", "key"): 1}, {"when": datetime.now(UTC)}])
def test_json_cannot_hold_everything(value: object) -> None:
    with pytest.raises(TypeError):
        as_json(value)


@pytest.mark.parametrize(
    "name", ["Acme", "Österreich AG", "MÜLLER GmbH", "Łódź", "ÉCOLE d'Élysée", "Ångström", "Ελλάς"]
)
def test_h94_a_name_is_found_in_any_case_whatever_its_letters(store: Store, name: str) -> None:
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    with store.unit() as unit:
        for own in (name, "Quite another"):
            unit.add(Organization(name=own))
            person = unit.add(Person(name=own, role=Role.CONTACT, created=now))
            unit.add(PersonAddress(person_id=person.id, address=f"{person.id}@x.example"))
    with store.look() as unit:
        for spelled in (name, name.lower(), name.upper(), f" {name} "):
            found = asking.people.organization_called(unit, spelled)
            assert found is not None and found.name == name
            assert [one.name for one in asking.people.called(unit, spelled)] == [name]
        assert [one.name for one in asking.people.called(unit, name.split()[-1].lower())] == [name]
        assert asking.people.organization_called(unit, name[:-1]) is None
    with store.unit() as unit:  # what is new and not written is found in the same way
        unit.add(Organization(name=f"{name} 2"))
        assert asking.people.organization_called(unit, f"{name} 2".upper()) is not None
