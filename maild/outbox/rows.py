"""The outbox's rows: who takes which, and what is written down afterwards.

Two daemons may claim at once: each row goes to one of them (SQLite's BEGIN IMMEDIATE, PostgreSQL's
SKIP LOCKED).  A claim is renewed while it is worked on; one that is not is taken again
(`claims.Others` says which).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from maild.desk import alerts, files_left_out, notify
from maild.i18n import sentence
from maild.model import SendState
from maild.outbox.answers import Answer, SendOutcome
from maild.outbox.compose import FILES_BYTES, Composed, Order
from maild.store import asking
from maild.store.records import Delivery, Note, OutboxItem
from maild.store.unit import Unit

STALE = timedelta(seconds=40)  # a claim that was not renewed for so long is nobody's
IN_ORDER = timedelta(hours=1)  # so long a mail waits for an earlier one of its ticket
# Waits after the first, second … failure (H75), each ± a fifth; the last one repeats.
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240))
SPREAD = 0.2
PAUSED = "outbox paused"  # key of the Setting
UNSURE = 2  # attempts that were lost after the final dot; then it has arrived, or never will
FINAL = (SendOutcome.FAILED, SendOutcome.TOO_LARGE)
BURNS = (*FINAL, SendOutcome.LATER, SendOutcome.UNSURE)  # what counts as an attempt
DOUBTS = 3  # refusals of one mail that may have meant us, with no other mail to tell
BY_HAND = "tried again by hand"  # a Delivery: what was before it does not count
IN_BASE64 = 57 / 78  # octets of a file in one of a mail: 57 are a line (RFC 2045 §6.8)
A_PART = 1000  # octets of a mail for the head of a file and its name in the text, at most
LOST_BY_US = sentence("maild was killed twice while the relay took it")


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


def claim(
    unit: Unit,
    now: datetime,
    limit: int,
    abandoned: Collection[int] = (),
    *,
    gives_way: bool = False,
) -> list[Claimed]:
    """Takes rows that are due, oldest first; of one ticket and recipient never two at a time.

    An earlier one that waits for long (greylisting, a full mailbox) holds up no other.
    `abandoned`: rows whose claims are nobody's any more.  `gives_way`: while many mails wait to
    be heard, what others than technicians' have brought waits too, `lanes.PATIENT` at most.
    """
    held = gives_way and asking.lanes.many_wait(unit)
    due = asking.deliveries.due(
        unit,
        now,
        abandoned=abandoned,
        stuck=now - IN_ORDER,
        patient=now - asking.lanes.PATIENT if held else now,
        most=limit,
    )
    asking.deliveries.claim(unit, [item.id for item, _, _ in due], now)
    return [
        Claimed(item.id, order(item, number, note_public), item.octets, item.note_id)
        for item, number, note_public in due
    ]


def suspected(unit: Unit, now: datetime) -> dict[int, datetime]:
    """Claims that should have been renewed by now, or that a clock which is not ours wrote."""
    return asking.deliveries.claimed_outside(unit, now - STALE / 4, now + STALE / 4)


def stale(unit: Unit, now: datetime) -> set[int]:
    """Claims that are nobody's, for who cannot wait and see: by the clock on the wall."""
    return set(asking.deliveries.claimed_outside(unit, now - STALE, now + STALE))


def renew(unit: Unit, stamps: Mapping[int, datetime], now: datetime) -> set[int]:
    """Says that these are still being worked on; gives those that are not ours any more.

    `stamps`: when each was claimed or renewed last, as we know it; another daemon that took one
    over has written another time.
    """
    held = asking.deliveries.held(unit, stamps)
    ours = {key for key, claimed in held.items() if claimed == stamps[key]}
    asking.deliveries.renew(unit, ours, now)
    return set(stamps) - ours


def give_back(unit: Unit, stamps: Mapping[int, datetime], why: str | None = None) -> None:
    """What of these is still ours and was not tried waits again."""
    ours = set(stamps) - renew(unit, stamps, max(stamps.values()))
    asking.deliveries.release(unit, ours, why)


