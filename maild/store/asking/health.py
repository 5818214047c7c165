"""Figures of the whole desk, for who keeps it running."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maild.model import MessageState, SendState
from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import Alert, Clock, Mailbox, Message, OutboxItem, Setting, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_message, _item, _ticket = columns(Message), columns(OutboxItem), columns(Ticket)
_alert, _clock, _setting = columns(Alert), columns(Clock), columns(Setting)
DAEMON = "daemon "  # before its name: key of what a daemon says of itself

_STATES = Statement(sa.select(_message.state, sa.func.count()).group_by(_message.state))
_SEND_STATES = Statement(sa.select(_item.state, sa.func.count()).group_by(_item.state))
_KINDS = Statement(
    sa.select(_ticket.status_kind, sa.func.count())
    .where(_ticket.deleted.is_(None), _ticket.merged_id.is_(None))
    .group_by(_ticket.status_kind)
)
_OLDEST_MAIL = Statement(
    sa.select(_message.accepted)
    .where(
        _message.state == MessageState.STORED,
        _message.next_try.is_(None) | (_message.next_try <= param("now")),
    )
    .order_by(_message.accepted)
    .limit(1)
)
_DUE_ITEMS = Statement(
    sa.select(_item.next_try)
    .where(_item.state == SendState.WAITING, _item.next_try <= param("now"))
    .order_by(_item.next_try)
)
_DUE_CLOCKS = Statement(
    sa.select(_clock.due)
    .where(_clock.due.is_not(None), _clock.due <= param("now"))
    .order_by(_clock.due)
    .limit(1)
)
_STANDING = Statement(
    sa.select(_alert.key, _alert.text, _alert.first, _alert.last, _alert.count)
    .where(_alert.cleared.is_(None))
    .order_by(_alert.last.desc(), _alert.id)
)
_MAILBOXES = Statement(
    sa.select(columns(Mailbox).name, columns(Mailbox).scanned, columns(Mailbox).last_uid)
)
_DAEMONS = Statement(
    sa.select(_setting.key, _setting.value).where(
        sa.func.substr(_setting.key, 1, len(DAEMON)) == DAEMON
    )
)


def message_states(unit: Unit) -> dict[str, int]:
    """How many messages are in each state."""
    return {str(state): count for state, count in unit.rows(_STATES)}


def send_states(unit: Unit) -> dict[str, int]:
    """How many outbox items are in each state."""
    return {str(state): count for state, count in unit.rows(_SEND_STATES)}


def tickets_by_kind(unit: Unit) -> dict[str, int]:
    """How many tickets are there of each kind of status."""
    return {str(kind): count for kind, count in unit.rows(_KINDS)}


def oldest_due_mail(unit: Unit, now: datetime) -> datetime | None:
    """When the oldest mail was accepted that could be processed now; None where none waits."""
    return _first(unit, _OLDEST_MAIL, now)


def oldest_due_item(unit: Unit, now: datetime) -> tuple[int, datetime | None]:
    """How many notifications could go out now, and since when the first of them."""
    found = [when for (when,) in unit.rows(_DUE_ITEMS, now=now)]
    return len(found), found[0] if found else None


def oldest_due_clock(unit: Unit, now: datetime) -> datetime | None:
    """When the clock was due that waits longest; None where none is."""
    return _first(unit, _DUE_CLOCKS, now)


def standing_alerts(unit: Unit) -> list[dict[str, Any]]:
    """Alerts that are not over, the newest first."""
    names = ("key", "text", "first", "last", "count")
    return [dict(zip(names, row, strict=True)) for row in unit.rows(_STANDING)]


def mailboxes(unit: Unit) -> dict[str, dict[str, Any]]:
    """What is known of each mailbox: when it was last looked through, and its last UID."""
    return {
        name: {"scanned": scanned, "last_uid": last_uid}
        for name, scanned, last_uid in unit.rows(_MAILBOXES)
    }


def daemons(unit: Unit) -> dict[str, Mapping[str, Any]]:
    """What each daemon last said of itself, by its name."""
    return {key.removeprefix(DAEMON): value for key, value in unit.rows(_DAEMONS)}


def _first(unit: Unit, statement: Statement, now: datetime) -> datetime | None:
    return next((when for (when,) in unit.rows(statement, now=now)), None)
