"""Watches one mailbox: whatever comes in is accepted once, and only then acknowledged.

    connect ─▶ scan ─▶ fetch ─▶ commit ─▶ acknowledge ─▶ IDLE, or wait ─▶ scan …

A scan looks at UIDs, never at \\Seen: at those beyond the last one that is accepted, and at all of
them at first, now and then, and after whatever failed.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

import structlog

from maild import spool
from maild.config import LimitsSection, MailboxSection
from maild.crash_points import crash_point
from maild.desk.mailbox_orders import SECONDS, Orders
from maild.errors import MaildError, Temporary, Unavailable
from maild.i18n import sentence
from maild.ingest import oversize
from maild.ingest.imap.acknowledge import Acknowledger
from maild.ingest.imap.connection import (
    Announced,
    Connection,
    IdleRefused,
    Refusal,
    TooLarge,
    opened,
)
from maild.ingest.imap.cursor import KEYS, Cursor, Fetched, Place, chunks
from maild.ingest.imap.failures import Busy, Later
from maild.ingest.imap.fetch import Broken, Interrupted, fetch, grouped
from maild.ingest.imap.responses import says
from maild.ingest.imap.retries import Retries
from maild.ingest.imap.wire import Patience, Stop, Stopped
from maild.store import Store

log = structlog.get_logger()

ROUND = 100  # UIDs that are fetched before we look for what has come meanwhile
NEWEST = 20  # of each round: new mail does not wait for a backlog (H16)
RECHECKS = 20  # of messages whose size differs, a scan
IN_VAIN = 3  # IDLEs that the server ended at once, or looks at mail that it told of and has not


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When things are done again."""

    rescan_seconds: float = 1800  # some servers leave a new UID out of an answer now and then
    first_pause: float = 1.0  # after a lost connection; doubles …
    longest_pause: float = 30.0  # … up to here: what heals is seen well within a minute
    refused_pause: float = 300.0  # after a refused login: tries may lock the account
    asked_pause: float = 300.0  # where a server asks us to wait, we do, but no longer than this
    message_pause: float = 5.0  # after a first failure of one message; doubles
    tell_after: int = 3  # failures in a row of the sort that passes by itself
    agains: int = 5  # connections in a row that break over some message while none is accepted
    short_life: float = 30.0  # of a connection: after several such ones we knock less often
    lively: float = 10.0  # after a mail came we ask for the next one, as IDLE may say it late …
    lively_pause: float = 0.05  # … so often: Dovecot gathers its news for half a second
    vain_pause: float = 0.25  # where it tells of mail and has none; doubles a few times
    idle_again: float = 3600.0  # where a server did not idle as it had announced, we poll so long


