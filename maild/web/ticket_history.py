"""Events of a ticket as its reader is told them, in a line each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from maild.desk import fields
from maild.i18n import Sentence, sentence
from maild.model import EventName
from maild.store.records import Event

if TYPE_CHECKING:
    from maild.web.visit import Visit

# What the conversation itself shows; the rest is in the history.
SHOWN = frozenset(
    {
        EventName.STATUS_CHANGED,
        EventName.ASSIGNED,
        EventName.UNASSIGNED,
        EventName.MERGED,
        EventName.UNMERGED,
        EventName.TRANSFERRED,
        EventName.DELETED,
        EventName.RESTORED,
        EventName.MESSAGE_BOUNCED,
        EventName.NOTIFICATION_FAILED,
        EventName.SLA_MISSED,
        EventName.SLA_APPROACHING,
        EventName.PERSON_ADDED,
        EventName.PERSON_REMOVED,
        EventName.LINKED,
        EventName.UNLINKED,
        EventName.TIME_REMOVED,
    }
)
PICTURES = {
    EventName.STATUS_CHANGED: "recent",
    EventName.ASSIGNED: "person",
    EventName.UNASSIGNED: "person",
    EventName.MERGED: "merge",
    EventName.LINKED: "link",
    EventName.UNLINKED: "link",
    EventName.MESSAGE_BOUNCED: "warn",
    EventName.NOTIFICATION_FAILED: "warn",
    EventName.SLA_MISSED: "clock",
    EventName.SLA_APPROACHING: "clock",
    EventName.DELETED: "trash",
    EventName.TRANSFERRED: "swap",
    EventName.TIME_ADDED: "clock",
    EventName.NOTE_ADDED: "note",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a ticket's history."""

    at: datetime
    text: str
    icon: str


def happening(visit: Visit, event: Event) -> Happening:
    """An event as a line."""
    name = event.event
    text = visit.words.write(_sentence(visit, name, event.by, event.detail))
    return Happening(event.at, text, PICTURES.get(name, "history"))


def _sentence(visit: Visit, name: EventName, by: str, detail: Any) -> Sentence:
    who = _actor(by)
    from_, to = _value(visit, detail.get("from")), _value(visit, detail.get("to"))
    if name == EventName.STATUS_CHANGED:
        return sentence("{who}: {before} → {after}", who=who, before=from_, after=to)
    if name == EventName.ASSIGNED:
        return sentence("{who} gave it to {person}", who=who, person=to)
    if name == EventName.UNASSIGNED:
        return sentence("{who} took it from {person}", who=who, person=from_)
    if name == EventName.FIELD_CHANGED:
        field = fields.label(str(detail.get("field", "")).removesuffix("_id"))
        return sentence("{who} set {field} to {value}", who=who, field=field, value=to)
    if name in (EventName.PERSON_ADDED, EventName.PERSON_REMOVED):
        return _person(name, who, str(detail.get("person", "")))
    if name in (EventName.LINKED, EventName.UNLINKED):
        return _link(name, who, to, from_)
    if name == EventName.MERGED:
        return sentence("{who} merged {ticket} into {other}", who=who, ticket=from_, other=to)
    if name in (EventName.RULE_FIRED, EventName.CLOCK_FIRED):
        return sentence("rule: {rule}", rule=str(detail.get("rule", detail.get("name", by))))
    return sentence("{who}: {event}", who=who, event=Sentence(name, {}))


def _person(name: EventName, who: str, person: str) -> Sentence:
    if name == EventName.PERSON_ADDED:
        return sentence("{who} added {person}", who=who, person=person)
    return sentence("{who} removed {person}", who=who, person=person)


def _link(name: EventName, who: str, to: Any, from_: Any) -> Sentence:
    if name == EventName.LINKED:
        return sentence("{who} linked it to {ticket}", who=who, ticket=to)
    return sentence("{who} unlinked it from {ticket}", who=who, ticket=from_)


def _actor(by: str) -> str:
    if by.startswith("rule: "):
        return sentence("the rule “{name}”", name=by.removeprefix("rule: "))
    return by


def _value(visit: Visit, value: Any) -> Any:
    if value is None or value == "":
        return sentence("nothing")
    if isinstance(value, list):
        return [_value(visit, entry) for entry in value] or sentence("nothing")
    if isinstance(value, dict):  # an item of a checklist
        return str(value.get("item") or "…")
    text = str(value)
    if "T" in text:
        with suppress(ValueError):
            return datetime.fromisoformat(text).astimezone(visit.zone)
    return visit.called(text)
