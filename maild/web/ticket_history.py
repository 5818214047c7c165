"""Events of a ticket as its reader is told them, in a line each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from maild.desk import fields
from maild.i18n import Sentence, sentence
from maild.store.records import Event

if TYPE_CHECKING:
    from maild.web.visit import Visit

# What the conversation itself shows; the rest is in the history.
SHOWN = frozenset(
    {
        "status changed",
        "assigned",
        "unassigned",
        "merged",
        "unmerged",
        "transferred",
        "deleted",
        "restored",
        "message bounced",
        "notification failed",
        "SLA missed",
        "SLA approaching",
        "person added",
        "person removed",
        "linked",
        "time removed",
    }
)
PICTURES = {
    "status changed": "recent",
    "assigned": "person",
    "unassigned": "person",
    "merged": "merge",
    "linked": "link",
    "message bounced": "warn",
    "notification failed": "warn",
    "SLA missed": "clock",
    "SLA approaching": "clock",
    "deleted": "trash",
    "transferred": "swap",
    "time added": "clock",
    "note added": "note",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a ticket's history."""

    at: datetime
    text: str
    icon: str
    shown: bool  # in the conversation


def happening(visit: Visit, event: Event) -> Happening:
    """An event as a line."""
    name = str(event.event)
    text = visit.words.write(_sentence(visit, name, event.by, event.detail))
    return Happening(event.at, text, PICTURES.get(name, "history"), name in SHOWN)


def _sentence(visit: Visit, name: str, by: str, detail: Any) -> Sentence:
    who = _actor(by)
    from_, to = _value(visit, detail.get("from")), _value(visit, detail.get("to"))
    if name == "status changed":
        return sentence("{who}: {before} → {after}", who=who, before=from_, after=to)
    if name == "assigned":
        return sentence("{who} gave it to {person}", who=who, person=to)
    if name == "unassigned":
        return sentence("{who} took it from {person}", who=who, person=from_)
    if name == "field changed":
        field = fields.label(str(detail.get("field", "")).removesuffix("_id"))
        return sentence("{who} set {field} to {value}", who=who, field=field, value=to)
    if name in ("person added", "person removed"):
        person = str(detail.get("person", ""))
        if name == "person added":
            return sentence("{who} added {person}", who=who, person=person)
        return sentence("{who} removed {person}", who=who, person=person)
    if name == "linked":
        return sentence("{who} linked it to {ticket}", who=who, ticket=to)
    if name == "merged":
        return sentence("{who} merged {ticket} into {other}", who=who, ticket=from_, other=to)
    if name in ("rule fired", "clock fired"):
        return sentence("rule: {rule}", rule=str(detail.get("rule", detail.get("name", by))))
    return sentence("{who}: {event}", who=who, event=Sentence(name, {}))


def _actor(by: str) -> str:
    if by.startswith("rule: "):
        return sentence("the rule “{name}”", name=by.removeprefix("rule: "))
    return by


def _value(visit: Visit, value: Any) -> Any:
    if value is None or value == "":
        return sentence("nothing")
    if isinstance(value, list):
        return [str(entry) for entry in value]
    if isinstance(value, dict):
        return "…"
    text = str(value)
    try:
        return (
            datetime.fromisoformat(text).astimezone(visit.zone)
            if "T" in text
            else Sentence(text, {})
        )
    except ValueError:
        return Sentence(text, {})
