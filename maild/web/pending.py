"""Answers that can still be taken back: each is given when its seconds are over.

They are rows, so a restart only delays them; what they do has the form's key as its cause.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from maild.desk.desk import Desk
from maild.errors import MaildError
from maild.ingest import by_hand
from maild.ingest.by_hand import Done
from maild.model import AnswerState
from maild.store.asking import console as asking
from maild.store.console_records import Draft, Pending
from maild.store.unit import Unit
from maild.web import forms
from maild.web.feed import News
from maild.web.visit import retried

if TYPE_CHECKING:
    from maild.web.console import Console

log = structlog.get_logger()

IDLE_SECONDS = 5.0


class Answers:
    """Gives what is due, in a thread of its own, from `start` to `stop`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        console.wake_answers = self._woken.set

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="answers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                wait = self._give_due()
            except MaildError as error:
                log.warning("answers.failed", error=error.detail or error.message[:80])
                wait = IDLE_SECONDS
            except Exception:
                log.exception("answers.failed")
                wait = IDLE_SECONDS
            self._woken.wait(wait)
            self._woken.clear()

    def _give_due(self) -> float:
        """Gives all that is due; for how many seconds there is nothing to do."""
        now = self.console.now()
        with self.console.store.look() as unit:
            due = unit.all(asking.DUE, now=now)
        for one in due:
            give(self.console, one)
        with self.console.store.look() as unit:
            following = unit.first(asking.NEXT_DUE)
        if following is None:
            return IDLE_SECONDS
        left = following.due - self.console.now()
        return min(max(left / timedelta(seconds=1), 0.02), IDLE_SECONDS)


def give(console: Console, pending: Pending) -> None:
    """Does what was asked for; where it may not be any more, says so and keeps the words."""
    now = console.now()
    submission = forms.submission_of(console, pending.fields)
    submission = by_hand.looked_at(console.app.settings, submission)

    def work(desk: Desk, person: Any) -> Done:
        ticket = forms.ticket_of(desk, pending.ticket_id)
        return by_hand.do(desk, ticket, person, submission)

    def mark_done(unit: Unit) -> None:
        _mark(unit, pending, AnswerState.GIVEN, "")

    try:
        console.app.by_hand(pending.person_id, f"form:{pending.key}", now, work, also=mark_done)
        console.wake_outbox()
    except MaildError as error:
        if error.temporary:
            raise
        _refused(console, pending, error.message)
        log.info("answer.refused", pending=pending.id)
    with console.store.look() as unit:
        number, organization = forms.number_of(unit, pending.ticket_id)
    console.feed.tell([News(number, organization, "", pending.person_id, "answer")])


def _refused(console: Console, pending: Pending, why: str) -> None:
    with suppress(AlreadyGiven):
        retried(console, lambda unit: _mark(unit, pending, AnswerState.REFUSED, why))


def _mark(unit: Unit, pending: Pending, state: AnswerState, said: str) -> None:
    row = unit.first(asking.PENDING, key=pending.key)
    if row is None or row.state is not AnswerState.WAITING:
        raise AlreadyGiven
    unit.change(row, state=state, said=said)


class AlreadyGiven(MaildError):
    """Another process was faster, or it was taken back: all that was done here is undone."""

    def __init__(self) -> None:
        super().__init__("It was given, or taken back, meanwhile.")


def hold(
    unit: Unit,
    *,
    key: str,
    person_id: int,
    ticket_id: int,
    fields: Mapping[str, Any],
    ip: str,
    now: Any,
    seconds: float,
) -> Pending:
    """Keeps an answer until its seconds are over."""
    return unit.add(
        Pending(
            key=key,
            person_id=person_id,
            ticket_id=ticket_id,
            fields=fields,
            address=ip,
            created=now,
            due=now + timedelta(seconds=seconds),
        )
    )


def drop_draft(unit: Unit, person_id: int, place: str) -> None:
    """What was sent is no draft any more."""
    draft: Draft | None = unit.first(asking.DRAFT, person=person_id, place=place)
    if draft is not None:
        unit.delete(draft)
