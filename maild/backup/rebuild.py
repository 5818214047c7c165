"""`maild rebuild`: the desk's mail read once more, from the .eml into an empty database.

    carried    the desk's secret, its people with their ids, places in mailboxes: without them no
               token in an old mail would prove its reader, and everything would be fetched again
    replayed   each mail at the time when it was processed, clocks between them, and what was undone
               is undone at its time; a ticket gets the number that it had
    adopted    what became of each notification: nobody is told again, and what waits still waits
    compared   tickets and outcomes, with those of the old database

What no mail did (in the console, at the terminal, by an import) is not in it, and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maild.desk.reply_tokens import SECRET
from maild.errors import Refused
from maild.ingest.accept import accept
from maild.ingest.by_hand import MAILBOX as CONSOLE
from maild.ingest.process import RETRY, Pipeline
from maild.model import Became, MessageState, SendState
from maild.rules.clocks import Clocks
from maild.spool import Mass
from maild.store import Store, asking
from maild.store.migrate import migrate
from maild.store.packing import unpack
from maild.store.schema import metadata
from maild.store.unit import Unit

CARRIED = ("mailbox", "organization", "domain", "person", "person_address")
COMPARED = ("title", "status", "priority", "queue", "contact", "primary", "notes", "minutes")
TRIES = 10  # of one mail; after them it is in quarantine for certain
_T = metadata().tables

TakeBack = Callable[[int, int, datetime], None]  # (who: id, message, when)


@dataclass(slots=True)
class Rebuilt:
    """What came of it."""

    mails: int = 0
    tickets: int = 0
    without_octets: int = 0  # pruned or erased: they could not be read again
    by_hand: int = 0  # deeds in the console, which no mail did
    undone: int = 0  # that a mail had done, and somebody took back by hand
    differences: list[str] = field(default_factory=list)  # a sentence each

    def as_json(self) -> dict[str, Any]:
        """What `maild rebuild --json` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Mail:
    """A message of the old database and what became of it there."""

    id: int
    mailbox: str
    uidvalidity: int | None
    uid: int | None
    arrived: datetime | None
    accepted: datetime
    processed: datetime
    state: MessageState
    outcome: Became | None
    number: str | None  # of its ticket
    undone: datetime | None
    octets: Mass

    @property
    def opened(self) -> bool:
        """Whether it opened its ticket."""
        return self.outcome == Became.TICKET and self.number is not None


def prepare(old: Store, new: Store) -> None:
    """Makes the new database and carries over what no mail says; Refused where it is not empty."""
    migrate(new)
    with new.engine.connect() as connection:
        taken = connection.execute(sa.select(_T["message"].c.id).limit(1)).first()
    if taken:
        raise Refused("The database to rebuild into has mail in it already; name an empty one.")
    with old.engine.connect() as source, new.engine.begin() as target:
        for name in CARRIED:
            _copy(source, target, _T[name], sa.true())
        key = _T["setting"].c.key
        _copy(source, target, _T["setting"], (key == SECRET) | key.startswith("erasure "))


def _copy(source: sa.Connection, target: sa.Connection, table: sa.Table, where: Any) -> None:
    rows = [dict(row) for row in source.execute(sa.select(table).where(where)).mappings()]
    if rows:
        target.execute(table.insert(), rows)
    if rows and target.dialect.name != "sqlite" and "id" in table.c:
        last = f"(SELECT max(id) FROM {table.name})"
        sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
        target.exec_driver_sql(f"SELECT setval({sequence}, {last})")


def replay(
    old: Store, new: Store, pipeline: Pipeline, clocks: Clocks, take_back: TakeBack
) -> Rebuilt:
    """Takes all mail of `old` through `pipeline`, which is on `new`, and compares the two."""
    done = Rebuilt()
    ids: dict[int, int] = {}  # old → new
    undoing: list[tuple[datetime, int]] = []
    adopted = 0
    for mail in _mails(old, done):
        _undo_until(mail.processed, undoing, ids, old, new, take_back, done)
        clocks.due(mail.processed)
        if mail.opened:
            _give_number(new, str(mail.number))
        ids[mail.id] = _again(new, pipeline, mail)
        if mail.undone is not None:
            undoing.append((mail.undone, mail.id))
        adopted = _adopt(old, new, adopted)
        done.mails += 1
    _undo_until(None, undoing, ids, old, new, take_back, done)
    _adopt(old, new, adopted)
    _last_numbers(old, new)
    done.differences += _compared(old, new, ids)
    with new.engine.connect() as connection:
        count = sa.select(sa.func.count()).select_from(_T["ticket"])
        done.tickets = connection.execute(count).scalar_one()
    return done


