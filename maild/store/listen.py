"""What PostgreSQL tells of, as soon as another process has committed it (LISTEN, NOTIFY)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import psycopg
import structlog

from maild.store.database import Store, told_apart
from maild.store.unit import CHANNEL

log = structlog.get_logger()

PATIENCE_SECONDS = 1.0  # until the end is looked for


def listen(store: Store, wake: Mapping[str, Callable[[], None]], stop: threading.Event) -> None:
    """Calls what is named by each piece of news ("mail", "outbox", "hooks"), until `stop` is set.

    It has a connection of its own.  Temporary where that breaks; a database that is none of
    PostgreSQL's own may know no LISTEN: then this ends, and what is new is found by looking.
    """
    with told_apart(store.engine), closing(_connected(store)) as connection:
        connection.autocommit = True
        if not _begun(connection):
            log.info("listen.none")
            stop.wait()
            return
        for act in wake.values():
            act()  # what came before we listened
        while not stop.is_set():
            for news in connection.notifies(timeout=PATIENCE_SECONDS):
                for name in news.payload.split():
                    wake.get(name, _nothing)()


def _connected(store: Store) -> Any:
    """A connection that is not the pool's, which has ten for others."""
    pooled = store.engine.raw_connection()
    connection = pooled.driver_connection
    pooled.detach()
    return connection


def _begun(connection: Any) -> bool:
    try:
        connection.execute(f"LISTEN {CHANNEL}")
    except psycopg.NotSupportedError:
        return False
    return True


def _nothing() -> None:
    """News that a newer version tells of."""
