"""The daemon: one thread a mailbox, one that processes, one that fires clocks, one that
delivers, one that ticks.

Threads share nothing but the database and a few wake-up events; whoever finds work takes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from maild.alarms import Alarms
from maild.app import App
from maild.config import MailboxSection
from maild.desk import search
from maild.errors import MaildError, Unavailable
from maild.i18n import sentence
from maild.indexer import Indexer
from maild.ingest.imap import Stop, Watcher
from maild.leases import Leases
from maild.monitor.health import beat
from maild.monitor.monitor import Monitor
from maild.monitor.progress import Progress
from maild.outbox.webhook_delivery import Hooks
from maild.pruner import Pruner
from maild.store import asking, clock_correction, migrate

if TYPE_CHECKING:
    from maild.web.console import Console
    from maild.web.server import Server

log = structlog.get_logger()

PASS_NAME = "run --once"
TICK_SECONDS = 2  # how often somebody looks for work that nobody announced (retries, clocks)
CATCH_UP = 120.0  # seconds that clocks wait for mail that came while we were away
STEADY_SECONDS = 60.0  # without an error; then a thread is well again
NOTE_SECONDS = 30.0  # how often the time is noted
JUMP_SECONDS = 5.0  # between the wall's clock and ours, within a tick
LEASE = "mailbox:"  # before a mailbox's name: its lease
WEB = "web"  # key of the alert that the console cannot listen
TICK = "tick"  # id of the one job
STOP_SECONDS = 8.0  # how long the threads have to finish what they do, all together
AT_ONCE = 40  # messages between two looks at what is due


def _now() -> datetime:
    return datetime.now(UTC)


class _Permit:
    """Lets a watcher watch as long as its mailbox is ours (`maild/leases.py`)."""

    def __init__(self, *, is_open: bool) -> None:
        self._stop = Stop()
        self._open = threading.Event()
        if is_open:
            self._open.set()

    def change(self, ours: bool) -> None:
        """It is ours now, or no more."""
        if ours:
            self._stop = Stop()
            self._open.set()
        else:
            self.close()

    def close(self) -> None:
        self._open.clear()
        self._stop.set()

    def watch(self, watcher: Watcher) -> None:
        """Watches while it is open; waits a little where it is not."""
        if self._open.wait(TICK_SECONDS):
            watcher.run(self._stop)


class Daemon:
    """Everything that runs while `maild run` does."""

    def __init__(
        self,
        app: App,
        *,
        before_mail: Callable[[App], App | None] | None = None,
        console: Console | None = None,
        read_again: Callable[[], None] | None = None,
    ) -> None:
        """`before_mail`: asked before each mail for an app with the people as they are now.

        `read_again`: makes the program begin anew with maild.toml as it is now.

        `console`: one that is there already; else [web] decides whether there is one.
        """
        self.app = app
        self.console = console
        self.stop = Stop()
        self.began = time.monotonic()
        self.progress = Progress()
        self.mail_waits = self.progress.wakeup("process")
        self.clocks_wait = self.progress.wakeup("clocks")
        self.outbox_waits = self.progress.wakeup("deliver")
        self.hooks_wait = self.progress.wakeup("hooks")
        self.alarms = Alarms(app.store, app.settings, _now)
        self.reader = app.reader()
        self.pipeline = app.pipeline(self.reader)
        self.clocks = app.clocks()
        self.hooks = Hooks(app.store, app.settings)
        self.deliverer = app.deliverer(partial(self.progress.moved, "deliver"), self.reader)
        self.watchers = [(s, self._watcher(s)) for s in app.settings.config.mailbox]
        shared = not app.store.is_sqlite
        self._permits = {s.name: _Permit(is_open=not shared) for s, _ in self.watchers}
        names = [LEASE + name for name in self._permits]
        self._leases = Leases(app.store, names, self._leased) if shared and names else None
        self.monitor = Monitor(app.store, app.settings, self.progress, _now)
        self.failures: list[str] = []  # of one pass: mailboxes that could not be reached
        self._before_mail = before_mail
        self._read_again = read_again
        self._web: Server | None = None
        self.indexer = Indexer(app.store)
        self._threads: list[threading.Thread] = []
        self._failing: dict[str, float] = {}  # threads of which an alert stands → since when
        self._ticker = BackgroundScheduler(timezone=UTC)
        self._next_note = 0.0  # monotonic
        self.outgrown = threading.Event()  # the database is of a newer version: this one has ended

    def _watcher(self, section: MailboxSection) -> Watcher:
        return Watcher(
            section,
            self.app.store,
            self.app.settings.config.limits,
            _now,
            self.mail_waits.set,
            self.alarms.alert,
            recovered=self.alarms.recovered,
            language=self.app.settings.config.desk.language,
        )

    # ---- running

    def run(self) -> None:
        """Works until `stop` is set, then lets every thread finish its step."""
        self.start()
        self.stop.wait()
        self.finish()

    def start(self) -> None:
        """Begins to work, and returns.

        The console comes first: it imports much, and a worker that is forked meanwhile would wait
        for ever for a module that nobody imports in it.
        """
        self._web = self._server()
        for section, watcher in self.watchers:
            self._thread(f"watch {section.name}", self._keep_watch, section.name, watcher)
        if self._leases is not None:
            self._thread("leases", self._leases.run, self.stop)
        if not self.app.store.is_sqlite:
            from maild.store.listen import listen  # and its driver, where there is one

            wake = {"mail": self.mail_waits, "outbox": self.outbox_waits, "hooks": self.hooks_wait}
            told = {name: event.set for name, event in wake.items()}
            self._thread("listen", listen, self.app.store, told, self.stop)
        self._thread("process", self._process)
        self._thread("clocks", self._fire)
        self._thread("hooks", self._call)
        self._thread("deliver", self.deliverer.run, self.stop, self.outbox_waits)
        self._thread("watch", self._watch)
        self._thread("keep", self._pruner(_now).run, self.stop)
        self._ticker.add_job(
            self._tick, "interval", seconds=TICK_SECONDS, coalesce=True, max_instances=1, id=TICK
        )
        self._ticker.start()
        self.monitor.start()
        if self._web is None:  # the console's keeps the index too
            self.indexer.start()
        log.info("started", mailboxes=len(self.watchers))

    def finish(self) -> None:
        """Ends what `start` began, within STOP_SECONDS."""
        log.info("stopping")
        self.stop.set()
        for permit in self._permits.values():
            permit.close()
        if self._web is not None:
            self._web.stop()
        self._ticker.shutdown(wait=False)
        self._tick()
        self.indexer.stop()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        self.monitor.stop()
        self.reader.close()
        log.info("stopped", left=left)

    def _server(self) -> Server | None:
        """The console, where the configuration has one; it is imported only then.

        Where it cannot listen an alert says so: the mail goes on.
        """
        if self.console is None and self.app.settings.config.web is not None:
            from maild.web.console import Console

            self.console = Console(self.app)
        if self.console is None:
            return None
        from maild.web.server import Server

        self.console.wake_outbox = self.outbox_waits.set
        self.console.read_again = self._read_again
        server = Server(self.console)
        try:
            server.start()
        except Unavailable as error:
            self.alarms.alert(WEB, error.message)
            return None
        self.alarms.recovered(WEB)
        return server

    def once(self, now: datetime) -> dict[str, int]:
        """One pass over everything that is due: fetch, process, deliver; how many of each."""
        fetched = 0
        for section, watcher in self.watchers:
            try:
                fetched += watcher.once()
            except MaildError as error:
                self.failures.append(error.message)
                self.alarms.alert(f"imap:{section.name}", error.message)
        processed = 0
        while taken := self.pipeline.process_due(now):
            processed += taken
        fired = self.clocks.due(now)
        self.hooks.once(now)
        self.app.tell_admins(now)
        search.follow(self.app.store)
        self._pruner(lambda: now).once()
        delivered = self.deliverer.once(now)
        self.reader.close()
        self.app.store.act(lambda unit: beat(unit, PASS_NAME, now, once=True))
        return {"fetched": fetched, "processed": processed, "clocks": fired, **delivered}

    def _pruner(self, clock: Callable[[], datetime]) -> Pruner:
        return Pruner(self.app.store, self.app.settings.config.keep, clock)

    # ---- the threads

    def _leased(self, name: str, ours: bool) -> None:
        self._permits[name.removeprefix(LEASE)].change(ours and not self.stop.is_set())

    def _keep_watch(self, name: str, watcher: Watcher) -> None:
        while not self.stop.is_set():
            self._permits[name].watch(watcher)

    def _process(self) -> None:
        while not self.stop.is_set():
            self.mail_waits.wait()
            self.mail_waits.clear()
            while not self.stop.is_set() and self._some_mail():
                self.progress.done("process")
                self.outbox_waits.set()

    def _some_mail(self) -> int:
        """Takes up some messages, by the people and rules of this moment; 0 where none is due."""
        app = (self._before_mail and self._before_mail(self.app)) or self.app
        app = app.reread(_now())
        if app is not self.app:
            self.app = app
            self.pipeline.settings = self.clocks.settings = app.settings
            if self.console is not None:
                self.console.people_changed(app)
        return self.pipeline.process_due(_now(), limit=AT_ONCE)

    def _call(self) -> None:
        while not self.stop.is_set():
            self.hooks_wait.wait()
            self.hooks_wait.clear()
            if not self.stop.is_set():
                self.hooks.start(_now())

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

        What was written while we were away may be the reply that a clock waited for.  The time is
        not that of the wall, which may be wrong now and set right later.
        """
        if time.monotonic() - self.began > CATCH_UP:
            return True
        if not all(watcher.whole.is_set() for _, watcher in self.watchers):
            return False
        with self.app.store.look() as unit:
            return not asking.messages.waiting(unit)

    def _tick(self) -> None:
        self.mail_waits.set()
        self.clocks_wait.set()
        self.hooks_wait.set()
        self.outbox_waits.set()

    def _watch(self) -> None:
        """Looks at the database, the disk and the clock; it may have to wait for the first two."""
        last, wall = time.monotonic(), _now()
        while not self.stop.wait(TICK_SECONDS):
            now, here = time.monotonic(), _now()
            jump = (here - wall).total_seconds() - (now - last)
            last, wall = now, here
            if abs(jump) > JUMP_SECONDS:
                log.warning("clock.set", seconds=round(jump))
                self._note_time(went_back=jump < 0)
                self._ticker.modify_job(TICK, next_run_time=here)  # which goes by the wall's clock
            elif now >= self._next_note:
                self._note_time()
            self.alarms.tick()
            self._end_alerts()
            self._stop_where_outgrown()

    def _stop_where_outgrown(self) -> None:
        """Nothing is done with tables that a newer version has changed."""
        try:
            outgrown = migrate.outgrown(self.app.store)
        except MaildError:
            return  # the database is away: others tell of it
        if outgrown:
            log.error("database.newer")
            self.outgrown.set()
            self.stop.set()

    def _end_alerts(self) -> None:
        """A thread that has worked for a while since it failed is well again."""
        for name, since in list(self._failing.items()):
            if time.monotonic() - since > STEADY_SECONDS:
                del self._failing[name]
                self.alarms.recovered(f"thread:{name}")

    def _note_time(self, *, went_back: bool = False) -> None:
        """Says that we are alive; what waits for a time that a wrong clock gave waits no more."""
        work = partial(clock_correction.tick, now=_now(), went_back=went_back)
        try:
            with self.app.store.unit() as unit:  # one try: who looks at the database must not wait
                if work(unit):
                    log.warning("clock.went_back")
        except MaildError as error:
            self.alarms.database_failed(error)
        else:
            self._next_note = time.monotonic() + NOTE_SECONDS

    def _thread(self, name: str, work: Callable[..., None], *args: object) -> None:
        """A thread that begins again after an error: the database's, or one that nobody foresaw."""

        def keep_on() -> None:
            while not self.stop.is_set():
                try:
                    work(*args)
                except MaildError as error:
                    log.warning("thread.waits", thread=name, detail=error.detail or error.message)
                    self.alarms.database_failed(error)
                except Exception as error:
                    log.exception("thread.failed", thread=name)
                    self._failing[name] = time.monotonic()
                    text = sentence(
                        "{part} failed ({error}) and goes on; see the log.",
                        part=name,
                        error=type(error).__name__,
                    )
                    self.alarms.alert(f"thread:{name}", text)
                self.stop.wait(TICK_SECONDS)

        thread = threading.Thread(target=keep_on, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
