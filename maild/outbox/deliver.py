"""Takes what is due out of the outbox, composes it, and hands it to the relay."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from maild.config import Settings, SmtpSection
from maild.crash_points import crash_point
from maild.desk import alerts
from maild.errors import MaildError
from maild.outbox import relay, rows
from maild.outbox.instance_lock import present
from maild.outbox.journal import Journal, journal_path
from maild.outbox.note_files import Extract
from maild.outbox.prepare import Prepared, Preparer, Ready
from maild.outbox.relay import Connection
from maild.outbox.rows import Done
from maild.store.engine import Store
from maild.templates.renderer import LocalRenderer, PooledRenderer

log = structlog.get_logger()

Result = TypeVar("Result")

BATCH = 100  # rows claimed at a time
GATHER_SECONDS = 0.05  # how long the first of them waits for others: one commit for all
UNRECORDED = 64  # mails that may be sent and not yet written down, at most
RENEW_SECONDS = 20.0  # how often a claim is renewed; well below rows.STALE
IDLE_SECONDS = 20.0  # then connections without work are closed
POLL_SECONDS = 5.0  # how often we look for rows that nobody told us of
RELAY_WAIT = (5, 15, 60, 300)  # seconds between attempts at a relay that does not answer
STOP_SECONDS = 6.0  # what a stop waits for a mail that is under way


@dataclass
class Counts:
    """What a pass did, in mails."""

    sent: int = 0
    failed: int = 0  # for good
    later: int = 0  # put off: by the server, or because the relay cannot be reached


class Deliverer:
    """Sends the outbox.  Several may run on one database; each row is sent by one of them."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        renderer: PooledRenderer | LocalRenderer | None = None,
        attachment: Extract | None = None,
    ) -> None:
        """`attachment` reads a file out of a stored message; without it none is passed on."""
        self._store = store
        self._settings = settings
        self._smtp = settings.config.smtp
        self._clock = clock
        self._renderer = renderer or PooledRenderer(settings.templates)
        self._preparer = Preparer(store, settings, self._renderer, attachment)
        self._connections: list[Connection] = []
        self._held: set[int] = set()  # rows that are ours, and of which nothing is written down
        self._next_turn = 0.0  # when the rate limit lets the next mail out, on the loop's clock
        self._relay_down: MaildError | None = None
        self._told = True  # an alert about the relay may stand: from before we began, or ours
        self._stopping = False

    def once(self, now: datetime | None = None) -> dict[str, int]:
        """Delivers everything that is due (at `now`, to rehearse), and counts mails.

        Gives up early where the relay cannot be reached.
        """
        clock = self._clock
        if now is not None:
            self._clock = lambda: now
        try:
            return asdict(asyncio.run(self._alone(self._pass)))
        finally:
            self._clock = clock

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Delivers until `stop`, at most STOP_SECONDS longer; `wake` says there may be work."""
        asyncio.run(self._alone(lambda: self._run(stop, wake)))

    # ---- passes

    async def _alone(self, work: Callable[[], Coroutine[None, None, Result]]) -> Result:
        """Works with the journal open and connections of this event loop."""
        place = journal_path(self._settings)
        with (
            closing(Journal(place)) as self._journal,
            present(place.with_suffix(".lock"), self._take_back),
        ):
            self._stopping = False
            self._connections = [Connection(self._smtp) for _ in range(self._smtp.connections)]
            renewing = asyncio.create_task(self._renew())
            try:
                return await work()
            finally:
                renewing.cancel()
                await asyncio.gather(*(connection.close() for connection in self._connections))
                self._renderer.close()

    def _take_back(self) -> None:
        """Who held a claim is dead, where nobody on another machine can hold one."""
        if self._store.is_sqlite:
            self._store.write(lambda session: rows.release(session, None))

    async def _pass(self) -> Counts:
        """All that is due: one batch is composed while another is sent and a third written down."""
        counts = Counts()
        self._relay_down = None
        done: asyncio.Queue[Done | None] = asyncio.Queue(UNRECORDED)
        try:
            with _plainly():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._record(done, counts))
                    await self._send_all(done, counts)
                    await done.put(None)
        finally:
            counts.later += len(self._held)
            await self._give_back()
        return counts

    async def _send_all(self, done: asyncio.Queue[Done | None], counts: Counts) -> None:
        ready = await self._next(counts)
        while ready.claimed and not self._stopping and self._relay_down is None:
            coming = asyncio.create_task(self._next(counts))
            try:
                await self._deliver(ready.mails, done)
            finally:
                ready = await coming
            if not ready.claimed:  # what waited behind one of these may be due when it is recorded
                await done.join()
                ready = await self._next(counts)

    async def _next(self, counts: Counts) -> Prepared:
        if await asyncio.to_thread(self._paused):
            return Prepared(0, [], 0)
        prepared = await asyncio.to_thread(
            self._preparer.next, self._journal, self._clock, BATCH, self._held
        )
        counts.failed += prepared.refused
        return prepared

    def _paused(self) -> bool:
        with self._store.read() as session:
            return rows.paused(session) is not None

    async def _give_back(self) -> None:
        """What we claimed and did not try is for the next pass, or for another daemon."""
        left, why = sorted(self._held), self._relay_down.message if self._relay_down else None
        if left:
            await self._write(lambda session: rows.release(session, left, why))
        self._held.clear()

    async def _run(self, stop: threading.Event, wake: threading.Event) -> None:
        stopped = _in_loop(stop)
        down = 0  # attempts at the relay that failed, in a row
        while not stop.is_set():
            wake.clear()
            try:
                await self._until(stopped, self._pass())
            except MaildError as error:  # the database: next time, maybe
                log.warning("outbox.pass", detail=error.detail or error.message)
                self._relay_down = error
            down = down + 1 if self._relay_down is not None else 0
            if down:
                await _within(RELAY_WAIT[min(down, len(RELAY_WAIT)) - 1], stopped)
            elif not await asyncio.to_thread(wake.wait, await self._pause()):
                await self._close_idle()

    async def _until(self, stopped: asyncio.Event, work: Coroutine[None, None, Counts]) -> None:
        """Works; on `stopped` the mails under way are finished, in bounded time."""
        task = asyncio.create_task(work)
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done():
            self._stopping = True
            await asyncio.wait({task}, timeout=STOP_SECONDS)
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _pause(self) -> float:
        """Seconds until there is something to do again, as far as we know."""
        due = await asyncio.to_thread(self._next_due)
        if due is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.05, (due - self._clock()).total_seconds()))

    def _next_due(self) -> datetime | None:
        with self._store.read() as session:
            return rows.next_due(session)

    # ---- a batch

    async def _deliver(self, mails: list[Ready], done: asyncio.Queue[Done | None]) -> None:
        """Sends all of them over a few connections; what became of each goes to `done`."""
        waiting = list(reversed(mails))
        async with asyncio.TaskGroup() as senders:
            for connection in self._connections[: len(mails)]:
                senders.create_task(self._work(connection, waiting, done))

    async def _work(
        self, connection: Connection, waiting: list[Ready], done: asyncio.Queue[Done | None]
    ) -> None:
        """One connection: sends until nothing waits, or the relay is not there."""
        while waiting and not self._stopping:
            try:
                await connection.open()
            except MaildError as error:
                await self._cannot_connect(error)
                return
            await self._connected()
            await self._turn()
            if not waiting or self._stopping:
                return
            mail = waiting.pop()
            order = mail.row.order
            answer = await connection.send(mail.sender, order.address, mail.octets)
            if answer.outcome == "sent":
                crash_point("outbox.sent")
            log.info("outbox.attempt", item=mail.row.id, outcome=answer.outcome, code=answer.code)
            await done.put(Done(mail.row.id, order.keys, answer))

    async def _turn(self) -> None:
        """Waits until the relay's rate limit lets one more mail out."""
        if not self._smtp.per_minute:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_turn)
        self._next_turn = turn + 60 / self._smtp.per_minute
        while not self._stopping and (wait := turn - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(wait, 0.5))

    async def _connected(self) -> None:
        if self._told:
            self._told = False
            now = self._clock()
            await self._write(lambda session: alerts.clear_alert(session, "smtp", now))

    async def _cannot_connect(self, error: MaildError) -> None:
        """It is the relay's fault only if no other connection works (it may limit their number)."""
        if any(connection.is_open for connection in self._connections):
            return
        if self._relay_down is None:
            self._told = True
            log.warning("outbox.relay", detail=error.detail)
            now = self._clock()
            await self._write(
                lambda session: alerts.raise_alert(session, "smtp", error.message, now)
            )
        self._relay_down = error

    async def _record(self, done: asyncio.Queue[Done | None], counts: Counts) -> None:
        """Writes down what was sent: first the journal, then the database; many at a time."""
        last = False
        try:
            while not last:
                some = [await done.get()]
                if some[0] is not None and done.qsize() < UNRECORDED // 2:
                    await asyncio.sleep(GATHER_SECONDS)
                some += _at_hand(done)
                last = None in some
                await asyncio.to_thread(self._write_down, some, counts)
                for _ in some:
                    done.task_done()
        finally:  # a stop may come while something is sent that nobody has written down
            self._write_down(_at_hand(done), counts)

    def _write_down(self, some: list[Done | None], counts: Counts) -> None:
        done = [one for one in some if one is not None]
        if not done:
            return
        self._journal.add(key for one in done if one.answer.outcome == "sent" for key in one.keys)
        now, give_up = self._clock(), timedelta(days=self._smtp.retry_days)
        states = self._store.write(lambda session: rows.record(session, done, now, give_up))
        crash_point("outbox.recorded")
        self._held.difference_update(one.id for one in done)
        counts.sent += states.count("sent")
        counts.failed += states.count("failed")
        counts.later += states.count("waiting")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._write(lambda session: rows.renew(session, set(self._held), self._clock()))

    async def _close_idle(self) -> None:
        for connection in self._connections:
            if connection.idle_seconds > IDLE_SECONDS:
                await connection.close()

    async def _write(self, work: Callable[[Session], Result]) -> Result:
        return await asyncio.to_thread(self._store.write, work)


def _at_hand(done: asyncio.Queue[Done | None]) -> list[Done | None]:
    some = []
    while not done.empty():
        some.append(done.get_nowait())
    return some


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """The one error that broke a group of tasks, instead of a group of errors."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group


def _in_loop(event: threading.Event) -> asyncio.Event:
    """An event of this loop that is set when the other one is."""
    inner, loop = asyncio.Event(), asyncio.get_running_loop()

    def watch() -> None:
        event.wait()
        with contextlib.suppress(RuntimeError):  # the loop is gone already
            loop.call_soon_threadsafe(inner.set)

    threading.Thread(target=watch, name="deliver stop", daemon=True).start()
    return inner


async def _within(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def probe(smtp: SmtpSection) -> str:
    """Connects and logs in; says so, or raises what `maild check` shows."""
    asyncio.run(relay.probe(smtp))
    by = f", as {smtp.username} by OAuth 2" if smtp.oauth else ""
    return f"{smtp.host}:{smtp.port} takes mail from us{by}"
