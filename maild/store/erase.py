"""Takes one person out of every table: what she wrote, what she was told, how she is called.

Rows stay where others hang on them, and say no more than that there was something.  What other
people wrote is theirs: which of their mails name her is told, and nothing of it is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from maild.model import SendState
from maild.spool import Mass, blocks_of
from maild.store import sweep as outside
from maild.store.asking.searching import PLACE
from maild.store.common_facts import UNNEEDED
from maild.store.database import Store, told_apart
from maild.store.question import cases, lowered
from maild.store.schema import metadata, record_of, row_of
from maild.store.types import CleanText, Json, PackedJson, PackedText

AROUND = 400  # octets, more than an address has with what stands around it
ERASED, NOBODY = "[erased]", "erased@invalid"
OPEN = (SendState.WAITING, SendState.HELD)  # notifications that will not go out any more
_T = metadata().tables
Ids = list[int]


@dataclass(slots=True)
class Traces:
    """Where somebody is found."""

    people: Ids
    addresses: list[str]  # all of hers, lower case
    names: list[str]
    called: list[str]  # "Ann <ann@acme.example>": a single name only where her address stands
    messages: Ids  # that she wrote
    tickets: Ids  # that are hers
    notes: Ids
    outbox: Ids  # what was written to her, or because of her mail, or about her tickets
    quoting: Ids  # messages of others that name her, or answer her

    @property
    def words(self) -> list[str]:
        """How she is called, the longest first."""
        return [*self.called, *self.addresses, *self.names]


def traces(store: Store, address: str) -> Traces:
    """Everything of the person with this address; empty lists where nobody has it."""
    with told_apart(store.engine), store.engine.connect() as connection:
        return _traces(connection, address.strip().lower())


def rows(store: Store, found: Traces) -> dict[str, list[dict[str, Any]]]:
    """All of it as it stands, by table."""
    chosen = {
        "person": _T["person"].c.id.in_(found.people),
        "person_address": _T["person_address"].c.person_id.in_(found.people),
        "ticket": _T["ticket"].c.id.in_(found.tickets),
        "note": _T["note"].c.id.in_(found.notes),
        "message": _T["message"].c.id.in_(found.messages),
        "raw": _T["raw"].c.stored_id.in_(found.messages),
        "outbox": _T["outbox"].c.person_id.in_(found.people),
    }
    with told_apart(store.engine), store.engine.connect() as connection:
        return {
            name: [
                _whole(dict(row))
                for row in connection.execute(
                    sa.select(*row_of(record_of(_T[name]))).where(where)
                ).mappings()
            ]
            for name, where in chosen.items()
        }


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what it has in common with others."""
    common = row.pop("common", None)
    return row if common is None else {**row, "data": {**common, **row["data"]}}


def erase(store: Store, found: Traces, *, quotes: bool = False) -> dict[str, int]:
    """Takes it out, in one transaction; how many rows of each table it was.

    `quotes`: the stored mails of others that name or answer her go too; their notes stay.

    An SQLite file is written anew afterwards, so that nothing is left in its free pages.
    """
    there_before = outside.named(store)
    with told_apart(store.engine), store.engine.connect() as plain:
        connection = plain.execution_options(maild_begin="IMMEDIATE")
        with connection.begin():
            counts = {
                name: connection.execute(statement).rowcount
                for name, statement in _statements(found)
            }
            connection.execute(UNNEEDED)
            if quotes:
                gone = sa.delete(_T["raw"]).where(_T["raw"].c.stored_id.in_(found.quoting))
                counts["mails of others"] = connection.execute(gone).rowcount
                _without_octets(connection, found.quoting)
            _index_anew(connection)
            counts["words elsewhere"] = sum(_swept(connection, found))
    outside.sweep(store, young=0, only=there_before - outside.named(store))
    if store.is_sqlite:
        with store.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA temp_store=FILE")  # the whole of it may be larger than memory
            raw.execute("VACUUM")
            raw.execute("PRAGMA temp_store=MEMORY")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {name: count for name, count in counts.items() if count}


def _traces(connection: sa.Connection, address: str) -> Traces:
    own, person, message = _T["person_address"].c, _T["person"].c, _T["message"].c
    people = _ids(connection, own.person_id, own.address == address)
    known = connection.scalars(sa.select(own.address).where(own.person_id.in_(people)))
    addresses = sorted({address, *known})
    names = connection.scalars(sa.select(person.name).where(person.id.in_(people))).all()
    messages = _ids(connection, message.id, message.sender.in_(addresses))
    tickets = _ids(connection, _T["ticket"].c.id, _T["ticket"].c.contact_id.in_(people))
    note, item = _T["note"].c, _T["outbox"].c
    hers = sa.or_(note.by_id.in_(people), note.stored_id.in_(messages))
    about = sa.or_(
        item.person_id.in_(people),
        item.address.in_(addresses),
        item.stored_id.in_(messages),
        item.ticket_id.in_(tickets),
    )
    return Traces(
        people=people,
        addresses=addresses,
        names=[name for name in names if " " in name.strip()],  # one word may be anybody's
        called=[f"{name} <{known}>" for name in names for known in addresses],
        messages=messages,
        tickets=tickets,
        notes=_ids(connection, note.id, hers),
        outbox=_ids(connection, item.id, about),
        quoting=_quoting(connection, addresses, messages, tickets),
    )


