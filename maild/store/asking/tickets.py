"""Tickets: by their number, by who is of them, by what ties them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from maild.model import LinkKind, StatusKind, TicketRole
from maild.store.asking import people as _people
from maild.store.asking.people import bring
from maild.store.prepared import Asked, Statement
from maild.store.question import Question, among, param
from maild.store.records import (
    Event,
    FormerNumber,
    Mention,
    NumberSeries,
    Organization,
    Person,
    Thread,
    Ticket,
    TicketLink,
    TicketPerson,
    TimeEntry,
)
from maild.store.schema import TABLES, columns
from maild.store.types import keyed
from maild.store.unit import Unit

_ticket, _link, _of = columns(Ticket), columns(TicketLink), columns(TicketPerson)
_time, _event, _thread = columns(TimeEntry), columns(Event), columns(Thread)
_former = columns(FormerNumber)
_mention = columns(Mention)

UNFINISHED = _ticket.status_kind.not_in((StatusKind.RESOLVED, StatusKind.CLOSED))
OPEN = _ticket.status_kind != StatusKind.CLOSED
THERE = _ticket.deleted.is_(None)
HOPS = 20  # tickets that were merged into tickets that were merged …

# both sides of shared ones: a condition on `twin_of` would be looked up first, in all tickets
NUMBERED = Question(Ticket, among(_ticket.number, "numbers"))
TWIN = Question(Ticket, _ticket.twin_of == param("first"))
FORMER = Question(FormerNumber, among(_former.number, "numbers"))
PEOPLE = Question(TicketPerson, _of.ticket_id == param("ticket"), order=(_of.id,))
LINK = Question(
    TicketLink,
    (_link.ticket_id == param("ticket"))
    & (_link.other_id == param("other"))
    & (_link.kind == param("kind")),
)
FOLLOWING = Question(
    TicketLink,
    (_link.other_id == param("ticket")) & (_link.kind == LinkKind.FOLLOW_UP),
    order=(_link.id.desc(),),
    limit=20,
)
TIMES = Question(TimeEntry, _time.ticket_id == param("ticket"), order=(_time.id,))
TIMES_OF = Question(
    TimeEntry,
    (_time.by_id == param("person"))
    & (_time.worked_on >= param("start"))
    & (_time.worked_on < param("end")),
    order=(_time.worked_on, _time.id),
)
TIMES_BETWEEN = Question(
    TimeEntry,
    (_time.worked_on >= param("start")) & (_time.worked_on < param("end")),
    order=(_time.worked_on, _time.id),
)
EVENTS = Question(Event, _event.ticket_id == param("ticket"), order=(_event.id,))
LATEST_OF = Question(
    Event,
    among(_event.event, "events") & _event.ticket_id.is_not(None),
    order=(_event.id.desc(),),
    limit=100,
)
LAST_EVENT = Question(
    Event,
    (_event.ticket_id == param("ticket")) & (_event.event == param("event")),
    order=(_event.id.desc(),),
    limit=1,
)
THREADS = Question(
    Thread, _thread.message_id == param("message_id"), order=(_thread.nth, _thread.ticket_id)
)
_THREADS = Statement(
    sa.select(TABLES[Thread], TABLES[Ticket])
    .join(TABLES[Ticket], _ticket.id == _thread.ticket_id)
    .where(among(_thread.message_id, "ids"))
    .order_by(_thread.nth, _thread.ticket_id)
    .with_for_update(of=TABLES[Ticket])  # who answers a ticket writes it
)
MENTIONED = Question(
    Mention,
    among(_mention.message_id, "ids") & (_mention.at >= param("since")),
    order=(_mention.id.desc(),),
    limit=50,
)
MENTION = Question(
    Mention, (_mention.message_id == param("message_id")) & (_mention.ticket_id == param("ticket"))
)
INCIDENTS = Question(
    Ticket, (_ticket.parent_id == param("ticket")) & OPEN & THERE, order=(_ticket.id,)
)
CORRELATED = Question(
    Ticket,
    (_ticket.correlation == param("correlation"))
    & THERE
    & (_ticket.completed.is_(None) | (_ticket.completed > param("since"))),
    order=(_ticket.id.desc(),),
)
LAST_OF = Question(
    Ticket,
    (_ticket.contact_id == param("contact")) & _ticket.twin_of.is_(None) & THERE,
    order=(_ticket.id.desc(),),
    limit=1,
)
LOAD = Question(Ticket, (_ticket.primary_id == param("resource")) & UNFINISHED & THERE)
OPEN_OF = Question(Ticket, LOAD.where, order=(_ticket.due.is_(None), _ticket.due, _ticket.id))


# ---- by number, and where a ticket went


def numbered(unit: Unit, number: str) -> Ticket | None:
    """The ticket of this number, in any case and however it is bracketed; of a shared one the
    side that had it first."""
    return numbers(unit, [number.strip("[]# ").upper()]).get(number.strip("[]# ").upper())


def numbers(unit: Unit, wanted: Iterable[str]) -> Mapping[str, Ticket]:
    """The tickets of these numbers, by them."""
    some = set(wanted)
    found = {t.number: t for t in unit.known(Ticket) if t.number in some and t.twin_of is None}
    unknown = sorted(some - found.keys())
    if unknown:
        there = unit.all(NUMBERED, numbers=unknown)
        found |= {t.number: t for t in there if t.twin_of is None}
    return found


def other_side(unit: Unit, ticket: Ticket) -> Ticket | None:
    """The other side's ticket of a shared one; None where it is not shared."""
    if not ticket.shared_side:
        return None
    if ticket.twin_of is not None:
        return unit.get(Ticket, ticket.twin_of)
    return unit.first(TWIN, first=ticket.id)


