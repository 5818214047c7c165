"""The original messages of a ticket, byte for byte (N26)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.errors import NotFound
from maild.store.tables import Note, Raw, Ticket


def eml(session: Session, ticket: Ticket, note_id: int | None = None) -> bytes:
    """The octets of the mail that made this note, or the ticket; NotFound where no mail did."""
    query = (
        sa.select(Raw.octets)
        .join(Note, Note.stored_id == Raw.stored_id)
        .where(Note.ticket_id == ticket.id)
        .order_by(Note.id)
        .limit(1)
    )
    if note_id is not None:
        query = query.where(Note.id == note_id)
    octets = session.scalar(query)
    if octets is None:
        what = f"note {note_id} of {ticket.number}" if note_id is not None else ticket.number
        raise NotFound(f"No mail belongs to {what}; `maild show {ticket.number}` lists its notes.")
    return octets
