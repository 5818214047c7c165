"""Another ticket that a mail's subject names than the one that it answers: which is meant?"""

from __future__ import annotations

from collections.abc import Iterable

from maild.desk import numbers
from maild.store import asking
from maild.store.records import Ticket
from maild.store.unit import Unit


def other_named(unit: Unit, subject: str, ticket: Ticket, carried: Iterable[str]) -> Ticket | None:
    """The other ticket whose number somebody typed; what stood in `carried`, the subjects that
    were there before, nobody typed."""
    before = set(numbers.numbers_in(" ".join((ticket.number, ticket.title, *carried)).upper()))
    typed = [n for n in numbers.numbers_in(subject.upper()) if n not in before]
    found = asking.tickets.numbers(unit, typed) if typed else {}
    went = (asking.tickets.survivor(unit, found[n]) for n in typed if n in found)
    return next((t for t in went if t is not ticket and t.deleted is None), None)