@dataclass(slots=True)
class _Work:
    """What is left to do of one scan."""

    pending: list[int]  # UIDs to fetch in later rounds, ascending
    acknowledge: list[int]  # accepted earlier, still on the server
    seen: int  # the highest UID that the server named
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
        language: str = "en",
    ) -> None:
        self._section = section
        self._language = language  # of the desk
        self._limit = limits.message_bytes
        self._on_accepted = on_accepted
        self._alert = alert
        self._recovered = recovered
        self._patience = patience or Patience()
        self._rhythm = rhythm or Rhythm()
        self._context = context
        self._clock = clock
        self._cursor = Cursor(store, section.name, clock)
        self._orders = Orders(store, section.name)
        self._heard: tuple[bool, str | None] | None = None  # what was asked when we last looked
        self._after = Acknowledger(section.name, section.after, self._cursor)
        self._retries = Retries(self._rhythm.message_pause)
        self.whole = threading.Event()  # all that was there is accepted, once since we began
        self._estimated: set[int] = set()  # UIDs whose announced size is known to be off
        self._left: frozenset[int] = frozenset()  # UIDs that the first look left as they are
        self._uidvalidity = 0
        self._high = 0  # all UIDs up to here are accepted, or wait in `_retries`
        self._next_full = 0.0  # monotonic; when all UIDs are looked at again
        self._next_rescan = 0.0  # … and their sizes compared
        self._selected = 0.0  # monotonic; when the folder was opened last
        self._compared = False  # since this connection was made
        self._breaking: set[int] = set()  # UIDs of whose breaking the connection somebody was told
        self._idled_in_vain = 0  # times in a row
        self._told_in_vain = 0  # looks in a row that found nothing of what the server told
        self._poll_until = 0.0  # monotonic
        self._lively_until = 0.0  # monotonic
        self._accepted = 0  # by this process
        self._failures = 0  # in a row
        self._short_lives = 0  # connections in a row that did not last
        self._longest_pause = self._rhythm.longest_pause
        self._asked_to_wait = 0.0  # seconds, by the server
        self._problem: str | None = None  # key of the alert that stands
        self._log = log.bind(mailbox=section.name)

    # ---- the two ways in

    def once(self, stop: Stop | None = None) -> int:
        """Accepts everything that is there and returns how many messages were new.

        Unavailable or Temporary where the server could not be reached or the connection broke;
        what was accepted until then stays accepted.
        """
        if self._orders.paused:
            return 0
        before = self._accepted
        self._next_full = self._next_rescan = 0.0
        self._connected(stop or Stop(), self._scan)
        return self._accepted - before

    def run(self, stop: Stop) -> None:
        """Watches until `stop` is set; then returns at once, in the middle of whatever it is."""
        while not stop.is_set():
            began, self._heard = time.monotonic(), self._asked()
            try:
                if self._orders.paused:
                    stop.wait(SECONDS)
                    continue
                self._connected(stop, lambda connection: self._watch(connection, stop))
                continue  # it was paused
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
            lasted = time.monotonic() - began
            self._short_lives = self._short_lives + 1 if lasted < self._rhythm.short_life else 0
            self._rest(stop, self._pause())

    def _rest(self, stop: Stop, seconds: float) -> bool:
        """Waits so long, or until an admin asks to look now; whether we are to stop."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not stop.is_set():
            if self._asked() != self._heard:
                break
            stop.wait(min(left, SECONDS))
        return stop.is_set()

    def _asked(self) -> tuple[bool, str | None] | None:
        """What the admin last said; None where the database cannot tell."""
        try:
            return self._orders.paused, self._orders.look
        except Exception:  # whatever is wrong with the database, the next look at mail tells of it
            return None

    def _watch(self, connection: Connection, stop: Stop) -> None:
        """Takes in what comes until an admin pauses it."""
        while not self._orders.paused:
            self._heard = self._asked()
            told, before = connection.news, self._accepted
            connection.forget_news()
            self._scan(connection)
            in_vain = told and self._accepted == before
            self._told_in_vain = self._told_in_vain + 1 if in_vain else 0
            if self._accepted > before:
                self._lively_until = time.monotonic() + self._rhythm.lively
            if not self._retries.untold():
                self._went_well()
            if self._told_in_vain > IN_VAIN:
                self._calm_down(stop)
            if connection.news:  # what came while we were busy, IDLE would not tell again …
                connection.noop()  # … and a search of Dovecot's knows what was there before it
            else:
                self._wait(connection, stop)

    def _calm_down(self, stop: Stop) -> None:
        """Looks less often, a little, where the server tells of mail again and again and has none:
        what comes is still found within seconds."""
        doubled = min(self._told_in_vain - IN_VAIN, 5) - 1
        if self._rest(stop, self._rhythm.vain_pause * 2**doubled):
            raise Stopped

    def _wait(self, connection: Connection, stop: Stop) -> None:
        """Until there is news, or it is time to look again without any."""
        now = time.monotonic()
        seconds = max(0.1, min(self._next_full - now, self._retries.seconds()))
        idles = connection.idles and now >= self._poll_until
        lively = idles and now < self._lively_until
        pause = self._rhythm.lively_pause if lively else self._section.poll_seconds
        if idles and not lively:
            self._idle(connection, min(seconds, self._patience.idle_seconds))
        elif self._rest(stop, min(seconds, pause)):
            raise Stopped
        else:
            connection.noop()  # some servers show new messages to nothing else
        quiet = time.monotonic() - self._selected >= self._patience.idle_seconds
        if quiet and not connection.news:
            self._enter(connection)  # it may have been renamed, or made anew, under our feet

    def _idle(self, connection: Connection, seconds: float) -> None:
        """IDLE where the server does as it announces; else we poll, on the same connection."""
        began = time.monotonic()
        try:
            in_vain = not connection.idle(seconds) and time.monotonic() - began < 1
        except IdleRefused as refusal:
            self._log.info("imap.idle_refused", detail=str(refusal))
            in_vain, self._idled_in_vain = True, IN_VAIN
        self._idled_in_vain = self._idled_in_vain + 1 if in_vain else 0
        if self._idled_in_vain >= IN_VAIN:
            self._idled_in_vain = 0
            self._poll_until = began + self._rhythm.idle_again

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
                    self._compared = False
                    self._enter(connection)
                    self._log.info(
                        "imap.connected",
                        host=self._section.host,
                        uidvalidity=connection.uidvalidity,
                        messages=connection.exists,
                        idle=connection.idles,
                    )
                    return work(connection)
            except (_Again, Interrupted) as again:
                self._next_full = 0.0
                in_vain = in_vain + 1 if self._accepted == before else 0
                if in_vain > self._rhythm.agains:
                    raise Temporary(str(again)) from again
            except Refusal as refusal:
                raise Temporary(
                    sentence(
                        'Mailbox "{name}": the server {host} refuses what every IMAP server should '
                        "do.{words} It is tried again by itself; if this lasts, look at the log of "
                        "the server.",
                        name=self._section.name,
                        host=self._section.host,
                        words=says(str(refusal)),
                    ),
                    detail=str(refusal)[:300],
                ) from refusal

    def _enter(self, connection: Connection) -> None:
        """Opens the folder and finds our place in it; notices when it was renumbered."""
        place = self._cursor.place()  # before the server speaks: others move it meanwhile
        connection.select(readonly=self._after.keeps)
        self._selected = time.monotonic()
        if place.uidvalidity != connection.uidvalidity:
            self._enter_anew(connection, place)
            place = self._cursor.place()
        elif self._uids_went_back(connection, place.last_uid):
            self._uids_used_twice(connection, f"UIDNEXT went back to {connection.uidnext}")
        self._cursor.uidvalidity = connection.uidvalidity
        self._left = place.left
        if connection.uidvalidity != self._uidvalidity:
            self._start_over(connection.uidvalidity)

    def _uids_went_back(self, connection: Connection, last_uid: int) -> bool:
        """Whether UIDs are given again that we know; some servers only tell an old UIDNEXT."""
        known = self._uidvalidity == connection.uidvalidity
        mark = max(last_uid, self._high if known else 0)
        if connection.uidnext is None or connection.uidnext > mark:
            return False
        return not connection.uids(connection.uidnext)

    def _enter_anew(self, connection: Connection, place: Place) -> None:
        """The folder is new to us, or its messages have new numbers (H11)."""
        before = place.before
        if place.uidvalidity is None or place.folder not in (None, connection.folder):
            since = self._section.first_look
            before = None if since is None else self._clock() - since
        left = [] if before is None else self._older(connection, before)
        renumbered = self._cursor.enter(connection.uidvalidity, connection.folder, left, before)
        self._compared = False
        if renumbered:
            self._log.warning("imap.renumbered", uidvalidity=connection.uidvalidity)
        if left and before is not None:
            self._tell_left(connection.folder, len(left), before)

    def _older(self, connection: Connection, before: datetime) -> list[int]:
        """The UIDs of what came to the server before then."""
        return [
            uid
            for some in chunks(connection.uids(1), KEYS)
            for uid, one in connection.announced(some).items()
            if one.arrived is not None and one.arrived < before
        ]

    def _tell_left(self, folder: str, count: int, before: datetime) -> None:
        self._log.info("imap.left", count=count, before=before.isoformat())
        name = self._section.name
        self._alert(
            f"notice:imap-left:{name}",
            sentence(
                'Mailbox "{name}": what came to {folder} before {before} UTC stays as it is '
                '(messages: {count}; [[mailbox]] since = "{since}"). To have it as tickets without '
                "telling anybody: `maild ingest --from-mailbox {name} --quiet`.",
                name=name,
                folder=folder,
                before=f"{before.astimezone(UTC):%Y-%m-%d %H:%M}",
                count=f"{count:,}",
                since=str(self._section.since),
            ),
        )

    def _start_over(self, uidvalidity: int) -> None:
        self._uidvalidity = uidvalidity
        self._high = 0
        self._next_full = self._next_rescan = 0.0
        self._in_the_end(self._retries.clear())
        self._estimated.clear()

    def _uids_used_twice(self, connection: Connection, evidence: str) -> None:
        """Against RFC 3501 §2.3.1.1, but restored servers do it: no UID can be relied on (H12)."""
        self._cursor.forget()
        self._start_over(connection.uidvalidity)
        self._log.warning("imap.uids_reused", evidence=evidence)
        self._alert(
            f"imap-uids:{self._section.name}",
            sentence(
                'Mailbox "{name}": the server uses UIDs twice ({evidence}), as after a restored '
                "backup. Everything in the folder is compared by content; nothing is taken in "
                "twice. Nothing needs to be done unless this repeats.",
                name=self._section.name,
                evidence=evidence,
            ),
        )

    # ---- one scan

    def _scan(self, connection: Connection) -> None:
        """Accepts and acknowledges what is there; _Again where that needs another connection."""
        now = time.monotonic()
        full, rescan = now >= self._next_full, now >= self._next_rescan
        self._compare(connection, 1 if rescan else max(1, self._high - NEWEST))
        work = self._look(connection, 1 if full else self._high + 1)
        while work.pending:
            self._round(connection, work)
            self._arrivals(connection, work)
        self._acknowledge(connection, work.acknowledge)
        self._high = max(self._high, work.seen)
        if full:
            if self._retries.first() is None:
                self._cursor.scanned(self._high)
            self._next_full = time.monotonic() + self._rhythm.rescan_seconds
        if rescan:
            self._next_rescan = time.monotonic() + self._rhythm.rescan_seconds
        if not self._retries.untold():
            self.whole.set()

    def _look(self, connection: Connection, first: int) -> _Work:
        """What is there from `first` on, and what was in trouble and is due again."""
        found = connection.uids(first)
        seen = max([0, *found[-1:]])
        found = sorted({*found, *self._retries.ripe()} - self._left)
        known = self._cursor.known(found)
        self._in_the_end(self._retries.done(known))
        pending = [uid for uid in found if uid not in known and not self._retries.waits(uid)]
        return _Work(pending, sorted(known), seen)

    def _arrivals(self, connection: Connection, work: _Work) -> None:
        """What comes in while a backlog is worked joins it."""
        if work.pending and connection.news:
            connection.forget_news()
            fresh = self._look(connection, work.seen + 1)
            work.pending = sorted({*work.pending, *fresh.pending})
            work.seen = max(work.seen, fresh.seen)

    def _round(self, connection: Connection, work: _Work) -> None:
        """Takes the oldest, and some of the newest, of what is pending."""
        oldest, rest = work.pending[: ROUND - NEWEST], work.pending[ROUND - NEWEST :]
        work.now = oldest + rest[-NEWEST:]
        work.pending = rest[:-NEWEST]
        alone = [[uid] for uid in self._retries.in_order(work.now)]
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
        for group in grouped(announced := self._announced(connection, uids)):
            whole: list[Fetched] = []
            try:
                for one in fetch(connection, group, announced, self._limit):
                    if isinstance(one, Fetched):
                        whole.append(one)
                    else:
                        self._broken(one)
            finally:  # what came whole before the connection broke is ours
                done += self._commit(whole, work)
        return done

    def _announced(self, connection: Connection, uids: list[int]) -> dict[int, Announced]:
        """Those that can be fetched now; tells of those that are too large (H15)."""
        try:
            found = connection.announced(uids)
        except Refusal as refusal:
            if len(uids) == 1:
                self._broken(Broken(uids[0], f"the server refuses its size: {refusal}"[:200]))
                return {}
            half = len(uids) // 2
            some = self._announced(connection, uids[:half])
            return some | self._announced(connection, uids[half:])
        except Busy:
            raise
        except MaildError as error:
            raise Interrupted(uids, error) from error
        self._missing(connection, [uid for uid in uids if uid not in found])
        for uid in [uid for uid in found if found[uid].size > self._limit]:
            large = found.pop(uid)
            if self._too_large(uid, large.size):
                self._stand_in(connection, uid, large)
        return found

    def _missing(self, connection: Connection, uids: list[int]) -> None:
        """No size: expunged meanwhile (H8), or a server that does not know its own message."""
        if not uids:
            return
        there = set(connection.uids(min(uids)))
        self._in_the_end(self._retries.done(uid for uid in uids if uid not in there))
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
        self._high = max(self._high, min([*work.pending[:1], *work.now], default=work.seen + 1) - 1)
        self._in_the_end(self._retries.done(uids))
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
        return min(waiting, default=work.seen + 1) - 1

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
                sentence(
                    'Mailbox "{name}": the server does not let us do after = "{after}".{words} The '
                    "messages are safe with us and stay on the server; look at the rights on both "
                    "folders, or set another `after`.",
                    name=self._section.name,
                    after=str(self._section.after),
                    words=says(str(refusal)),
                ),
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
            there = connection.announced(sorted(known)) if known else {}
            odd = [
                uid
                for uid, one in there.items()
                if one.size != known[uid][0]
                and one.size <= self._limit
                and uid not in self._estimated
            ]
            for uid in odd[:rechecks]:
                rechecks -= 1
                self._recheck(connection, uid, there[uid], known[uid][1])

    def _recheck(self, connection: Connection, uid: int, one: Announced, digest: str) -> None:
        """Another size: another message, or a server whose sizes are estimates."""
        for fetched in fetch(connection, [uid], {uid: one}, self._limit):
            if isinstance(fetched, Broken):
                return
            if spool.digest(fetched.octets) != digest:
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
                sentence(
                    'Mailbox "{name}": message UID {uid} cannot be fetched ({why}). It stays on '
                    "the server and is tried again now and then; look at it with a mail client.",
                    name=self._section.name,
                    uid=str(broken.uid),
                    why=str(broken.why),
                ),
            )

    def _stand_in(self, connection: Connection, uid: int, large: Announced) -> None:
        """Takes in what its header says, so that somebody sees who wrote and he is told."""
        try:
            head = connection.part(uid, 0, oversize.HEAD, limit=self._limit)
        except (Refusal, TooLarge) as error:
            self._log.warning("imap.no_header", uid=uid, detail=str(error)[:200])
            return
        octets = oversize.stand_in(head or b"", large.size, self._language)
        if head and self._cursor.stand_in(octets, large.size, large.arrived):
            self._on_accepted()

    def _too_large(self, uid: int, octets: int) -> bool:
        """Whether it is the first time that this is told."""
        self._log.warning("imap.too_large", uid=uid, size=octets)
        told = self._retries.failed(uid, hopeless=True)
        if told:
            self._alert(
                self._key("size", uid),
                sentence(
                    'Mailbox "{name}": message UID {uid} has {size} bytes, more than [limits] '
                    "message_bytes = {limit}. It stays on the server unread; raise the limit and "
                    "send SIGHUP, or take care of it by hand.",
                    name=self._section.name,
                    uid=str(uid),
                    size=f"{octets:,}",
                    limit=str(self._limit),
                ),
            )
        return told

    def _interrupted(self, interruption: Interrupted) -> NoReturn:
        """The connection is gone; with the next one the suspects are fetched one by one (H9).

        Whether a message is to blame or the line, nobody can say: one alert tells of both.
        """
        uids, error = interruption.uids, interruption.error
        self._log.info("imap.interrupted", suspects=len(uids), detail=str(error))
        self._retries.suspect(uids)
        if len(uids) == 1 and isinstance(error, TooLarge):
            self._too_large(uids[0], error.octets)
        elif len(uids) == 1:
            self._breaks(uids[0])
        raise _Again(str(error)) from interruption

    def _breaks(self, uid: int) -> None:
        self._log.warning("imap.broke", uid=uid)
        if self._retries.failed(uid):
            self._breaking.add(uid)
            self._trouble(self._cut_text())

    def _cut_text(self) -> str:
        uids = sorted(self._breaking)
        shown = ", ".join(map(str, uids[:2])) + (", …" if len(uids) > 2 else "")
        return sentence(
            'Mailbox "{name}": the connection breaks over some messages (UID {uids}), again and '
            "again. What cannot be fetched stays on the server and is tried again by itself. If it "
            "is one message, look at it with a mail client; if it is many, look at the network.",
            name=self._section.name,
            uids=shown,
        )

    def _in_the_end(self, uids: list[int]) -> None:
        """These came through, or are gone, of which somebody was told that they did not."""
        for uid in uids:
            if uid not in self._breaking:
                self._recovered(self._key("fetch", uid))
        self._breaking.difference_update(uids)

    def _trouble(self, text: str) -> None:
        """The one alert about this mailbox and the way to it."""
        self._problem = f"imap:{self._section.name}"
        self._alert(self._problem, text)

    def _failed(self, error: MaildError) -> None:
        """Logs, and tells the admin: at once where only he can help, else when it lasts."""
        self._failures += 1
        self._next_full = 0.0  # whatever was in flight is looked for
        self._log.warning(
            "imap.lost", failures=self._failures, error=error.message, detail=error.detail
        )
        refused = isinstance(error, Unavailable)
        self._longest_pause = self._rhythm.refused_pause if refused else self._rhythm.longest_pause
        self._asked_to_wait = error.seconds if isinstance(error, Later) else 0.0
        if refused or self._failures >= self._rhythm.tell_after:
            self._trouble(error.message)

    def _pause(self) -> float:
        """Doubling, and spread so that many mailboxes do not knock at the same moment."""
        steps = min(max(self._failures, self._short_lives) - 1, 20)
        pause = min(self._rhythm.first_pause * 2.0**steps, self._longest_pause)
        asked = min(self._asked_to_wait, self._rhythm.asked_pause)
        return max(random.uniform(0.5, 1) * pause, asked)

    def _went_well(self) -> None:
        self._failures = 0
        self._asked_to_wait = 0.0
        if self._problem and not self._breaking:
            self._recovered(self._problem)
            self._problem = None
