"""The desk: one unit of work, in one transaction, on tickets.

Everything that changes a ticket is an action of `Desk`; every action says so as an event.  Rules
listen to the events and call actions again, until nothing happens any more (`settle`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.config import Settings
from maild.desk import alerts, numbers
from maild.desk.calendar import Calendar
from maild.desk.profile import Profile
from maild.model import Address, Mail
from maild.store.tables import (
    Event,
    Message,
    Note,
    Organization,
    Person,
    Thread,
    Ticket,
    TicketLink,
    TicketPerson,
)

log = structlog.get_logger()

DEPTH = 10  # rules that answer rules that answer rules …
REPEATS = 3  # of one rule among them


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person, a rule, or maild itself."""

    name: str
    kind: str  # contact | resource | system | monitoring
    person: Person | None = None

    @classmethod
    def of(cls, person: Person) -> Actor:
        return cls(person.name, person.role, person)


MAILD = Actor("maild", "system")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as the rules see it: with the ticket and note it is about."""

    event: Event
    ticket: Ticket
    note: Note | None
    by: Person | None  # whose mail or command it was, rules between them aside
    chain: tuple[str, ...]  # the rules that led to it, the first one first


@dataclass(frozen=True, slots=True)
class Route:
    """What the rules make of a mail before anybody asks who wrote it and for which ticket (N7)."""

    by: str  # whom its note is by: "Monitoring", "Web form"
    source: str  # of a new ticket
    ticket: Ticket | None  # where it belongs; None: a new one
    correlation: str | None  # of a new ticket: what the all-clear will say too
    contact: Address | None  # whose ticket it is, where the mail says so
    drop: str | None  # why it makes neither ticket nor note
    because: str  # the rules that decided
    then: Callable[[Desk, Ticket, Note], None]  # what they do to the ticket, once there is one


class Listener(Protocol):
    """The rules, as the desk knows them."""

    def __call__(self, desk: Desk, occurrence: Occurrence) -> None:
        """Answers an event with actions."""

    def route(self, desk: Desk) -> Route | None:
        """What to make of the mail being processed; None: what is made of every mail."""


@dataclass
class Desk:
    """One unit of work.  Actions change tickets and emit events; `settle` lets the rules answer."""

    session: Session
    settings: Settings
    profile: Profile
    now: datetime
    cause: str  # "message:<sha256>@mailbox", "cli:…", "clock:…": the same again after a crash
    actor: Actor = MAILD
    author: Person | None = None  # who began it all, also while a rule acts
    mail: Mail | None = None  # what is being processed, if it is a mail
    stored: Message | None = None
    listeners: tuple[Listener, ...] = ()
    chain: tuple[str, ...] = ()  # the rules that led to what is being done
    memory: dict[str, Any] = field(default_factory=dict)  # what listeners keep for this unit
    events: list[Occurrence] = field(default_factory=list)  # all that happened, in order
    _waiting: deque[Occurrence] = field(default_factory=deque)

    @property
    def by(self) -> Person | None:
        return self.actor.person

    # ---- actions

    def open_ticket(
        self,
        *,
        title: str,
        contact: Person | None,
        organization: Organization | None = None,
        source: str = "email",
        queue: str | None = None,
        fields: dict[str, Any] | None = None,
    ) -> Ticket:
        """A new ticket with the profile's first status, priority, type and queue (N1, N10, N11)."""
        profile = self.profile
        status = profile.status(profile.new_status)
        ticket = Ticket(
            number=numbers.next_number(self.session, self.now, self.settings.config.desk.zone),
            title=title or "(no subject)",
            status=status.name,
            status_kind=status.kind,
            priority=profile.priorities[0],
            type=profile.types[0],
            source=source,
            queue=queue or profile.queues[0],
            organization=organization,
            contact=contact,
            created=self.now,
            updated=self.now,
            tags=[],
            fields=fields or {},
        )
        self.session.add(ticket)
        self.session.flush()
        return ticket

    def announce(self, ticket: Ticket, note: Note | None) -> None:
        """Says that the ticket is there, once its first note is in."""
        self.emit(ticket, "ticket created", {"number": ticket.number}, note)

    def add_note(
        self,
        ticket: Ticket,
        *,
        text: str,
        public: bool,
        title: str | None = None,
        quoted_text: str = "",
        html: str | None = None,
        attachments: list[dict[str, Any]] | None = None,
        first: bool = False,
        event: str = "note added",
        because: str | None = None,
    ) -> Note:
        """A note by the actor (N14); `first`: the ticket's own description.

        `event`: "note filed" for one that is kept and shown but must move nothing, "note withheld"
        for one whose writer is not proven: no rule listens to these.
        """
        note = Note(
            ticket=ticket,
            by=self.by,
            by_kind=self.actor.kind,
            public=public,
            title=title,
            text=text,
            quoted_text=quoted_text,
            html=html,
            created=self.now,
            stored_id=self.stored.id if self.stored else None,
            attachments=attachments or [],
        )
        self.session.add(note)
        ticket.updated = self.now
        self.session.flush()
        detail = {"first": first, "public": public, "note_id": note.id}
        self.emit(ticket, event, detail | ({"because": because} if because else {}), note)
        return note

    def release_note(self, note: Note, *, public: bool) -> None:
        """Ends the withholding of a note; the rules see it as if it came in now."""
        note.public = public
        detail = {"first": False, "public": public, "note_id": note.id, "released": True}
        self.emit(note.ticket, "note added", detail, note)

    def set_status(self, ticket: Ticket, name: str) -> bool:
        """Gives the ticket this status; False where it had it already.  UsageError: no such one."""
        status = self.profile.status(name)
        if ticket.status == status.name:
            return False
        before, kind_before = ticket.status, ticket.status_kind
        ticket.status, ticket.status_kind = status.name, status.kind
        ticket.updated = self.now
        if status.kind == "closed":
            self._completed(ticket, self.now)
        elif kind_before == "closed":
            self._completed(ticket, None)
            ticket.reopened += 1
        detail = {"from": before, "to": status.name, "kind": status.kind, "was_kind": kind_before}
        self.emit(ticket, "status changed", detail)
        if status.kind == "closed":
            self.emit(ticket, "completed", detail)
        elif kind_before == "closed":
            self.emit(ticket, "reopened", detail)
        return True

    def assign(self, ticket: Ticket, person: Person) -> bool:
        """Makes this resource the primary one (A8); False where he was already."""
        if ticket.primary is person:
            return False
        before = ticket.primary
        ticket.primary = person
        ticket.updated = self.now
        self.emit(ticket, "assigned", {"from": before.name if before else None, "to": person.name})
        return True

    def unassign(self, ticket: Ticket) -> bool:
        """Leaves the ticket to nobody; False where nobody had it."""
        if ticket.primary is None:
            return False
        before, ticket.primary, ticket.updated = ticket.primary, None, self.now
        self.emit(ticket, "unassigned", {"from": before.name, "to": None})
        return True

    def set_field(self, ticket: Ticket, name: str, value: Any) -> bool:
        """Sets a plain field: a column of the ticket, or one of its long tail in `fields`."""
        column = name in Ticket.__table__.columns
        before = getattr(ticket, name) if column else ticket.fields.get(name)
        if before == value:
            return False
        if column:
            setattr(ticket, name, value)
        else:
            ticket.fields[name] = value
        ticket.updated = self.now
        self.emit(
            ticket, "field changed", {"field": name, "from": _plain(before), "to": _plain(value)}
        )
        return True

    def _completed(self, ticket: Ticket, when: datetime | None) -> None:
        """Each side has a completed date of its own; the one shows that holds the ticket (P5)."""
        ticket.completed = when
        side = ticket.fields.get("side")
        if side is not None:
            dates = dict(ticket.fields.get("completed_by_side") or {})
            dates[side] = when.isoformat() if when else None
            ticket.fields["completed_by_side"] = dates

    def transfer(self, ticket: Ticket, side: str) -> bool:
        """Hands the ticket to the other side, provider or client (N24); False: it is there.

        Which queue, resource and status that means is for the rules to say.
        """
        before = ticket.fields.get("side", "client")
        if before == side:
            return False
        ticket.fields["side"] = side
        dates = ticket.fields.get("completed_by_side") or {}
        shown = dates.get(side)
        ticket.completed = datetime.fromisoformat(shown) if shown else None
        ticket.updated = self.now
        self.emit(ticket, "transferred", {"from": before, "to": side})
        return True

    def add_person(self, ticket: Ticket, person: Person, role: str) -> bool:
        """Puts a person on the ticket: secondary, additional, proposed or stopped (N11).

        Who was proposed and is now put on it is proposed no more.
        """
        if any(p.person is person and p.role == role for p in ticket.people):
            return False
        for entry in [p for p in ticket.people if p.person is person and p.role == "proposed"]:
            ticket.people.remove(entry)
        ticket.people.append(TicketPerson(person=person, role=role))
        self.emit(ticket, "person added", {"person": person.name, "role": role})
        return True

    def remove_person(self, ticket: Ticket, person: Person, role: str) -> bool:
        """Takes a person off the ticket in this role; False where he was not of it."""
        entry = next((p for p in ticket.people if p.person is person and p.role == role), None)
        if entry is None:
            return False
        ticket.people.remove(entry)
        self.emit(ticket, "person removed", {"person": person.name, "role": role})
        return True

    def link(self, ticket: Ticket, other: Ticket, kind: str) -> None:
        """Ties two tickets together; both say so."""
        self.session.add(TicketLink(ticket_id=ticket.id, other_id=other.id, kind=kind))
        self.emit(ticket, "linked", {"to": other.number, "kind": kind})
        self.emit(other, "linked", {"to": ticket.number, "kind": kind})

    def attach_message(self, ticket: Ticket) -> None:
        """Ties the mail being processed to the ticket: its .eml is found there (N26)."""
        if self.stored is not None:
            self.stored.ticket = ticket

    def remember_message_id(
        self, message_id: str | None, ticket: Ticket, *, ours: bool = False
    ) -> None:
        """Remembers that mail in answer to this Message-ID belongs to the ticket."""
        if not message_id:
            return
        known = sa.select(Thread.id).where(
            Thread.message_id == message_id, Thread.ticket_id == ticket.id
        )
        if self.session.scalar(known) is None:
            self.session.add(Thread(message_id=message_id, ticket_id=ticket.id, ours=ours))

    # ---- events

    def emit(
        self, ticket: Ticket, event: str, detail: dict[str, Any], note: Note | None = None
    ) -> None:
        """Records what happened and queues it for the rules."""
        row = self.record(ticket, event, detail)
        occurrence = Occurrence(row, ticket, note, self.author, self.chain)
        self.events.append(occurrence)
        self._waiting.append(occurrence)

    def record(self, ticket: Ticket, event: str, detail: dict[str, Any]) -> Event:
        """Writes down what happened; no rule hears of it."""
        row = Event(
            ticket_id=ticket.id,
            at=self.now,
            event=event,
            by=self.actor.name,
            person_id=self.by.id if self.by else None,
            stored_id=self.stored.id if self.stored else None,
            detail=detail,
        )
        self.session.add(row)
        return row

    def settle(self) -> None:
        """Lets the rules answer every event, also those that their answers cause."""
        actor, chain = self.actor, self.chain
        try:
            while self._waiting:
                occurrence = self._waiting.popleft()
                if self._endless(occurrence):
                    continue
                self.chain = occurrence.chain
                for listener in self.listeners:
                    listener(self, occurrence)
        finally:
            self.actor, self.chain = actor, chain

    @contextmanager
    def acting(self, actor: Actor, chain: tuple[str, ...] | None = None) -> Iterator[None]:
        """What happens within is this actor's, and led to by these rules (None: as before)."""
        before = self.actor, self.chain
        self.actor, self.chain = actor, self.chain if chain is None else chain
        try:
            yield
        finally:
            self.actor, self.chain = before

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is done within is done whole or, where an error leaves it, not at all."""
        waiting, events = len(self._waiting), len(self.events)
        try:
            with self.session.begin_nested():
                yield
        except Exception:
            while len(self._waiting) > waiting:
                self._waiting.pop()
            del self.events[events:]
            self.memory.clear()
            raise

    def route(self) -> Route | None:
        """What the rules make of the mail before it has a ticket; None: nothing of their own."""
        found = (listener.route(self) for listener in self.listeners)
        return next((route for route in found if route is not None), None)

    def last(self, occurrence: Occurrence) -> bool:
        """Whether nothing more has happened to this ticket yet that the rules have not heard."""
        return all(other.ticket is not occurrence.ticket for other in self._waiting)

    def calendar(self, name: str = "default") -> Calendar:
        """A calendar of the profile, on the desk's clocks."""
        return self.profile.calendar(name).at(self.settings.config.desk.zone)

    def _endless(self, occurrence: Occurrence) -> bool:
        """Whether rules go round in circles; says so, naming them."""
        chain = occurrence.chain
        if len(chain) < DEPTH and (not chain or chain.count(chain[-1]) <= REPEATS):
            return False
        last = chain[-1]
        start = (
            max(i for i, rule in enumerate(chain[:-1]) if rule == last)
            if chain.count(last) > 1
            else 0
        )
        loop = " → ".join(f'"{rule}"' for rule in chain[start:])
        log.warning("rules.loop", ticket=occurrence.ticket.number, last=last)
        because = f"rules answer each other without end: {loop}"
        self.record(occurrence.ticket, "rules cut short", {"because": because})
        self.alert(
            f"rules-loop:{last}",
            f"Rules answer each other without end on ticket {occurrence.ticket.number}: {loop}. "
            "The chain was cut there: give one of them a condition that its own actions end.",
        )
        return True

    def alert(self, key: str, text: str) -> None:
        """Tells the admins once; the same again only counts up."""
        alerts.raise_alert(self.session, key, text, self.now)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
