"""With which other desk a ticket is shared, and what a mail to it says for that desk (P8).

A mail to a partner about a shared ticket carries beside its text the same for the other desk to
read: what is known of it here is put into its row, and signed when it is composed
(`maild/outbox/partner_part.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from maild.config import Config, PartnerSection, Settings
from maild.desk import facts
from maild.desk.partner_seal import Says, cut
from maild.model import Address
from maild.store import asking
from maild.store.records import Note, OutboxItem, SharedTicket, Ticket
from maild.store.unit import Unit

PARTNER = "partner"  # key of a row's data


class Telling(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    settings: Settings
    now: datetime


def partner_at(config: Config, address: str) -> PartnerSection | None:
    """The partner whose desk has this address."""
    if not config.partner:
        return None
    key = Address("", address).key
    return next((one for one in config.partner if key in one.all_addresses()), None)


def partner_named(config: Config, name: str) -> PartnerSection | None:
    """The partner that is called so in maild.toml."""
    return next((one for one in config.partner if one.name == name), None)


def shared(unit: Unit, config: Config, ticket: Ticket) -> SharedTicket | None:
    """With which desk it is shared, also where they have ended it; None: with none.

    A desk without partners asks nothing.
    """
    return asking.partners.of_ticket(unit, ticket) if config.partner else None


def seal(desk: Telling, ticket: Ticket | None, row: OutboxItem, note: Note | None) -> None:
    """Puts into a mail to a partner what its desk is told by it: a note, where nobody said more."""
    partner = partner_at(desk.settings.config, row.address)
    if partner is None or ticket is None or note is None or row.data.get(PARTNER):
        return
    known = shared(desk.unit, desk.settings.config, ticket)
    if known is None or known.partner != partner.name or row.auto is not None:
        return
    said = told(desk, ticket, known, Says.NOTE, note)
    desk.unit.change(row, data={**row.data, PARTNER: said})


def told(
    desk: Telling,
    ticket: Ticket,
    known: SharedTicket,
    says: Says,
    note: Note | None,
    words: str = "",
    description: str = "",
) -> dict[str, Any]:
    """What the partner is told, counted: facts for the template and for its desk."""
    done = desk.now if says is Says.DONE else known.done
    desk.unit.change(known, sent=known.sent + 1, said=says.value, done=done)
    by = facts.writer(desk.unit, note) if note is not None else desk.settings.config.desk.name
    return {
        "name": known.partner,
        "says": says.value,
        "n": known.sent,
        "by": by,
        "title": ticket.title,
        "status": ticket.status,
        "yours": known.reference,
        "words": cut(words or (note.text if note is not None else "")),
        "description": cut(description),
    }