def former(unit: Unit, numbers: Iterable[str]) -> list[FormerNumber]:
    """Which tickets had these numbers at another helpdesk."""
    return unit.all(FORMER, numbers=sorted(numbers))


def survivor(unit: Unit, ticket: Ticket, before: Ticket | None = None) -> Ticket:
    """The ticket that it was merged into in the end, or the last one before `before`; itself
    where it was not merged."""
    for _ in range(HOPS):
        into = unit.get(Ticket, ticket.merged_id)
        if into is None or into is before:
            break
        ticket = into
    return ticket


def next_number(unit: Unit, day: str) -> int:
    """The day's next number; nobody else gets it, as the day's row is ours until the end."""
    series = unit.get(NumberSeries, day)
    if series is None:
        return unit.add(NumberSeries(day=day, last=1)).last
    unit.change(series, last=series.last + 1)
    return series.last


def look_up(unit: Unit, ids: Iterable[str]) -> None:
    """Asks at once to which tickets these Message-IDs belong."""
    wanted = sorted({i for i in ids if not unit.knows(THREADS, message_id=i)})
    if not wanted:
        return
    width = len(_thread)
    found: dict[str, list[Thread]] = {}
    for row in unit.rows(_THREADS, ids=wanted):
        thread = unit.adopt(Thread, row[:width])
        unit.adopt(Ticket, row[width:])
        found.setdefault(thread.message_id, []).append(thread)
    for message_id in wanted:
        unit.prime(THREADS, found.get(keyed(message_id), []), message_id=message_id)


def ids_asked(ids: Iterable[str]) -> Asked:
    """What `look_up` asks the database where it knows none of these."""
    return _THREADS, {"ids": sorted(set(ids))}


def of_message_id(unit: Unit, message_id: str) -> list[tuple[Thread, Ticket]]:
    """What a Message-ID belongs to, and the ticket or where that went.

    It can belong to several: whoever writes a mail chooses its id.
    """
    found = ((t, unit.get(Ticket, t.ticket_id)) for t in unit.all(THREADS, message_id=message_id))
    return [(thread, survivor(unit, ticket)) for thread, ticket in found if ticket is not None]


def mentioned(unit: Unit, ids: Iterable[str], since: datetime) -> list[tuple[Mention, Ticket]]:
    """Which tickets' mail has answered one of these since then, and the ticket or where that
    went; newest first."""
    wanted = _mentions(ids)
    rows = unit.all(MENTIONED, ids=wanted, since=since) if wanted else []
    found = ((mention, unit.get(Ticket, mention.ticket_id)) for mention in rows)
    return [(mention, survivor(unit, ticket)) for mention, ticket in found if ticket is not None]


def mentioned_asked(unit: Unit, ids: Iterable[str], since: datetime) -> Asked:
    """What `mentioned` asks the database."""
    return unit.about(MENTIONED, ids=_mentions(ids), since=since)


def _mentions(ids: Iterable[str]) -> list[str]:
    return [keyed(message_id) for message_id in ids]


def mention(unit: Unit, message_id: str, ticket: Ticket) -> Mention | None:
    """What is written down of mail of this ticket that answers it."""
    return unit.first(MENTION, message_id=message_id, ticket=ticket.id)


def threads(unit: Unit, message_id: str) -> list[Thread]:
    """To which tickets mail in answer to this Message-ID is known to belong, as they came."""
    return unit.all(THREADS, message_id=message_id)


# ---- who is of it


def contact(unit: Unit, ticket: Ticket) -> Person | None:
    """Whose it is; his addresses are known then too, as whoever asks for him writes to him."""
    bring(unit, [ticket.contact_id])
    return unit.get(Person, ticket.contact_id)


def primary(unit: Unit, ticket: Ticket) -> Person | None:
    """The resource who has it."""
    return unit.get(Person, ticket.primary_id)


def organization(unit: Unit, ticket: Ticket) -> Organization | None:
    return unit.get(Organization, ticket.organization_id)


