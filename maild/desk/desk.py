"""The desk: one unit of work on tickets, with its actions, its events and the rules' answers.

Everything that changes a ticket is an action of `Desk`; every action says so as an event.  Rules
listen to the events and call actions again, until nothing happens any more (`settle`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from maild.config import Settings
from maild.desk import alerts, numbers, own_addresses, reach
from maild.desk.calendar import Calendar
from maild.desk.file_policy import judged
from maild.desk.notify import keep_current
from maild.desk.profile import Profile
from maild.desk.sides import OTHER
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Across, Address, EventName, LinkKind, Mail, Role, StatusKind, TicketRole
from maild.store import asking
from maild.store.declare import UNWRITTEN
from maild.store.records import (
    Event,
    Mention,
    Message,
    Note,
    Organization,
    Person,
    Tap,
    Thread,
    Ticket,
    TicketLink,
    TicketPerson,
)
from maild.store.unit import Unit

log = structlog.get_logger()

DEPTH = 10  # rules that answer rules that answer rules …
REPEATS = 3  # of one rule among them
# What the desk keeps with a ticket for itself, in `fields`: it changes without an event of its own.
# What a twin begins with of the ticket that is shared; the rest is its own side's to say.
GOES_ALONG = ("mailbox",)
KEPT = ("sla", "side", "completed_by_side", "also_in")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person, a rule, or maild itself."""

    name: str
    kind: Role
    person: Person | None = None

    @classmethod
    def of(cls, person: Person) -> Actor:
        """Somebody whom we know, as the one who acts."""
        return cls(person.name, person.role, person)