# ---- the old mail


def _mails(old: Store, done: Rebuilt) -> Iterator[_Mail]:
    """In the order in which it was understood; what waits is read last."""
    message, raw, ticket = _T["message"], _T["raw"], _T["ticket"]
    order = (sa.func.coalesce(message.c.processed, sa.literal(_FAR, message.c.processed.type)),)
    query = (
        sa.select(
            message, ticket.c.number, sa.type_coerce(raw.c.octets, sa.LargeBinary()).label("octets")
        )
        .join_from(message, ticket, ticket.c.id == message.c.ticket_id, isouter=True)
        .join(raw, raw.c.stored_id == message.c.id, isouter=True)
        .order_by(*order, message.c.id)
    )
    with old.engine.connect() as connection:
        rows = connection.execution_options(yield_per=50).execute(query).mappings()
        for row in rows:
            if row["mailbox"] == CONSOLE:
                done.by_hand += 1
            elif row["octets"] is None:
                done.without_octets += 1
            elif row["state"] != MessageState.DROPPED:
                yield _mail(dict(row))


_FAR = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


def _mail(row: Mapping[str, Any]) -> _Mail:
    undone = (row["undo"] or {}).get("undone")
    return _Mail(
        processed=row["processed"] or row["accepted"],
        undone=datetime.fromisoformat(undone) if undone else None,
        octets=unpack(row["octets"]),
        **{
            name: row[name]
            for name in (
                "id", "mailbox", "uidvalidity", "uid", "arrived", "accepted", "state", "outcome",
                "number",
            )
        },
    )  # fmt: skip


# ---- once more


def _again(new: Store, pipeline: Pipeline, mail: _Mail) -> int:
    """Takes one in and through; its id in the new database."""

    def take_in(unit: Unit) -> int:
        stored = accept(
            unit,
            mailbox=mail.mailbox,
            uidvalidity=mail.uidvalidity,
            uid=mail.uid,
            octets=mail.octets,
            now=mail.accepted,
            arrived=mail.arrived,
        )
        assert stored is not None  # the database was empty, and a place is there once
        return stored.id

    stored_id, at = new.act(take_in), mail.processed
    if mail.state != MessageState.STORED:
        for _ in range(TRIES):
            if pipeline.process(stored_id, at) is not None:
                break
            at += RETRY * TRIES
    return stored_id


def _give_number(new: Store, number: str) -> None:
    """The next ticket gets this number, unless another has it."""
    day, _, count = number[1:].partition(".")

    def give(unit: Unit) -> None:
        if asking.tickets.numbered(unit, number) is None:
            asking.integrity.set_series(unit, day, int(count) - 1)

    if number.startswith("T") and day.isdecimal() and count.isdecimal():
        new.act(give)


def _last_numbers(old: Store, new: Store) -> None:
    """No number is given that the old database has given."""
    with old.look() as unit:
        last = asking.integrity.numbers(unit)[1]

    def raise_(unit: Unit) -> None:
        for day, count in last.items():
            asking.integrity.set_series(unit, day, count)

    new.act(raise_)


def _undo_until(
    when: datetime | None,
    undoing: list[tuple[datetime, int]],
    ids: Mapping[int, int],
    old: Store,
    new: Store,
    take_back: TakeBack,
    done: Rebuilt,
) -> None:
    """What was taken back until then, and no mail has taken back again, is taken back."""
    due = sorted(one for one in undoing if when is None or one[0] < when)
    for at, old_id in due:
        undoing.remove((at, old_id))
        with new.look() as unit:
            person_id = asking.integrity.undoable_by(unit, ids[old_id])
        if person_id is not None:
            take_back(person_id, ids[old_id], at)
            done.undone += 1


