"""What a notification tells besides the ticket where a rule sends it: until when, who …"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from maild.desk import (
    appointments,
    articles,
    canned_replies,
    file_policy,
    late,
    requests,
    status_requirements,
)
from maild.desk.notifications import Notification
from maild.i18n import sentence
from maild.model import EventName, Role, TicketRole
from maild.parse import letter
from maild.rules.context import Context
from maild.rules.recipients import on_call
from maild.store import asking
from maild.store.records import Item, Note, Person, Ticket
from maild.yamlfile import key

APPOINTMENTS = (
    EventName.APPOINTMENT_MADE,
    EventName.APPOINTMENT_MOVED,
    EventName.APPOINTMENT_ENDED,
)


def extra_facts(context: Context, kind: Notification) -> dict[str, Any]:
    """The facts that this notification is declared with, as far as a rule knows them."""
    found = {root: FACTS[root](context) for root in kind.nothing if root in FACTS}
    if kind.calendar and found.get("appointment"):
        found["appointment"]["calendar"] = kind.calendar
    return found


def note_for(context: Context, kind: Notification) -> Note | None:
    """The note to show: that of the event, else the latest that this audience may read."""
    note = context.written or context.note
    if note is not None or "note" not in kind.about or context.ticket is None:
        return note
    public_only = kind.audience == Role.CONTACT
    found = asking.notes.earlier(context.desk.unit, context.ticket, public_only=public_only)
    return next(iter(found), None)


def _until(context: Context) -> str | None:
    """When the clock of this ticket that is next fires."""
    if context.ticket is None:
        return None
    clocks = asking.clocks.of(context.desk.unit, context.ticket).values()
    found = min((clock.due for clock in clocks if clock.due is not None), default=None)
    return found.isoformat() if found else None


def _since(context: Context) -> str | None:
    """Since when the ticket has its status."""
    if context.ticket is None:
        return None
    event = EventName.STATUS_CHANGED
    found = asking.tickets.last_event(context.desk.unit, context.ticket, event)
    return found.at.isoformat() if found else None


def _late(context: Context) -> str | None:
    """When the mail came that is the cause, where that is hours ago."""
    came = late.since(context.desk)
    return came.isoformat() if came else None


def _refused(context: Context) -> list[str]:
    """Of what kinds the note has files that are refused."""
    return file_policy.refused(context.note) if context.note is not None else []


def _transfer(context: Context) -> dict[str, Any]:
    detail = context.event.detail if context.event else {}
    return {"from": detail.get("from"), "to": context.ticket.queue if context.ticket else None}


def _merger(context: Context) -> dict[str, Any]:
    detail = context.event.detail if context.event else {}
    number = str(detail.get("to") or (context.ticket.number if context.ticket else ""))
    into = asking.tickets.numbered(context.desk.unit, number) or context.ticket
    return {
        "from": detail.get("from"),
        "to": number,
        "title": into.title if into is not None else "",
        "status": into.status if into is not None else "",
    }


def _appointment(context: Context) -> dict[str, Any] | None:
    """The appointment of which something happened, else the ticket's next one, or the one that has
    just ended; None where it has none."""
    ticket, unit = context.ticket, context.desk.unit
    if ticket is None:
        return None
    call = _of_event(context) or appointments.last(unit, ticket)
    said = call.fields if call is not None else {}
    start = said.get("start") or ticket.fields.get("service_call")
    if start is None:
        return None
    primary = asking.tickets.primary(unit, ticket)
    name = call.name if call is not None else f"{ticket.number} 1"
    sequence = int(said.get("sequence", 0))
    return {
        "start": start,
        "end": said.get("end") or ticket.fields.get("service_call_end"),
        "resource": primary.name if primary else None,
        "place": said.get("place") or ticket.fields.get("location"),
        "moved": sequence > 0,
        "id": name.replace(" ", "-"),
        "sequence": sequence,
    }


def _of_event(context: Context) -> Item | None:
    """The service call that was made, moved or ended."""
    named = context.event.detail.get("name") if context.event else None
    if context.event is None or context.event.event not in APPOINTMENTS or not named:
        return None
    return asking.items.named(context.desk.unit, appointments.KIND.name, key(str(named)))


def _on_call(context: Context) -> str | None:
    person = on_call(context.desk)
    return person.name if person else None


def _missing(context: Context) -> list[str]:
    return status_requirements.closing_needs(context.desk, context.ticket) if context.ticket else []


def _problem(context: Context) -> dict[str, Any]:
    ticket = context.ticket
    parent = context.desk.unit.get(Ticket, ticket.parent_id) if ticket else None
    return {"number": parent.number, "title": parent.title} if parent else {}


def _sla(context: Context) -> dict[str, Any]:
    event = context.event
    detail = event.detail if event else {}
    return {
        "target": detail.get("which"),
        "due": detail.get("due"),
        "broken": event is not None and event.event == EventName.SLA_MISSED,
    }


def _side(context: Context) -> str:
    detail = context.event.detail if context.event else {}
    if detail.get("partner"):
        return str(detail["partner"])
    other = sentence("The other side")
    known = {str(name): name for name in context.desk.profile.sides.values()}
    return known.get(str(detail.get("side")), other)


def _form(context: Context) -> dict[str, Any]:
    ticket, profile = context.ticket, context.desk.profile
    if ticket is None:
        return {"type": None, "missing": []}
    return {
        "type": ticket.fields.get("request_type"),
        "missing": requests.missing(profile, ticket),
    }


def _articles(context: Context) -> list[str]:
    if context.ticket is None:
        return []
    return [article.name for article in articles.for_ticket(context.desk.unit, context.ticket)]


def _back(context: Context) -> str | None:
    desk = context.desk
    calendar = desk.profile.calendar().at(desk.settings.config.desk.zone)
    opens = calendar.next_opening(desk.now)
    return opens.isoformat() if opens is not None else None


def _emergency(context: Context) -> str | None:
    return context.desk.settings.config.desk.emergency


def _replies(context: Context) -> list[dict[str, str]]:
    if context.ticket is None:
        return []
    found = canned_replies.suggested(context.desk, context.ticket)
    return [{"name": reply.name, "text": _beginning(reply.text)} for reply in found]


def _beginning(text: str) -> str:
    """The first line that says something: no greeting, no hole."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    said = [line for line in lines if not letter.is_greeting(line) and "{{" not in line]
    return (said or lines)[0][:120]


def _remark(context: Context) -> str | None:
    """What a technician wrote above the mail that he forwarded: another note of the same mail."""
    note = context.note
    if note is None or note.stored_id is None or note.by_kind == Role.RESOURCE:
        return None
    notes = asking.notes.of_message(context.desk.unit, note.stored_id)
    own = (n for n in notes if n.by_kind == Role.RESOURCE and n.ticket_id == note.ticket_id)
    return next((n.text for n in own if not n.public), None)


def _proposed(context: Context) -> list[str]:
    """Whom this mail was sent to as well and who waits for a technician's yes (H47)."""
    desk, role = context.desk, TicketRole.PROPOSED
    ids = [
        e.event.detail.get("person_id")
        for e in desk.events
        if e.event.event == EventName.PERSON_ADDED and e.event.detail.get("role") == role
    ]
    people = (desk.unit.get(Person, person_id) for person_id in ids)
    return [asking.people.email(desk.unit, person) for person in people if person is not None]


def _undelivered(context: Context) -> dict[str, Any]:
    """Which mail of ours did not arrive, where that is what happened."""
    found: dict[str, Any] = context.desk.memory.get("undelivered", {})
    return found


FACTS: dict[str, Callable[[Context], Any]] = {
    "until": _until,
    "since": _since,
    "late": _late,
    "refused": _refused,
    "transfer": _transfer,
    "merger": _merger,
    "appointment": _appointment,
    "oncall": _on_call,
    "missing": _missing,
    "problem": _problem,
    "sla": _sla,
    "side": _side,
    "remark": _remark,
    "proposed": _proposed,
    "form": _form,
    "articles": _articles,
    "undelivered": _undelivered,
    "replies": _replies,
    "back": _back,
    "emergency": _emergency,
}
