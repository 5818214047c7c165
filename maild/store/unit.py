"""The unit of work: what one message, clock or command asks, decides and changes.

    read ──▶ get · all · first · count      each question goes to the database once at most
             ahead                          what is surely asked soon, in one statement
    think ─▶ add · change · delete          in memory; what is asked next sees it (see `question`)
             mark · back                    a part that fails is taken back as if it never was
    write ─▶ write                          all of it, a statement a table, at the end

Nothing outside `maild/store` sees SQL.  A unit on no database (`memory`) answers from what was
added to it, which is all that tests of rules and commands need.
"""

from __future__ import annotations

import dataclasses
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from maild.store import common_facts
from maild.store.declare import RECORDS, UNWRITTEN
from maild.store.prepared import Asked, Link, Row, Statement
from maild.store.question import Question, among, param
from maild.store.records import (
    CommonFacts,
    Hook,
    Message,
    OutboxItem,
    Ticket,
    TicketLink,
    TicketPerson,
)
from maild.store.schema import (
    TABLES,
    common_of,
    key_in_row,
    key_of,
    metadata,
    primary_of,
    row_of,
)

R = TypeVar("R")
Key = tuple[Question[R], Any]  # what was asked, with which values

CHANNEL = "maild"  # where PostgreSQL tells the other daemons of what is new (`listen`)
NEWS: dict[type, str] = {Message: "mail", OutboxItem: "outbox", Hook: "hooks"}
_NOTIFY = Statement(
    sa.select(sa.func.pg_notify(param("channel", sa.Text()), param("news", sa.Text())))
)
OF_A_TICKET = (Ticket, TicketPerson, TicketLink)  # what actions of the desk alone write
MOST_AHEAD = 64  # ids that are fetched at a time (PostgreSQL)


