"""What an admin asks of a mailbox while it is watched: to pause, to go on, to look now.

It is kept in the database, so whatever process watches the mailbox hears of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from maild.store import Store, asking
from maild.store.unit import Unit

SECONDS = 2.0  # for which an answer of the database counts


def _key(name: str) -> str:
    return f"mailbox {name}"


def _kept(unit: Unit, name: str) -> dict[str, Any]:
    return dict(asking.settings.kept(unit, _key(name)) or {})


def paused(unit: Unit, name: str) -> Mapping[str, Any] | None:
    """Who paused it, and since when; None where nobody did."""
    found: Mapping[str, Any] | None = _kept(unit, name).get("paused")
    return found


def pause(unit: Unit, name: str, by: str, now: datetime) -> None:
    """No mail is fetched until `resume`; it stays on the server."""
    if paused(unit, name) is None:
        said = {"by": by, "since": now.isoformat()}
        asking.settings.keep(unit, _key(name), _kept(unit, name) | {"paused": said})


def resume(unit: Unit, name: str) -> None:
    """Goes on, with what came meanwhile."""
    rest = {key: value for key, value in _kept(unit, name).items() if key != "paused"}
    asking.settings.keep(unit, _key(name), rest)


def look_now(unit: Unit, name: str, now: datetime) -> None:
    """Its watcher waits no longer for its next try."""
    asking.settings.keep(unit, _key(name), _kept(unit, name) | {"look": now.isoformat()})


class Orders:
    """What is asked of one mailbox, for its watcher; asks the database now and then."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._until = 0.0  # monotonic
        self._known: Mapping[str, Any] = {}

    @property
    def paused(self) -> bool:
        """Whether nothing may be fetched."""
        return "paused" in self._now()

    @property
    def look(self) -> str | None:
        """When somebody last asked to look at once."""
        return self._now().get("look")

    def _now(self) -> Mapping[str, Any]:
        if time.monotonic() >= self._until:
            with self._store.look() as unit:
                self._known = _kept(unit, self._name)
            self._until = time.monotonic() + SECONDS
        return self._known