def _adopt(old: Store, new: Store, after: int) -> int:
    """Gives notifications after this id the state that they have in the old database."""
    item = _T["outbox"]
    names = (
        "state",
        "attempts",
        "next_try",
        "sent",
        "error",
        "relay_id",
        "exposed",
        "octets",
        "subject",
    )
    with new.engine.connect() as connection:
        fresh = connection.execute(
            sa.select(item.c.id, item.c.key).where(item.c.id > after).order_by(item.c.id)
        ).all()
    if not fresh:
        return after
    keys = [key for _, key in fresh]
    with old.engine.connect() as connection:
        query = sa.select(item.c.key, *(item.c[name] for name in names)).where(item.c.key.in_(keys))
        known = {row["key"]: dict(row) for row in connection.execute(query).mappings()}
    with new.engine.begin() as connection:
        for row_id, key in fresh:
            values = known.get(key)
            if values is not None:
                values = {name: values[name] for name in names}
                if values["state"] == SendState.SENDING:
                    values["state"] = SendState.UNKNOWN
                connection.execute(sa.update(item).where(item.c.id == row_id).values(**values))
    return int(fresh[-1][0])


# ---- comparing


def _compared(old: Store, new: Store, ids: Mapping[int, int]) -> Iterator[str]:
    was, is_ = _tickets(old), _tickets(new)
    for number, (by_mail, ticket) in was.items():
        if number not in is_:
            why = "its mail became something else" if by_mail else "no mail opened it"
            yield f"{number} is not there: {why}."
            continue
        now = is_[number][1]
        for name in COMPARED:
            if ticket[name] != now[name]:
                yield f"{number}: {name} was {_said(ticket[name])} and is {_said(now[name])}."
    for number in is_:
        if number not in was:
            yield f"{number} is new: it was not there before."
    yield from _outcomes(old, new, ids)


def _outcomes(old: Store, new: Store, ids: Mapping[int, int]) -> Iterator[str]:
    was, is_ = _became(old), _became(new)
    for old_id, new_id in ids.items():
        before, now = was.get(old_id), is_.get(new_id)
        if before != now:
            yield f"Message {old_id} was {_said(before)} and is {_said(now)}; see message {new_id}."


def _became(store: Store) -> dict[int, str | None]:
    message = _T["message"].c
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(message.id, message.outcome)).all()
        return {number: str(outcome) if outcome else None for number, outcome in rows}


def _tickets(store: Store) -> dict[str, tuple[bool, dict[str, Any]]]:
    """By number, and side where it is shared: whether mail opened it, and what is compared."""
    ticket, note, entry, message = (
        _T[name] for name in ("ticket", "note", "time_entry", "message")
    )
    with store.engine.connect() as connection:
        names: dict[int, str] = dict(
            map(tuple, connection.execute(sa.select(_T["person"].c.id, _T["person"].c.name)))
        )
        notes = Counter(connection.scalars(sa.select(note.c.ticket_id)).all())
        minutes: Counter[int] = Counter()
        for ticket_id, count in connection.execute(sa.select(entry.c.ticket_id, entry.c.minutes)):
            minutes[ticket_id] += count
        opened = set(
            connection.scalars(
                sa.select(message.c.ticket_id).where(
                    message.c.outcome == Became.TICKET, message.c.mailbox != CONSOLE
                )
            )
        )
        found = {}
        for row in connection.execute(sa.select(ticket).order_by(ticket.c.id)).mappings():
            side = f" ({row['shared_side']})" if row["shared_side"] else ""
            found[row["number"] + side] = (
                (row["twin_of"] or row["id"]) in opened,
                {
                    **{name: row[name] for name in ("title", "status", "priority", "queue")},
                    "contact": names.get(row["contact_id"]),
                    "primary": names.get(row["primary_id"]),
                    "notes": notes[row["id"]],
                    "minutes": minutes[row["id"]],
                },
            )
        return found


def _said(value: Any) -> str:
    return "nothing" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