def _quoting(connection: sa.Connection, addresses: list[str], messages: Ids, tickets: Ids) -> Ids:
    raw, message = _T["raw"].c, _T["message"].c
    query = (
        sa.select(raw.stored_id, raw.octets, message.ticket_id)
        .join_from(_T["raw"], _T["message"], message.id == raw.stored_id)
        .where(raw.stored_id.not_in(messages))
        .order_by(raw.stored_id)
    )
    wanted = re.compile(b"|".join(_alone(one).pattern.encode() for one in addresses), re.I)
    rows = connection.execution_options(yield_per=50).execute(query)
    found = {
        number for number, octets, ticket in rows if ticket in tickets or _says(octets, wanted)
    }
    return sorted(found | (_noted(connection, addresses) - set(messages)))


def _says(octets: Mass, wanted: re.Pattern[bytes]) -> bool:
    """Whether one of these is in a mail as it came."""
    before = b""
    for block in blocks_of(octets):
        there = before + block
        if wanted.search(there):
            return True
        before = there[-AROUND:]
    return False


def _noted(connection: sa.Connection, addresses: list[str]) -> set[int]:
    """Messages whose notes name one of them: in the mail it may stand in base64."""
    note, wanted, found = _T["note"].c, [_alone(one) for one in addresses], set[int]()
    for text in (note.text, note.quoted_text):
        rows = connection.execute(
            sa.select(note.stored_id, text).where(
                note.stored_id.is_not(None), _perhaps(connection, text, addresses)
            )
        )
        found.update(stored for stored, said in rows if any(one.search(said) for one in wanted))
    return found


def _alone(word: str) -> re.Pattern[str]:
    """The word where it is no part of another: not in jo|ann@acme.example, nor in Jo|ann Archer.

    In quoted-printable text, what stands before it may be an octet in hex.
    """
    before, after = r"(?:(?<![\w.+-])|(?<==[0-9A-F]{2}))", r"(?![\w-]|\.\w)"
    if "@" not in word or " " in word:
        before, after = r"(?<!\w)", r"(?!\w)"
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def _without_octets(connection: sa.Connection, messages: Ids) -> None:
    message = _T["message"]
    emptied = sa.update(message).where(message.c.id.in_(messages)).values(sha256="")
    connection.execute(emptied)


def _statements(found: Traces) -> Iterable[tuple[str, Any]]:
    people, messages, tickets = found.people, found.messages, found.tickets
    message, note, item, event = (_T[name] for name in ("message", "note", "outbox", "event"))
    ids = sa.select(message.c.message_id).where(message.c.id.in_(messages))
    yield "threads", sa.delete(_T["thread"]).where(_T["thread"].c.message_id.in_(ids))
    yield "mails", sa.delete(_T["raw"]).where(_T["raw"].c.stored_id.in_(messages))
    nothing = dict.fromkeys(
        ("message_id", "fingerprint", "sender", "subject", "error", "why", "withheld", "undo")
    )
    emptied: dict[str, Any] = {**nothing, "sha256": "", "reasons": [], "commands": []}
    yield "messages", sa.update(message).where(message.c.id.in_(messages)).values(**emptied)
    answers = message.c.ticket_id.in_(tickets) & message.c.subject.is_not(None)
    yield "subjects of answers", sa.update(message).where(answers).values(subject=None)
    words: dict[str, Any] = {
        "text": ERASED,
        "title": None,
        "quoted_text": "",
        "html": None,
        "attachments": [],
    }
    yield "notes", sa.update(note).where(note.c.id.in_(found.notes)).values(**words)
    quoted = note.c.ticket_id.in_(tickets) & (note.c.quoted_text != "")
    yield "quotations", sa.update(note).where(quoted).values(quoted_text="")
    sent: dict[str, Any] = {
        "address": NOBODY,
        "data": {},
        "common_id": None,
        "octets": None,
        "subject": None,
        "in_reply_to": None,
    }
    state = sa.case((item.c.state.in_(OPEN), SendState.DROPPED), else_=item.c.state)
    yield (
        "notifications",
        sa.update(item)
        .where(item.c.id.in_(found.outbox))
        .values(**sent, references=[], error=None, state=state),
    )
    attempts = _T["delivery"]
    yield (
        "deliveries",
        sa.update(attempts).where(attempts.c.outbox_id.in_(found.outbox)).values(text=ERASED),
    )
    of_hers = sa.or_(
        event.c.person_id.in_(people),
        event.c.stored_id.in_(messages),
        event.c.ticket_id.in_(tickets),
    )
    by = sa.case((event.c.person_id.in_(people), ERASED), else_=event.c.by)
    yield "events", sa.update(event).where(of_hers).values(detail={}, by=by)
    ticket, person, own = _T["ticket"], _T["person"], _T["person_address"]
    gone: dict[str, Any] = {"title": ERASED, "resolution": None, "correlation": None, "fields": {}}
    yield "tickets", sa.update(ticket).where(ticket.c.id.in_(tickets)).values(**gone)
    off = {"name": ERASED, "active": False, "fields": {}, "organization_id": None}
    yield "people", sa.update(person).where(person.c.id.in_(people)).values(**off)
    no_address = sa.literal("erased-") + sa.cast(own.c.id, sa.Text) + "@invalid"
    yield (
        "addresses",
        sa.update(own).where(own.c.person_id.in_(people)).values(address=no_address, held=ERASED),
    )