def parent(unit: Unit, ticket: Ticket) -> Ticket | None:
    """The Problem that it hangs on (N13)."""
    return unit.get(Ticket, ticket.parent_id)


def people(unit: Unit, ticket: Ticket) -> list[TicketPerson]:
    """Who else is of it, in which role."""
    return unit.all(PEOPLE, ticket=ticket.id)


def people_asked(unit: Unit, ticket: Ticket) -> Asked:
    """What `people` asks the database."""
    return unit.about(PEOPLE, ticket=ticket.id)


def with_role(unit: Unit, ticket: Ticket, role: TicketRole) -> list[Person]:
    """The people who are of the ticket in this role."""
    found = (unit.get(Person, p.person_id) for p in people(unit, ticket) if p.role == role)
    return [person for person in found if person is not None]


def gather(unit: Unit, ticket: Ticket) -> None:
    """Reads all who are of the ticket at once."""
    others = [p.person_id for p in people(unit, ticket)]
    _people.bring(unit, [ticket.contact_id, ticket.primary_id, *others])


# ---- what belongs to it


def times(unit: Unit, ticket: Ticket) -> list[TimeEntry]:
    """All work on it, oldest entry first."""
    return unit.all(TIMES, ticket=ticket.id)


def times_asked(unit: Unit, ticket: Ticket) -> Asked:
    """What `times` asks the database."""
    return unit.about(TIMES, ticket=ticket.id)


def minutes(unit: Unit, ticket: Ticket) -> int:
    """All working time entered on it."""
    return sum(entry.minutes for entry in times(unit, ticket))


def times_of(
    unit: Unit, person: Person, start: datetime, end: datetime
) -> list[tuple[TimeEntry, Ticket]]:
    """A resource's work of a span of time, with the tickets that it was on."""
    return _with_tickets(unit, unit.all(TIMES_OF, person=person.id, start=start, end=end))


def times_between(unit: Unit, start: datetime, end: datetime) -> list[tuple[TimeEntry, Ticket]]:
    """Everybody's work of a span of time."""
    return _with_tickets(unit, unit.all(TIMES_BETWEEN, start=start, end=end))


def times_around(
    unit: Unit, person: Person, start: datetime, end: datetime
) -> list[tuple[TimeEntry, Ticket]]:
    """His work that can share time with this span: what began up to a day before it."""
    return times_of(unit, person, start - timedelta(days=1), end)


def _with_tickets(unit: Unit, found: list[TimeEntry]) -> list[tuple[TimeEntry, Ticket]]:
    unit.some(Ticket, [entry.ticket_id for entry in found])
    pairs = ((entry, unit.get(Ticket, entry.ticket_id)) for entry in found)
    return [(entry, ticket) for entry, ticket in pairs if ticket is not None]


def latest_events(unit: Unit, names: Iterable[str]) -> list[Event]:
    """The newest hundred events of these kinds, of any ticket, the newest first."""
    return unit.all(LATEST_OF, events=sorted(names))


def events(unit: Unit, ticket: Ticket) -> list[Event]:
    """All that happened to it."""
    return unit.all(EVENTS, ticket=ticket.id)


def last_event(unit: Unit, ticket: Ticket, event: str) -> Event | None:
    """The latest of this name."""
    return unit.first(LAST_EVENT, ticket=ticket.id, event=event)


# ---- others


def link(unit: Unit, ticket: Ticket, other: Ticket, kind: LinkKind) -> TicketLink | None:
    """What ties the two together in this way."""
    return unit.first(LINK, ticket=ticket.id, other=other.id, kind=kind)


def followers(unit: Unit, ticket: Ticket) -> list[Ticket]:
    """The tickets that were opened to follow this one, newest first."""
    found = (unit.get(Ticket, link.ticket_id) for link in unit.all(FOLLOWING, ticket=ticket.id))
    return [later for later in found if later is not None and later is not ticket]


def incidents(unit: Unit, ticket: Ticket) -> list[Ticket]:
    """The open tickets that hang on this Problem (N13)."""
    return unit.all(INCIDENTS, ticket=ticket.id)


def correlated(unit: Unit, key: str, since: datetime) -> list[Ticket]:
    """Tickets of an alert's key, newest first, without those completed before `since`."""
    return unit.all(CORRELATED, correlation=key, since=since)


def last_of(unit: Unit, contact: Person) -> Ticket | None:
    """The latest ticket of this contact."""
    return unit.first(LAST_OF, contact=contact.id)


def open_of(unit: Unit, resource: Person) -> list[Ticket]:
    """What he has to do: what is due first, first."""
    return unit.all(OPEN_OF, resource=resource.id)


def load(unit: Unit, resource: Person) -> int:
    """How many unfinished tickets he has."""
    return unit.count(LOAD, resource=resource.id)
