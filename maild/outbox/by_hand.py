"""What an admin does to single notifications: send again, or give up (`maild outbox`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.desk import alerts, numbers
from maild.errors import NotFound, Refused, UsageError
from maild.model import Address
from maild.outbox.journal import Journal
from maild.outbox.rows import BY_HAND
from maild.store.tables import Delivery, Event, OutboxItem, Ticket

OPEN = ("waiting", "held", "failed", "unknown", "dropped")  # what somebody may still decide about
OVER = ("failed", "unknown")


def chosen(session: Session, wanted: Sequence[str], since: datetime | None) -> list[OutboxItem]:
    """The rows that are meant, by id, address or ticket number, or all that failed since then.

    Of an address or a ticket those that did not arrive.  NotFound where one word means none.
    """
    if not wanted and since is None:
        raise UsageError("Say which: an id, an address, a ticket's number, or --since TIME.")
    found = {item.id: item for word in wanted for item in _meant(session, word)}
    if since is not None:
        last = sa.select(sa.func.max(Delivery.at)).where(Delivery.outbox_id == OutboxItem.id)
        query = sa.select(OutboxItem).where(
            OutboxItem.state.in_(OVER),
            sa.func.coalesce(last.scalar_subquery(), OutboxItem.created) >= since,
        )
        found |= {item.id: item for item in session.scalars(query)}
        if not found:
            raise NotFound("Nothing has failed since then.")
    return [found[key] for key in sorted(found)]


def _meant(session: Session, word: str) -> list[OutboxItem]:
    query = sa.select(OutboxItem).order_by(OutboxItem.id)
    if word.isdigit():
        query = query.where(OutboxItem.id == int(word))
    elif "@" in word:
        key = Address("", word).key
        query = query.where(OutboxItem.address == key, OutboxItem.state.in_(OPEN))
    elif number := next(iter(numbers.numbers_in(word)), None):
        query = query.join(Ticket).where(Ticket.number == number, OutboxItem.state.in_(OPEN))
    else:
        raise UsageError(f"{word} is no id, address or ticket number; `maild outbox` shows them.")
    items = list(session.scalars(query))
    if not items:
        raise NotFound(f"{word}: no notification is meant by this. `maild outbox` shows all.")
    return items


def again(session: Session, item: OutboxItem, journal: Journal, by: str, now: datetime) -> None:
    """Sends it with the next pass, as if for the first time; Refused where it was sent."""
    _may(item, "sent again")
    journal.refused([item.key] * journal.unanswered(item.key))  # somebody has decided
    item.state, item.attempts, item.next_try, item.error = "waiting", 0, now, None
    session.add(Delivery(outbox_id=item.id, at=now, code=None, text=BY_HAND))
    alerts.clear_alert(session, f"undelivered:{item.address}", now)
    _say(session, item, "notification tried again", by, now)


def give_up(session: Session, item: OutboxItem, by: str, now: datetime) -> None:
    """It will not be sent; Refused where it was."""
    _may(item, "dropped")
    item.state, item.error = "dropped", f"dropped by {by}"
    alerts.clear_alert(session, f"undelivered:{item.address}", now)
    _say(session, item, "notification dropped", by, now)


def _may(item: OutboxItem, what: str) -> None:
    if item.state == "sending":
        raise Refused(f"Notification {item.id} is on its way just now; ask again in a minute.")
    if item.state not in OPEN:
        raise Refused(f"Notification {item.id} is {item.state} already; it is not {what}.")


def _say(session: Session, item: OutboxItem, event: str, by: str, now: datetime) -> None:
    detail = {"template": item.template, "to": item.address}
    session.add(Event(ticket_id=item.ticket_id, at=now, event=event, by=by, detail=detail))
