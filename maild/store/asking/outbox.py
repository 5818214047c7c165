"""The outbox: notifications that wait, were sent, came back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from maild.model import Role, SendState
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import OutboxItem, Person, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_item = columns(OutboxItem)
_OF = _item.ticket_id == param("ticket")

WITH_KEY = Question(OutboxItem, _item.key == param("key"))
_WITH_KEYS = Question(OutboxItem, among(_item.key, "keys")).select
WITH_IDS = Question(OutboxItem, among(_item.message_id, "ids"), order=(_item.id,))
OF_TICKET = Question(OutboxItem, _OF, order=(_item.id,))
_SUBJECTS = Statement(
    sa.select(_item.subject).where(_OF).order_by(_item.id.desc()).limit(param("most", sa.Integer()))
)
OF_MESSAGE = Question(OutboxItem, _item.stored_id == param("message"), order=(_item.id,))
TO = Question(
    OutboxItem,
    _OF & among(_item.address, "addresses") & (_item.state != SendState.HELD),
    order=(_item.id,),
)
UNSENT = Question(
    OutboxItem,
    _OF & (_item.state == SendState.WAITING) & (_item.created == param("now")),
    order=(_item.id,),
)
BUNDLE = Question(
    OutboxItem,
    _OF
    & (_item.address == param("address"))
    & (_item.state == SendState.WAITING)
    & (_item.attempts == 0)
    & (_item.next_try > param("now"))
    & among(_item.template, "templates"),
    order=(_item.id.desc(),),
    limit=1,
)
LAST_SENT = Question(
    OutboxItem,
    among(_item.address, "addresses") & (_item.state == SendState.SENT),
    order=(_item.id.desc(),),
    limit=1,
)


def with_key(unit: Unit, key: str) -> OutboxItem | None:
    """The row of this key, if there is one already."""
    return unit.first(WITH_KEY, key=key)


def look_up(unit: Unit, keys: Iterable[str]) -> None:
    """Asks for these keys at once, as far as they were not asked for."""
    unknown = sorted(key for key in keys if not unit.knows(WITH_KEY, key=key))
    if unknown:
        rows = (unit.adopt(OutboxItem, row) for row in unit.rows(_WITH_KEYS, keys=unknown))
        found = {item.key: item for item in rows}
        for key in unknown:
            unit.prime(WITH_KEY, [found[key]] if key in found else [], key=key)


def with_ids(unit: Unit, ids: Iterable[str]) -> list[OutboxItem]:
    """Our mail with these Message-IDs, oldest first."""
    some = list(ids)
    return unit.all(WITH_IDS, ids=some) if some else []


def with_id(unit: Unit, message_id: str) -> OutboxItem | None:
    """Our mail with this Message-ID."""
    return next(iter(with_ids(unit, [message_id])), None)


def of(unit: Unit, ticket: Ticket) -> list[OutboxItem]:
    """All of a ticket, oldest first."""
    return unit.all(OF_TICKET, ticket=ticket.id)


def subjects(unit: Unit, ticket: Ticket, most: int) -> list[str]:
    """Subjects of the latest mail of a ticket, as far as it was composed."""
    rows = unit.rows(_SUBJECTS, ticket=ticket.id, most=most)
    return [subject for (subject,) in rows if subject]


def of_message(unit: Unit, stored_id: int) -> list[OutboxItem]:
    """What a stored message caused."""
    return unit.all(OF_MESSAGE, message=stored_id)


def to(unit: Unit, ticket: Ticket, addresses: Iterable[str]) -> list[OutboxItem]:
    """Mail of a ticket that went, or is to go, to these addresses."""
    return unit.all(TO, ticket=ticket.id, addresses=list(addresses))


def of_cause(unit: Unit, ticket: Ticket, cause: str, now: datetime) -> list[OutboxItem]:
    """What this very mail, clock or command has put there about the ticket, and still waits."""
    return [
        item
        for item in unit.all(UNSENT, ticket=ticket.id, now=now)
        if item.data.get("cause") == cause
    ]


def bundle(
    unit: Unit, ticket: Ticket, address: str, templates: Iterable[str], now: datetime
) -> OutboxItem | None:
    """The mail about this ticket to this address that still waits for more."""
    return unit.first(
        BUNDLE, ticket=ticket.id, address=address, templates=sorted(templates), now=now
    )


def last_sent_to(unit: Unit, addresses: Iterable[str]) -> OutboxItem | None:
    """The last mail that went to one of these."""
    some = list(addresses)
    return unit.first(LAST_SENT, addresses=some) if some else None


def person(unit: Unit, item: OutboxItem) -> Person | None:
    """Whom it is for, where it is for one whom we know."""
    return unit.get(Person, item.person_id)


def to_contacts(items: Iterable[OutboxItem]) -> list[OutboxItem]:
    """Those that go to contacts, but for what is held."""
    return [i for i in items if i.audience == Role.CONTACT and i.state != SendState.HELD]
