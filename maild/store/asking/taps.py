"""Links of our mail that were used, and how contacts found what was done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from maild.store.question import Question, param
from maild.store.records import Tap, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_tap = columns(Tap)

OF_TICKET = Question(
    Tap,
    (_tap.ticket_id == param("ticket")) & _tap.score.is_not(None),
    order=(_tap.at, _tap.key),
)
RATINGS = Question(
    Tap, (_tap.at >= param("since")) & _tap.score.is_not(None), order=(_tap.at, _tap.key)
)


def used(unit: Unit, key: str) -> Tap | None:
    """When this link was used; None: it was not."""
    return unit.get(Tap, key)


def rating(unit: Unit, ticket: Ticket) -> Tap | None:
    """How its contact found it, as said last."""
    return next(iter(reversed(unit.all(OF_TICKET, ticket=ticket.id))), None)


def ratings(unit: Unit, since: datetime) -> Iterable[Tap]:
    """Of each ticket and person what they said last."""
    found = unit.all(RATINGS, since=since)
    return {(tap.ticket_id, tap.person_id): tap for tap in found}.values()
