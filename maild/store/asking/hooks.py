"""Calls of web hooks."""

from __future__ import annotations

from datetime import datetime

from maild.model import SendState
from maild.store.question import Question, param
from maild.store.records import Hook
from maild.store.schema import columns
from maild.store.unit import Unit

_hook = columns(Hook)
_OPEN = _hook.state.in_((SendState.WAITING, SendState.CALLING))

WITH_KEY = Question(Hook, _hook.key == param("key"))
DUE = Question(Hook, _OPEN & (_hook.next_try <= param("now")), order=(_hook.id,), limit=50)


def with_key(unit: Unit, key: str) -> Hook | None:
    """The call that this cause made."""
    return unit.first(WITH_KEY, key=key)


def due(unit: Unit, now: datetime) -> list[Hook]:
    """Calls to make, oldest first; some of them, where there are many."""
    return unit.all(DUE, now=now)


def take(unit: Unit, hook_id: int, now: datetime) -> Hook | None:
    """This one, if it is due and nobody else makes it at this moment."""
    row = unit.take(Hook, hook_id)
    if row is None or row.state not in (SendState.WAITING, SendState.CALLING):
        return None
    return row if row.next_try <= now else None
