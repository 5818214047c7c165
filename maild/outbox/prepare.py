"""From claimed rows to octets that are ready to be sent, and stored."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from maild.config import DeskSection, Settings
from maild.crash_points import crash_point
from maild.desk import reply_tokens
from maild.errors import MaildError, UsageError
from maild.outbox import message, note_files, partner_part, rows
from maild.outbox.claims import Claims, Others
from maild.outbox.compose import (
    FILES_BYTES,
    Composed,
    Draft,
    answers_to,
    draft,
    explain,
    job,
    with_files,
)
from maild.outbox.journal import Journal
from maild.outbox.logo import Logo
from maild.outbox.logo import logo as read_logo
from maild.outbox.rows import Claimed
from maild.store.database import Store
from maild.store.unit import Unit
from maild.templates.renderer import Job, LocalRenderer, Outcome, PooledRenderer

STORED = 20  # mails that are written down in one commit, and may be sent from then on


@dataclass(frozen=True, slots=True)
class Ready:
    """One mail that may go out now."""

    row: Claimed
    sender: str  # the envelope's; "" is the null sender (RFC 5321 §4.5.5)
    octets: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of some of a claim."""

    mails: list[Ready]
    refused: int  # that can never be sent


class Preparer:
    """Claims what is due and composes once what is not composed yet."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        renderer: PooledRenderer | LocalRenderer,
        attachment: note_files.Extract | None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._renderer = renderer
        self._attachment = attachment
        self._secret: bytes | None = None
        self._passed_on: dict[
            tuple[Any, ...], list[message.Part]
        ] = {}  # the last note's, in a batch

    def claim(
        self,
        clock: Callable[[], datetime],
        limit: int,
        claims: Claims,
        others: Others | None = None,
    ) -> list[Claimed]:
        """The next rows; they are ours from now on, as `claims` says.

        `others`: what is known of other daemons' claims, in a daemon; None: the clock says which
        are stale, and nobody is let go before.
        """
        since, now = time.monotonic(), clock()

        def claim(unit: Unit) -> list[Claimed]:
            abandoned = _abandoned(unit, now, others)
            free = [one for one in abandoned if one not in claims]
            return rows.claim(unit, now, limit, free, gives_way=others is not None)

        batch = self._store.act(claim)
        claims.take((row.id for row in batch), now, since)
        if batch:
            crash_point("outbox.claimed")
        return batch

    def compose(
        self,
        batch: Sequence[Claimed],
        journal: Journal,
        clock: Callable[[], datetime],
        claims: Claims,
    ) -> Iterator[Prepared]:
        """The mails of these rows, stored, some at a time; a row that is not to be sent is not ours
        any more."""
        left, lost = self._not_over(batch, journal, clock(), claims)
        yield Prepared([], lost)
        composed = self._composed([row for row in left if row.octets is None])
        for at in range(0, len(left), STORED):
            some = left[at : at + STORED]
            made = {row.id: next(composed) for row in some if row.octets is None}
            yield self._stored(some, made, clock(), claims)

    def _not_over(
        self, batch: Sequence[Claimed], journal: Journal, now: datetime, claims: Claims
    ) -> tuple[list[Claimed], int]:
        """The rows that may be sent, as the journal says, and how many were lost too often."""
        sent = journal.sent(row.order.key for row in batch)
        unanswered = journal.unanswered(row.order.key for row in batch)
        gone = [row.id for row in batch if row.order.key in sent]
        lost = [
            row.id
            for row in batch
            if row.id not in gone and unanswered[row.order.key] >= rows.UNSURE
        ]
        over = {*gone, *lost}

        def write(unit: Unit) -> None:
            rows.sent_before(unit, gone, now)
            rows.never_answered(unit, lost, now)

        if over:
            self._store.act(write)
        claims.give_up(over)
        return [row for row in batch if row.id not in over], len(lost)

    def _stored(
        self,
        some: Sequence[Claimed],
        made: Mapping[int, Composed | str],
        now: datetime,
        claims: Claims,
    ) -> Prepared:
        """`made`: by their ids the mails that are composed now, or why they cannot be."""
        fresh = {key: mail for key, mail in made.items() if isinstance(mail, Composed)}
        refused = {key: why for key, why in made.items() if isinstance(why, str)}

        def write(unit: Unit) -> None:
            rows.keep(unit, fresh.items())
            rows.refuse(unit, refused, now)
            for row in some:
                if row.id in fresh and (problem := fresh[row.id].problem):
                    rows.broken_template(unit, row.order.template, problem, now)

        if made:
            self._store.act(write)
        crash_point("outbox.composed")
        claims.give_up(refused)
        mails = [
            Ready(row, self._sender(row), row.octets or fresh[row.id].octets)
            for row in some
            if row.id not in refused
        ]
        return Prepared(mails, len(refused))

    def _composed(self, batch: Sequence[Claimed]) -> Iterator[Composed | str]:
        """Each of these as a mail, or why it cannot be one; the worker is some ahead of us."""
        jobs: dict[int, Job] = {}
        refused: dict[int, str] = {}
        logo = self._logo()
        self._passed_on.clear()
        for row in batch:
            try:
                jobs[row.id] = job(row.order, self._desk_secret(), logo)
            except MaildError as error:
                refused[row.id] = explain(error)
        drafts = self._drafts(list(jobs.values()))
        for row in batch:
            yield refused[row.id] if row.id in refused else self._whole(next(drafts), row, logo)

    def _whole(self, written: Draft | str, row: Claimed, logo: Logo | None) -> Composed | str:
        """With the files of its note and, for another desk, what is signed for it."""
        if isinstance(written, str):
            return written
        try:
            files = self._files(row)
            seal = partner_part.seal(self._settings.config, row.order, files)
            shown = [*([logo.part] if logo else []), *files]
            if seal is None:
                return with_files(written, row.order, shown)
            return with_files(written, row.order, [*shown, seal.part], seal.fields)
        except (MaildError, ValueError) as error:
            return explain(error)

    def _drafts(self, jobs: list[Job]) -> Iterator[Draft | str]:
        """The mails without their files, or why there is none; made where they are rendered."""
        if not jobs:
            return iter(())
        desk = self._settings.config.desk
        reply_to = {one.order.key: answers_to(one.order, desk, self._desk_secret()) for one in jobs}
        return self._renderer.render_then(partial(_draft, desk, reply_to), jobs)

    def _logo(self) -> Logo | None:
        """The desk's; a mail goes out without one that cannot be read, as `maild check` says."""
        with contextlib.suppress(UsageError):
            return read_logo(self._settings)
        return None

    def _files(self, row: Claimed) -> list[message.Part]:
        """What goes out with it; who is told of the same note gets what was read for the first."""
        limit = self._settings.config.notifications.attachment_bytes
        limit = min(limit, row.order.data.get(FILES_BYTES, limit))
        if not limit or self._attachment is None or row.note_id is None:
            return []
        shown = _shown(row.order.data)
        asked = row.note_id, limit, *shown
        if asked not in self._passed_on:
            self._passed_on.clear()
            extract = partial(self._renderer.run, self._attachment)
            with self._store.look() as unit:
                found = note_files.of_note(unit, row.note_id, limit, extract, shown)
            self._passed_on[asked] = found
        return self._passed_on[asked]

    def _sender(self, row: Claimed) -> str:
        """Whom a bounce goes to: by configuration the desk, nobody, or the desk with a token."""
        desk, how = self._settings.config.desk.address, self._settings.config.smtp.envelope
        if how == "null" and row.order.auto is not None:
            return ""
        if how == "tagged":
            order = row.order
            return reply_tokens.reply_address(
                self._desk_secret(), desk, order.ticket_number, order.person_id
            )
        return desk

    def _desk_secret(self) -> bytes:
        if self._secret is None:
            self._secret = self._store.act(reply_tokens.desk_secret)
        return self._secret


def _abandoned(unit: Unit, now: datetime, others: Others | None) -> Collection[int]:
    if others is None:
        return rows.stale(unit, now)
    if others.is_time:
        others.look(rows.suspected(unit, now))
    return others.abandoned()


def _shown(data: Mapping[str, Any]) -> list[str | None]:
    """Of each file of the note the Content-ID by which the text shows it."""
    files = (data.get("note") or {}).get("attachments", ())
    return [place["id"] if (place := file.get("picture")) else None for file in files]


def _draft(
    desk: DeskSection, reply_to: Mapping[str, str | None], one: Job, outcome: Outcome
) -> Draft | str:
    """In the worker, which is not told the desk's secret."""
    try:
        return draft(one.order, desk, reply_to[one.order.key], outcome)
    except (MaildError, ValueError) as error:
        return explain(error)
