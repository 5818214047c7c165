"""Caps in the database: loops and floods end here, whatever their headers say (E10).

A counter is a row for each key and window of time, so that a restart forgets nothing (H27) and
matching costs the same however much mail there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from maild.config import Cap, FloodsSection
from maild.desk import alerts
from maild.store.tables import Counter, Person
from maild.store.types import keyed

KEEP = timedelta(days=3)  # counters of older windows are swept away
STRANGER = timedelta(days=1)  # so long an address that we learned by mail is a stranger's
ALERT = "flood"  # one alert, however many caps a storm runs into


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that is about to go out, as the caps see it."""

    address: str
    audience: str  # contact | resource | admin
    ticket_id: int | None
    auto: bool  # a machine's words, not a person's
    stranger: bool  # first seen within a day
    by_resource: bool  # what a technician did himself (proven) caused it


def outgoing_caps(mail: Outgoing, caps: FloodsSection) -> list[tuple[str, str, Cap]]:
    """(name, key, cap) of every cap that this mail counts against, the narrowest first."""
    about = f"{mail.ticket_id or 0}:{mail.address}"
    found = [
        ("conversation", f"conversation:{about}", caps.conversation)
        if mail.auto and not mail.by_resource
        else ("words", f"words:{about}", caps.words)
    ]
    if mail.auto or not mail.by_resource:
        if mail.audience != "contact":
            found.append(("resource", f"resource:{mail.address}", caps.resource))
        elif mail.auto and not mail.by_resource:
            found.append(("recipient", f"recipient:{mail.address}", caps.recipient))
            if mail.stranger:
                found.append(("strangers", "strangers", caps.strangers))
        found.append(("total", "total", caps.total))
    return found


def over_outgoing(session: Session, mail: Outgoing, caps: FloodsSection, now: datetime) -> str:
    """Which cap keeps this mail back, in words for people; "" where none does.  It is counted."""
    wanted = outgoing_caps(mail, caps)
    over_at = first_over(session, [(key, cap) for _, key, cap in wanted], now)
    if over_at is None:
        return ""
    name, _, cap = wanted[over_at]
    what = f"the cap [floods] {name} ({cap.hour} an hour, {cap.day} a day)"
    _tell(session, f"Mail to {mail.address} is kept back by {what}", now)
    return f"Kept back by {what}."


def over(session: Session, name: str, key: str, cap: Cap, what: str, now: datetime) -> str:
    """The same for something that comes in: counts it, says which cap it is over, or ""."""
    if first_over(session, [(f"{name}:{key}", cap)], now) is None:
        return ""
    because = f"the cap [floods] {name} ({cap.hour} an hour, {cap.day} a day)"
    _tell(session, f"{what}: over {because}", now)
    return because


def first_over(session: Session, wanted: list[tuple[str, Cap]], now: datetime) -> int | None:
    """Counts one more for these keys; which of them is over its cap, or None.

    What one cap stops does not count against the later ones: a loop uses up nobody else's share.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    keys = [keyed(f"{key}:{unit}") for key, _ in wanted for unit in "hd"]
    query = sa.select(Counter.key, Counter.count).where(
        Counter.key.in_(keys), Counter.window.in_((hour, day))
    )
    so_far: dict[str, int] = dict(session.execute(query).tuples().all())
    if not so_far and keys:
        session.execute(sa.delete(Counter).where(Counter.window < now - KEEP))
    over_at = next(
        (
            index
            for index, (_, cap) in enumerate(wanted)
            if so_far.get(keys[2 * index], 0) >= cap.hour
            or so_far.get(keys[2 * index + 1], 0) >= cap.day
        ),
        None,
    )
    counted = keys if over_at is None else keys[: 2 * over_at + 2]
    windows = (hour, day)
    session.connection().execute(
        _one_more(session.get_bind().dialect.name),
        [{"key": key, "window": windows[n % 2], "count": 1} for n, key in enumerate(counted)],
    )
    return over_at


def is_stranger(person: Person | None, now: datetime) -> bool:
    """Whether we know this address only from mail of the last day, and it is of no organization."""
    if person is None:
        return True
    fresh = person.source == "mail" and now - person.created < STRANGER
    return fresh and person.organization_id is None


@cache
def _one_more(dialect: str) -> Any:
    insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(Counter.__table__)
    return insert.on_conflict_do_update(
        index_elements=["key", "window"], set_={"count": Counter.__table__.c.count + 1}
    )


def _tell(session: Session, text: str, now: datetime) -> None:
    """One alert for one storm: what comes next only counts up."""
    alerts.raise_alert(
        session,
        ALERT,
        f"More mail than the caps allow. {text}. Nothing is lost: `maild outbox` shows what was "
        "kept back, `maild explain` tells of each mail. If this is no loop, raise the cap.",
        now,
    )
