"""The daemon: one thread a mailbox, one that processes, one that fires clocks, one that
delivers, one that ticks.

Threads share nothing but the database and a few wake-up events; whoever finds work takes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from maild.app import App
from maild.config import MailboxSection
from maild.desk.alerts import clear_alert, raise_alert
from maild.errors import MaildError
from maild.ingest.imap import Stop, Watcher
from maild.monitor.health import beat
from maild.monitor.monitor import Monitor
from maild.monitor.progress import Progress
from maild.outbox.webhook_delivery import Hooks
from maild.store import asking

log = structlog.get_logger()

PASS_NAME = "run --once"
TICK_SECONDS = 2  # how often somebody looks for work that nobody announced (retries, clocks)
CATCH_UP = timedelta(minutes=2)  # how long clocks wait for mail that came while we were away
STOP_SECONDS = 8  # how long the threads have to finish what they do


def _now() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """Everything that runs while `maild run` does."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = Stop()
        self.began = _now()
        self.progress = Progress()
        self.mail_waits = self.progress.wakeup("process")
        self.clocks_wait = self.progress.wakeup("clocks")
        self.outbox_waits = self.progress.wakeup("deliver")
        self.reader = app.reader()
        self.pipeline = app.pipeline(self.reader)
        self.clocks = app.clocks()
        self.hooks = Hooks(app.store, app.settings)
        self.hooks_wait = self.progress.wakeup("hooks")
        self.deliverer = app.deliverer(partial(self.progress.moved, "deliver"))
        self.watchers = [(s, self._watcher(s)) for s in app.settings.config.mailbox]
        self.monitor = Monitor(app.store, app.settings, self.progress, _now)
        self.failures: list[str] = []  # of one pass: mailboxes that could not be reached

    def _watcher(self, section: MailboxSection) -> Watcher:
        app = self.app
        return Watcher(
            section,
            app.store,
            app.settings.config.limits,
            _now,
            self.mail_waits.set,
            self.alert,
            recovered=self.recovered,
        )

    def alert(self, key: str, text: str) -> None:
        """Raises an alert, or counts it up where it is raised already."""
        self.app.store.act(lambda unit: raise_alert(unit, key, text, _now()))

    def recovered(self, key: str) -> None:
        """Ends the alert of this key."""
        self.app.store.act(lambda unit: clear_alert(unit, key, _now()))

    def run(self) -> None:
        """Works until `stop` is set, then lets every thread finish its step."""
        threads = [
            self._thread(f"watch {section.name}", watcher.run, self.stop)
            for section, watcher in self.watchers
        ]
        threads.append(self._thread("process", self._process))
        threads.append(self._thread("clocks", self._fire))
        threads.append(self._thread("hooks", self._call))
        threads.append(self._thread("deliver", self.deliverer.run, self.stop, self.outbox_waits))
        ticker = BackgroundScheduler(timezone=UTC)
        ticker.add_job(self._tick, "interval", seconds=TICK_SECONDS, coalesce=True, max_instances=1)
        ticker.start()
        self.monitor.start()
        log.info("started", mailboxes=len(self.watchers))
        try:
            self.stop.wait()
        finally:
            log.info("stopping")
            self.stop.set()
            self.monitor.stop()
            self._tick()
            ticker.shutdown(wait=False)
            for thread in threads:
                thread.join(STOP_SECONDS / len(threads))
            self.reader.close()
            log.info("stopped")

    def once(self, now: datetime) -> dict[str, int]:
        """One pass over everything that is due: fetch, process, deliver; how many of each."""
        fetched = 0
        for section, watcher in self.watchers:
            try:
                fetched += watcher.once()
            except MaildError as error:
                self.failures.append(error.message)
                self.alert(f"mailbox:{section.name}", error.message)
        processed = 0
        while taken := self.pipeline.process_due(now):
            processed += taken
        fired = self.clocks.due(now)
        self.hooks.once(now)
        self.app.tell_admins(now)
        delivered = self.deliverer.once(now)
        self.reader.close()
        self.app.store.act(lambda unit: beat(unit, PASS_NAME, now, once=True))
        return {"fetched": fetched, "processed": processed, "clocks": fired, **delivered}

    def _process(self) -> None:
        while not self.stop.is_set():
            self.mail_waits.wait()
            self.mail_waits.clear()
            while not self.stop.is_set() and self.pipeline.process_due(_now(), limit=1):
                self.progress.done("process")
                self.outbox_waits.set()

    def _call(self) -> None:
        while not self.stop.is_set():
            self.hooks_wait.wait()
            self.hooks_wait.clear()
            if not self.stop.is_set():
                self.hooks.once(_now())

    def _fire(self) -> None:
        """Reads changed rules, fires what is due; mail that came in before is heard first."""
        while not self.stop.is_set():
            self.clocks_wait.wait()
            self.clocks_wait.clear()
            self.app.rules.refresh(self.app.store.act, _now())
            if self.stop.is_set():
                return
            fired = self._caught_up() and self.clocks.due(_now())
            if self.app.tell_admins(_now()) or fired:
                self.outbox_waits.set()

    def _caught_up(self) -> bool:
        """Whether the mailboxes were looked through since we began, or had their time for it.

        What was written while we were away may be the reply that a clock waited for.
        """
        if _now() - self.began > CATCH_UP:
            return True
        names = {section.name for section, _ in self.watchers}
        with self.app.store.look() as unit:
            seen = asking.mailboxes.scanned_since(unit, self.began)
            return names <= seen and not asking.messages.waiting(unit)

    def _tick(self) -> None:
        self.mail_waits.set()
        self.clocks_wait.set()
        self.hooks_wait.set()
        self.outbox_waits.set()

    def _thread(self, name: str, work: Callable[..., None], *args: object) -> threading.Thread:
        """A thread that begins again after an error that nobody foresaw, and says so."""

        def keep_on() -> None:
            while not self.stop.is_set():
                try:
                    work(*args)
                except Exception as error:
                    log.exception("thread.failed", thread=name)
                    self._report(name, error)
                    self.stop.wait(TICK_SECONDS)

        thread = threading.Thread(target=keep_on, name=name, daemon=True)
        thread.start()
        return thread

    def _report(self, name: str, error: Exception) -> None:
        """An alert, unless it is the database itself that fails."""
        try:
            self.alert(f"thread:{name}", f"{name} failed ({type(error).__name__}) and goes on.")
        except MaildError:
            log.error("alert.lost", thread=name)
