"""Calls web hooks: signed, each until it is answered with 2xx or refused for good.

The body is JSON.  `Maild-Id` is the same whenever the same call is tried again, and
`Maild-Signature` is `t=UNIX,v1=HEX`, an HMAC-SHA256 by the hook's secret over `UNIX.BODY`.

Each [[hook]] has a line of its own: one that does not answer rests, ever longer, and no other
waits for it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from maild import http
from maild.config import HookSection, Settings
from maild.desk import alerts
from maild.errors import MaildError
from maild.i18n import sentence
from maild.model import SendState
from maild.outbox.rows import STALE
from maild.store import Store, asking
from maild.store.unit import Unit

log = structlog.get_logger()

SECONDS = 10  # that a call may take
BATCH = 50
GIVE_UP = timedelta(days=2)  # a call that is as old as this, and fails once more, has failed
TELL_AFTER = 2  # failures of one hook in a row
# Waits after the first, second … failure of a hook, or of one call; the last one repeats.
REST = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30))


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call."""

    code: int | None  # HTTP status; None: no answer
    said: str

    @property
    def taken(self) -> bool:
        return self.code is not None and 200 <= self.code < 300

    @property
    def is_about_the_hook(self) -> bool:
        """Whether another call would meet the same: nobody answers, or has no time."""
        return self.code is None or self.code >= 500 or self.code in (408, 429)


class Line:
    """The calls of one hook, one after the other."""

    def __init__(self, store: Store, name: str, section: HookSection | None) -> None:
        self.name = name
        self._store = store
        self._section = section
        self._failures = 0  # in a row
        self._rests_until: datetime | None = None
        self._told = True  # an alert may stand: from before we began, or ours

    def once(self, now: datetime) -> int:
        """Makes the calls that are due; how many were answered with 2xx."""
        done = 0
        if self._rests_until is not None and now < self._rests_until <= now + REST[-1]:
            return done
        for key in self._due(now):
            claimed = self._store.act(partial(_claim, key, now))
            if claimed is None:
                continue
            reply = self._call(key, claimed, now)
            self._store.act(partial(_record, key, reply, now))
            log.info("hook.called", hook=self.name, code=reply.code)
            done += reply.taken
            if reply.taken:
                self._answered(now)
                continue
            self._told = True
            if reply.is_about_the_hook:
                self._failed(reply, now)
                break
        return done

    def _due(self, now: datetime) -> list[str]:
        with self._store.look() as unit:
            return asking.hooks.due(unit, self.name, now, BATCH)

    def _call(self, key: str, body: bytes, now: datetime) -> Reply:
        if self._section is None:
            return Reply(410, f"there is no [[hook]] {self.name}")
        return post(self._section, key, body, now)

    def _failed(self, reply: Reply, now: datetime) -> None:
        self._failures += 1
        self._rests_until = now + REST[min(self._failures, len(REST)) - 1]
        if self._failures < TELL_AFTER:
            return
        text = sentence(
            'The web hook "{name}" does not answer ({answer}). Its calls wait and are made when it '
            "does; is its url in maild.toml right?",
            name=self.name,
            answer=str(reply.code or reply.said),
        )
        key = f"hook:{self.name}"
        self._store.act(lambda unit: alerts.raise_alert(unit, key, text, now))

    def _answered(self, now: datetime) -> None:
        self._failures, self._rests_until = 0, None
        if self._told:
            self._told = False
            key = f"hook:{self.name}"
            self._store.act(lambda unit: alerts.clear_alert(unit, key, now))


class Hooks:
    """The web hooks of one desk."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._sections = {section.name: section for section in settings.config.hook}
        self._lines: dict[str, Line] = {}
        self._asked: dict[str, datetime] = {}  # hooks that are under way → when asked last
        self._lock = threading.Lock()

    def once(self, now: datetime) -> int:
        """Makes every call that is due, of all hooks side by side; how many got 2xx."""
        lines = [self._line(name) for name in self._waiting(now)]
        if not lines:
            return 0
        with ThreadPoolExecutor(len(lines), thread_name_prefix="hook") as pool:
            return sum(pool.map(lambda line: line.once(now), lines))

    def start(self, now: datetime) -> None:
        """The same, but waits for none of them; one that is under way looks again afterwards."""
        for name in self._waiting(now):
            with self._lock:
                busy = name in self._asked
                self._asked[name] = now
            if not busy:
                line = self._line(name)
                threading.Thread(
                    target=self._apart, args=(line,), name=f"hook {name}", daemon=True
                ).start()

    def _apart(self, line: Line) -> None:
        asked: datetime | None = None
        while (now := self._next(line.name, asked)) is not None:
            try:
                line.once(now)
            except MaildError as error:  # the database: next time
                log.warning("hook.not_called", hook=line.name, detail=error.detail)
            except Exception:
                log.exception("hook.failed", hook=line.name)
            asked = now

    def _next(self, name: str, done: datetime | None) -> datetime | None:
        """When it was asked for last, if that is not done; else it is no more under way."""
        with self._lock:
            if self._asked[name] == done:
                del self._asked[name]
                return None
            return self._asked[name]

    def _line(self, name: str) -> Line:
        if name not in self._lines:
            self._lines[name] = Line(self._store, name, self._sections.get(name))
        return self._lines[name]

    def _waiting(self, now: datetime) -> list[str]:
        with self._store.look() as unit:
            return asking.hooks.waiting(unit, now)


def post(section: HookSection, key: str, body: bytes, now: datetime) -> Reply:
    """One signed call, within SECONDS."""
    stamp = str(int(now.timestamp()))
    try:
        secret = section.key()
    except MaildError as error:
        return Reply(None, error.message)
    signed = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "Maild-Id": key,
        "Maild-Signature": f"t={stamp},v1={signed}",
    }
    try:
        answer = http.post(section.url, body, headers, seconds=SECONDS)
    except OSError as error:
        return Reply(None, f"{type(error).__name__}: {error}")
    return Reply(answer.status, answer.reason)


def written(body: Mapping[str, Any]) -> bytes:
    """The octets that are signed."""
    return json.dumps(body, sort_keys=True).encode()


def _claim(key: str, now: datetime, unit: Unit) -> bytes | None:
    """Takes one call; a claim that nobody finishes is free again after a while."""
    row = asking.hooks.take(unit, key, now)
    if row is None:
        return None
    unit.change(row, state=SendState.CALLING, next_try=now + STALE)
    return written(row.body)


def _record(key: str, reply: Reply, now: datetime, unit: Unit) -> None:
    row = asking.hooks.with_key(unit, key)
    if row is None:
        return
    attempts = row.attempts + 1
    error = None if reply.taken else f"{reply.code or 'no answer'}: {reply.said}"
    unit.change(row, attempts=attempts, error=error)
    if reply.taken:
        unit.change(row, state=SendState.SENT, sent=now)
    elif reply.code == 410 or now - row.created > GIVE_UP:
        unit.change(row, state=SendState.FAILED)
        text = sentence(
            'The web hook "{name}" did not take a call after {attempts} tries ({answer}). Is its '
            "url in maild.toml right?",
            name=row.name,
            attempts=attempts,
            answer=error or "",
        )
        alerts.raise_alert(unit, f"hook:{row.name}", text, now)
    else:
        later = now + REST[min(attempts, len(REST)) - 1]
        unit.change(row, state=SendState.WAITING, next_try=later)
