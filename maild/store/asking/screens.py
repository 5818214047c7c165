"""All that one screen shows, in a fixed number of questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maild.model import EventName, Role, TicketRole
from maild.spool import Mass
from maild.store.prepared import Statement
from maild.store.question import Question, among, param
from maild.store.records import (
    Event,
    Message,
    Note,
    Organization,
    OutboxItem,
    Person,
    PersonAddress,
    Raw,
    Ticket,
    TicketLink,
    TicketPerson,
    TimeEntry,
)
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_ticket, _note, _message = columns(Ticket), columns(Note), columns(Message)
_of, _time, _event, _link = (
    columns(TicketPerson),
    columns(TimeEntry),
    columns(Event),
    columns(TicketLink),
)
_outbox, _person, _address, _raw = (
    columns(OutboxItem),
    columns(Person),
    columns(PersonAddress),
    columns(Raw),
)
_organization = columns(Organization)

EVENTS = 300  # the latest of a ticket that its page has
MOST = 2**31 - 1  # all there are
LATEST = 25  # notes of a conversation that are shown at once: a page stays light

NUMBERED = Question(Ticket, _ticket.number == param("number"))
TIMES = Question(TimeEntry, _time.ticket_id == param("ticket"), order=(_time.worked_on, _time.id))
PEOPLE = Question(TicketPerson, _of.ticket_id == param("ticket"), order=(_of.id,))
RESOURCES = Question(
    Person, (_person.role == Role.RESOURCE) & _person.active, order=(_person.name, _person.id)
)


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file of a note, as its mail calls it."""

    part: int
    filename: str
    size: int  # octets
    refused: str | None  # by which kind of file it is not handed out


