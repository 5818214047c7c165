"""Watches one mailbox: whatever comes in is accepted once, and only then acknowledged.

    connect ─▶ scan ─▶ fetch ─▶ commit ─▶ acknowledge ─▶ IDLE, or wait ─▶ scan …

A scan looks at UIDs, never at \\Seen: at those beyond the last one we saw, and now and then, and
always at first, at all of them.
"""

from __future__ import annotations

import hashlib
import random
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

import structlog

from maild.config import LimitsSection, MailboxSection
from maild.crash_points import crash_point
from maild.errors import MaildError, Temporary, Unavailable
from maild.ingest.imap.acknowledge import Acknowledger
from maild.ingest.imap.connection import Connection, Refusal, TooLarge, opened
from maild.ingest.imap.cursor import KEYS, Cursor, Fetched, chunks
from maild.ingest.imap.fetch import Broken, Interrupted, fetch, grouped
from maild.ingest.imap.retries import Retries
from maild.ingest.imap.wire import Patience, Stop, Stopped
from maild.store import Store

log = structlog.get_logger()

NEWEST = 100  # of each round of KEYS: new mail does not wait for a backlog (H16)
RECHECKS = 20  # of messages whose size differs, a scan


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When things are done again."""

    rescan_seconds: float = 1800  # some servers leave a new UID out of an answer now and then
    first_pause: float = 1.0  # after a lost connection; doubles …
    longest_pause: float = 60.0  # … up to here
    refused_pause: float = 300.0  # after a refused login: tries may lock the account
    message_pause: float = 5.0  # after a first failure of one message; doubles
    tell_after: int = 3  # failures in a row of the sort that passes by itself
    agains: int = 5  # connections in a row that break over some message while none is accepted


@dataclass(slots=True)
class _Work:
    """What is left to do of one scan."""

    pending: list[int]  # UIDs to fetch in later rounds, ascending
    acknowledge: list[int]  # accepted earlier, still on the server
    now: list[int] = field(default_factory=list)  # UIDs of this round that are still to be fetched


class _Again(Exception):
    """The connection is spoilt, but we know what to do differently with the next one."""


class Watcher:
    """One mailbox.  `once` takes in what is there, `run` goes on until it is told to stop.

    `alert(key, text)` tells an admin (the same key again only counts up), `recovered(key)` that it
    is over; `on_accepted()` is called after every commit that stored something.  Both are called
    in the watcher's thread.
    """

    def __init__(
        self,
        section: MailboxSection,
        store: Store,
        limits: LimitsSection,
        clock: Callable[[], datetime],
        on_accepted: Callable[[], None],
        alert: Callable[[str, str], None],
        *,
        recovered: Callable[[str], None] = lambda key: None,
        patience: Patience | None = None,
        rhythm: Rhythm | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._section = section
        self._limit = limits.message_bytes
        self._on_accepted = on_accepted
        self._alert = alert
        self._recovered = recovered
        self._patience = patience or Patience()
        self._rhythm = rhythm or Rhythm()
        self._context = context
        self._cursor = Cursor(store, section.name, clock)
        self._after = Acknowledger(section.name, section.after, self._cursor)
        self._retries = Retries(self._rhythm.message_pause)
        self._estimated: set[int] = set()  # UIDs whose announced size is known to be off
        self._uidvalidity = 0
        self._high = 0  # all UIDs up to here were seen by this process
        self._next_full = 0.0  # monotonic
        self._compared = False  # since this connection was made
        self._accepted = 0  # by this process
        self._failures = 0  # in a row
        self._longest_pause = self._rhythm.longest_pause
        self._problem: str | None = None  # key of the alert that stands
        self._log = log.bind(mailbox=section.name)

    # ---- the two ways in

    def once(self, stop: Stop | None = None) -> int:
        """Accepts everything that is there and returns how many messages were new.

        Unavailable or Temporary where the server could not be reached or the connection broke;
        what was accepted until then stays accepted.
        """
        before = self._accepted
        self._next_full = 0.0
        self._connected(stop or Stop(), self._scan)
        return self._accepted - before

    def run(self, stop: Stop) -> None:
        """Watches until `stop` is set; then returns at once, in the middle of whatever it is."""
        while not stop.is_set():
            try:
                self._connected(stop, lambda connection: self._watch(connection, stop))
            except Stopped:
                return
            except MaildError as error:
                self._failed(error)
            except Exception as error:  # a bug must not end the watching
                self._log.exception("imap.failed")
                self._failed(
                    Temporary(
                        f'Mailbox "{self._section.name}": an unexpected error '
                        f"({type(error).__name__}); it is in the log. It is tried again."
                    )
                )
            stop.wait(self._pause())

    def _watch(self, connection: Connection, stop: Stop) -> None:
        while True:
            connection.forget_news()
            self._scan(connection)
            self._went_well()
            if connection.news:  # it came while we were busy; IDLE would not tell again
                continue
            seconds = min(self._next_full - time.monotonic(), self._retries.seconds())
            if connection.idles:
                connection.idle(max(0.1, min(seconds, self._patience.idle_seconds)))
                continue
            if stop.wait(max(0.1, min(seconds, self._section.poll_seconds))):
                raise Stopped
            connection.noop()  # some servers show new messages to nothing else

    # ---- connecting

    def _connected(self, stop: Stop, work: Callable[[Connection], None]) -> None:
        """Does `work` with an open folder; with a new connection where a message broke one."""
        in_vain = 0
        while True:
            before = self._accepted
            try:
                with opened(
                    self._section, patience=self._patience, stop=stop, context=self._context
                ) as connection:
                    self._enter(connection)
                    return work(connection)
            except (_Again, Interrupted) as again:
                in_vain = in_vain + 1 if self._accepted == before else 0
                if in_vain > self._rhythm.agains:
                    raise Temporary(str(again)) from again
            except Refusal as refusal:
                raise Temporary(
                    f'Mailbox "{self._section.name}": the server {self._section.host} refuses '
                    "what every IMAP server should do. It is tried again by itself; if this "
                    "lasts, look at the log of the server.",
                    detail=str(refusal)[:300],
                ) from refusal

    def _enter(self, connection: Connection) -> None:
        """Opens the folder and finds our place in it; notices when it was renumbered."""
        connection.select(readonly=self._after.keeps)
        last_uid, renumbered = self._cursor.enter(connection.uidvalidity)
        if connection.uidvalidity != self._uidvalidity:
            self._start_over(connection.uidvalidity)
        self._compared = False
        if renumbered:
            self._log.warning("imap.renumbered", uidvalidity=connection.uidvalidity)
        elif connection.uidnext is not None and connection.uidnext <= max(last_uid, self._high):
            self._uids_used_twice(connection, f"UIDNEXT went back to {connection.uidnext}")
        self._log.info(
            "imap.connected",
            host=self._section.host,
            uidvalidity=connection.uidvalidity,
            messages=connection.exists,
            idle=connection.idles,
        )

    def _start_over(self, uidvalidity: int) -> None:
        self._uidvalidity = uidvalidity
        self._high = 0
        self._next_full = 0.0
        self._retries.clear()
        self._estimated.clear()

    def _uids_used_twice(self, connection: Connection, evidence: str) -> None:
        """Against RFC 3501 §2.3.1.1, but restored servers do it: no UID can be relied on (H12)."""
        self._cursor.forget()
        self._start_over(connection.uidvalidity)
        self._log.warning("imap.uids_reused", evidence=evidence)
        self._alert(
            f"imap-uids:{self._section.name}",
            f'Mailbox "{self._section.name}": the server uses UIDs twice ({evidence}), as after '
            "a restored backup. Everything in the folder is compared by content; nothing is "
            "taken in twice. Nothing needs to be done unless this repeats.",
        )

    # ---- one scan

    def _scan(self, connection: Connection) -> None:
        """Accepts and acknowledges what is there; _Again where that needs another connection."""
        full = time.monotonic() >= self._next_full
        self._compare(connection, 1 if full else max(1, self._high - NEWEST))
        work = self._look(connection, 1 if full else self._high + 1)
        while work.pending:
            self._round(connection, work)
            self._arrivals(connection, work)
        self._acknowledge(connection, work.acknowledge)
        if full:
            if self._retries.first() is None:
                self._cursor.scanned(self._high)
            self._next_full = time.monotonic() + self._rhythm.rescan_seconds

    def _look(self, connection: Connection, first: int) -> _Work:
        """What is there from `first` on, and what was in trouble and is due again."""
        found = connection.uids(first)
        self._high = max([self._high, *found[-1:]])
        found = sorted({*found, *self._retries.ripe()})
        known = self._cursor.known(found)
        self._retries.done(known)
        pending = [uid for uid in found if uid not in known and not self._retries.waits(uid)]
        return _Work(pending, sorted(known))

    def _arrivals(self, connection: Connection, work: _Work) -> None:
        """What comes in while a backlog is worked joins it."""
        if work.pending and connection.news:
            connection.forget_news()
            fresh = self._look(connection, self._high + 1)
            work.pending = sorted({*work.pending, *fresh.pending})

    def _round(self, connection: Connection, work: _Work) -> None:
        """Takes the oldest, and some of the newest, of what is pending."""
        oldest, rest = work.pending[: KEYS - NEWEST], work.pending[KEYS - NEWEST :]
        work.now = oldest + rest[-NEWEST:]
        work.pending = rest[:-NEWEST]
        alone = [[uid] for uid in work.now if self._retries.alone(uid)]
        together = [uid for uid in work.now if not self._retries.alone(uid)]
        done: list[int] = []
        try:
            for uids in [together, *alone]:
                if uids:
                    done += self._take(connection, uids, work)
        except Interrupted as interruption:
            self._interrupted(interruption)
        self._acknowledge(connection, done)

    def _take(self, connection: Connection, uids: list[int], work: _Work) -> list[int]:
        """Fetches and commits these; returns those that are accepted."""
        done: list[int] = []
        for group in grouped(sizes := self._sizes(connection, uids)):
            whole: list[Fetched] = []
            try:
                for one in fetch(connection, group, sizes, self._limit):
                    if isinstance(one, Fetched):
                        whole.append(one)
                    else:
                        self._broken(one)
            finally:  # what came whole before the connection broke is ours
                done += self._commit(whole, work)
        return done

    def _sizes(self, connection: Connection, uids: list[int]) -> dict[int, int]:
        """The sizes of those that can be fetched now; tells of those that are too large (H15)."""
        try:
            sizes = connection.sizes(uids)
        except Refusal as refusal:
            if len(uids) == 1:
                self._broken(Broken(uids[0], f"the server refuses its size: {refusal}"[:200]))
                return {}
            half = len(uids) // 2
            return self._sizes(connection, uids[:half]) | self._sizes(connection, uids[half:])
        except MaildError as error:
            raise Interrupted(uids, error) from error
        self._missing(connection, [uid for uid in uids if uid not in sizes])
        for uid in [uid for uid in sizes if sizes[uid] > self._limit]:
            self._too_large(uid, sizes.pop(uid))
        return sizes

    def _missing(self, connection: Connection, uids: list[int]) -> None:
        """No size: expunged meanwhile (H8), or a server that does not know its own message."""
        if not uids:
            return
        there = set(connection.uids(min(uids)))
        self._retries.done(uid for uid in uids if uid not in there)
        for uid in uids:
            if uid in there:
                self._broken(Broken(uid, "the server does not say its size"))

    def _commit(self, whole: list[Fetched], work: _Work) -> list[int]:
        if not whole:
            return []
        uids = [one.uid for one in whole]
        work.now = [uid for uid in work.now if uid not in set(uids)]
        crash_point("accept.fetched")
        accepted = self._cursor.accept(whole, self._low(work))
        crash_point("accept.committed")
        for uid in self._retries.done(uids):
            self._recovered(self._key("fetch", uid))
        for uid, message in accepted.new:
            self._log.info("imap.accepted", uid=uid, message=message)
        self._accepted += len(accepted.new)
        if accepted.new:
            self._on_accepted()
        return uids

    def _low(self, work: _Work) -> int:
        """All UIDs up to here are accepted, or gone."""
        waiting = [*work.pending[:1], *work.now]
        if (trouble := self._retries.first()) is not None:
            waiting.append(trouble)
        return min(waiting) - 1 if waiting else self._high

    def _acknowledge(self, connection: Connection, uids: Iterable[int]) -> None:
        uids = list(uids)
        if self._after.keeps or not uids:
            return
        key = f"imap-after:{self._section.name}"
        try:
            self._after(connection, uids)
        except Refusal as refusal:
            self._log.warning("imap.not_acknowledged", count=len(uids), detail=str(refusal)[:200])
            self._alert(
                key,
                f'Mailbox "{self._section.name}": the server does not let us do '
                f'after = "{self._section.after}". The messages are safe with us and stay on the '
                "server; look at the rights on both folders, or set another `after`.",
            )
        else:
            crash_point("accept.acknowledged")
            self._recovered(key)

    # ---- are they still who they were? (H12)

    def _compare(self, connection: Connection, first: int) -> None:
        """Compares the sizes of what is there with those of what we hold at that place.

        Once a connection, as a server that was restored was restarted; and before anything new
        is accepted, because that may be something old.
        """
        if self._compared:
            return
        self._compared = True
        rechecks = RECHECKS
        for uids in chunks(connection.uids(first), KEYS):
            known = self._cursor.known(uids)
            sizes = connection.sizes(sorted(known)) if known else {}
            odd = [
                uid
                for uid, size in sizes.items()
                if size != known[uid][0] and size <= self._limit and uid not in self._estimated
            ]
            for uid in odd[:rechecks]:
                rechecks -= 1
                self._recheck(connection, uid, sizes[uid], known[uid][1])

    def _recheck(self, connection: Connection, uid: int, size: int, digest: str) -> None:
        """Another size: another message, or a server whose sizes are estimates."""
        for one in fetch(connection, [uid], {uid: size}, self._limit):
            if isinstance(one, Broken):
                return
            if hashlib.sha256(one.octets).hexdigest() != digest:
                self._uids_used_twice(connection, f"UID {uid} is another message now")
                raise _Again("UIDs were used twice")
            self._estimated.add(uid)

    # ---- what goes wrong

    def _key(self, what: str, uid: int) -> str:
        """Of an alert about one message."""
        return f"imap-{what}:{self._section.name}:{self._uidvalidity}:{uid}"

    def _broken(self, broken: Broken) -> None:
        self._log.warning("imap.not_fetched", uid=broken.uid, detail=broken.why)
        if self._retries.failed(broken.uid):
            self._alert(
                self._key("fetch", broken.uid),
                f'Mailbox "{self._section.name}": message UID {broken.uid} cannot be fetched '
                f"({broken.why}). It stays on the server and is tried again now and then; "
                "look at it with a mail client.",
            )

    def _too_large(self, uid: int, octets: int) -> None:
        self._log.warning("imap.too_large", uid=uid, size=octets)
        if self._retries.failed(uid, final=True):
            self._alert(
                self._key("size", uid),
                f'Mailbox "{self._section.name}": message UID {uid} has {octets:,} octets, more '
                f"than [limits] message_bytes = {self._limit}. It stays on the server unread; "
                "raise the limit and restart, or take care of it by hand.",
            )

    def _interrupted(self, interruption: Interrupted) -> NoReturn:
        """The connection is gone; with the next one the suspects are fetched one by one (H9)."""
        uids, error = interruption.uids, interruption.error
        self._log.info("imap.interrupted", suspects=len(uids), detail=str(error))
        self._retries.suspect(uids)
        if len(uids) == 1 and isinstance(error, TooLarge):
            self._too_large(uids[0], error.octets)
        elif len(uids) == 1:
            self._broken(Broken(uids[0], "the connection breaks over it"))
        raise _Again(str(error)) from interruption

    def _failed(self, error: MaildError) -> None:
        """Logs, and tells the admin: at once where only he can help, else when it lasts."""
        self._failures += 1
        self._log.warning(
            "imap.lost", failures=self._failures, error=error.message, detail=error.detail
        )
        key = f"imap:{self._section.name}"
        refused = isinstance(error, Unavailable)
        self._longest_pause = self._rhythm.refused_pause if refused else self._rhythm.longest_pause
        if refused or self._failures >= self._rhythm.tell_after:
            self._problem = key
            self._alert(key, error.message)

    def _pause(self) -> float:
        """Doubling, and spread so that many mailboxes do not knock at the same moment."""
        steps = min(self._failures - 1, 20)
        pause = min(self._rhythm.first_pause * 2.0**steps, self._longest_pause)
        return random.uniform(0.5, 1) * pause

    def _went_well(self) -> None:
        self._failures = 0
        if self._problem:
            self._recovered(self._problem)
            self._problem = None
