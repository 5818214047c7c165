"""Tickets that another desk has too, and what it said of them."""

from __future__ import annotations

from maild.store.question import Question, param
from maild.store.records import PartnerEvent, SharedTicket, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_shared, _ticket = columns(SharedTicket), columns(Ticket)

REFERRED = Question(
    SharedTicket,
    (_shared.partner == param("partner")) & (_shared.reference == param("reference")),
    order=(_shared.ticket_id.desc(),),
    limit=1,
)
MERGED_INTO = Question(Ticket, _ticket.merged_id == param("ticket"), order=(_ticket.id.desc(),))


def of_ticket(unit: Unit, ticket: Ticket) -> SharedTicket | None:
    """With whom it is shared, or the latest that was merged into it; None: with nobody."""
    found = unit.get(SharedTicket, ticket.id)
    if found is not None:
        return found
    merged = (unit.get(SharedTicket, one.id) for one in unit.all(MERGED_INTO, ticket=ticket.id))
    return next((shared for shared in merged if shared is not None), None)


def referred(unit: Unit, partner: str, reference: str) -> SharedTicket | None:
    """The ticket beside which this partner has one of this number."""
    return unit.first(REFERRED, partner=partner, reference=reference)


def said(unit: Unit, key: str) -> PartnerEvent | None:
    """When it was said, if it was."""
    return unit.get(PartnerEvent, key)
