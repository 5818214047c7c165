"""What looks at the daemon while it works, and says how it is to whoever asks or listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from maild.config import Settings
from maild.errors import MaildError
from maild.monitor import systemd
from maild.monitor.health import BEAT, Health, beat, gone, look, name_of_daemon
from maild.monitor.listener import PLAIN, Answer, Endpoint
from maild.monitor.metrics import CONTENT_TYPE, Collector
from maild.monitor.progress import Progress
from maild.store import Store
from maild.store.unit import Unit

log = structlog.get_logger()

FRESH_SECONDS = 1.0  # a look at the desk serves everybody who asks within it
SHORTEST_STEP = 0.2
STOP_SECONDS = 2.0  # how long the end waits for who may be waiting for the database


class Monitor:
    """Beats, answers HTTP and feeds systemd's watchdog; `start` it and `stop` it.

    The watchdog is fed by the work: when a part of the daemon stands still, or mail waits and none
    is taken up, it gets no more, and systemd starts us again.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        progress: Progress,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._settings = store, settings
        self._progress, self._clock = progress, clock
        self._name = name_of_daemon()
        self._since = clock()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._seen: tuple[float, Health] | None = None  # monotonic
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("monitor", self._run), ("beat", self._beat))
        ]
        self._endpoint: Endpoint | None = None
        self._was_stalled = False

    @property
    def port(self) -> int | None:
        """Where it listens; None where it does not."""
        return self._endpoint.port if self._endpoint is not None else None

    def start(self) -> None:
        """Begins; UsageError where it cannot listen."""
        place = self._settings.config.monitor.place
        if place is not None:
            pages = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._metrics}
            self._endpoint = Endpoint(*place, pages)
        for thread in self._threads:
            thread.start()
        systemd.notify(READY="1", STATUS="Works.")

    def stop(self) -> None:
        """Ends, and says so."""
        systemd.notify(STOPPING="1")
        self._stop.set()
        if self._endpoint is not None:
            self._endpoint.close()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        try:
            self._store.act(lambda unit: gone(unit, self._name))
        except MaildError as error:
            log.warning("monitor.not_told", detail=error.detail)

    def stalled(self) -> list[str]:
        """What of us stands still."""
        seconds = self._settings.config.monitor.stall_seconds
        waiting = self._seen[1].mail.get("oldest_seconds", 0.0) if self._seen else 0.0
        return self._progress.stalled(seconds, waiting)

    def health(self) -> Health:
        """How the desk is, no older than a second."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen[0] > FRESH_SECONDS:
                found = look(self._store, self._settings, self._clock(), self.stalled())
                self._seen = time.monotonic(), found
            return self._seen[1]

    # ---- beating

    def _run(self) -> None:
        """Never waits for who writes: a locked database must not look like a daemon that hangs."""
        patience = systemd.watchdog_seconds()
        beats = BEAT.total_seconds()
        step = max(SHORTEST_STEP, min(beats, patience / 3 if patience else beats))
        while not self._stop.is_set():
            try:
                self._look()
            except Exception:
                log.exception("monitor.failed")
            self._stop.wait(step)

    def _look(self) -> None:
        health = self.health()
        stalled = self.stalled()
        if stalled and not self._was_stalled:
            log.error("stalled", what=stalled)
        self._was_stalled = bool(stalled)
        if not stalled:
            systemd.notify(WATCHDOG="1", STATUS=_status(health))
        else:
            systemd.notify(STATUS=" ".join(stalled))

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self._store.act(self._alive)
            except MaildError as error:  # the database is away: others tell of it
                log.debug("monitor.no_beat", detail=error.detail)
            except Exception:
                log.exception("monitor.failed")
            self._stop.wait(BEAT.total_seconds())

    def _alive(self, unit: Unit) -> None:
        since = self._since.isoformat()
        beat(unit, self._name, self._clock(), since=since, stalled=self.stalled())

    # ---- pages

    def _healthz(self) -> Answer:
        return _page(self.stalled())

    def _readyz(self) -> Answer:
        return _page(list(self.health().trouble))

    def _metrics(self) -> Answer:
        collector = Collector(self.health, self._progress.counts, self._progress.seconds)
        return 200, CONTENT_TYPE, collector.text()


def _page(trouble: list[str]) -> Answer:
    text = "\n".join(trouble) if trouble else "All is well."
    return 503 if trouble else 200, PLAIN, (text + "\n").encode()


def _status(health: Health) -> str:
    if not health.ok:
        return health.trouble[0]
    return f"All is well. Mail waiting: {health.mail['waiting']}, to send: {health.outbox['due']}."