@dataclass(frozen=True, slots=True)
class NoteShown:
    """A note with what is known of the mail that it came by."""

    id: int
    by_id: int | None
    by: str | None
    by_kind: str
    public: bool
    title: str | None
    text: str
    quoted_text: str
    has_html: bool
    created: datetime
    stored_id: int | None
    proof: str | None
    mailbox: str | None
    attachments: tuple[FileShown, ...] = ()
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that told somebody of a note."""

    note_id: int | None
    address: str
    name: str | None
    template: str
    state: str
    at: datetime
    error: str | None
    auto: bool


@dataclass(frozen=True, slots=True)
class Tied:
    """Another ticket that has to do with this one."""

    number: str
    title: str
    status: str
    status_kind: str
    kind: str
    side: str  # whose it is, where it is shared


@dataclass(frozen=True, slots=True)
class Whole:
    """A ticket with all that its page shows."""

    ticket: Ticket
    organization: Organization | None
    people: dict[int, Person]
    addresses: dict[int, tuple[str, ...]]
    roles: tuple[TicketPerson, ...]
    notes: tuple[NoteShown, ...]
    times: tuple[TimeEntry, ...]
    events: tuple[Event, ...]
    tied: tuple[Tied, ...]
    others: tuple[Tied, ...] = field(default=())  # of the same contact
    earlier: int = 0  # notes before these

    def person(self, person_id: int | None) -> Person | None:
        return self.people.get(person_id) if person_id is not None else None

    def with_role(self, role: TicketRole) -> list[Person]:
        found = (self.people.get(p.person_id) for p in self.roles if p.role == role)
        return [person for person in found if person is not None]

    def address(self, person: Person | None) -> str:
        """The address that we write to."""
        return next(iter(self.addresses.get(person.id, ())), "") if person else ""

    @property
    def minutes(self) -> int:
        return sum(entry.minutes for entry in self.times)


def numbered(unit: Unit, number: str) -> Ticket | None:
    """The ticket of this number."""
    there = unit.all(NUMBERED, number=number)  # both sides of a shared one
    return next((ticket for ticket in there if ticket.twin_of is None), None)


def whole(
    unit: Unit,
    ticket: Ticket,
    *,
    everything: bool = False,
    shown: Collection[EventName] = (),
) -> Whole:
    """A ticket with all that its page shows: eleven questions, however much that is.  Of its notes
    the latest, or all; of its events those that are shown."""
    roles = unit.all(PEOPLE, ticket=ticket.id)
    times = unit.all(TIMES, ticket=ticket.id)
    notes = _notes(unit, ticket.id, MOST if everything else LATEST)
    [(count,)] = unit.rows(_COUNT, ticket=ticket.id)
    events = unit.rows(_SHOWN, ticket=ticket.id, shown=list(shown)) if shown else []
    ids = {ticket.contact_id, ticket.primary_id, *(p.person_id for p in roles)}
    ids |= {entry.by_id for entry in times} | {note.by_id for note in notes}
    people, addresses = persons(unit, ids)
    others = unit.rows(_OTHERS, contact=ticket.contact_id or 0, ticket=ticket.id)
    return Whole(
        ticket,
        unit.get(Organization, ticket.organization_id),
        people,
        addresses,
        tuple(roles),
        notes,
        tuple(times),
        tuple(unit.adopt(Event, row) for row in events),
        tuple(
            Tied(*row) for row in unit.rows(_TIED, ticket=ticket.id, parent=ticket.parent_id or 0)
        ),
        tuple(Tied(*row) for row in others),
        int(count) - len(notes),
    )


def events(unit: Unit, ticket: Ticket) -> list[Event]:
    """What happened to a ticket, the latest first."""
    return [unit.adopt(Event, row) for row in unit.rows(_EVENTS, ticket=ticket.id)]


def persons(
    unit: Unit, ids: set[int | None]
) -> tuple[dict[int, Person], dict[int, tuple[str, ...]]]:
    """These people, and the addresses of each, the one that we write to first."""
    wanted = sorted(i for i in ids if i is not None)
    people: dict[int, Person] = {}
    addresses: dict[int, tuple[str, ...]] = {}
    for row in unit.rows(_PERSONS, ids=wanted) if wanted else ():
        person = unit.adopt(Person, row[:-2])
        people[person.id] = person
        if row[-1] is not None:
            addresses[person.id] = (*addresses.get(person.id, ()), row[-1])
    return people, addresses


def resources(unit: Unit) -> list[Person]:
    """Every active resource, by name."""
    return unit.all(RESOURCES)


def _notes(unit: Unit, ticket_id: int, most: int) -> tuple[NoteShown, ...]:
    """The latest of a ticket's notes in their order, each with whom it was told."""
    rows = unit.rows(_NOTES, ticket=ticket_id, most=most)[::-1]
    sent: dict[int | None, list[Sent]] = {}
    since = min((row[0] for row in rows), default=0)
    for row in unit.rows(_SENT, ticket=ticket_id, since=since):
        one = Sent(*(*row[:-1], row[-1] is not None))
        sent.setdefault(one.note_id, []).append(one)
    return tuple(
        NoteShown(*(*row[:-1], _files(row[-1]), tuple(sent.get(row[0], ())))) for row in rows
    )


def _files(attachments: Sequence[Any]) -> tuple[FileShown, ...]:
    return tuple(
        FileShown(view["part"], str(view["filename"]), view["size"], view.get("refused"))
        for view in attachments
    )


_NOTES = Statement(
    sa.select(
        _note.id,
        _note.by_id,
        _person.name,
        _note.by_kind,
        _note.public,
        _note.title,
        _note.text,
        _note.quoted_text,
        _note.html.is_not(None),
        _note.created,
        _note.stored_id,
        _message.proof,
        _message.mailbox,
        _note.attachments,
    )
    .select_from(
        TABLES[Note]
        .outerjoin(TABLES[Person], _person.id == _note.by_id)
        .outerjoin(TABLES[Message], (_message.id == _note.stored_id) & _note.copy_of.is_(None))
    )
    .where(_note.ticket_id == param("ticket"))
    .order_by(_note.created.desc(), _note.id.desc())
    .limit(param("most", sa.Integer()))
)
_COUNT = Statement(sa.select(sa.func.count(_note.id)).where(_note.ticket_id == param("ticket")))
_SENT = Statement(
    sa.select(
        _outbox.note_id,
        _outbox.address,
        _person.name,
        _outbox.template,
        _outbox.state,
        sa.func.coalesce(_outbox.sent, _outbox.created, type_=_outbox.created.type),
        _outbox.error,
        _outbox.auto,
    )
    .select_from(TABLES[OutboxItem].outerjoin(TABLES[Person], _person.id == _outbox.person_id))
    .where((_outbox.ticket_id == param("ticket")) & (_outbox.note_id >= param("since")))
    .order_by(_outbox.id)
)
_LATEST = (
    sa.select(TABLES[Event])
    .where(_event.ticket_id == param("ticket"))
    .order_by(_event.id.desc())
    .limit(EVENTS)
)
_EVENTS = Statement(_LATEST)
_SHOWN = Statement(_LATEST.where(among(_event.event, "shown")))
_PERSONS = Statement(
    sa.select(TABLES[Person], _address.id, _address.address)
    .select_from(TABLES[Person].outerjoin(TABLES[PersonAddress], _address.person_id == _person.id))
    .where(among(_person.id, "ids"))
    .order_by(_address.id)
)