def take_back(unit: Unit) -> None:
    """All that anybody claimed waits again, where no other daemon can hold a claim."""
    asking.deliveries.release_all(unit)


def keep(unit: Unit, composed: Iterable[tuple[int, Composed]]) -> None:
    """Stores the octets: every repeat is the same mail with the same Message-ID (H77)."""
    mails = ((row_id, mail.subject, mail.octets) for row_id, mail in composed)
    asking.deliveries.composed(unit, mails)


def record(unit: Unit, done: Iterable[Done], now: datetime, give_up: timedelta) -> list[SendState]:
    """Writes down one attempt each, and what follows from it; the states that they have now."""
    attempts = list(done)
    for one in attempts:
        answer = one.answer
        unit.add(Delivery(outbox_id=one.id, at=now, code=answer.code, text=answer.text))
    unit.write()  # in their order, which what follows asks for
    sent = {
        one.id: one.answer.relay_id for one in attempts if one.answer.outcome == SendOutcome.SENT
    }
    asking.deliveries.sent(unit, sent, now)
    if sent:
        asking.deliveries.arrived(unit, sent, alerts.UNDELIVERED, now)
    others = [one for one in attempts if one.answer.outcome != SendOutcome.SENT]
    items = unit.some(OutboxItem, [one.id for one in others])
    states = [_not_sent(unit, items[one.id], one.answer, now, give_up) for one in others]
    return [SendState.SENT] * len(sent) + states


def _not_sent(
    unit: Unit, item: OutboxItem, answer: Answer, now: datetime, give_up: timedelta
) -> SendState:
    if item.state != SendState.SENDING:  # somebody else has dealt with it meanwhile
        return item.state
    burned = item.attempts + (answer.outcome in BURNS)
    unit.change(item, claimed=None, attempts=burned)
    if answer.outcome == SendOutcome.TOO_LARGE and item.data.get(FILES_BYTES) != 0:
        _with_fewer_files(unit, item, answer, now)
    elif answer.outcome == SendOutcome.UNSURE and _lost(unit, item, answer) >= UNSURE:
        unknown(unit, item, answer.text, now)
    elif _is_final(unit, item, answer) or now - _first_try(unit, item, now) > give_up:
        fail(unit, item, answer.text, now)
    else:
        later = now + back_off(max(1, burned))
        unit.change(item, state=SendState.WAITING, error=answer.text, next_try=later)
    return item.state


def _is_final(unit: Unit, item: OutboxItem, answer: Answer) -> bool:
    """A refusal that may have meant us is the recipient's where others were taken since, or where
    it comes again and again and does not speak of us."""
    if answer.outcome != SendOutcome.DOUBTFUL:
        return answer.outcome in FINAL
    refused = [a.id for a in _attempts(unit, item) if (a.code or 0) >= 500]
    if asking.deliveries.taken_since(unit, refused[0]):
        return True
    return len(refused) >= DOUBTS and not answer.speaks_of_us


def _with_fewer_files(unit: Unit, item: OutboxItem, answer: Answer, now: datetime) -> None:
    """It goes out once more at once, and says what it leaves out; who wrote it is told as well."""
    note = unit.get(Note, item.note_id) if item.note_id is not None else None
    room = 0 if note is None or FILES_BYTES in item.data else _room(item, note, answer)
    files_left_out.by_relay(unit, item, note, room, now)
    unit.change(
        item,
        data={**item.data, FILES_BYTES: room},
        octets=None,
        state=SendState.WAITING,
        error=answer.text,
        next_try=now,
    )


def _room(item: OutboxItem, note: Note, answer: Answer) -> int:
    """How many octets of files fit into a mail that the relay takes; 0 where that is not known."""
    if answer.most is None or item.octets is None:
        return 0
    passed = sum(int(f["size"]) for f in item.data["note"]["attachments"] if f.get("passed", True))
    words = max(0, len(item.octets) - int(passed / IN_BASE64))
    spare = answer.most - words - A_PART * len(note.attachments)
    return max(0, int(spare * IN_BASE64))


def _lost(unit: Unit, item: OutboxItem, answer: Answer) -> int:
    """How many attempts were lost after the final dot; this one is among them."""
    lost = [a for a in _attempts(unit, item) if a.code is None and a.text == answer.text]
    return len(lost)


