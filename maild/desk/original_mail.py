"""The original messages of a ticket, byte for byte (N26)."""

from __future__ import annotations

from maild.errors import NotFound
from maild.spool import Mass
from maild.store import asking
from maild.store.records import Ticket
from maild.store.unit import Unit


def eml(unit: Unit, ticket: Ticket, note_id: int | None = None) -> Mass:
    """The octets of the mail that made this note, or the ticket; NotFound where no mail did."""
    for note in asking.notes.of(unit, ticket):
        if note.stored_id is not None and note_id in (None, note.id):
            return _kept(asking.messages.octets(unit, note.stored_id))
    what = f"note {note_id} of {ticket.number}" if note_id is not None else ticket.number
    raise NotFound(f"No mail belongs to {what}; `maild show {ticket.number}` lists its notes.")


def _kept(octets: Mass) -> Mass:
    if not octets:
        raise NotFound(
            "This mail is not kept any more: it was pruned, as `[keep] raw` says, or erased."
        )
    return octets
