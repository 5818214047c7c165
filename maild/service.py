"""`maild run` from its first step to its last: it waits for what it needs, works, reads its
configuration again when it is told to (SIGHUP), and stops (SIGTERM)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from maild import config
from maild.alarms import DATABASE, PATIENCE
from maild.app import App, build
from maild.config import Settings
from maild.daemon import Daemon
from maild.desk import people
from maild.desk.alerts import clear_alert, raise_alert
from maild.errors import MaildError, Temporary, Unavailable, UsageError
from maild.i18n import sentence
from maild.log import log_to_stderr
from maild.malloc import few_arenas
from maild.monitor import systemd
from maild.only_one import OnlyOne
from maild.outbox.direct import tell_directly
from maild.store import Store

log = structlog.get_logger()

WAITS = (1, 2, 4, 8, 15)  # seconds between tries to begin
OTHER_SECONDS = 2  # between looks whether the other daemon has ended
LOOK_SECONDS = 1  # between looks whether the daemon has ended by itself
OUTGROWN = (
    "A newer version of maild has brought the database up to date, so this one has stopped: "
    "install the newer one here too, and start it."
)
LAST_SECONDS = 9.0  # after SIGTERM; then the process ends, whatever still hangs
CONFIGURATION = "configuration"  # key of the alert about a maild.toml that cannot be read
PEOPLE = ("resource", "contact", "organization")  # sections that count at the next mail


class Signals:
    """SIGTERM, SIGINT and SIGHUP as something to wait for.

    A handler may run in the middle of anything, so it does nothing: the number of the signal
    arrives by a socket, and a second one finds nobody who could be disturbed.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._stopped = False
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)

    def wait(self, seconds: float | None = None) -> str:
        """ "stop", "again", or "" after so many seconds; once it is "stop" it stays so."""
        if not self._stopped and not select.select([self._reader], [], [], seconds)[0]:
            return ""
        came = b""
        with contextlib.suppress(BlockingIOError):
            came = self._reader.recv(4096)
        if {signal.SIGTERM, signal.SIGINT} & set(came):
            self._stopped = True
        return "stop" if self._stopped else "again"


def serve(file: Path | None) -> None:
    """Works until SIGTERM.  UsageError where the configuration is broken from the start."""
    place = config.config_file(file)
    settings = config.load(place)
    log_to_stderr(settings.config.log.level, settings.config.log.format)
    few_arenas()
    only = OnlyOne()
    with Signals() as signals:
        app = _opened(settings, signals, only)
        while app is not None:
            daemon = Daemon(app, before_mail=Newcomers(place), read_again=read_again)
            daemon.start()
            found = _asked(signals, app, place, daemon.outgrown)
            if found is None:
                _at_last()
            daemon.finish()
            app.close()
            if daemon.outgrown.is_set():
                raise Unavailable(OUTGROWN)
            app = _opened(found, signals, only) if found is not None else None


def read_again() -> None:
    """Has this program read its configuration again, as SIGHUP does."""
    os.kill(os.getpid(), signal.SIGHUP)


def _opened(settings: Settings, signals: Signals, only: OnlyOne) -> App | None:
    """The desk, once its database is there; None: we were told to stop meanwhile."""
    began, said, told = time.monotonic(), "", False
    attempt = 0
    while True:
        try:
            _alone(settings, only)
            app = build(settings, Store(settings.database_url))
        except (Temporary, Unavailable) as error:
            if error.message != said:
                said = error.message
                log.warning("waiting", error=said, detail=error.detail)
            systemd.notify(READY="1", WATCHDOG="1", STATUS=said)
            waits = isinstance(error, Waits)
            if not (told or waits) and time.monotonic() - began > PATIENCE:
                told = True
                tell_directly(settings, DATABASE, said, over=False, now=datetime.now(UTC))
        else:
            if told:
                tell_directly(settings, DATABASE, said, over=True, now=datetime.now(UTC))
            return app
        pause = OTHER_SECONDS if waits else WAITS[min(attempt, len(WAITS) - 1)]
        if signals.wait(pause) == "stop":
            return None
        attempt += 1


class Waits(Unavailable):
    """Another daemon works on this database: nothing that an admin must hear of."""


def _alone(settings: Settings, only: OnlyOne) -> None:
    """Waits where another daemon works on the same SQLite database; PostgreSQL is for several."""
    file = settings.database_file
    if file is None:
        only.free()
    elif other := only.take(file.with_name(file.name + ".daemon")):
        raise Waits(
            f"A daemon works on {file} already ({other}). This one waits until it ends; several "
            "at a time need PostgreSQL."
        )


def _asked(signals: Signals, app: App, place: Path, outgrown: threading.Event) -> Settings | None:
    """Waits for what ends this run: the configuration as it is now, or None to stop."""
    while (what := signals.wait(LOOK_SECONDS)) != "stop":
        if outgrown.is_set():
            return None
        if what == "again" and (settings := _read(app, place)) is not None:
            log_to_stderr(settings.config.log.level, settings.config.log.format)
            log.info("configuration.read")
            return settings
    return None


def _read(app: App, place: Path) -> Settings | None:
    """A configuration that can be worked with; where it cannot, an alert says so (and ends)."""
    now = datetime.now(UTC)
    try:
        settings = config.load(place)
    except UsageError as error:
        log.warning("configuration.broken", file=str(place))
        text = sentence(
            "{file} has mistakes; what was read before stays in force.\n{problems}",
            file=str(place),
            problems=error.message,
        )
        with contextlib.suppress(MaildError):
            app.store.act(lambda unit: raise_alert(unit, CONFIGURATION, text, now))
        return None
    with contextlib.suppress(MaildError):
        app.store.act(lambda unit: clear_alert(unit, CONFIGURATION, now))
    return settings


def _at_last() -> None:
    """A thread that hangs, in a relay or a worker, must not hold up the end for ever."""
    timer = threading.Timer(LAST_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


class Newcomers:
    """Who left maild.toml, or is `active = false` in it, has no rights from the next mail on."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._seen = self._stamp()

    def __call__(self, app: App) -> App | None:
        """The app with the people as the file has them now, where they changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        settings = _read(app, self._place)
        changed = None
        if settings is not None:
            new = {name: getattr(settings.config, name) for name in PEOPLE}
            people_now = app.settings.config.model_copy(update=new)
            if people_now != app.settings.config:
                now = datetime.now(UTC)
                app.store.act(lambda unit: people.sync(unit, people_now, now))
                log.info("people.read")
                changed = replace(app, settings=app.settings.with_config(people_now))
        self._seen = stamp
        return changed

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._place.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
