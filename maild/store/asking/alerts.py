"""What an admin should know."""

from __future__ import annotations

import sqlalchemy as sa

from maild.store.question import Question, param
from maild.store.records import Alert
from maild.store.schema import columns
from maild.store.unit import Unit

_alert = columns(Alert)

WITH_KEY = Question(Alert, _alert.key == param("key"))
UNTOLD = Question(Alert, _alert.told.is_(None) & _alert.cleared.is_(None), order=(_alert.id,))
ALL = Question(Alert, sa.true(), order=(_alert.last, _alert.id))


def with_key(unit: Unit, key: str) -> Alert | None:
    """The alert of this cause, over or not."""
    return unit.first(WITH_KEY, key=key)


def untold(unit: Unit) -> list[Alert]:
    """Those of which no admin was mailed yet, oldest first."""
    return unit.all(UNTOLD)


def every(unit: Unit) -> list[Alert]:
    """All that ever were, by when they last came."""
    return unit.all(ALL)