def _tied(kind: Any) -> sa.Select[Any]:
    """A ticket as another one names it, and what it is to that one."""
    columns = (_ticket.number, _ticket.title, _ticket.status, _ticket.status_kind)
    return sa.select(*columns, kind, _ticket.shared_side)


_TIED = Statement(
    sa.union_all(
        _tied(_link.kind)
        .select_from(TABLES[TicketLink].join(TABLES[Ticket], _ticket.id == _link.other_id))
        .where(_link.ticket_id == param("ticket")),
        _tied(_link.kind)
        .select_from(TABLES[TicketLink].join(TABLES[Ticket], _ticket.id == _link.ticket_id))
        .where(_link.other_id == param("ticket")),
        _tied(sa.literal("problem")).where(_ticket.id == param("parent")),
        _tied(sa.literal("incident")).where(
            (_ticket.parent_id == param("ticket")) & _ticket.deleted.is_(None)
        ),
    ),
    columns=(
        _ticket.number,
        _ticket.title,
        _ticket.status,
        _ticket.status_kind,
        _link.kind,
        _ticket.shared_side,
    ),
)
_OTHERS = Statement(
    sa.select(
        _ticket.number,
        _ticket.title,
        _ticket.status,
        _ticket.status_kind,
        sa.literal("contact"),
        _ticket.shared_side,
    )
    .where(
        (_ticket.contact_id == param("contact"))
        & (_ticket.id != param("ticket"))
        & _ticket.deleted.is_(None)
    )
    .order_by(_ticket.id.desc())
    .limit(8)
)

# ---- one note's mail

_HTML = Statement(
    sa.select(_note.html, _note.ticket_id, _note.stored_id).where(_note.id == param("note"))
)
_OCTETS = Statement(sa.select(_raw.octets).where(_raw.stored_id == param("stored")))


def note_html(unit: Unit, note_id: int) -> tuple[str | None, int, int | None] | None:
    """(its harmless HTML, its ticket, its mail) of a note."""
    rows = unit.rows(_HTML, note=note_id)
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


def octets(unit: Unit, stored_id: int) -> Mass | None:
    """A mail as it was received."""
    rows = unit.rows(_OCTETS, stored=stored_id)
    return rows[0][0] if rows else None


# ---- people and clients, found as one types

_SUGGESTED = Statement(
    sa.select(_person.id, _person.name, _address.address, _organization.name, _person.role)
    .select_from(
        TABLES[Person]
        .join(TABLES[PersonAddress], _address.person_id == _person.id)
        .outerjoin(TABLES[Organization], _organization.id == _person.organization_id)
    )
    .where(
        _person.active
        & (
            sa.func.lower(_person.name).like(param("like", sa.Text()), escape="\\")
            | _address.address.like(param("like", sa.Text()), escape="\\")
        )
        & (
            (param("organization", sa.Integer()) == 0)
            | (_person.organization_id == param("organization"))
        )
    )
    .order_by(_person.name, _address.id)
    .limit(12)
)


def suggested(unit: Unit, typed: str, organization_id: int | None) -> list[tuple[Any, ...]]:
    """(id, name, address, client, role) of people whose name or address has these letters."""
    plain = typed.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return unit.rows(_SUGGESTED, like=f"%{plain}%", organization=organization_id or 0)
