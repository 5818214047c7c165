"""Files that do not go out with a note are said to who wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from maild.desk.desk import Desk
from maild.desk.file_policy import in_words
from maild.desk.notify import notify
from maild.desk.passed_on import fitting
from maild.i18n import Sentence, sentence
from maild.model import Role, Verdict
from maild.store import asking
from maild.store.records import Clock, Note, OutboxItem, Person, Ticket
from maild.store.unit import Unit

TEMPLATE = "files-left-out"
PREFIX = f"{TEMPLATE}: "


def tell(desk: Desk, ticket: Ticket, note: Note, person: Person, limit: int) -> None:
    """Tells a technician which of his files do not go out, where all may take `limit` octets."""
    said = reasons(note, limit)
    if said:
        notify(desk, ticket, TEMPLATE, [person], note=note, extra={"files": said})


def reasons(note: Note, limit: int) -> list[Sentence]:
    """Of each file that does not go out, why."""
    fits = fitting(note.attachments, limit)
    return [_why(view) for view, goes in zip(note.attachments, fits, strict=True) if not goes]


def _why(view: Mapping[str, Any]) -> Sentence:
    name = str(view.get("filename", ""))
    if view.get("refused") == Verdict.PENDING:
        return sentence("{file}: kept back, as the virus scanner does not answer", file=name)
    if view.get("refused"):
        return sentence(
            "{file}: refused, as it is {kind}", file=name, kind=in_words(str(view["refused"]))
        )
    return sentence("{file}: too large for a mail", file=name)


# ---- what the relay does not take is found out where there is no desk: a clock brings it to one


def by_relay(unit: Unit, item: OutboxItem, note: Note | None, room: int, now: datetime) -> None:
    """Has the writer told, who is a technician, once a note, that the relay takes no more octets of
    files than `room`."""
    ticket = unit.get(Ticket, item.ticket_id) if item.ticket_id is not None else None
    if note is None or ticket is None or item.audience != Role.CONTACT:
        return
    name = f"{PREFIX}{note.id}"
    told = any(
        i.template == TEMPLATE and i.note_id == note.id for i in asking.outbox.of(unit, ticket)
    )
    if note.by_kind == Role.RESOURCE and not told and name not in asking.clocks.of(unit, ticket):
        detail = {"room": room}
        unit.add(Clock(ticket_id=ticket.id, name=name, due=now, started=now, detail=detail))


def is_clock(name: str) -> bool:
    """Whether a clock of this name is ours."""
    return name.startswith(PREFIX)


def fire(desk: Desk, ticket: Ticket, name: str, room: int) -> None:
    """Tells him."""
    note = desk.unit.get(Note, int(name.removeprefix(PREFIX)))
    writer = desk.unit.get(Person, note.by_id) if note is not None and note.by_id else None
    if note is not None and writer is not None:
        tell(desk, ticket, note, writer, room)
