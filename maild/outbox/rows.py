"""The outbox's rows: who takes which, and what is written down afterwards.

Two daemons may claim at once: each row goes to one of them (SQLite's BEGIN IMMEDIATE, PostgreSQL's
SKIP LOCKED).  A claim is renewed while it is worked on; one that is not is taken again.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.desk import alerts, notify
from maild.outbox.answers import Answer
from maild.outbox.compose import WITHOUT_FILES, Composed, Order
from maild.store.tables import Alert, Delivery, Note, OutboxItem, Setting, Ticket

STALE = timedelta(seconds=40)  # a claim that was not renewed for so long is nobody's
IN_ORDER = timedelta(hours=1)  # so long a mail waits for an earlier one of its ticket
# Waits after the first, second … failure (H75), each ± a fifth; the last one repeats.
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240))
SPREAD = 0.2
PAUSED = "outbox paused"  # key of the Setting
_OUTBOX: Any = OutboxItem.__table__
_DELIVERY: Any = Delivery.__table__
_ROW = (
    "id", "key", "template", "language", "audience", "address", "auto", "data", "message_id",
    "in_reply_to", "references", "created", "person_id", "note_id", "octets",
)  # fmt: skip
UNSURE = 2  # attempts that were lost after the final dot; then it has arrived, or never will
BURNS = ("later", "failed", "too large", "unsure")  # what counts as an attempt
FINAL = ("failed", "too large")
DOUBTS = 3  # refusals of one mail that may have meant us, with no other mail to tell
BY_HAND = "tried again by hand"  # a Delivery: what was before it does not count
LOST_BY_US = "maild was killed twice while the relay took it"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is ours to send."""

    id: int
    order: Order
    octets: bytes | None  # composed by an earlier attempt
    note_id: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a claimed row."""

    id: int
    keys: tuple[str, ...]  # of the row, and of what it took in
    answer: Answer


def claim(session: Session, now: datetime, limit: int) -> list[Claimed]:
    """Takes rows that are due, oldest first; of one ticket and recipient never two at a time.

    An earlier one that waits for long (greylisting, a full mailbox) holds up no other.
    """
    bound = {
        "now": now,
        "stale": now - STALE,
        "ahead": now + STALE,  # claimed by a clock that was wrong
        "stuck": now - IN_ORDER,
        "rows": limit,
    }
    connection = session.connection()
    due = connection.execute(_due(), bound).all()
    if due:
        taken = sa.update(_OUTBOX).where(_OUTBOX.c.id.in_([row.id for row in due]))
        connection.execute(taken.values(state="sending", claimed=now))
    return [
        Claimed(row.id, order(row, row.ticket_number, row.note_public), row.octets, row.note_id)
        for row in due
    ]


def next_due(session: Session) -> datetime | None:
    """When the next row that waits will be due; None where none waits."""
    return session.scalar(
        sa.select(sa.func.min(OutboxItem.next_try)).where(OutboxItem.state == "waiting")
    )


def renew(session: Session, stamps: Mapping[int, datetime], now: datetime) -> set[int]:
    """Says that these are still being worked on; gives those that are not ours any more.

    `stamps`: when each was claimed or renewed last, as we know it; another daemon that took one
    over has written another time.
    """
    held = sa.select(_OUTBOX.c.id, _OUTBOX.c.claimed, _OUTBOX.c.state).where(
        _OUTBOX.c.id.in_(stamps)
    )
    connection = session.connection()
    ours = {
        row.id
        for row in connection.execute(held.with_for_update())
        if row.state == "sending" and row.claimed == stamps[row.id]
    }
    if ours:
        connection.execute(sa.update(_OUTBOX).where(_OUTBOX.c.id.in_(ours)).values(claimed=now))
    return set(stamps) - ours


def release(session: Session, ids: Collection[int] | None, why: str | None = None) -> None:
    """Gives back what was not tried; None: every claim, where no other daemon can hold one."""
    rows = sa.update(OutboxItem).where(OutboxItem.state == "sending")
    if ids is not None:
        rows = rows.where(OutboxItem.id.in_(ids))
    values = {"state": "waiting", "claimed": None}
    session.execute(rows.values(**values, **({"error": why} if why else {})))


def give_back(session: Session, stamps: Mapping[int, datetime], why: str | None = None) -> None:
    """What of these is still ours and was not tried waits again."""
    release(session, set(stamps) - renew(session, stamps, max(stamps.values())), why)


def keep(session: Session, composed: Iterable[tuple[int, Composed]]) -> None:
    """Stores the octets: every repeat is the same mail with the same Message-ID (H77)."""
    values = [
        {"row_id": row_id, "subject": mail.subject, "octets": mail.octets}
        for row_id, mail in composed
    ]
    if values:
        update = sa.update(_OUTBOX).where(_OUTBOX.c.id == sa.bindparam("row_id"))
        session.connection().execute(update, values)


def record(session: Session, done: Iterable[Done], now: datetime, give_up: timedelta) -> list[str]:
    """Writes down one attempt each, and what follows from it; the states that they have now."""
    attempts = list(done)
    session.connection().execute(
        sa.insert(_DELIVERY),
        [
            {"outbox_id": one.id, "at": now, "code": one.answer.code, "text": one.answer.text}
            for one in attempts
        ],
    )
    sent = [one.id for one in attempts if one.answer.outcome == "sent"]
    session.connection().execute(
        sa.update(_OUTBOX)
        .where(_OUTBOX.c.id.in_(sent))
        .values(state="sent", sent=now, claimed=None, error=None, attempts=_OUTBOX.c.attempts + 1)
    )
    if sent:
        _arrived(session, sent, now)
    for one in attempts:
        if one.answer.relay_id:
            session.connection().execute(
                sa.update(_OUTBOX)
                .where(_OUTBOX.c.id == one.id)
                .values(relay_id=one.answer.relay_id)
            )
    others = [one for one in attempts if one.answer.outcome != "sent"]
    return ["sent"] * len(sent) + [_not_sent(session, one, now, give_up) for one in others]


def _arrived(session: Session, ids: Collection[int], now: datetime) -> None:
    """These addresses can be written to, whatever an alert says."""
    keys = sa.select(sa.literal("undelivered:") + _OUTBOX.c.address).where(_OUTBOX.c.id.in_(ids))
    session.connection().execute(
        sa.update(Alert.__table__)  # type: ignore[arg-type]
        .where(Alert.key.in_(keys), Alert.cleared.is_(None))
        .values(cleared=now)
    )


def _not_sent(session: Session, one: Done, now: datetime, give_up: timedelta) -> str:
    row, answer = session.get_one(OutboxItem, one.id), one.answer
    if row.state != "sending":  # somebody else has dealt with it meanwhile
        return row.state
    row.claimed = None
    row.attempts += answer.outcome in BURNS
    if answer.outcome == "too large" and not row.data.get(WITHOUT_FILES):
        return _without_files(row, answer, now)
    if answer.outcome == "unsure" and _lost(session, row, answer) >= UNSURE:
        unknown(session, row, answer.text, now)
    elif _is_final(session, row, answer) or now - _first_try(session, row, now) > give_up:
        fail(session, row, answer.text, now)
    else:
        row.state, row.error = "waiting", answer.text
        row.next_try = now + back_off(max(1, row.attempts))
    return row.state


def _is_final(session: Session, row: OutboxItem, answer: Answer) -> bool:
    """A refusal that may have meant us is the recipient's where others were taken since, or where
    it comes again and again and does not speak of us."""
    if answer.outcome != "doubtful":
        return answer.outcome in FINAL
    refused = [a.id for a in _attempts(session, row) if (a.code or 0) >= 500]
    taken = sa.exists().where(Delivery.id > refused[0], Delivery.code < 300)
    if session.scalar(sa.select(taken)):
        return True
    return len(refused) >= DOUBTS and not answer.speaks_of_us


def _without_files(row: OutboxItem, answer: Answer, now: datetime) -> str:
    """It goes out once more at once, and says what it leaves out."""
    row.data = {**row.data, WITHOUT_FILES: True}
    row.octets, row.state, row.error, row.next_try = None, "waiting", answer.text, now
    return row.state


def _lost(session: Session, row: OutboxItem, answer: Answer) -> int:
    """How many attempts were lost after the final dot; this one is among them."""
    lost = [a for a in _attempts(session, row) if a.code is None and a.text == answer.text]
    return len(lost)


def _attempts(session: Session, row: OutboxItem) -> list[Delivery]:
    """What was tried, oldest first, since somebody decided by hand that it is to be tried again."""
    query = sa.select(Delivery).where(Delivery.outbox_id == row.id).order_by(Delivery.id)
    found: list[Delivery] = []
    for attempt in session.scalars(query):
        found = [] if attempt.text == BY_HAND else [*found, attempt]
    return found


def unknown(session: Session, row: OutboxItem, why: str, now: datetime) -> None:
    """It may have arrived; nobody sends it again by himself (H77)."""
    row.state, row.error, row.claimed = "unknown", why, None
    text = (
        f'Whether the notification "{row.template}" to {row.address} has arrived is not known: '
        f"{why}. It is not sent again by itself; `maild outbox retry {row.id}` does."
    )
    alerts.raise_alert(session, f"undelivered:{row.address}", text, now)


def fail(session: Session, row: OutboxItem, why: str, now: datetime) -> None:
    """It will not be sent: said on the row, on the ticket, and to the admins."""
    row.state, row.error, row.claimed = "failed", why, None
    notify.not_delivered(session, row, why, now)


def never_answered(session: Session, ids: Collection[int], now: datetime) -> None:
    """Handed over as often as is allowed, says the journal, and each time a crash came between."""
    for row_id in ids:
        unknown(session, session.get_one(OutboxItem, row_id), LOST_BY_US, now)


def refuse(session: Session, row_id: int, why: str, now: datetime) -> None:
    """It cannot be composed."""
    fail(session, session.get_one(OutboxItem, row_id), why, now)


def sent_before(session: Session, ids: Collection[int], now: datetime) -> None:
    """The journal says that these have left us already (H28)."""
    session.execute(
        sa.update(OutboxItem)
        .where(OutboxItem.id.in_(ids))
        .values(state="sent", sent=now, claimed=None, error="sent before, says the journal")
    )


def broken_template(session: Session, template: str, problem: str, now: datetime) -> None:
    """The shipped template went out instead of the admin's own (H72)."""
    text = f"{problem} Until it is mended, the shipped template is sent: `maild templates check`."
    alerts.raise_alert(session, f"template:{template}", text, now)


