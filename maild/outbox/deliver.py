"""Takes what is due out of the outbox, composes it, and hands it to the relay."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from maild.config import Settings, SmtpSection
from maild.crash_points import crash_point
from maild.desk import alerts
from maild.errors import MaildError
from maild.model import SendState
from maild.outbox import relay, rows
from maild.outbox.answers import Answer, SendOutcome, given_id
from maild.outbox.claims import Claims, Others
from maild.outbox.instance_lock import present
from maild.outbox.journal import Journal, journal_path
from maild.outbox.line import Line
from maild.outbox.note_files import Extract
from maild.outbox.prepare import Preparer, Ready
from maild.outbox.relay import Connection
from maild.outbox.rows import Claimed, Done
from maild.outbox.sending_marks import Marks
from maild.outbox.suspicion import Suspicion
from maild.store import asking
from maild.store.database import Store
from maild.store.unit import Unit
from maild.templates.renderer import LocalRenderer, PooledRenderer

log = structlog.get_logger()

Result = TypeVar("Result")

BATCH = 100  # rows claimed at a time
ROOM = 40  # mails that may wait for a connection before more are composed
GATHER_SECONDS = 0.2  # how long the first of them waits for others, at most: one commit for all
UNRECORDED = 64  # mails that may be sent and not yet written down, at most
RENEW_SECONDS = 9.0  # how often a claim is renewed; well below rows.STALE
RENEW_AGAIN_SECONDS = 3.0  # … where that went wrong
IDLE_SECONDS = 20.0  # then connections without work are closed
APART_SECONDS = 0.25  # after a claim of less than a batch: what comes one by one goes together
POLL_SECONDS = 5.0  # how often we look for rows that nobody told us of
# Seconds between attempts at a relay or a database that does not work: what heals is seen within
# a minute.
WAITS = (5, 15, 30, 50)
STOP_SECONDS = 6.0  # what a stop waits for a mail that is under way
DROPS = 3  # connections in a row that end in the middle of a mail: the relay has no time for us


@dataclass
class Counts:
    """What a pass did, in mails."""

    sent: int = 0
    failed: int = 0  # for good, or nobody knows
    later: int = 0  # put off: by the server, or because the relay cannot be reached


class _NotOurs(Exception):
    """The claim ran out before the final dot: another daemon may have it."""


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
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        """`attachment` reads a file out of a stored message; without it none is passed on.

        `moved` is called again and again while the deliverer lives.
        """
        self._moved = moved
        self._store = store
        self._settings = settings
        self._smtp = settings.config.smtp
        self._clock = clock
        self._renderer = renderer or PooledRenderer(settings.templates)
        self._preparer = Preparer(store, settings, self._renderer, attachment)
        self._connections: list[Connection] = []
        self._claims = Claims()  # rows that are ours, and of which nothing is written down
        self._others: Others | None = None  # claims of other daemons, while we look on
        self._suspicion = Suspicion()
        self._next_turn = 0.0  # when the rate limit lets the next mail out, on the loop's clock
        self._trouble: MaildError | None = None  # what holds the queue
        self._drops = 0  # connections in a row that ended in the middle of a mail
        self._told = True  # an alert about the relay may stand: from before we began, or ours
        self._stopping = False
        self._stopped: asyncio.Event | None = None  # while we run
        self._next_claim = 0.0  # monotonic; before that we let more come

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
        """Delivers until `stop`, at most STOP_SECONDS longer; `wake` says there may be work.

        Temporary where the journal of sent mail cannot be opened: nothing is sent without it.
        """
        asyncio.run(self._alone(lambda: self._run(stop, wake)))

    # ---- passes

    async def _alone(self, work: Callable[[], Coroutine[None, None, Result]]) -> Result:
        """Works with the journal open and connections of this event loop."""
        place = journal_path(self._settings)
        with (
            closing(Journal(place)) as self._journal,
            closing(Marks(self._journal.about)) as self._marks,
            present(place.with_suffix(".lock"), self._take_back),
        ):
            self._stopping, self._stopped = False, None
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
            self._store.act(rows.take_back)

    async def _pass(self) -> Counts:
        """All that is due: some mails are composed while others are sent or written down."""
        counts = Counts()
        self._trouble, self._drops, self._suspicion = None, 0, Suspicion()
        self._gathered = asyncio.Event()  # enough was sent to be written down, or no more comes
        done: asyncio.Queue[Done | None] = asyncio.Queue(UNRECORDED)
        recorder = asyncio.create_task(self._record(done, counts))
        try:
            await self._send_all(done, counts)
        finally:
            if self._trouble is None:
                for one in self._suspicion.undecided():
                    await done.put(one)
            await done.put(None)
            self._gathered.set()
            await recorder
            counts.later += len(self._claims)
            await self._give_back()
        if self._told and self._trouble is None and not await asyncio.to_thread(self._next_due):
            await self._all_well()  # nothing waits for the relay
        return counts

    async def _send_all(self, done: asyncio.Queue[Done | None], counts: Counts) -> None:
        """What becomes of each mail goes to `done`."""
        line = Line(ROOM)
        filling = asyncio.create_task(self._fill(line, done, counts))
        workers = [asyncio.create_task(self._work(one, line, done)) for one in self._connections]
        try:
            await asyncio.gather(*workers)
        except BaseException:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise
        finally:
            line.close()
            await filling

    async def _fill(self, line: Line, done: asyncio.Queue[Done | None], counts: Counts) -> None:
        """Some are claimed while those before them are composed, and others are sent."""
        try:
            batch = await self._claim()
            while batch:
                coming = asyncio.create_task(self._claim())
                try:
                    await self._compose(batch, line, counts)
                finally:
                    batch = await coming
                if not batch:  # what waited behind one of these may be due when it is recorded
                    await line.idle()
                    self._gathered.set()
                    await done.join()
                    batch = await self._claim()
        finally:
            line.close()

    async def _claim(self) -> list[Claimed]:
        if await self._ends_while_more_come() or await asyncio.to_thread(self._paused):
            return []
        batch = await asyncio.to_thread(
            self._preparer.claim, self._clock, BATCH, self._claims, self._others
        )
        self._next_claim = 0.0 if len(batch) == BATCH else time.monotonic() + APART_SECONDS
        return batch

    async def _compose(self, batch: list[Claimed], line: Line, counts: Counts) -> None:
        parts = self._preparer.compose(batch, self._journal, self._clock, self._claims)
        while self._goes_on and (part := await asyncio.to_thread(next, parts, None)):
            counts.failed += part.refused
            if not await line.put(part.mails):
                return

    async def _ends_while_more_come(self) -> bool:
        """Waits a little where the last claim took all; whether no more is to be claimed."""
        if self._stopped is None or not self._goes_on:
            return not self._goes_on
        await _within(self._next_claim - time.monotonic(), self._stopped)
        return self._stopped.is_set() or not self._goes_on

    def _paused(self) -> bool:
        with self._store.look() as unit:
            return rows.paused(unit) is not None

    async def _give_back(self) -> None:
        """What we claimed and did not try is for the next pass, or for another daemon."""
        left, why = self._claims.stamps(), self._trouble.message if self._trouble else None
        self._claims.give_up(left)
        if left:
            await self._write(lambda unit: rows.give_back(unit, left, why))

    async def _run(self, stop: threading.Event, wake: threading.Event) -> None:
        stopped = self._stopped = _in_loop(stop)
        self._others = Others()
        down = 0  # passes in a row that could not do what they should
        while not stop.is_set():
            wake.clear()
            try:
                await self._until(stopped, self._pass())
            except MaildError as error:  # the database, or the journal
                log.warning("outbox.pass", detail=error.detail or error.message)
                self._trouble = error
            down = down + 1 if self._trouble is not None else 0
            if down:
                await _within(WAITS[min(down, len(WAITS)) - 1], stopped)
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
        try:
            due = await asyncio.to_thread(self._next_due)
        except MaildError:
            return POLL_SECONDS
        if due is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(APART_SECONDS, (due - self._clock()).total_seconds()))

    def _next_due(self) -> datetime | None:
        with self._store.look() as unit:
            return asking.deliveries.next_due(unit)

    # ---- a mail

    @property
    def _goes_on(self) -> bool:
        return not self._stopping and self._trouble is None

    async def _work(
        self, connection: Connection, line: Line, done: asyncio.Queue[Done | None]
    ) -> None:
        """One connection: sends until no more come, or something holds the queue."""
        again: set[int] = set()  # rows whose connection ended in the middle, once
        while self._goes_on and (mail := await line.take()) is not None:
            try:
                await connection.open()
            except MaildError as error:
                line.back(mail)
                await self._cannot_connect(error)
                return
            await self._turn()
            answer = await self._attempt(connection, mail) if self._goes_on else None
            if answer and answer.outcome == SendOutcome.DROPPED and mail.row.id not in again:
                again.add(mail.row.id)
                line.back(mail)
                await self._dropped(answer)
                continue
            if answer:
                again.discard(mail.row.id)
                await self._follow(answer, mail, done)
            line.done()

    async def _follow(self, answer: Answer, mail: Ready, done: asyncio.Queue[Done | None]) -> None:
        """What an answer means, for this mail and for all of them."""
        one = Done(mail.row.id, mail.row.order.keys, answer)
        ours = answer.outcome == SendOutcome.OURS
        if answer.outcome == SendOutcome.DOUBTFUL:
            ours = self._suspicion.doubt(one, mail.row.order.address)
        elif not ours:
            await done.put(one)
            if done.qsize() >= UNRECORDED // 2:
                self._gathered.set()
        if answer.outcome == SendOutcome.SENT:
            for other in self._suspicion.acquitted():
                await done.put(other)
        if ours:
            await self._held_up(relay.refuses_us(self._smtp, answer))

    async def _attempt(self, connection: Connection, mail: Ready) -> Answer | None:
        """One mail to one recipient; None where it may not be sent now."""
        order = mail.row.order
        if not self._claims.fresh(mail.row.id):
            return None
        marked = False

        async def mark() -> None:
            nonlocal marked
            await self._marks.mark(order.keys)
            marked = True
            crash_point("outbox.marked")
            if not self._claims.fresh(mail.row.id):
                raise _NotOurs

        try:
            answer = await connection.send(mail.sender, order.address, mail.octets, mark)
        except _NotOurs:
            log.warning("outbox.not_ours", item=mail.row.id)
            self._journal.refused(order.keys)
            return None
        except MaildError as error:  # the journal: nothing is sent without its mark (H97)
            await self._held_up(error)
            return None
        if answer.outcome == SendOutcome.SENT:
            crash_point("outbox.sent")
            self._journal.taken(order.keys)
            if (given := given_id(answer.text, order.message_id)) is not None:
                answer = replace(answer, relay_id=given)
            self._drops = 0
            await self._all_well()
        elif marked and answer.outcome != SendOutcome.UNSURE:
            self._journal.refused(order.keys)
        log.info("outbox.attempt", item=mail.row.id, outcome=answer.outcome, code=answer.code)
        return answer

    async def _turn(self) -> None:
        """Waits until the relay's rate limit lets one more mail out."""
        if not self._smtp.per_minute:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_turn)
        self._next_turn = turn + 60 / self._smtp.per_minute
        while not self._stopping and (wait := turn - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(wait, 0.5))

    # ---- what holds the queue

    async def _all_well(self) -> None:
        """The relay took a mail, or nothing waits for it."""
        if self._told:
            self._told = False
            now = self._clock()
            with contextlib.suppress(MaildError):
                await self._write(lambda unit: alerts.clear_alert(unit, alerts.RELAY, now))

    async def _dropped(self, answer: Answer) -> None:
        """One connection may end at any time; one after the other means that it wants no more."""
        self._drops += 1
        if self._drops >= DROPS:
            await self._held_up(relay.refuses_us(self._smtp, answer))

    async def _cannot_connect(self, error: MaildError) -> None:
        """It is the relay's fault only if no other connection works (it may limit their number)."""
        if not any(connection.is_open for connection in self._connections):
            await self._held_up(error)

    async def _held_up(self, error: MaildError) -> None:
        """Nothing more is sent in this pass; one alert says why."""
        first, self._trouble, why = self._trouble is None, error, error.message
        if not first:
            return
        self._told = True
        log.warning("outbox.held_up", detail=error.detail)
        now = self._clock()
        with contextlib.suppress(MaildError):
            await self._write(lambda unit: alerts.raise_alert(unit, alerts.RELAY, why, now))

    # ---- what is written down

    async def _record(self, done: asyncio.Queue[Done | None], counts: Counts) -> None:
        """Writes down what was sent: first the journal, then the database; many at a time.

        After an error that nobody foresaw no more is sent, and what waits here is only taken: who
        puts it must not wait for ever.
        """
        last, failed = False, None
        while not last:
            some = [await done.get()]
            if some[0] is not None and done.qsize() < UNRECORDED // 2:
                await _within(GATHER_SECONDS, self._gathered)
            self._gathered.clear()
            some += _at_hand(done)
            last = None in some
            try:
                if failed is None:
                    await self._write_down([one for one in some if one is not None], counts)
            except Exception as error:
                failed, self._trouble = error, MaildError("What was sent is not written down.")
            for _ in some:
                done.task_done()
        if failed is not None:
            raise failed

    async def _write_down(self, done: list[Done], counts: Counts) -> None:
        """As often as it takes: what the relay has must not be forgotten because of us."""
        while done:
            try:
                states = await asyncio.to_thread(self._written, done)
            except MaildError as error:
                log.warning("outbox.not_recorded", count=len(done), detail=error.detail)
                self._trouble = error
                if self._stopping:  # the journal has it
                    return
                await asyncio.sleep(RENEW_AGAIN_SECONDS)
                continue
            crash_point("outbox.recorded")
            self._claims.give_up(one.id for one in done)
            counts.sent += states.count(SendState.SENT)
            counts.failed += sum(states.count(state) for state in asking.outbox.OVER)
            counts.later += states.count(SendState.WAITING)
            return

    def _written(self, done: list[Done]) -> list[SendState]:
        self._journal.sync()
        now, give_up = self._clock(), timedelta(days=self._smtp.retry_days)
        return self._store.act(lambda unit: rows.record(unit, done, now, give_up))

    async def _renew(self) -> None:
        """Keeps what we hold; a failure is tried again, and what is lost is not sent (H98)."""
        pause = RENEW_SECONDS
        while True:
            await asyncio.sleep(pause)
            self._moved()
            try:
                await self._renew_once()
                pause = RENEW_SECONDS
            except MaildError as error:
                log.warning("outbox.not_renewed", count=len(self._claims), detail=error.detail)
                pause = RENEW_AGAIN_SECONDS

    async def _renew_once(self) -> None:
        stamps, since, now = self._claims.stamps(), time.monotonic(), self._clock()
        if stamps:
            lost = await self._write(lambda unit: rows.renew(unit, stamps, now))
            self._claims.renew(set(stamps) - lost, now, since)
            self._claims.give_up(lost)

    async def _close_idle(self) -> None:
        for connection in self._connections:
            if connection.idle_seconds > IDLE_SECONDS:
                await connection.close()

    async def _write(self, work: Callable[[Unit], Result]) -> Result:
        return await asyncio.to_thread(self._store.act, work)


def _at_hand(done: asyncio.Queue[Done | None]) -> list[Done | None]:
    some = []
    while not done.empty():
        some.append(done.get_nowait())
    return some


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
