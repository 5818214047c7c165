"""Which ticket a mail belongs to, by the best evidence there is (E4)."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.desk import numbers
from maild.ingest.who import Who
from maild.model import Mail, Reason
from maild.store.tables import Thread, Ticket


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket that a mail belongs to, or none."""

    ticket: Ticket | None
    reason: Reason


def match(session: Session, mail: Mail, who: Who | None) -> Match:
    """By known Message-IDs, the nearest first, then by a number in the subject."""
    for message_id in dict.fromkeys((*mail.in_reply_to, *reversed(mail.references))):
        ticket = session.scalar(
            sa.select(Ticket)
            .join(Thread, Thread.ticket_id == Ticket.id)
            .where(Thread.message_id == message_id)
            .order_by(Thread.id)
            .limit(1)
        )
        if ticket is not None:
            because = f"it answers <{message_id}>, which belongs to it"
            return Match(_merged(session, ticket), Reason("match", ticket.number, because))
    for number in numbers.numbers_in(mail.subject):
        ticket = session.scalar(sa.select(Ticket).where(Ticket.number == number))
        if ticket is not None and who is not None and of_ticket(ticket, who):
            because = f"the subject names it, and {who.person.name} is of it"
            return Match(_merged(session, ticket), Reason("match", number, because))
    return Match(None, Reason("match", "a new ticket", "nothing in it points to one that we have"))


def of_ticket(ticket: Ticket, who: Who) -> bool:
    """Whether this person belongs to the ticket: a resource, its contacts, its organization."""
    person = who.person
    if who.is_resource or person is ticket.contact:
        return True
    if any(p.person is person for p in ticket.people):
        return True
    return person.organization_id is not None and person.organization_id == ticket.organization_id


def _merged(session: Session, ticket: Ticket) -> Ticket:
    """Where a merged ticket went."""
    for _ in range(20):
        if ticket.merged_id is None:
            break
        ticket = session.get_one(Ticket, ticket.merged_id)
    return ticket
