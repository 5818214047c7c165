"""Calls of web hooks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maild.model import SendState
from maild.store.prepared import Statement
from maild.store.question import Question, param
from maild.store.records import Hook
from maild.store.schema import columns
from maild.store.unit import Unit

_hook = columns(Hook)
_DUE = _hook.state.in_((SendState.WAITING, SendState.CALLING)) & (_hook.next_try <= param("now"))

WITH_KEY = Question(Hook, _hook.key == param("key"))
_OF_NAME = Statement(
    sa.select(_hook.key)
    .where(_DUE, _hook.name == param("name"))
    .order_by(_hook.id)
    .limit(param("most", sa.Integer()))
)
_NAMES = Statement(sa.select(_hook.name).where(_DUE).distinct())
_TAKE = Statement(
    sa.select(_hook.id).where(_DUE, _hook.key == param("key")).with_for_update(skip_locked=True)
)


def with_key(unit: Unit, key: str) -> Hook | None:
    """The call that this cause made."""
    return unit.first(WITH_KEY, key=key)


def due(unit: Unit, name: str, now: datetime, most: int) -> list[str]:
    """The keys of the calls of one hook that are to be made, oldest first."""
    return [key for (key,) in unit.rows(_OF_NAME, name=name, now=now, most=most)]


def waiting(unit: Unit, now: datetime) -> list[str]:
    """The names of the hooks that have calls to make."""
    return sorted(name for (name,) in unit.rows(_NAMES, now=now))


def take(unit: Unit, key: str, now: datetime) -> Hook | None:
    """This one, if it is due and nobody else makes it at this moment."""
    return with_key(unit, key) if unit.rows(_TAKE, key=key, now=now) else None
