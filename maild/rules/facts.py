"""What a notification tells besides the ticket where a rule sends it: until when, who …"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from maild.desk import gates, sharing
from maild.desk.notifications import Notification
from maild.i18n import sentence
from maild.rules.scene import Scene
from maild.rules.who import on_call
from maild.store.tables import Clock, Event, Note, Ticket


def extra_facts(scene: Scene, kind: Notification) -> dict[str, Any]:
    """The facts that this notification is declared with, as far as a rule knows them."""
    roots = {fact.name.partition("[")[0].partition(".")[0] for fact in kind.extra}
    return {root: FACTS[root](scene) for root in roots if root in FACTS}


def note_for(scene: Scene, kind: Notification) -> Note | None:
    """The note to show: that of the event, else the latest that this audience may read."""
    note = scene.written or scene.note
    if note is not None or "note" not in kind.about or scene.ticket is None:
        return note
    query = sa.select(Note).where(Note.ticket_id == scene.ticket.id).order_by(Note.id.desc())
    if kind.audience == "contact":
        query = query.where(Note.public)
    return scene.desk.session.scalar(query.limit(1))


def _until(scene: Scene) -> str | None:
    """When the clock of this ticket that is next fires."""
    scene.desk.session.flush()
    query = sa.select(sa.func.min(Clock.due)).where(Clock.ticket_id == _id(scene))
    found = scene.desk.session.scalar(query)
    return found.isoformat() if found else None


def _since(scene: Scene) -> str | None:
    """Since when the ticket has its status."""
    query = sa.select(sa.func.max(Event.at)).where(
        Event.ticket_id == _id(scene), Event.event == "status changed"
    )
    found = scene.desk.session.scalar(query)
    return found.isoformat() if found else None


def _id(scene: Scene) -> int | None:
    return scene.ticket.id if scene.ticket else None


def _transfer(scene: Scene) -> dict[str, Any]:
    detail = scene.event.detail if scene.event else {}
    return {"from": detail.get("from"), "to": scene.ticket.queue if scene.ticket else None}


def _appointment(scene: Scene) -> dict[str, Any]:
    ticket = scene.ticket
    fields = ticket.fields if ticket else {}
    return {
        "start": fields.get("service_call"),
        "end": fields.get("service_call_end"),
        "resource": ticket.primary.name if ticket and ticket.primary else None,
        "place": fields.get("location"),
    }


def _on_call(scene: Scene) -> str | None:
    person = on_call(scene.desk)
    return person.name if person else None


def _missing(scene: Scene) -> list[str]:
    return gates.closing_needs(scene.desk, scene.ticket) if scene.ticket else []


def _problem(scene: Scene) -> dict[str, Any]:
    ticket = scene.ticket
    parent = (
        scene.desk.session.get(Ticket, ticket.parent_id) if ticket and ticket.parent_id else None
    )
    return {"number": parent.number, "title": parent.title} if parent else {}


def _sla(scene: Scene) -> dict[str, Any]:
    event = scene.event
    detail = event.detail if event else {}
    return {
        "target": detail.get("which"),
        "due": detail.get("due"),
        "broken": event is not None and event.event == "SLA missed",
    }


def _side(scene: Scene) -> str:
    detail = scene.event.detail if scene.event else {}
    other = sentence("The other side")
    known: dict[str, str] = {name: name for name in sharing.NAMES.values()}
    return known.get(str(detail.get("side")), other)


FACTS: dict[str, Callable[[Scene], Any]] = {
    "until": _until,
    "since": _since,
    "transfer": _transfer,
    "appointment": _appointment,
    "oncall": _on_call,
    "missing": _missing,
    "problem": _problem,
    "sla": _sla,
    "side": _side,
}
