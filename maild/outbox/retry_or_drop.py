"""What an admin does to single notifications: send again, or give up (`maild outbox`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from maild.desk import alerts, numbers
from maild.errors import NotFound, Refused, UsageError
from maild.model import Address, EventName, SendState
from maild.outbox.journal import Journal
from maild.outbox.rows import BY_HAND
from maild.store import asking
from maild.store.asking.outbox import OPEN
from maild.store.records import Delivery, Event, OutboxItem
from maild.store.unit import Unit


def chosen(unit: Unit, wanted: Sequence[str], since: datetime | None) -> list[OutboxItem]:
    """The rows that are meant, by id, address or ticket number, or all that failed since then.

    Of an address or a ticket those that did not arrive.  NotFound where one word means none.
    """
    if not wanted and since is None:
        raise UsageError("Say which: an id, an address, a ticket's number, or --since TIME.")
    found = {item.id: item for word in wanted for item in _meant(unit, word)}
    if since is not None:
        found |= {item.id: item for item in asking.outbox.over_since(unit, since)}
        if not found:
            raise NotFound("Nothing has failed since then.")
    return [found[key] for key in sorted(found)]


def _meant(unit: Unit, word: str) -> list[OutboxItem]:
    if word.isdigit():
        item = unit.get(OutboxItem, int(word))
        items = [item] if item is not None else []
    elif "@" in word:
        items = asking.outbox.open_to(unit, Address("", word).key)
    elif number := next(iter(numbers.numbers_in(word)), None):
        ticket = asking.tickets.numbered(unit, number)
        items = asking.outbox.open_of(unit, ticket) if ticket is not None else []
    else:
        raise UsageError(f"{word} is no id, address or ticket number; `maild outbox` shows them.")
    if not items:
        raise NotFound(f"{word}: no notification is meant by this. `maild outbox` shows all.")
    return items


def again(unit: Unit, item: OutboxItem, journal: Journal, by: str, now: datetime) -> None:
    """Sends it with the next pass, as if for the first time; Refused where it was sent."""
    _may(item, "sent again")
    journal.refused([item.key] * journal.unanswered([item.key])[item.key])  # somebody has decided
    unit.change(item, state=SendState.WAITING, attempts=0, next_try=now, error=None)
    unit.add(Delivery(outbox_id=item.id, at=now, code=None, text=BY_HAND))
    _say(unit, item, EventName.NOTIFICATION_RETRIED, by, now)


def give_up(unit: Unit, item: OutboxItem, by: str, now: datetime) -> None:
    """It will not be sent; Refused where it was."""
    _may(item, "dropped")
    unit.change(item, state=SendState.DROPPED, error=f"dropped by {by}")
    _say(unit, item, EventName.NOTIFICATION_DROPPED, by, now)


def _may(item: OutboxItem, what: str) -> None:
    if item.state == SendState.SENDING:
        raise Refused(f"Notification {item.id} is on its way just now; ask again in a minute.")
    if item.state not in OPEN:
        raise Refused(f"Notification {item.id} is {item.state} already; it is not {what}.")


def _say(unit: Unit, item: OutboxItem, event: EventName, by: str, now: datetime) -> None:
    """Somebody has decided: the alert is over, and the ticket says what he did."""
    alerts.clear_alert(unit, alerts.undelivered(item.address), now)
    detail = {"template": item.template, "to": item.address}
    unit.add(Event(ticket_id=item.ticket_id, at=now, event=event, by=by, detail=detail))
