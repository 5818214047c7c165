"""Brings a plan into the desk: people first, then tickets, oldest first, each with its notes.

No rule listens and nobody is told.  Each ticket has our number of the day it was opened, and is
found by its old one; a ticket whose old number is here already is left as it is, so an import
that was interrupted is run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from maild.config import Settings
from maild.desk import former_numbers, people
from maild.desk.desk import Actor, Desk
from maild.desk.people import Change
from maild.desk.profile import Profile
from maild.importer.plan import OldContact, OldNote, OldOrganization, OldTicket, Plan
from maild.model import Address, Role, StatusKind
from maild.store import Store, asking
from maild.store.records import Person, Ticket
from maild.store.unit import Unit

BATCH = 100  # tickets of one transaction


@dataclass(frozen=True, slots=True)
class Importer:
    """Writes one plan.  `source`: the name of the old desk, as events and notes will say it."""

    store: Store
    settings: Settings
    profile: Profile
    now: datetime
    source: str
    strangers: set[str] = field(default_factory=set)  # technicians of theirs whom nobody here is

    def write(self, plan: Plan) -> int:
        """Writes all of it; how many tickets are new."""
        self.store.act(lambda unit: self._people(unit, plan))
        return sum(
            self._tickets(plan.tickets[start : start + BATCH])
            for start in range(0, len(plan.tickets), BATCH)
        )

    # ---- people

    def _people(self, unit: Unit, plan: Plan) -> None:
        for organization in plan.organizations:
            _put_organization(unit, organization)
        for contact in plan.contacts:
            self._contact(unit, contact)

    def _contact(self, unit: Unit, contact: OldContact) -> None:
        """Who is here already stays as they are."""
        if people.by_address(unit, Address("", contact.email)) is not None:
            return
        if contact.organization:
            people.put_organization(unit, contact.organization)
        free = [a for a in contact.aliases if people.by_address(unit, Address("", a)) is None]
        wanted = Change(
            name=contact.name,
            role=Role.CONTACT,
            organization=contact.organization,
            aliases=tuple(free),
            language=contact.language,
        )
        people.add(unit, contact.email, wanted, self.now)

    # ---- tickets

    def _tickets(self, tickets: Sequence[OldTicket]) -> int:
        return self.store.act(lambda unit: sum(self._ticket(unit, ticket) for ticket in tickets))

    def _ticket(self, unit: Unit, old: OldTicket) -> bool:
        if former_numbers.ticket_of(unit, old.number) is not None:
            return False
        desk = Desk(
            unit=unit,
            settings=self.settings,
            profile=self.profile,
            now=old.created or self.now,
            cause=f"import:{self.source} {old.number}",
            actor=Actor(self.source, Role.SYSTEM),
        )
        contact = self._known(unit, old.contact, old.contact_email, Role.CONTACT)
        named = asking.people.organization_called(unit, old.organization or "")
        theirs = asking.people.organization(unit, contact) if contact else None
        ticket = desk.open_ticket(
            title=old.title,
            contact=contact,
            organization=named or theirs,
            queue=old.queue,
        )
        former_numbers.remember(unit, old.number, ticket)
        if old.description:
            self._note(desk, ticket, _first(old), first=True)
        for note in sorted(old.notes, key=lambda note: note.created or desk.now):
            desk.now = max(note.created or desk.now, desk.now)
            self._note(desk, ticket, note)
        self._state(desk, ticket, old)
        return True

    def _note(self, desk: Desk, ticket: Ticket, note: OldNote, *, first: bool = False) -> None:
        author = self._known(desk.unit, note.by, note.by_email, None)
        title = note.title
        if author is None and note.by:
            title = f"{note.by}: {title}" if title else note.by
        with desk.acting(Actor.of(author) if author else desk.actor):
            desk.add_note(ticket, text=note.text, title=title, public=note.public, first=first)

    def _state(self, desk: Desk, ticket: Ticket, old: OldTicket) -> None:
        """What the ticket is at the end of its history, written at once."""
        holder = self._known(desk.unit, old.resource or "", old.resource, Role.RESOURCE)
        if old.resource and holder is None:
            self.strangers.add(old.resource)
        kind = StatusKind(self.profile.status(old.status).kind)
        completed = old.completed or (desk.now if kind == StatusKind.CLOSED else None)
        desk.now = max(completed or desk.now, desk.now)
        desk.take_over(
            ticket,
            {"from": self.source, "number": old.number},
            status=old.status,
            status_kind=kind,
            priority=old.priority,
            type=old.type or ticket.type,
            primary_id=holder.id if holder else None,
            due=old.due,
            completed=completed if kind == StatusKind.CLOSED else None,
            resolution=old.resolution,
            tags=list(old.tags),
        )

    def _known(
        self, unit: Unit, name: str, address: str | None, role: Role | None
    ) -> Person | None:
        """Who is meant: by address, else a technician by name."""
        found = people.by_address(unit, Address("", address)) if address else None
        if found is None and name and role != Role.CONTACT:
            found = people.resource_named(unit, name)
        if found is None and address and "@" in address and role != Role.RESOURCE:
            found = people.learn(unit, Address(name, address), self.now)
        return found if role is None or found is None or found.role == role else None


def _first(old: OldTicket) -> OldNote:
    return OldNote(old.description, None, old.contact, old.contact_email, True, old.created)


def _put_organization(unit: Unit, old: OldOrganization) -> None:
    found = people.put_organization(unit, old.name, old.domains)
    if old.language:
        unit.change(found, fields={**found.fields, "language": old.language})
