"""What is wrong with the desk itself, said even where the database cannot be told.

An alert is a row, and the admins are mailed of it like of everything.  While the database is away
alerts wait in memory, and that it is away goes to the admins directly: by mail, past the outbox,
and by web hook.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from maild.config import Settings
from maild.desk.alerts import clear_alert, raise_alert
from maild.errors import MaildError
from maild.i18n import sentence
from maild.outbox.direct import tell_directly
from maild.store import Store, asking
from maild.store.unit import Unit

log = structlog.get_logger()

PATIENCE = 5.0  # seconds that the database may be away before somebody is told
FEW_OCTETS = 50_000_000  # free on the disk, or this part of it, whichever is less:
FEW_PART = 0.05
ENOUGH = 2  # times as many; then it is over
DISK_SECONDS = 20.0  # between looks at the disk

DATABASE, DISK = "database", "disk"  # keys of alerts
TRIED = "last try"  # key of a Setting: what is written to see whether the database takes it


class Alarms:
    """Raises and ends alerts, from any thread; never raises an error itself."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, str | None] = {}  # key → text, None: it is over
        self._away_since: float | None = None  # monotonic; the database
        self._text = ""  # what it says
        self._told = False
        self._disk_told: bool | None = None  # None: not looked at yet
        self._look_at_disk = 0.0  # monotonic

    def alert(self, key: str, text: str) -> None:
        """Something is wrong; the same key again only counts up."""
        self._note(key, text)

    def recovered(self, key: str) -> None:
        """It is over."""
        self._note(key, None)

    def database_failed(self, error: MaildError, since: float | None = None) -> None:
        """Somebody could not read or write; `since`: monotonic, default now."""
        with self._lock:
            self._text = error.message
            if self._away_since is None:
                self._away_since = time.monotonic() if since is None else since
                log.warning("database.away", detail=error.detail)

    def tick(self) -> None:
        """Tries the database where it was away, tells what waited, and looks at the disk."""
        trouble = self._store.trouble  # of who tries again by himself, and tells nobody yet
        if trouble is not None:
            self.database_failed(trouble.error, trouble.since)
            self._tell_if_it_lasts()
        if self._away_since is not None or self._waiting:
            self._try()
        now = time.monotonic()
        if now >= self._look_at_disk:
            self._look_at_disk = now + DISK_SECONDS
            self._measure()

    def _note(self, key: str, text: str | None) -> None:
        with self._lock:
            self._waiting.pop(key, None)  # the newest is the last one
            self._waiting[key] = text
        if self._away_since is None:
            self._try()

    def _try(self) -> None:
        with self._lock:
            waiting = dict(self._waiting)
        now = self._clock()

        def write(unit: Unit) -> None:
            for key, text in waiting.items():
                if text is None:
                    clear_alert(unit, key, now)
                else:
                    raise_alert(unit, key, text, now)
            if self._told:
                raise_alert(unit, DATABASE, self._text, now)  # for who looks later
                clear_alert(unit, DATABASE, now)
            asking.settings.keep(unit, TRIED, {"at": now.isoformat()})

        try:
            with self._store.unit() as unit:  # one try: the next is at the next tick
                write(unit)
        except MaildError as error:
            self.database_failed(error)
            self._tell_if_it_lasts()
            return
        with self._lock:
            for key, text in waiting.items():
                if self._waiting.get(key) == text:
                    del self._waiting[key]
        self._back()

    def _tell_if_it_lasts(self) -> None:
        since = self._away_since
        if not self._told and since is not None and time.monotonic() - since > PATIENCE:
            self._told = True
            tell_directly(self._settings, DATABASE, self._text, over=False, now=self._clock())

    def _back(self) -> None:
        with self._lock:
            away, told = self._away_since, self._told
            self._away_since, self._told = None, False
        if away is not None:
            log.info("database.back", seconds=round(time.monotonic() - away))
        if told:
            tell_directly(self._settings, DATABASE, self._text, over=True, now=self._clock())

    def _measure(self) -> None:
        folder = _folder(self._settings)
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            return
        few = min(FEW_OCTETS, int(usage.total * FEW_PART))
        if usage.free < few and self._disk_told is not True:
            self._disk_told = True
            self.alert(
                DISK,
                sentence(
                    "The disk of {folder} is nearly full: {free} MB are free. Make room: without "
                    "it mail stays on the server, and nothing is sent.",
                    folder=str(folder),
                    free=usage.free // 1_000_000,
                ),
            )
        elif usage.free > few * ENOUGH and self._disk_told is not False:
            self._disk_told = False
            self.recovered(DISK)


def _folder(settings: Settings) -> Path:
    """Where the database is, or the journal of sent mail."""
    database = settings.database_file
    return database.parent if database else settings.path("var")
