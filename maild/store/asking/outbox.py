"""The outbox: notifications that wait, were sent, came back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from maild.model import Role, SendState
from maild.relay_ids import as_kept
from maild.store.prepared import Asked, Row, Statement
from maild.store.question import Question, among, param
from maild.store.records import Delivery, OutboxItem, Person, Ticket
from maild.store.schema import TABLES, columns, row_of
from maild.store.types import UTCDateTime, keyed
from maild.store.unit import Unit

_item = columns(OutboxItem)
_OF = _item.ticket_id == param("ticket")

WITH_KEY = Question(OutboxItem, _item.key == param("key"))
_WITH_KEYS = Question(OutboxItem, among(_item.key, "keys")).select
WITH_ID = Question(
    OutboxItem,
    (_item.message_id == param("message_id")) | (_item.relay_id == param("message_id")),
    order=(_item.id,),
)
_WITH_IDS = Question(
    OutboxItem, among(_item.message_id, "ids") | among(_item.relay_id, "ids")
).select
BEGUN = Question(
    OutboxItem,
    (_item.key >= param("first")) & (_item.key <= param("last")),
    order=(_item.id,),
    limit=1,
)
LATEST = Question(
    OutboxItem,
    _item.template == param("template"),
    order=(_item.id.desc(),),
    limit=20,
)
LATEST_OF_ALL = Question(OutboxItem, sa.true(), order=(_item.id.desc(),), limit=20)
EVERY = Question(OutboxItem, sa.true(), order=(_item.id,))
NEWEST = Question(OutboxItem, sa.true(), order=(_item.id.desc(),), limit=100)
OF_TICKET = Question(OutboxItem, _OF, order=(_item.id,))
_SUBJECTS = Statement(
    sa.select(_item.subject).where(_OF).order_by(_item.id.desc()).limit(param("most", sa.Integer()))
)
OF_MESSAGE = Question(OutboxItem, _item.stored_id == param("message"), order=(_item.id,))
WENT = Question(OutboxItem, _OF & _item.state.not_in((SendState.HELD, SendState.UNSENT)))
_OF_WENT = (
    "created",
    "address",
    "message_id",
    "note_id",
    "relay_id",
)  # all that anybody asks, so once
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
_LIST = (
    (_item.address == param("address"))
    & (_item.template == param("template"))
    & (_item.state == SendState.WAITING)
    & (_item.attempts == 0)
)
WAITING_LIST = Question(
    OutboxItem, _LIST & (_item.next_try > param("now")), order=(_item.id.desc(),), limit=1
)
FULL_LIST = Statement(  # without when it goes out, as SQLite would look for that first
    sa.select(_item.id, _item.next_try)
    .where(_LIST, _item.more > 0)
    .order_by(_item.id.desc())
    .limit(1)
)
_ONE_MORE = Statement(
    sa.update(TABLES[OutboxItem])
    .where(_item.id == param("list"))
    .values(more=_item.more + param("count"))
)
LAST_SENT = Question(
    OutboxItem,
    among(_item.address, "addresses") & (_item.state == SendState.SENT),
    order=(_item.id.desc(),),
    limit=1,
)


# What somebody may still decide about, and what is over without having arrived.
OVER = (SendState.FAILED, SendState.UNKNOWN)
OPEN = (SendState.WAITING, SendState.HELD, *OVER, SendState.DROPPED)
_IS_OPEN = _item.state.in_(OPEN)

OPEN_TO = Question(OutboxItem, (_item.address == param("address")) & _IS_OPEN)
OPEN_OF = Question(OutboxItem, _OF & _IS_OPEN)
_LAST_TRY = (
    sa.select(sa.func.max(columns(Delivery).at))
    .where(columns(Delivery).outbox_id == _item.id)
    .scalar_subquery()
)
_OVER_SINCE = Statement(
    sa.select(*row_of(OutboxItem))
    .where(_item.state.in_(OVER))
    .where(sa.func.coalesce(_LAST_TRY, _item.created) >= param("since", UTCDateTime()))
)


def open_to(unit: Unit, address: str) -> list[OutboxItem]:
    """What did not arrive at this address, as far as somebody may still decide about it."""
    return unit.all(OPEN_TO, address=address)


def open_of(unit: Unit, ticket: Ticket) -> list[OutboxItem]:
    """The same of a ticket."""
    return unit.all(OPEN_OF, ticket=ticket.id)


def over_since(unit: Unit, since: datetime) -> list[OutboxItem]:
    """What failed since then, by its last attempt."""
    return [unit.adopt(OutboxItem, row) for row in unit.rows(_OVER_SINCE, since=since)]


@dataclass(frozen=True, slots=True)
class Summary:
    """A notification without what is heavy of it."""

    id: int
    state: SendState
    template: str
    address: str
    message_id: str
    relay_id: str | None
    subject: str | None
    attempts: int
    next_try: datetime
    created: datetime
    sent: datetime | None
    error: str | None
    ticket: str | None  # its number


_SUMMARY = sa.select(
    *(getattr(_item, field.name) for field in fields(Summary)[:-1]), columns(Ticket).number
).outerjoin_from(TABLES[OutboxItem], TABLES[Ticket], columns(Ticket).id == _item.ticket_id)
_SUMMARIES = Statement(_SUMMARY.order_by(_item.id.desc()).limit(param("most", sa.Integer())))
_ONE = Statement(_SUMMARY.where(_item.id == param("item")))
ALL = 2**31 - 1  # more than there are

# Lists of an admin: by what became of them, of one address or ticket, from a row on.
GROUPS: dict[str, tuple[SendState, ...]] = {
    "": (),  # all there are
    "waiting": (SendState.WAITING, SendState.SENDING, SendState.HELD),
    "failed": OVER,
    "sent": (SendState.SENT,),
    "given up": (SendState.DROPPED, SendState.UNSENT),
}
_ABOUT = {
    "": sa.true(),
    "address": _item.address == param("about"),
    "ticket": _item.ticket_id.in_(
        sa.select(columns(Ticket).id).where(columns(Ticket).number == param("about"))
    ),
}


def _page(states: tuple[SendState, ...], which: sa.ColumnElement[bool]) -> Statement:
    """Which they are is found out first, from an index: of very many only their numbers are put in
    order."""
    among = _item.state.in_(states) if states else sa.true()
    found = sa.select(_item.id).where(_item.id < param("before"), among, which)
    newest = found.order_by(_item.id.desc()).limit(param("most", sa.Integer()))
    return Statement(_SUMMARY.where(_item.id.in_(newest)).order_by(_item.id.desc()))


_PAGES = {
    (group, about): _page(states, which)
    for group, states in GROUPS.items()
    for about, which in _ABOUT.items()
}


def newest(unit: Unit, most: int = ALL) -> list[Summary]:
    """The newest first."""
    return [Summary(*row) for row in unit.rows(_SUMMARIES, most=most)]


def summary(unit: Unit, item_id: int) -> Summary | None:
    """One of them."""
    return next((Summary(*row) for row in unit.rows(_ONE, item=item_id)), None)


def page(unit: Unit, group: str, about: str, before: int, most: int) -> list[Summary]:
    """Those of a group (`GROUPS`) before this row, the newest first; `about`: of this address or
    ticket alone."""
    kind = ("address" if "@" in about else "ticket") if about else ""
    values = {"before": before, "most": most} | ({"about": about} if about else {})
    return [Summary(*row) for row in unit.rows(_PAGES[group, kind], **values)]


def count(unit: Unit) -> int:
    """How many there ever were."""
    return unit.count(EVERY)


_MADE = Statement(
    sa.select(sa.func.count(_item.id), sa.func.count(_item.id).filter(_item.state.in_(OVER))).where(
        _item.template == param("template"), _item.created >= param("since")
    )
)


def made_since(unit: Unit, template: str, since: datetime) -> tuple[int, int]:
    """How many notifications of this kind were written since, and how many of them failed."""
    [(made, failed)] = unit.rows(_MADE, template=template, since=since)
    return int(made), int(failed)


def latest(unit: Unit, template: str) -> list[OutboxItem]:
    """The newest twenty notifications of this kind, the newest first."""
    return unit.all(LATEST, template=template)


def latest_of_all(unit: Unit) -> list[OutboxItem]:
    """The newest twenty notifications of whatever kind, the newest first."""
    return unit.all(LATEST_OF_ALL)


PENDING = Question(
    OutboxItem, _item.state.in_((SendState.WAITING, SendState.SENDING)), order=(_item.id,)
)


def pending(unit: Unit) -> list[OutboxItem]:
    """All that is still to go out, or on its way."""
    return unit.all(PENDING)


def with_key(unit: Unit, key: str, *, only_mine: bool = False) -> OutboxItem | None:
    """The row of this key, if there is one already; `only_mine`: if this unit has added it."""
    if only_mine:
        return next((item for item in unit.added(OutboxItem) if item.key == key), None)
    return unit.first(WITH_KEY, key=key)


def with_key_begun(unit: Unit, beginning: str) -> OutboxItem | None:
    """The row whose key, in hexadecimal, begins so."""
    return unit.first(BEGUN, first=beginning.ljust(64, "0"), last=beginning.ljust(64, "f"))


def look_up(unit: Unit, keys: Iterable[str]) -> None:
    """Asks for these keys at once, as far as they were not asked for."""
    unknown = sorted(key for key in keys if not unit.knows(WITH_KEY, key=key))
    if unknown:
        rows = (unit.adopt(OutboxItem, row) for row in unit.rows(_WITH_KEYS, keys=unknown))
        found = {item.key: item for item in rows}
        for key in unknown:
            unit.prime(WITH_KEY, [found[key]] if key in found else [], key=key)


def with_id(unit: Unit, message_id: str) -> OutboxItem | None:
    """Our mail with this Message-ID, be it ours or the one that the relay gave it."""
    return unit.first(WITH_ID, message_id=as_kept(message_id))


def with_ids(unit: Unit, ids: Iterable[str]) -> list[OutboxItem]:
    """Our mail with these Message-IDs, oldest first."""
    wanted = list(ids)
    look_up_ids(unit, wanted)
    found = {item.id: item for i in wanted if (item := with_id(unit, i)) is not None}
    return [found[key] for key in sorted(found)]


def look_up_ids(unit: Unit, ids: Iterable[str]) -> None:
    """Asks at once for our mail with these Message-IDs."""
    unknown = sorted({i for i in map(as_kept, ids) if not unit.knows(WITH_ID, message_id=i)})
    if not unknown:
        return
    found: dict[str, OutboxItem] = {}
    for row in unit.rows(_WITH_IDS, ids=unknown):
        item = unit.adopt(OutboxItem, row)
        found[item.message_id] = item
        if item.relay_id is not None:
            found.setdefault(item.relay_id, item)
    for message_id in unknown:
        item_or_none = found.get(keyed(message_id))
        answer = [item_or_none] if item_or_none is not None else []
        unit.prime(WITH_ID, answer, message_id=message_id)


def ids_asked(ids: Iterable[str]) -> Asked:
    """What `look_up_ids` asks the database where it knows none of these."""
    return _WITH_IDS, {"ids": sorted(set(map(as_kept, ids)))}


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


def went(unit: Unit, ticket: Ticket) -> list[Row]:
    """(when, to which address, Message-ID, the one that the relay gave it or None) of all mail of a
    ticket."""
    rows = unit.values(WENT, *_OF_WENT, ticket=ticket.id)
    return [(*row[:3], row[4]) for row in rows]


def went_asked(ticket: Ticket) -> Asked:
    """What `went` and `notes_told` ask the database."""
    return WENT.only(_OF_WENT), {"ticket": ticket.id}


def of_cause(unit: Unit, ticket: Ticket, cause: str) -> list[OutboxItem]:
    """What this very mail, clock or command has put there about the ticket, and still waits.

    A cause is one unit of work, so all of it is what this unit has added.
    """
    return [
        item
        for item in unit.added(OutboxItem)
        if item.ticket_id == ticket.id
        and item.state in (SendState.WAITING, SendState.UNSENT)
        and item.data.get("cause") == mark_of(cause)
    ]


@lru_cache(maxsize=64)
def mark_of(cause: str) -> str:
    """What the facts of a notification say of its cause."""
    return hashlib.blake2b(cause.encode("utf-8", "replace"), digest_size=6).hexdigest()


def bundle(
    unit: Unit, ticket: Ticket, address: str, templates: Iterable[str], now: datetime
) -> OutboxItem | None:
    """The mail about this ticket to this address that still waits for more."""
    return unit.first(
        BUNDLE, ticket=ticket.id, address=address, templates=sorted(templates), now=now
    )


def waiting_list(unit: Unit, address: str, template: str, now: datetime) -> OutboxItem | None:
    """The mail of this template to this address that still waits, of no ticket."""
    return unit.first(WAITING_LIST, address=address, template=template, now=now)


def one_more(unit: Unit, address: str, template: str, now: datetime) -> bool:
    """Counts one more thing that such a list does not show any more; False where none is so."""
    rows = unit.rows(FULL_LIST, address=address, template=template)
    for row_id, next_try in rows:
        if next_try <= now:
            return False
        before = unit.deferred(_ONE_MORE, row_id)
        count = 1 + (int(before["count"]) if before else 0)
        unit.defer(_ONE_MORE, row_id, list=row_id, count=count)
    return bool(rows)


def last_sent_to(unit: Unit, addresses: Iterable[str]) -> OutboxItem | None:
    """The last mail that went to one of these."""
    some = list(addresses)
    return unit.first(LAST_SENT, addresses=some) if some else None


def notes_told(unit: Unit, ticket: Ticket, address: str) -> frozenset[int]:
    """The notes of a ticket that were sent to this address, or are about to be."""
    rows = unit.values(WENT, *_OF_WENT, ticket=ticket.id)
    return frozenset(note for _, to_, _, note, _ in rows if to_ == address and note is not None)


def person(unit: Unit, item: OutboxItem) -> Person | None:
    """Whom it is for, where it is for one whom we know."""
    return unit.get(Person, item.person_id)


def to_contacts(items: Iterable[OutboxItem]) -> list[OutboxItem]:
    """Those that go to contacts, but for what is held."""
    return [i for i in items if i.audience == Role.CONTACT and i.state != SendState.HELD]
