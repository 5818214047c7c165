"""Who answers a mail that only a technician got, from an address that nobody knows.

It may be he, at home; it may be somebody to whom he forwarded it.  So the words stay among
colleagues, who are told from where they came, and one of them makes them his own by one word.
"""

from __future__ import annotations

from maild.desk.desk import Actor, Desk
from maild.desk.notify import notify
from maild.ingest import mail_notes
from maild.ingest.match import Match, of_ticket
from maild.ingest.sender import Sender
from maild.model import EventName, Mail, Role
from maild.rules.recipients import holders
from maild.store import asking
from maild.store.records import Note, Person, Ticket

TEMPLATE = "unknown-address"


def whose(desk: Desk, found: Match, sender: Sender) -> Person | None:
    """The technician whose mail it answers; None where the sender is he, or is of the ticket."""
    if sender.is_resource or found.ticket is None or of_ticket(desk.unit, found.ticket, sender):
        return None
    people = (desk.unit.get(Person, person_id) for person_id in sorted(found.persons))
    return next((p for p in people if p is not None and p.role == Role.RESOURCE), None)


def keep(
    desk: Desk, mail: Mail, ticket: Ticket, sender: Sender, technician: Person, text: str
) -> Note:
    """Keeps the words internally and tells those who hear of the ticket what came, from where."""
    address = mail.sender.key if mail.sender else asking.people.email(desk.unit, sender.person)
    with desk.acting(Actor(address, Role.SYSTEM)):
        note = mail_notes.write(
            desk,
            ticket,
            mail,
            text=text,
            public=False,
            event=EventName.NOTE_WITHHELD,
            because=f"it answers a mail to {technician.name}, from {address}, which nobody knows",
        )
    said = {"address": address, "whose": technician.name}
    told = holders(desk, ticket)
    notify(desk, ticket, TEMPLATE, told, note=note, extra={"unknown": said})
    return note


def attach(desk: Desk, note: Note, person: Person) -> None:
    """A technician makes such words his own."""
    desk.unit.change(note, by_id=person.id, by_kind=Role.RESOURCE)