def pause(session: Session, by: str, now: datetime) -> None:
    """Nothing is sent until `resume`; mail is still taken in, and notifications wait."""
    if session.get(Setting, PAUSED) is None:
        session.add(Setting(key=PAUSED, value={"by": by, "since": now.isoformat()}))


def resume(session: Session) -> None:
    session.execute(sa.delete(Setting).where(Setting.key == PAUSED))


def paused(session: Session) -> dict[str, str] | None:
    """Who paused the outbox, and since when; None where it is not."""
    row = session.get(Setting, PAUSED)
    return dict(row.value) if row else None


def back_off(attempts: int) -> timedelta:
    """The wait after this many attempts, spread so that not all come back at once."""
    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
    return wait * random.uniform(1 - SPREAD, 1 + SPREAD)


def _first_try(session: Session, row: OutboxItem, now: datetime) -> datetime:
    """When it was tried first: the days of retrying do not count while no relay is there."""
    return min((attempt.at for attempt in _attempts(session, row)), default=now)


@cache
def _due() -> sa.Select[Any]:
    """Rows that may be taken at `now`, and what a mail needs to know of each."""
    outbox, ticket, note, earlier = _OUTBOX.c, Ticket.__table__.c, Note.__table__.c, _OUTBOX.alias()
    abandoned = sa.and_(
        outbox.state == "sending",
        sa.or_(outbox.claimed < sa.bindparam("stale"), outbox.claimed > sa.bindparam("ahead")),
    )
    behind_another = sa.exists().where(  # an earlier one to the same recipient is on its way
        earlier.c.ticket_id == outbox.ticket_id,
        earlier.c.address == outbox.address,
        earlier.c.id < outbox.id,
        earlier.c.created > sa.bindparam("stuck"),
        earlier.c.state.in_(("waiting", "sending")),
    )
    return (
        sa.select(
            *(outbox[name] for name in _ROW),
            ticket.number.label("ticket_number"),
            note.public.label("note_public"),
        )
        .outerjoin_from(_OUTBOX, Ticket.__table__, ticket.id == outbox.ticket_id)
        .outerjoin(Note.__table__, note.id == outbox.note_id)
        .where(sa.or_(outbox.state == "waiting", abandoned), ~behind_another)
        .where(outbox.next_try <= sa.bindparam("now"))
        .order_by(outbox.id)
        .limit(sa.bindparam("rows"))
        .with_for_update(skip_locked=True, of=_OUTBOX)
    )


def order(row: Any, number: str | None, note_public: bool | None) -> Order:
    """What is to be composed of one row: an OutboxItem, or the columns _ROW of one."""
    return Order(
        key=row.key,
        template=row.template,
        language=row.language,
        audience=row.audience,
        address=row.address,
        auto=row.auto,
        data=row.data,
        message_id=row.message_id,
        in_reply_to=row.in_reply_to,
        references=tuple(row.references),
        created=row.created,
        ticket_number=number,
        person_id=row.person_id,
        note_public=note_public,
    )
