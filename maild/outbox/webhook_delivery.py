"""Calls web hooks: signed, each until it is answered with 2xx or refused for good.

The body is JSON.  `Maild-Id` is the same whenever the same call is tried again, and
`Maild-Signature` is `t=UNIX,v1=HEX`, an HMAC-SHA256 by the hook's secret over `UNIX.BODY`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild import http
from maild.config import HookSection, Settings
from maild.desk import alerts
from maild.errors import MaildError
from maild.outbox.rows import BACK_OFF, STALE
from maild.store import Store
from maild.store.tables import Hook

log = structlog.get_logger()

SECONDS = 10  # that a call may take
BATCH = 50
TRIES = 12  # then it has failed for good


class Hooks:
    """The web hooks of one desk."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.sections = {section.name: section for section in settings.config.hook}

    def once(self, now: datetime) -> int:
        """Makes every call that is due; how many were answered with 2xx."""
        done = 0
        for key in self._due(now):
            claimed = self.store.write(partial(self._claim, key, now))
            if claimed is None:
                continue
            name, body = claimed
            section = self.sections.get(name)
            code, said = (
                self._post(section, key, body, now) if section else (410, f"no [[hook]] {name}")
            )
            self.store.write(partial(self._record, key, code, said, now))
            done += code is not None and 200 <= code < 300
        return done

    def _due(self, now: datetime) -> list[str]:
        query = (
            sa.select(Hook.key)
            .where(Hook.state.in_(("waiting", "calling")), Hook.next_try <= now)
            .order_by(Hook.id)
            .limit(BATCH)
        )
        with self.store.read() as session:
            return list(session.scalars(query))

    def _claim(self, key: str, now: datetime, session: Session) -> tuple[str, bytes] | None:
        """Takes one; a claim that nobody finishes is free again after a while."""
        query = sa.select(Hook).where(Hook.key == key, Hook.next_try <= now)
        row = session.scalar(query.with_for_update(skip_locked=True))
        if row is None or row.state not in ("waiting", "calling"):
            return None
        row.state, row.next_try = "calling", now + STALE
        return row.name, json.dumps(row.body, sort_keys=True).encode()

    def _post(
        self, section: HookSection, key: str, body: bytes, now: datetime
    ) -> tuple[int | None, str]:
        """(HTTP status or None, what was said)."""
        stamp = str(int(now.timestamp()))
        try:
            secret = section.key()
        except MaildError as error:
            return None, error.message
        signed = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Maild-Id": key,
            "Maild-Signature": f"t={stamp},v1={signed}",
        }
        try:
            answer = http.post(section.url, body, headers, seconds=SECONDS)
        except OSError as error:
            return None, f"{type(error).__name__}: {error}"
        return answer.status, answer.reason

    def _record(
        self, key: str, code: int | None, said: str, now: datetime, session: Session
    ) -> None:
        row = session.scalar(sa.select(Hook).where(Hook.key == key))
        if row is None:
            return
        row.attempts += 1
        row.error = None if code is not None and code < 300 else f"{code or 'no answer'}: {said}"
        log.info("hook.called", hook=row.name, code=code, attempt=row.attempts)
        if row.error is None:
            row.state, row.sent = "sent", now
        elif code == 410 or row.attempts >= TRIES:
            row.state = "failed"
            alerts.raise_alert(
                session,
                f"hook:{row.name}",
                f'The web hook "{row.name}" did not take a call after {row.attempts} tries '
                f"({row.error}). Is its url in maild.toml right?",
                now,
            )
        else:
            row.state = "waiting"
            row.next_try = now + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
