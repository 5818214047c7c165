"""A customer's sign-off, kept with the ticket as evidence: by mail, or drawn on a screen (A7)."""

from __future__ import annotations

from typing import Any

from maild.desk.desk import Desk
from maild.model import EventName
from maild.store.records import Note, Ticket


def keep(desk: Desk, ticket: Ticket, called: str, note: Note | None, **detail: Any) -> None:
    """Who signed (`called`: name and address, or name) and when stand in the ticket's fields; the
    event has what proves it."""
    desk.set_field(ticket, "signed_off_by", called)
    desk.set_field(ticket, "signed_off_at", desk.now.isoformat())
    detail |= {"note_id": note.id} if note is not None else {}
    desk.emit(ticket, EventName.SIGNED_OFF, detail, note)