def _swept(connection: sa.Connection, found: Traces) -> Iterator[int]:
    """Her addresses and her full name wherever else they stand, in words or in data."""
    for table in metadata().sorted_tables:
        for column in table.columns:
            if isinstance(column.type, CleanText | Json):
                yield _replaced(connection, table, column, found.words)


def _replaced(
    connection: sa.Connection, table: sa.Table, column: sa.Column[Any], words: list[str]
) -> int:
    """How many rows had one of them.  A row that is known by it goes; in all others it is
    replaced."""
    there = _perhaps(connection, column, words)
    wanted = [(_alone(word), word) for word in words]
    keys = list(table.primary_key)
    if column.primary_key:
        known = connection.execute(sa.select(column, *keys).where(there)).all()
        gone = [values for old, *values in known if _without(old, wanted) != old]
        for values in gone:
            chosen = (key == value for key, value in zip(keys, values, strict=True))
            connection.execute(sa.delete(table).where(*chosen))
        return len(gone)
    rows = connection.execute(
        sa.select(column, *keys).where(there).execution_options(yield_per=100)
    )
    changed = [
        (new, values) for old, *values in rows if (new := _without(old, wanted)) not in (None, old)
    ]
    for new, values in changed:
        chosen = (key == value for key, value in zip(keys, values, strict=True))
        connection.execute(sa.update(table).where(*chosen).values({column.name: new}))
    return len(changed)


def _perhaps(connection: sa.Connection, column: sa.Column[Any], words: list[str]) -> Any:
    """Whether a row may have one of them there.  What is compressed must be read to know."""
    text = sa.func.lower(sa.cast(column, sa.Text))
    there = [text.contains(way, autoescape=True) for way in sorted(_written(words))]
    if isinstance(column.type, PackedJson | PackedText) and connection.dialect.name == "sqlite":
        there.append(sa.func.typeof(column) == "blob")
    return sa.or_(*there)


def _written(words: list[str]) -> set[str]:
    """The words as `lower` gives them: on SQLite it knows ASCII alone, and JSON has escapes."""
    written = set[str]().union(*map(cases, words))
    return lowered(written | {json.dumps(one)[1:-1] for one in written})


def _without(value: Any, wanted: Sequence[tuple[re.Pattern[str], str]]) -> Any:
    """The same text or data with none of these in it."""
    if isinstance(value, str):
        for pattern, word in wanted:
            value = pattern.sub(NOBODY if "@" in word else ERASED, value)
        return value
    if isinstance(value, Mapping):
        return {_without(key, wanted): _without(entry, wanted) for key, entry in value.items()}
    return [_without(entry, wanted) for entry in value] if isinstance(value, list) else value


def _index_anew(connection: sa.Connection) -> None:
    """Words to search by are taken out for everybody; the index takes all in again by itself."""
    sqlite = "INSERT INTO search_words (search_words) VALUES ('delete-all')"
    other = "DELETE FROM search_words"
    connection.exec_driver_sql(sqlite if connection.dialect.name == "sqlite" else other)
    connection.execute(sa.delete(_T["search_entry"]))
    connection.execute(sa.delete(_T["setting"]).where(_T["setting"].c.key == PLACE))


def _ids(connection: sa.Connection, column: Any, where: Any) -> Ids:
    return sorted(set(connection.scalars(sa.select(column).where(where))))
