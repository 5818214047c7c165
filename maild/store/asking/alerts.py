"""What an admin should know."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from maild.store.question import Question, param
from maild.store.records import Alert
from maild.store.schema import columns
from maild.store.unit import Unit

_alert = columns(Alert)

WITH_KEY = Question(Alert, _alert.key == param("key"))
NEWS = Question(
    Alert,
    (_alert.told.is_(None) & _alert.cleared.is_(None))
    | (_alert.told.is_not(None) & (_alert.cleared > param("since"))),
    order=(_alert.id,),
)
ALL = Question(Alert, sa.true(), order=(_alert.last, _alert.id))


def with_key(unit: Unit, key: str) -> Alert | None:
    """The alert of this cause, over or not."""
    return unit.first(WITH_KEY, key=key)


def news(unit: Unit, since: datetime) -> list[Alert]:
    """Those of which nobody was told yet, or not that they are over since then; oldest first."""
    return unit.all(NEWS, since=since)


def every(unit: Unit) -> list[Alert]:
    """All that ever were, by when they last came."""
    return unit.all(ALL)