MAILD = Actor("maild", Role.SYSTEM)


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

    unit: Unit
    settings: Settings
    profile: Profile
    now: datetime
    cause: str  # "message:<sha256>@mailbox", "cli:…", "clock:…": the same again after a crash
    actor: Actor = MAILD
    author: Person | None = None  # who began it all, also while a rule acts
    mail: Mail | None = None  # what is being processed, if it is a mail
    stored: Message | None = None
    refuted: bool = False  # our own server found that the mail is not of whom it names
    cause_is_new: bool = False  # nothing was told yet of a cause that is written like this one
    since: datetime | None = None  # when the mail arrived, or the clock was due
    listeners: tuple[Listener, ...] = ()
    chain: tuple[str, ...] = ()  # the rules that led to what is being done
    memory: dict[str, Any] = field(default_factory=dict)  # what was looked up for this unit
    events: list[Occurrence] = field(default_factory=list)  # all that happened, in order
    _waiting: deque[Occurrence] = field(default_factory=deque)

    @property
    def by(self) -> Person | None:
        """Who acts; None where it is the desk itself."""
        return self.actor.person

    @property
    def here(self) -> datetime:
        """The present moment on the desk's clock."""
        return self.now.astimezone(self.settings.config.desk.zone)

    @property
    def reach(self) -> reach.Reach:
        """What the one who acts reaches by the names that he types."""
        return reach.of(self.unit, self.settings.config, self.by)

    # ---- actions

    def open_ticket(
        self,
        *,
        title: str,
        contact: Person | None,
        organization: Organization | None = None,
        source: str = "email",
        queue: str | None = None,
        correlation: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Ticket:
        """A new ticket with the profile's first status, priority, type and queue (N1, N10, N11)."""
        profile = self.profile
        status = profile.status(profile.new_status)
        return self.unit.tie(
            Ticket(
                number=numbers.next_number(self.unit, self.now, self.settings.config.desk.zone),
                title=title or "(no subject)",
                status=status.name,
                status_kind=StatusKind(status.kind),
                priority=profile.priorities[0],
                type=profile.types[0],
                source=source,
                queue=queue or profile.queues[0],
                organization_id=organization.id if organization else None,
                contact_id=contact.id if contact else None,
                correlation=correlation,
                created=self.now,
                updated=self.now,
                fields={**(fields or {}), **self._came_by()},
            )
        )

    def _came_by(self) -> dict[str, str]:
        """The mailbox or alias that the mail came by, where it is answered from there."""
        name = self.stored.mailbox if self.stored else ""
        front = own_addresses.came_by(self.settings.config, name, self.mail)
        return {"mailbox": front.called} if front is not None else {}

    def announce(self, ticket: Ticket, note: Note | None) -> None:
        """Says that the ticket is there, once its first note is in."""
        self.emit(ticket, EventName.TICKET_CREATED, {"number": ticket.number}, note)

    def file_ticket(self, ticket: Ticket, because: str) -> None:
        """Says that the ticket is there where no rule listens: it is seen in a view, and that is
        all."""
        detail = {"number": ticket.number, "because": because}
        self.emit(ticket, EventName.TICKET_FILED, detail)

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
        event: EventName = EventName.NOTE_ADDED,
        because: str | None = None,
    ) -> Note:
        """A note by the actor (N14); `first`: the ticket's own description.

        `event`: NOTE_FILED for one that is kept and shown but must move nothing, NOTE_WITHHELD for
        one whose writer is not proven: no rule listens to these.
        """
        note = self.unit.add(
            Note(
                ticket_id=ticket.id,
                by_id=self.by.id if self.by else None,
                by_kind=self.actor.kind,
                public=public,
                title=title,
                text=text,
                quoted_text=quoted_text,
                html=html,
                created=self.now,
                stored_id=self.stored.id if self.stored else None,
                attachments=judged(attachments or [], self.settings.config.attachments),
            )
        )
        self.touch(ticket)
        detail = {"first": first, "public": public, "note_id": note.id}
        self.emit(ticket, event, detail | ({"because": because} if because else {}), note)
        self._cross(ticket, note, event)
        return note

    def copy_note(self, note: Note, there: Ticket, event: EventName = EventName.NOTE_FILED) -> Note:
        """Puts a note on the other side's ticket of a shared one too, once (P8): its words and
        files, without the mail that they came by, which may quote what stays on its own side."""
        known = asking.notes.copy(self.unit, note, there)
        if known is not None:
            return known
        copy = replace(
            note, id=UNWRITTEN, ticket_id=there.id, copy_of=note.id, quoted_text="", html=None
        )
        copy = self.unit.add(copy)
        self.touch(there)
        self.emit(there, event, {"first": False, "public": copy.public, "note_id": copy.id}, copy)
        return copy

    def _cross(self, ticket: Ticket, note: Note, event: EventName) -> None:
        """What contacts read or write is on both sides of a shared ticket.  Rules hear there of
        what a contact wrote, unless that side is done."""
        other = asking.tickets.other_side(self.unit, ticket) if note.public else None
        if other is None:
            return
        by_contact = note.by_kind == Role.CONTACT and other.status_kind != StatusKind.CLOSED
        self.copy_note(note, other, event if by_contact else EventName.NOTE_FILED)
        if note.by_kind == Role.RESOURCE and event == EventName.NOTE_ADDED:
            side = self.profile.sides.get(ticket.shared_side, ticket.shared_side)
            self.emit(ticket, EventName.OTHER_SIDE, {"says": Across.NOTE, "side": side}, note)

    def release_note(self, ticket: Ticket, note: Note, *, public: bool) -> None:
        """Ends the withholding of a note; the rules see it as if it came in now."""
        self.unit.change(note, public=public)
        detail = {"first": False, "public": public, "note_id": note.id, "released": True}
        self.emit(ticket, EventName.NOTE_ADDED, detail, note)
        self._cross(ticket, note, EventName.NOTE_ADDED)

    def set_status(self, ticket: Ticket, name: str) -> bool:
        """Gives the ticket this status; False where it had it already.  UsageError: no such one."""
        status = self.profile.status(name)
        if ticket.status == status.name:
            return False
        kind, before, kind_before = StatusKind(status.kind), ticket.status, ticket.status_kind
        detail = {"from": before, "to": status.name, "kind": kind, "was_kind": kind_before}
        closed, reopened = kind == StatusKind.CLOSED, kind_before == StatusKind.CLOSED
        if closed:
            self._completed(ticket, self.now)
        elif reopened:
            self._completed(ticket, None)
        self.change(
            ticket,
            EventName.STATUS_CHANGED,
            detail,
            status=status.name,
            status_kind=kind,
            reopened=ticket.reopened + (reopened and not closed),
        )
        if closed:
            self.emit(ticket, EventName.COMPLETED, detail)
        elif reopened:
            self.emit(ticket, EventName.REOPENED, detail)
        return True

    def assign(self, ticket: Ticket, person: Person) -> bool:
        """Makes this resource the primary one (A8); False where he was already."""
        before = asking.tickets.primary(self.unit, ticket)
        if before is person:
            return False
        detail = {"from": before.name if before else None, "to": person.name}
        return self.change(ticket, EventName.ASSIGNED, detail, primary_id=person.id)

    def unassign(self, ticket: Ticket) -> bool:
        """Leaves the ticket to nobody; False where nobody had it."""
        before = asking.tickets.primary(self.unit, ticket)
        if before is None:
            return False
        detail = {"from": before.name, "to": None}
        return self.change(ticket, EventName.UNASSIGNED, detail, primary_id=None)

    def escalate(self, ticket: Ticket, to: str | Person, note: Note | None) -> None:
        """Hands the ticket to a queue, or to a resource, who can help (R10).

        Who had it, where it goes to a queue, and who is told is for the rules to say.
        """
        if isinstance(to, str):
            detail: dict[str, Any] = {"from": ticket.queue, "to": to}
            moved = {"field": "queue", "escalates": True, **detail}
            self.change(ticket, EventName.FIELD_CHANGED, moved, queue=to)
        else:
            before = asking.tickets.primary(self.unit, ticket)
            self.assign(ticket, to)
            detail = {"from": before.name if before else None, "to": to.name}
            detail |= {"person": to.name, "person_id": to.id}
        self.emit(ticket, EventName.ESCALATED, detail, note)

    def set_field(self, ticket: Ticket, name: str, value: Any) -> bool:
        """Sets a plain field: a column of the ticket, or one of its long tail in `fields`."""
        column = hasattr(ticket, name)
        before = getattr(ticket, name) if column else ticket.fields.get(name)
        if before == value:
            return False
        values = {name: value} if column else {"fields": {**ticket.fields, name: value}}
        detail = {"field": name, "from": plain_value(before), "to": plain_value(value)}
        return self.change(ticket, EventName.FIELD_CHANGED, detail, **values)

    def take_over(self, ticket: Ticket, detail: Mapping[str, Any], **columns: Any) -> None:
        """What an imported ticket is at the end of its history at another helpdesk, at once."""
        self.change(ticket, EventName.IMPORTED, detail, **columns)

    def keep(self, ticket: Ticket, name: str, value: Any) -> None:
        """Writes down what the desk itself wants to remember of the ticket: one of KEPT."""
        assert name in KEPT, name
        self.unit.change_ticket(ticket, fields={**ticket.fields, name: value})

    def _completed(self, ticket: Ticket, when: datetime | None) -> None:
        """Each side has a completed date of its own; the one shows that holds the ticket (P5).  Of
        a shared one each has a ticket of its own."""
        self.unit.change_ticket(ticket, completed=when)
        side = ticket.fields.get("side")
        if side is not None and not ticket.shared_side:
            dates = dict(ticket.fields.get("completed_by_side") or {})
            dates[side] = when.isoformat() if when else None
            self.keep(ticket, "completed_by_side", dates)

    def open_twin(self, ticket: Ticket, side: str, queue: str, person: Person) -> Ticket:
        """The ticket becomes a shared one, and `side` gets one of its own, which nobody is told of
        yet (P8)."""
        own = OTHER[side]
        self.keep(ticket, "side", own)
        self.unit.change_ticket(ticket, shared_side=own)
        status = self.profile.status(self.profile.shared_status)
        kept = {name: ticket.fields[name] for name in GOES_ALONG if name in ticket.fields}
        return self.unit.tie(
            Ticket(
                number=ticket.number,
                shared_side=side,
                twin_of=ticket.id,
                title=ticket.title,
                status=status.name,
                status_kind=StatusKind(status.kind),
                priority=ticket.priority,
                type=ticket.type,
                source=ticket.source,
                queue=queue,
                organization_id=ticket.organization_id,
                contact_id=ticket.contact_id,
                primary_id=person.id,
                notify_contact=ticket.notify_contact,
                due=ticket.due,
                created=self.now,
                updated=self.now,
                fields={**kept, "side": side},
            )
        )

    def pass_to_twin(self, entry: TicketPerson, twin: Ticket, *, stays: bool, comes: bool) -> None:
        """Who is of a ticket that is shared stays on it, or comes to its twin, or both."""
        if not stays:
            self.unit.untie(entry)
        if comes:
            self.unit.tie(
                TicketPerson(ticket_id=twin.id, person_id=entry.person_id, role=entry.role)
            )

    def transfer(self, ticket: Ticket, side: str) -> bool:
        """Hands the ticket to the other side, provider or client (N24); False: it is there.

        Refused where both sides have one of their own.  Which queue, resource and status that means
        is for the rules to say.
        """
        if ticket.shared_side:
            raise Refused(
                sentence(
                    "{ticket} is shared: the other side has a ticket of its own; #question and "
                    "#mydone reach it.",
                    ticket=ticket.number,
                )
            )
        before = ticket.fields.get("side", "client")
        if before == side:
            return False
        self.keep(ticket, "side", side)
        shown = (ticket.fields.get("completed_by_side") or {}).get(side)
        completed = datetime.fromisoformat(shown) if shown else None
        detail = {"from": before, "to": side}
        return self.change(ticket, EventName.TRANSFERRED, detail, completed=completed)

    def add_person(
        self, ticket: Ticket, person: Person, role: TicketRole, note: Note | None = None
    ) -> bool:
        """Puts a person on the ticket: secondary, additional, proposed or stopped (N11).

        `note`: what the same mail says; whoever is added gets it.
        Who was proposed and is now put on it is proposed no more.
        """
        theirs = [p for p in asking.tickets.people(self.unit, ticket) if p.person_id == person.id]
        if any(p.role == role for p in theirs):
            return False
        for entry in theirs:
            if entry.role == TicketRole.PROPOSED:
                self.unit.untie(entry)
        self.unit.tie(TicketPerson(ticket_id=ticket.id, person_id=person.id, role=role))
        self._on_both(ticket, person, role, there=True)
        detail = {"person": person.name, "person_id": person.id, "role": role}
        self.emit(ticket, EventName.PERSON_ADDED, detail, note)
        return True

    def remove_person(self, ticket: Ticket, person: Person, role: TicketRole) -> bool:
        """Takes a person off the ticket in this role; False where he was not of it."""
        there = asking.tickets.people(self.unit, ticket)
        entry = next((p for p in there if p.person_id == person.id and p.role == role), None)
        if entry is None:
            return False
        self.unit.untie(entry)
        self._on_both(ticket, person, role, there=False)
        self.emit(ticket, EventName.PERSON_REMOVED, {"person": person.name, "role": role})
        return True

    def _on_both(self, ticket: Ticket, person: Person, role: TicketRole, *, there: bool) -> None:
        """A contact is on both sides of a shared ticket what they are on one."""
        other = asking.tickets.other_side(self.unit, ticket)
        if other is None or person.role != Role.CONTACT:
            return
        known = asking.tickets.people(self.unit, other)
        found = next((p for p in known if p.person_id == person.id and p.role == role), None)
        if there and found is None:
            self.unit.tie(TicketPerson(ticket_id=other.id, person_id=person.id, role=role))
        elif not there and found is not None:
            self.unit.untie(found)

    def rate(self, ticket: Ticket, person: Person, score: int, note: Note, *, key: str) -> None:
        """A contact says how it was, 1 to 5; what they said last counts.  `key`: of the link that
        they used, or of their mail: the same says it once."""
        rating = Tap(
            key=key,
            ticket_id=ticket.id,
            person_id=person.id,
            at=self.now,
            score=score,
            about_id=ticket.primary_id,
        )
        self.unit.add(rating)
        words = bool(note.text.strip())
        self.emit(
            ticket, EventName.RATED, {"score": score, "by": person.name, "words": words}, note
        )

    def link(self, ticket: Ticket, other: Ticket, kind: LinkKind) -> None:
        """Ties two tickets together; both say so."""
        self.unit.tie(TicketLink(ticket_id=ticket.id, other_id=other.id, kind=kind))
        self.emit(ticket, EventName.LINKED, {"to": other.number, "kind": kind})
        self.emit(other, EventName.LINKED, {"to": ticket.number, "kind": kind})

    def unlink(self, ticket: Ticket, other: Ticket, kind: LinkKind) -> None:
        """Unties them; both say so."""
        found = asking.tickets.link(self.unit, ticket, other, kind)
        if found is not None:
            self.unit.untie(found)
            self.emit(ticket, EventName.UNLINKED, {"from": other.number, "kind": kind})
            self.emit(other, EventName.UNLINKED, {"from": ticket.number, "kind": kind})

    def show_in(self, ticket: Ticket, mailbox: str, queue: str | None) -> None:
        """Its mail came in by another mailbox too: the ticket is seen in that one's queue."""
        queues = [*ticket.fields.get("also_in", []), queue or mailbox]
        self.keep(ticket, "also_in", list(dict.fromkeys(queues)))
        self.emit(ticket, EventName.ALSO_CAME_IN, {"mailbox": mailbox, "queue": queue})

    def attach_message(self, ticket: Ticket) -> None:
        """Ties the mail being processed to the ticket: its .eml is found there (N26)."""
        if self.stored is not None:
            self.unit.change(self.stored, ticket_id=ticket.id)

    def remember_message_id(
        self, message_id: str | None, ticket: Ticket, *, ours: bool = False
    ) -> None:
        """Remembers that mail in answer to this Message-ID belongs to the ticket."""
        known = asking.tickets.threads(self.unit, message_id) if message_id else []
        if message_id and all(thread.ticket_id != ticket.id for thread in known):
            nth = len(known)
            self.unit.add(Thread(message_id=message_id, ticket_id=ticket.id, ours=ours, nth=nth))

    def remember_mentioned(self, ids: Iterable[str], ticket: Ticket) -> None:
        """Remembers that mail of the ticket answers these, as far as nobody has sent them to us."""
        for message_id in ids:
            if asking.tickets.of_message_id(self.unit, message_id):
                continue
            known = asking.tickets.mention(self.unit, message_id, ticket)
            if known is None:
                row = Mention(message_id=message_id, ticket_id=ticket.id, at=self.now)
                self.unit.add(row)
            else:
                self.unit.change(known, at=self.now)

    # ---- what all of them are made of

    def change(
        self, ticket: Ticket, event: EventName, detail: Mapping[str, Any], **values: Any
    ) -> bool:
        """The one way to write a ticket: gives columns these values, and says so.  Always True."""
        self.unit.change_ticket(ticket, updated=self.now, **values)
        self.emit(ticket, event, detail)
        return True

    def change_unheard(
        self, ticket: Ticket, event: EventName, detail: Mapping[str, Any], **values: Any
    ) -> None:
        """`change` that no rule hears of: they have heard of it on the other side's ticket."""
        self.unit.change_ticket(ticket, updated=self.now, **values)
        self.record(ticket, event, detail)

    def touch(self, ticket: Ticket) -> None:
        """Something of the ticket has changed."""
        self.unit.change_ticket(ticket, updated=self.now)

    # ---- events

    def emit(
        self,
        ticket: Ticket,
        event: EventName,
        detail: Mapping[str, Any],
        note: Note | None = None,
    ) -> None:
        """Records what happened and queues it for the rules."""
        row = self.record(ticket, event, detail)
        self.hear(Occurrence(row, ticket, note, self.author, self.chain))

    def record(self, ticket: Ticket, event: EventName, detail: Mapping[str, Any]) -> Event:
        """Writes down what happened; no rule hears of it."""
        return self.unit.add(
            Event(
                ticket_id=ticket.id,
                at=self.now,
                event=event,
                by=self.actor.name,
                person_id=self.by.id if self.by else None,
                stored_id=self.stored.id if self.stored else None,
                detail=detail,
            )
        )

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
        keep_current(self)

    def hear(self, occurrence: Occurrence) -> None:
        """Queues for the rules what was written down before."""
        self.events.append(occurrence)
        self._waiting.append(occurrence)

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
        waiting, events, mark = len(self._waiting), len(self.events), self.unit.mark()
        try:
            yield
        except Exception:
            self.unit.back(mark)
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
        self.record(occurrence.ticket, EventName.RULES_CUT_SHORT, {"because": because})
        self.alert(
            f"rules-loop:{last}",
            sentence(
                "Rules answer each other without end on ticket {ticket}: {rules}. The chain was "
                "cut there: give one of them a condition that its own actions end.",
                ticket=occurrence.ticket.number,
                rules=loop,
            ),
        )
        return True

    def alert(self, key: str, text: str) -> None:
        """Tells the admins once; the same again only counts up."""
        alerts.raise_alert(self.unit, key, text, self.now)


def plain_value(value: Any) -> Any:
    """A value as an event's detail keeps it."""
    return value.isoformat() if isinstance(value, datetime) else value
