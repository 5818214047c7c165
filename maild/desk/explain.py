"""What happened to a message and why, step by step (E13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maild.desk import numbers
from maild.errors import NotFound
from maild.model import EventName, Reason
from maild.store import asking
from maild.store.records import Message
from maild.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Chapter:
    """One message: what was read off it and decided, then what came of it."""

    title: str
    reasons: tuple[Reason, ...]
    lines: tuple[str, ...]


def of_messages(unit: Unit, what: str) -> list[Chapter]:
    """The stories of a Message-ID's or a ticket's messages; NotFound where there are none."""
    number = next(iter(numbers.numbers_in(what)), None)
    if number is None:
        found = asking.messages.with_id(unit, what.strip("<> "))
    else:
        ticket = asking.tickets.numbered(unit, number)
        found = asking.messages.of(unit, ticket) if ticket is not None else []
    if not found:
        raise NotFound(
            f"There is no message or ticket {what}. Give a file, a Message-ID or a ticket number."
        )
    return [_chapter(unit, stored) for stored in found]


def _chapter(unit: Unit, stored: Message) -> Chapter:
    title = (
        f"message {stored.id}: {stored.subject or '(no subject)'}"
        f" · by {stored.mailbox}, {stored.accepted:%Y-%m-%d %H:%M:%S} UTC"
    )
    lines = [f"state    {stored.state}" + (f": {stored.error}" if stored.error else "")]
    for result in stored.commands:
        done = "done" if result["done"] else "refused"
        lines.append(f"command  {result['command']}: {done}, {result['why']}")
    for event in asking.messages.events(unit, stored):
        lines.append(f"event    {in_words(event.event, event.by, event.detail)}")
    for item in asking.outbox.of_message(unit, stored.id):
        lines.append(f"mail     {item.template} to {item.address}: {item.state}")
    return Chapter(title, tuple(Reason(*r) for r in stored.reasons), tuple(lines))


# Events that mean nothing without their cause.
_TROUBLE = (EventName.RULE_FAILED, EventName.RULES_CUT_SHORT)


def in_words(event: str, by: str, detail: Mapping[str, Any]) -> str:
    """An event as one line: what, from what to what, by whom."""
    said = event
    if detail.get("field"):
        said += f" {detail['field']}"
    if detail.get("from") is not None or detail.get("to") is not None:
        before = f" {detail['from']} →" if detail.get("from") is not None else ":"
        said += f"{before} {detail['to']}"
    for key in ("kind", "person", "role", "failed", "partner", "says", "reference"):
        if detail.get(key) and event != EventName.STATUS_CHANGED:
            value = detail[key]
            said += f", {key} {', '.join(value) if isinstance(value, list) else value}"
    if event in _TROUBLE:
        said += f"{', ' + detail['rule'] if 'rule' in detail else ''}: {detail['because']}"
    return f"{said} · {by}"
