"""What is older than `[keep]` says goes, some rows at a time, while the desk works.

What a thread, a proof or an undo needs stays: rows of messages and notifications keep their ids,
their people and what became of them; only octets, the facts of a mail that went out, events and
attempts go.  Of a ticket nothing goes before it has been over for as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from maild.model import MessageState, SendState, StatusKind, Withheld
from maild.store.asking import settings
from maild.store.common_facts import LEFT
from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import (
    Alert,
    Delivery,
    Event,
    Hook,
    Message,
    Note,
    OutboxItem,
    Raw,
    Ticket,
)
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

PRUNED = "pruned"  # key of a Setting: of each kind {before, rows, after, began}
STEP = 500  # rows that are looked at in a transaction
AGAIN = timedelta(days=7)  # until rows that had to stay are looked at again

_message, _raw, _event, _note = (columns(r) for r in (Message, Raw, Event, Note))
_item, _delivery, _hook, _alert = (columns(r) for r in (OutboxItem, Delivery, Hook, Alert))
_ticket = columns(Ticket)
_WAITS = (SendState.WAITING, SendState.SENDING, SendState.HELD, SendState.CALLING)
_GONE_OUT = (SendState.SENT, SendState.DROPPED, SendState.UNSENT)


@dataclass(frozen=True, slots=True)
class _Part:
    """One table's share of a kind: the rows in their order with their time, and what is done."""

    window: Statement  # the next rows: id, when
    work: Statement  # with those up to `last` that may go
    common: Statement | None = None  # which common facts these refer to


def _part(row_id: Any, when: Any, work: Any, may_go: Any, common: Any = None) -> _Part:
    window = sa.select(row_id, when).where(row_id > param("after", sa.Integer())).order_by(row_id)
    if row_id is _raw.stored_id:
        window = window.join_from(TABLES[Raw], TABLES[Message], _message.id == row_id)
    within = (row_id > param("after", sa.Integer())) & (row_id <= param("last", sa.Integer()))
    return _Part(
        Statement(window.limit(param("most", sa.Integer()))),
        Statement(work.where(within, may_go)),
        None if common is None else Statement(sa.select(common).where(within, may_go, common > 0)),
    )


def _is_over(ticket_id: Any) -> Any:
    """The row is of no ticket, or of one that is over since then."""
    ended = _ticket.status_kind.in_((StatusKind.RESOLVED, StatusKind.CLOSED)) & (
        _ticket.completed < param("before")
    )
    over = sa.exists().where(_ticket.id == ticket_id, ended | (_ticket.deleted < param("before")))
    return ticket_id.is_(None) | over


def _newest(column: Any) -> Any:
    """SQLite gives the highest id anew when its row is gone, and whoever follows the ids would
    miss what gets it."""
    return sa.select(sa.func.max(column)).scalar_subquery()


_passed_on = sa.exists().where(  # with a notification that is still to go out
    _note.stored_id == _raw.stored_id, _item.note_id == _note.id, _item.state.in_(_WAITS)
)
_understood = sa.exists().where(
    _message.id == _raw.stored_id,
    _message.state == MessageState.PROCESSED,
    _message.processed < param("before"),
    sa.func.coalesce(_message.withheld, "") != Withheld.WAITING,
    _is_over(_message.ticket_id),
)
_KINDS: Mapping[str, tuple[_Part, ...]] = {
    "raw": (
        _part(_raw.stored_id, _message.accepted, sa.delete(TABLES[Raw]), _understood & ~_passed_on),
    ),
    "outbox": (
        _part(
            _item.id,
            _item.created,
            sa.update(TABLES[OutboxItem]).values(octets=sa.null(), data={}, common_id=sa.null()),
            _item.state.in_(_GONE_OUT) & _item.octets.is_not(None),
            _item.common_id,
        ),
    ),
    "events": (
        _part(
            _event.id,
            _event.at,
            sa.delete(TABLES[Event]),
            _is_over(_event.ticket_id) & (_event.id < _newest(_event.id)),
        ),
    ),
    "logs": (
        _part(
            _delivery.id,
            _delivery.at,
            sa.delete(TABLES[Delivery]),
            (_delivery.id < _newest(_delivery.id))
            & sa.exists().where(_item.id == _delivery.outbox_id, _item.state.in_(_GONE_OUT)),
        ),
        _part(_hook.id, _hook.created, sa.delete(TABLES[Hook]), _hook.state.not_in(_WAITS)),
        _part(
            _alert.id,
            _alert.first,
            sa.delete(TABLES[Alert]),
            (_alert.cleared < param("before")) & _alert.told.is_(None),
        ),
    ),
}
KINDS = tuple(_KINDS)  # the keys of `[keep]`


def so_far(unit: Unit) -> Mapping[str, Mapping[str, Any]]:
    """Of each kind that was ever pruned: before when, and how many rows by now."""
    return settings.kept(unit, PRUNED) or {}


def step(unit: Unit, kind: str, days: float, now: datetime) -> bool:
    """Prunes among the next rows of a kind; whether there are more that are old enough.

    The walk goes on where it ended last; now and then it begins anew, for what had to stay.
    """
    before, said = now - timedelta(days=days), dict(so_far(unit).get(kind, {}))
    began = datetime.fromisoformat(said["began"]) if said else now
    marks, count, more = list(said.get("after", [0] * len(_KINDS[kind]))), 0, False
    for place, part in enumerate(_KINDS[kind]):
        rows = unit.rows(part.window, after=marks[place], most=STEP)
        old = [row_id for row_id, _ in takewhile(lambda row: row[1] < before, rows)]
        if old:
            given = {"after": marks[place], "last": old[-1], "before": before}
            common = unit.rows(part.common, **given) if part.common else []
            count += unit.run(part.work, **given)
            unit.many(LEFT, [{"id": facts} for (facts,) in dict.fromkeys(common)])
            marks[place] = old[-1]
        more = more or len(old) == STEP
    if not more and now - began > AGAIN:
        marks, began = [0] * len(marks), now
    said |= {
        "after": marks,
        "began": began.isoformat(),
        "before": max(said.get("before", ""), before.isoformat()),
        "rows": said.get("rows", 0) + count,
    }
    settings.keep(unit, PRUNED, {**so_far(unit), kind: said})
    return more
