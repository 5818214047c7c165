"""Until the outbox and the mailboxes are on units: what takes a unit takes a session too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy.orm import Session

from maild.store.prepared import Plain
from maild.store.unit import Unit


def for_sessions_too(work: Callable[..., Any]) -> Callable[..., Any]:
    """Runs `work` on a unit in the session's transaction, and writes it at once."""

    @wraps(work)
    def run(first: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(first, Session):
            return work(first, *args, **options)
        first.flush()
        unit = Unit(Plain(first.connection()))
        result = work(unit, *args, **options)
        unit.write()
        return result

    return run
