"""Caps in the database: loops and floods end here, whatever their headers say (E10).

A counter is a row for each key and window of time, so that a restart forgets nothing (H27) and
matching costs the same however much mail there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.config import Cap, FloodsSection
from maild.desk import alerts
from maild.store.tables import Counter, Person
from maild.store.types import KeyText, UTCDateTime

KEEP = timedelta(days=3)  # counters of older windows are swept away
STRANGER = timedelta(days=1)  # so long an address that we learned by mail is a stranger's
ALERT = "flood"  # one alert, however many caps a storm runs into

# One more in the hour and in the day, and how many that makes; every mail does this several times.
COUNT = sa.text(
    'INSERT INTO counter (key, "window", count) VALUES (:in_hour, :hour, 1), (:in_day, :day, 1) '
    'ON CONFLICT (key, "window") DO UPDATE SET count = counter.count + 1 RETURNING key, count'
).bindparams(
    sa.bindparam("in_hour", type_=KeyText()),
    sa.bindparam("hour", type_=UTCDateTime()),
    sa.bindparam("in_day", type_=KeyText()),
    sa.bindparam("day", type_=UTCDateTime()),
)


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
    for name, key, cap in outgoing_caps(mail, caps):
        if not within(session, key, cap, now):
            what = f"the cap [floods] {name} ({cap.hour} an hour, {cap.day} a day)"
            _tell(session, f"Mail to {mail.address} is kept back by {what}", now)
            return f"Kept back by {what}."
    return ""


def over(session: Session, name: str, key: str, cap: Cap, what: str, now: datetime) -> str:
    """The same for something that comes in: counts it, says which cap it is over, or ""."""
    if within(session, f"{name}:{key}", cap, now):
        return ""
    because = f"the cap [floods] {name} ({cap.hour} an hour, {cap.day} a day)"
    _tell(session, f"{what}: over {because}", now)
    return because


def within(session: Session, key: str, cap: Cap, now: datetime) -> bool:
    """Counts one more in this hour and this day; whether both are still within the cap."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    found = session.execute(
        COUNT, {"in_hour": f"h:{key}", "hour": hour, "in_day": f"d:{key}", "day": day}
    )
    in_hour, in_day = (count for _, count in sorted(found.tuples(), reverse=True))  # h:, d:
    if key == "total" and in_hour == 1:
        session.execute(sa.delete(Counter).where(Counter.window < now - KEEP))
    return bool(in_hour <= cap.hour and in_day <= cap.day)


def is_stranger(person: Person | None, now: datetime) -> bool:
    """Whether we know this address only from mail of the last day, and it is of no organization."""
    if person is None:
        return True
    fresh = person.source == "mail" and now - person.created < STRANGER
    return fresh and person.organization_id is None


def _tell(session: Session, text: str, now: datetime) -> None:
    """One alert for one storm: what comes next only counts up."""
    alerts.raise_alert(
        session,
        ALERT,
        f"More mail than the caps allow. {text}. Nothing is lost: `maild outbox` shows what was "
        "kept back, `maild explain` tells of each mail. If this is no loop, raise the cap.",
        now,
    )