class Unit:
    """One unit of work on one connection; `writes`: False for one that only looks."""

    def __init__(
        self, link: Link | None, *, writes: bool = True, lasting: dict[str, Any] | None = None
    ) -> None:
        """`lasting`: what is known for as long as the database is open, as it never changes."""
        self.lasting = {} if lasting is None else lasting
        self._link = link
        self._writes = writes
        self._known: dict[tuple[type, Any], Any] = {}  # every record that was read or added
        self._answers: dict[Key[Any], Any] = {}  # of the database alone
        self._ahead: dict[tuple[Statement, Any], list[Row]] = {}  # asked before anybody wants it
        self._added: dict[type, dict[int, Any]] = {}  # by id(record): new, in the order of adding
        self._written: dict[type, list[Any]] = {}  # what was added and is written by now
        self._changed: dict[type, dict[int, tuple[Any, set[str]]]] = {}  # and which columns
        self._deleted: dict[type, dict[int, Any]] = {}
        self._left: list[dict[str, Any]] = []  # common facts that a row refers to no more
        self._new: set[tuple[type, Any]] = set()  # nothing in the database refers to these
        self._deferred: dict[Statement, dict[Any, dict[str, Any]]] = {}
        self._log: list[Callable[[], None]] = []  # what takes back each step, the first one first
        # What `all` has said, until something of the kind is added, changed or deleted.
        self._said: dict[type, dict[Key[Any], list[Any]]] = defaultdict(dict)

    # ---- asking

    def get(self, record: type[R], key: Any) -> R | None:
        """The record with this primary key; None where there is none, or `key` is None."""
        if key is None:
            return None
        kind: Any = record
        if (kind, key) not in self._known:
            found = self._ask(_by_key(kind, self._locks(kind)), {"key": key})
            self._known[kind, key] = self.adopt(kind, found[0]) if found else None
        kept = self._known[kind, key]
        return None if kept is None or (self._deleted and self._is_deleted(kept)) else kept

    def some(self, record: type[R], keys: Iterable[Any]) -> dict[Any, R]:
        """The records with these primary keys, by them, asked for at once."""
        kind: Any = record
        wanted = dict.fromkeys(keys)
        unknown = [key for key in wanted if (kind, key) not in self._known]
        if unknown:
            for row in self._ask(_by_keys(kind), {"keys": unknown}):
                self.adopt(kind, row)
            for key in unknown:
                self._known.setdefault((kind, key), None)
        gone = self._deleted.get(kind, ())
        return {
            key: one
            for key in wanted
            if (one := self._known[kind, key]) is not None and id(one) not in gone
        }

    def take(self, record: type[R], key: Any) -> R | None:
        """The record with this primary key, ours until the commit; None where there is none, or
        somebody else has it at this moment."""
        kind: Any = record
        link = self._link
        with_ids = link is not None and link.dialect.name == "sqlite" and "ids" not in link.info
        found = self._ask(_taking(kind, with_ids), {"key": key})
        if not found:
            return None
        width = _width(kind)
        if link is not None and with_ids:
            link.info["ids"] = dict(zip(_early(), found[0][width:], strict=True))
        return self.adopt(record, found[0][:width])

    def all(self, question: Question[R], **params: Any) -> list[R]:
        """Every record that is asked for, in the question's order, our own new ones among them."""
        asked = question, question.key(params)
        said = self._said[question.record]
        found = said.get(asked)
        if found is None:
            found = said[asked] = self._found(asked, params)
        return found.copy()

    def _found(self, asked: Key[R], params: dict[str, Any]) -> list[R]:
        question, stored = asked[0], self._stored(asked, params)
        kind = question.record
        if not (self._added.get(kind) or self._changed.get(kind) or self._deleted.get(kind)):
            return stored
        mine = self._touched(kind)
        kept = [r for r in stored if self._still(question, r, mine, params)]
        cut = len(stored) == question.limit  # the next ones may come in the place of some
        if cut and (len(kept) < len(stored) or self._moved(question, kept)):
            return self.all(question.unlimited, **params)[: question.limit]
        there = set(map(id, kept))
        mine_too = [r for r in mine.values() if id(r) not in there and question.fits(r, params)]
        if mine_too or not there.isdisjoint(mine):
            kept = question.sorted([*kept, *mine_too])
        return kept[: question.limit]

    def first(self, question: Question[R], **params: Any) -> R | None:
        """The first record that is asked for, or None."""
        return next(iter(self.all(question, **params)), None)

    def count(self, question: Question[Any], **params: Any) -> int:
        """How many are asked for."""
        changed = self._changed.get(question.record) or self._deleted.get(question.record)
        if changed or self._is_about_new(question, params):
            return len(self.all(question.unlimited, **params))
        key = question, ("count", question.key(params))
        if key not in self._answers:
            found = self._ask(question.counting, params)
            self._answers[key] = found[0][0] if found else 0
        added = self._added.get(question.record, {}).values()
        return int(self._answers[key]) + sum(bool(question.fits(r, params)) for r in added)

    def added(self, record: type[R]) -> list[R]:
        """What this unit has added of a kind, written or not yet, in the order of adding."""
        kind: Any = record
        written = (r for r in self._written.get(kind, ()) if not self._is_deleted(r))
        return [*written, *self._added.get(kind, {}).values()]

    def values(self, question: Question[Any], *names: str, **params: Any) -> list[Row]:
        """These columns of every record that is asked for, in the order of their ids: light, where
        the rest of them is heavy."""
        if self._is_about_new(question, params):
            stored = []
        else:
            key = question, (names, question.key(params))
            if key not in self._answers:
                self._answers[key] = self._ask(question.only(names), params)
            stored = self._answers[key]
        mine = self._touched(question.record)
        gone = {
            one.id for one in (*mine.values(), *self._deleted.get(question.record, {}).values())
        }
        kept = [row for row in stored if row[0] not in gone]
        fit = (one for one in mine.values() if question.fits(one, params))
        kept += [(one.id, *(getattr(one, name) for name in names)) for one in fit]
        return [row[1:] for row in sorted(kept, key=lambda row: row[0] or float("inf"))]

    def rows(self, statement: Statement, **params: Any) -> list[Row]:
        """What a statement of `maild/store/asking` gives, of what is written already."""
        return self._ask(statement, params)

    def ahead(self, asked: Sequence[Asked]) -> None:
        """Asks at once what is certainly asked soon: whoever asks one of these next, in the same
        words, has the rows already.  Nobody else notices."""
        if self._link is None or not asked:
            return
        found = self._link.several(asked)
        for (statement, params), rows in zip(asked, found, strict=True):
            self._ahead[statement, _hashed(params)] = rows

    def about(self, question: Question[Any], **params: Any) -> Asked:
        """What `all` and `first` ask the database, for `ahead`."""
        return self._statement_of(question), params

    def row_of(self, record: type, key: Any) -> Asked:
        """What `get` asks the database, for `ahead`."""
        return _by_key(record, self._locks(record)), {"key": key}

    def lock(self, number: int) -> None:
        """Waits until nobody else holds this number, and holds it until the commit."""
        if self._link is not None and self._link.dialect.name != "sqlite":
            self._link.rows(_LOCK, {"number": number})

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is SQLite; also where there is none."""
        return self._link is None or self._link.dialect.name == "sqlite"

    def many(self, statement: Statement, params: Sequence[dict[str, Any]]) -> None:
        """Runs a statement of `maild/store/asking` for each of these, at once."""
        if self._link is not None and params:
            self._ahead.clear()
            self._link.many(statement, params)

    def run(self, statement: Statement, **params: Any) -> int:
        """Runs a statement of `maild/store` at once; how many rows it touched."""
        return self._link.run(statement, params) if self._link is not None else 0

    def adopt(self, record: type[R], row: Row) -> R:
        """The record of a row of its table: always the same one, with what was changed in it."""
        kind: Any = record
        make, key_in = _maker(kind)
        key = kind, key_in(row)
        kept: R | None = self._known.get(key)
        if kept is None:
            kept = self._known[key] = make(row)
        return kept

    def prime(self, question: Question[R], records: Iterable[R], **params: Any) -> None:
        """Says what the database answers to a question, where another statement has told it."""
        self._answers.setdefault((question, question.key(params)), list(records))

    def known(self, record: type[R]) -> list[R]:
        """What this unit has met of a kind so far."""
        return [one for (kind, _), one in self._known.items() if kind is record and one]

    def lacks(self, record: type, keys: Iterable[Any]) -> None:
        """Says that the database has none with these primary keys, so nobody need ask."""
        for key in keys:
            self._known.setdefault((record, key), None)

    def has_added(self, record: Any) -> bool:
        """Whether it is new here, so that nothing in the database is about it."""
        kind = type(record)
        return (kind, key_of(kind)(record)) in self._new

    def is_new(self, record: Any) -> None:
        """Says that nothing in the database refers to this record yet, so nobody need ask."""
        kind = type(record)
        self._new.add((kind, key_of(kind)(record)))

    def knows(self, question: Question[Any], **params: Any) -> bool:
        """Whether the question was asked before, or is about something new."""
        asked = (question, question.key(params)) in self._answers
        return asked or self._is_about_new(question, params)

    # ---- changing

    def add(self, record: R) -> R:
        """A new row; its id, where others refer to it, is there at once."""
        _must_be_free(record)
        return self._add(record)

    def tie(self, record: R) -> R:
        """The same of a ticket, and of what ties people and tickets to it.  Only
        `maild.desk.desk` calls it (a test looks)."""
        return self._add(record)

    def _add(self, record: R) -> R:
        kind = type(record)
        if RECORDS[kind].early and cast(Any, record).id == UNWRITTEN:
            object.__setattr__(record, "id", self._next_id(kind))
        key = kind, key_of(kind)(record)
        before = self._known.get(key)
        if key[1] != UNWRITTEN:
            self._known[key] = record
            self._new.add(key)
        self._added.setdefault(kind, {})[id(record)] = record
        self._said.pop(kind, None)
        self._log.append(partial(self._not_added, record, key, before))
        return record

    def _not_added(self, record: Any, key: tuple[type, Any], before: Any) -> None:
        """Takes an addition back; `before`: what was known by this key."""
        del self._added[key[0]][id(record)]
        self._known.pop(key, None)
        if before is not None:
            self._known[key] = before

    def change(self, record: Any, **values: Any) -> bool:
        """Gives columns of a record these values; False where they had them already."""
        _must_be_free(record)
        return self._change(record, values)

    def change_ticket(self, ticket: Ticket, **values: Any) -> bool:
        """The same of a ticket.  Only `maild.desk.desk` calls it (a test looks)."""
        return self._change(ticket, values)

    def _change(self, record: Any, values: dict[str, Any]) -> bool:
        before = {n: old for n, new in values.items() if (old := getattr(record, n)) != new}
        if not before:
            return False
        kind, place = type(record), id(record)
        if "data" in before and kind is OutboxItem and record.common_id is not None:
            self._left.append({"id": record.common_id})
            values, before = (
                {**values, "common_id": None},
                {**before, "common_id": record.common_id},
            )
        is_new = place in self._added.get(kind, {})
        columns = set() if is_new else self._columns_of(kind, record)
        fresh = before.keys() - columns
        _assign(record, {n: values[n] for n in before})
        self._said.pop(kind, None)
        columns.update(fresh)
        if not is_new:
            self._changed[kind][place] = (record, columns)
        self._log.append(partial(self._not_changed, record, before, columns, fresh))
        return True

    def _not_changed(
        self, record: Any, before: dict[str, Any], columns: set[str], fresh: set[str]
    ) -> None:
        """Takes a change back; `fresh`: which of the changed `columns` were not so yet."""
        _assign(record, before)
        columns.difference_update(fresh)
        if not columns:
            self._changed.get(type(record), {}).pop(id(record), None)

    def delete(self, record: Any) -> None:
        """Takes a row away."""
        _must_be_free(record)
        self._delete(record)

    def untie(self, record: TicketPerson | TicketLink) -> None:
        """Takes a person off a ticket, or parts two.  Only `maild.desk.desk` calls it (a test
        looks)."""
        self._delete(record)

    def _delete(self, record: Any) -> None:
        kind, place = type(record), id(record)
        self._said.pop(kind, None)
        if place in self._added.get(kind, {}):
            self._take_away(record)
        else:
            self._deleted.setdefault(kind, {})[place] = record
            self._log.append(lambda: self._forgive(kind, place))

    def _take_away(self, record: Any) -> None:
        """Of what was added here, as if it never had been."""
        kind, place = type(record), id(record)
        key = kind, key_of(kind)(record)
        known = self._known.get(key)
        del self._added[kind][place]
        if known is not None:
            self._known[key] = None

        def back() -> None:
            self._added[kind][place] = record
            if known is not None:
                self._known[key] = known

        self._log.append(back)

    def defer(self, statement: Statement, place: Any, /, **params: Any) -> None:
        """Runs a statement of `maild/store/asking` when the unit is written; what is deferred in
        the same place again takes the place of what was."""
        waiting = self._deferred.setdefault(statement, {})
        before = waiting.get(place)
        waiting[place] = params
        self._log.append(partial(_put_back, waiting, place, before))

    def deferred(self, statement: Statement, place: Any, /) -> dict[str, Any] | None:
        """What the statement was deferred with."""
        return self._deferred.get(statement, {}).get(place)

    def mark(self) -> int:
        """A point to which `back` can return."""
        return len(self._log)

    def back(self, mark: int) -> None:
        """Takes back everything that was added, changed and deleted since."""
        self._said.clear()
        while len(self._log) > mark:
            self._log.pop()()

    # ---- writing

    def write(self) -> None:
        """Writes everything; the unit goes on as if it had only just begun."""
        link = self._link
        if link is None or not self._log:
            return
        if not self._writes:
            raise TypeError("this unit of work may only look")
        with link.together():
            for kind in reversed(_ordered(self._deleted)):
                self._write_deleted(link, kind)
            for kind in _ordered(self._added):
                self._write_added(link, kind)
            for kind in _ordered(self._changed):
                self._write_changed(link, kind)
            for statement, waiting in self._deferred.items():
                if waiting:
                    link.many(statement, list(waiting.values()))
            if not self.on_sqlite and (news := [n for k, n in NEWS.items() if self._added.get(k)]):
                link.run(_NOTIFY, {"channel": CHANNEL, "news": " ".join(news)})
        self._remember_written()
        for kept in (self._added, self._changed, self._deleted, self._deferred):
            kept.clear()
        self._answers.clear()
        self._said.clear()
        self._ahead.clear()
        self._known = {k: v for k, v in self._known.items() if v is not None}
        self._new.clear()
        self._left.clear()
        self._log.clear()

    def _remember_written(self) -> None:
        for kind, new in self._added.items():
            self._written.setdefault(kind, []).extend(new.values())
        for kind, gone in self._deleted.items():
            left = [one for one in self._written.get(kind, ()) if id(one) not in gone]
            self._written[kind] = left

    def _write_deleted(self, link: Link, kind: type) -> None:
        gone = self._deleted.get(kind)
        if gone:
            keys = [{"key": getattr(record, primary_of(kind))} for record in gone.values()]
            link.many(_delete(kind), keys)
            for key in keys:
                self._known.pop((kind, key["key"]), None)

    def _write_added(self, link: Link, kind: type) -> None:
        new = self._added.get(kind)
        if new:
            with_id = getattr(next(iter(new.values())), primary_of(kind)) != UNWRITTEN
            rows = list(map(_values(kind, with_id), new.values()))
            if kind is OutboxItem:
                self._write_common(link, rows)
            link.many(_insert(kind, with_id), rows)

    def _write_common(self, link: Link, rows: list[dict[str, Any]]) -> None:
        """Writes what these notifications have in common, and takes it out of them."""
        common = common_facts.taken_out(rows)
        if common:
            link.many(_insert(CommonFacts, True), common)
            for row in rows:
                _assign(self._known[OutboxItem, row["id"]], {"common_id": row["common_id"]})

    def _write_changed(self, link: Link, kind: type) -> None:
        groups: dict[frozenset[str], list[Any]] = {}
        gone = self._deleted.get(kind, {})
        for record, columns in self._changed.get(kind, {}).values():
            if columns and id(record) not in gone:
                groups.setdefault(frozenset(columns), []).append(record)
        key = primary_of(kind)
        for names, records in groups.items():
            values = [
                {n: getattr(r, n) for n in names} | {"the_key": getattr(r, key)} for r in records
            ]
            link.many(_update(kind, names), values)
        if kind is OutboxItem and self._left:
            link.many(common_facts.LEFT, self._left)

    # ---- below

    def _ask(self, statement: Statement, params: Any) -> list[Row]:
        if self._ahead:
            found = self._ahead.pop((statement, _hashed(params)), None)
            if found is not None:
                return found
        return self._link.rows(statement, params) if self._link is not None else []

    def _statement_of(self, question: Question[Any]) -> Statement:
        return question.locking if self._locks(question.record) else question.select

    def _locks(self, record: type) -> bool:
        return self._writes and RECORDS[record].locked

    def _stored(self, asked: Key[R], params: dict[str, Any]) -> list[R]:
        question = asked[0]
        if self._is_about_new(question, params):
            return []
        found: list[R] | None = self._answers.get(asked)
        if found is None:
            rows = self._ask(self._statement_of(question), params)
            found = self._answers[asked] = [self.adopt(question.record, row) for row in rows]
        return found

    def _is_about_new(self, question: Question[Any], params: dict[str, Any]) -> bool:
        for name, kind in question.refs if self._new else ():
            if (kind, params[name]) in self._new:
                return True
        return False

    def _touched(self, kind: type) -> dict[int, Any]:
        added, changed = self._added.get(kind), self._changed.get(kind)
        if not changed:
            return added or {}
        mine = {place: record for place, (record, _) in changed.items()}
        mine |= added or {}
        gone = self._deleted.get(kind, {})
        return {place: record for place, record in mine.items() if place not in gone}

    def _still(
        self, question: Question[Any], record: Any, mine: dict[int, Any], params: Any
    ) -> bool:
        """Whether a row that the database has given is asked for, as it is now."""
        place = id(record)
        if place in self._deleted.get(question.record, {}):
            return False
        return place not in mine or bool(question.fits(record, params))

    def _moved(self, question: Question[Any], records: Iterable[Any]) -> bool:
        """Whether one of these was changed in what the question sorts by."""
        changed = self._changed.get(question.record, {})
        touched = (changed[id(one)][1] for one in records if id(one) in changed)
        return any(not columns.isdisjoint(question.sorted_by) for columns in touched)

    def _is_deleted(self, record: Any) -> bool:
        return id(record) in self._deleted.get(type(record), {})

    def _forgive(self, kind: type, place: int) -> None:
        del self._deleted[kind][place]
        if not self._deleted[kind]:
            del self._deleted[kind]

    def _columns_of(self, kind: type, record: Any) -> set[str]:
        changed = self._changed.setdefault(kind, {})
        return changed[id(record)][1] if id(record) in changed else set()

    def _next_id(self, kind: type) -> int:
        link = self._link
        if link is None:
            return 1 + max((key for k, key in self._known if k is kind), default=0)
        kept = link.info.setdefault("ids", {})
        if link.dialect.name == "sqlite":
            if not kept:  # we hold the lock, so nobody else gives any
                (row,) = link.rows(_ids(), {})
                kept |= dict(zip(_early(), row, strict=True))
            kept[kind] = (kept[kind] or 0) + 1
            return int(kept[kind])
        ahead: list[int] = kept.setdefault(kind, [])
        if not ahead:
            size = kept[kind, "size"] = min(2 * kept.get((kind, "size"), 0) or 1, MOST_AHEAD)
            rows = link.rows(_NEXT_IDS, {"series": f"{TABLES[kind].name}_id_seq", "size": size})
            ahead += [row[0] for row in reversed(rows)]
        return ahead.pop()


def _must_be_free(record: Any) -> None:
    """Not a ticket, nor what ties people and tickets to it."""
    if isinstance(record, OF_A_TICKET):
        raise TypeError("what is of a ticket is written by an action of the desk, which says so")


def _assign(record: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        object.__setattr__(record, name, value)


def _put_back(waiting: dict[Any, Any], place: Any, before: Any) -> None:
    if before is None:
        del waiting[place]
    else:
        waiting[place] = before


def _hashed(params: Mapping[str, Any]) -> frozenset[Any]:
    """The parameters of a question as a key."""
    try:
        return frozenset(params.items())
    except TypeError:  # some are lists or sets
        return frozenset([(n, v if v.__hash__ else tuple(v)) for n, v in params.items()])


# ---- statements, each made once


def _ordered(kinds: Iterable[type]) -> list[type]:
    """These records, what others refer to first."""
    return sorted(kinds, key=_places().__getitem__)


@cache
def _places() -> dict[type, int]:
    place = {table: n for n, table in enumerate(metadata().sorted_tables)}
    return {record: place[TABLES[record]] for record in RECORDS}


@cache
def _width(record: type) -> int:
    return len(row_of(record))


@cache
def _by_key(record: type, lock: bool) -> Statement:
    key = TABLES[record].c[primary_of(record)]
    query = sa.select(*row_of(record)).where(key == param("key"))
    return Statement(query.with_for_update() if lock else query)


@cache
def _by_keys(record: type) -> Statement:
    key = TABLES[record].c[primary_of(record)]
    return Statement(sa.select(*row_of(record)).where(among(key, "keys")))


@cache
def _taking(record: type, with_ids: bool) -> Statement:
    key = TABLES[record].c[primary_of(record)]
    more = _last_ids() if with_ids else []
    query = sa.select(*row_of(record), *more).where(key == param("key"))
    return Statement(query if with_ids else query.with_for_update(skip_locked=True))


def _names(record: type, with_id: bool) -> list[str]:
    return [c.name for c in TABLES[record].c if with_id or not c.primary_key]


@cache
def _insert(record: type, with_id: bool) -> Statement:
    values = {name: param(name) for name in _names(record, with_id)}
    return Statement(sa.insert(TABLES[record]).values(values))


@cache
def _update(record: type, columns: frozenset[str]) -> Statement:
    table = TABLES[record]
    query = sa.update(table).where(table.c[primary_of(record)] == param("the_key"))
    return Statement(query.values({name: param(name) for name in sorted(columns)}))


@cache
def _delete(record: type) -> Statement:
    table = TABLES[record]
    return Statement(sa.delete(table).where(table.c[primary_of(record)] == param("key")))


@cache
def _values(record: type, with_id: bool) -> Callable[[Any], dict[str, Any]]:
    names = _names(record, with_id)
    get = operator.attrgetter(*names)
    return lambda one: dict(zip(names, get(one), strict=True))


@cache
def _maker(record: type[R]) -> tuple[Callable[[Row], R], Callable[[Row], Any]]:
    """What makes a record of a row, written out, and what gives its key."""
    kind: Any = record
    names: Sequence[str] = [f.name for f in dataclasses.fields(kind)]
    setters = {f"set{n}": getattr(record, name).__set__ for n, name in enumerate(names)}
    values = [f"r[{n}]" for n in range(len(names))]
    for column, (name, _) in enumerate(common_of(kind), len(names)):  # see `schema.row_of`
        own, common = values[names.index(name)], f"r[{column}]"
        values[names.index(name)] = f"{own} if {common} is None else {{**{common}, **{own}}}"
    body = "".join(f"    set{n}(o, {value})\n" for n, value in enumerate(values))
    place: dict[str, Any] = {**setters, "new": object.__new__, "cls": record}
    exec(f"def make(r):\n    o = new(cls)\n{body}    return o\n", place)
    return place["make"], key_in_row(kind)


@cache
def _early() -> tuple[type, ...]:
    return tuple(record for record, table in RECORDS.items() if table.early)


def _last_ids() -> list[sa.ScalarSelect[Any]]:
    return [sa.select(sa.func.max(TABLES[r].c.id)).scalar_subquery() for r in _early()]


@cache
def _ids() -> Statement:
    return Statement(sa.select(*_last_ids()))


_LOCK = Statement(sa.select(sa.func.pg_advisory_xact_lock(param("number", sa.BigInteger()))))
_NEXT_IDS = Statement(
    sa.select(sa.func.nextval(param("series", sa.Text()), type_=sa.Integer())).select_from(
        sa.func.generate_series(1, param("size", sa.Integer()))
    )
)