def _attempts(unit: Unit, item: OutboxItem) -> list[Delivery]:
    """What was tried, oldest first, since somebody decided by hand that it is to be tried again."""
    found: list[Delivery] = []
    for attempt in asking.deliveries.attempts(unit, item.id):
        found = [] if attempt.text == BY_HAND else [*found, attempt]
    return found


def unknown(unit: Unit, item: OutboxItem, why: str, now: datetime) -> None:
    """It may have arrived; nobody sends it again by himself (H77)."""
    unit.change(item, state=SendState.UNKNOWN, error=why, claimed=None)
    text = sentence(
        'Whether the notification "{template}" to {address} has arrived is not known: {why}. It is '
        "not sent again by itself; `maild outbox retry {item}` does.",
        template=item.template,
        address=item.address,
        why=why,
        item=str(item.id),
    )
    alerts.raise_alert(unit, alerts.undelivered(item.address), text, now)


def fail(unit: Unit, item: OutboxItem, why: str, now: datetime) -> None:
    """It will not be sent: said on the row, on the ticket, and to the admins."""
    unit.change(item, state=SendState.FAILED, error=why, claimed=None)
    notify.not_delivered(unit, item, why, now)


def never_answered(unit: Unit, ids: Collection[int], now: datetime) -> None:
    """Handed over as often as is allowed, says the journal, and each time a crash came between."""
    for item in unit.some(OutboxItem, ids).values():
        unknown(unit, item, LOST_BY_US, now)


def refuse(unit: Unit, why: Mapping[int, str], now: datetime) -> None:
    """These cannot be composed."""
    for row_id, item in unit.some(OutboxItem, why).items():
        fail(unit, item, why[row_id], now)


def sent_before(unit: Unit, ids: Collection[int], now: datetime) -> None:
    """The journal says that these have left us already (H28)."""
    said = "sent before, says the journal"
    for item in unit.some(OutboxItem, ids).values():
        unit.change(item, state=SendState.SENT, sent=now, claimed=None, error=said)


def broken_template(unit: Unit, template: str, problem: str, now: datetime) -> None:
    """The shipped template went out instead of the admin's own (H72)."""
    text = sentence(
        "{problem} Until it is mended, the shipped template is sent: `maild templates check`.",
        problem=problem,
    )
    alerts.raise_alert(unit, f"template:{template}", text, now)


def pause(unit: Unit, by: str, now: datetime) -> None:
    """Nothing is sent until `resume`; mail is still taken in, and notifications wait."""
    if asking.settings.kept(unit, PAUSED) is None:
        asking.settings.keep(unit, PAUSED, {"by": by, "since": now.isoformat()})


def resume(unit: Unit) -> None:
    """Goes on."""
    asking.settings.forget(unit, PAUSED)


def paused(unit: Unit) -> Mapping[str, Any] | None:
    """Who paused the outbox, and since when; None where it is not."""
    return asking.settings.kept(unit, PAUSED)


def back_off(attempts: int) -> timedelta:
    """The wait after this many attempts, spread so that not all come back at once."""
    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
    return wait * random.uniform(1 - SPREAD, 1 + SPREAD)


def _first_try(unit: Unit, item: OutboxItem, now: datetime) -> datetime:
    """When it was tried first: the days of retrying do not count while no relay is there."""
    return min((attempt.at for attempt in _attempts(unit, item)), default=now)


def order(row: OutboxItem, number: str | None, note_public: bool | None) -> Order:
    """What is to be composed of one row.  `number`: of its ticket."""
    return Order(
        key=row.key,
        template=row.template,
        language=row.language,
        audience=row.audience,
        address=row.address,
        auto=row.auto,
        data={**row.data, "more": (row.data.get("more") or 0) + row.more} if row.more else row.data,
        message_id=row.message_id,
        in_reply_to=row.in_reply_to,
        references=tuple(row.references),
        created=row.created,
        ticket_number=number,
        person_id=row.person_id,
        note_public=note_public,
        item_id=row.id,
    )
