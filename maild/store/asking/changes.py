"""What has happened since we last looked."""

from __future__ import annotations

import select
import time
from typing import Any, cast

import sqlalchemy as sa

from maild.store.database import Store
from maild.store.prepared import Row, Statement
from maild.store.question import param
from maild.store.records import Event, Ticket
from maild.store.schema import TABLES, columns

_event, _ticket = columns(Event), columns(Ticket)
MOST = 500  # events that are told one by one; who has missed more fetches all
CHANNEL = "maild_event"

_LAST = Statement(sa.select(sa.func.coalesce(sa.func.max(_event.id), 0)))
_NEW = Statement(
    sa.select(
        _event.id,
        _ticket.number,
        _ticket.organization_id,
        _event.by,
        _event.person_id,
        _event.event,
        _ticket.shared_side,
    )
    .select_from(TABLES[Event].join(TABLES[Ticket], _ticket.id == _event.ticket_id))
    .where(_event.id > param("last", sa.Integer()))
    .order_by(_event.id)
    .limit(MOST)
)


class Watch:
    """Notices new events: `wait` until somebody has written, then `new` gives them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._raw = cast(Any, store.engine.raw_connection())
        self._driver = cast(Any, self._raw.driver_connection)
        self._version = 0
        if not store.is_sqlite:
            self._driver.autocommit = True
            self._driver.execute(f"LISTEN {CHANNEL}")
        with store.look() as unit:
            self._last = unit.rows(_LAST)[0][0]

    def wait(self, seconds: float) -> bool:
        """Whether something was perhaps written; False where that long nothing was."""
        if self.store.is_sqlite:
            if self._data_version():
                return True
            time.sleep(seconds)
            return self._data_version()
        return self._notified(seconds)

    def new(self) -> list[Row]:
        """(number, organization, by, person, event, side) of every event since the last time."""
        with self.store.look() as unit:
            rows = unit.rows(_NEW, last=self._last)
        if rows:
            self._last = rows[-1][0]
        return [row[1:] for row in rows]

    def close(self) -> None:
        self._raw.invalidate()

    def _data_version(self) -> bool:
        """SQLite: another connection has committed (https://sqlite.org/pragma.html)."""
        version = self._driver.execute("PRAGMA data_version").fetchone()[0]
        before, self._version = self._version, version
        return bool(version != before)

    def _notified(self, seconds: float) -> bool:
        """PostgreSQL: the trigger on `event` has called."""
        ready, _, _ = select.select([self._driver.fileno()], [], [], seconds)
        if not ready:
            return False
        return bool(list(self._driver.notifies(timeout=0)))
