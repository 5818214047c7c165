"""What happened to a message and why, step by step (E13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.desk import numbers
from maild.errors import NotFound
from maild.model import Reason
from maild.store import Store
from maild.store.tables import Event, Message, OutboxItem, Ticket


@dataclass(frozen=True, slots=True)
class Chapter:
    """One message: what was read off it and decided, then what came of it."""

    title: str
    reasons: tuple[Reason, ...]
    lines: tuple[str, ...]


def of_messages(store: Store, what: str) -> list[Chapter]:
    """The stories of a Message-ID's or a ticket's messages; NotFound where there are none."""
    with store.read() as session:
        number = next(iter(numbers.numbers_in(what)), None)
        query = sa.select(Message).order_by(Message.id)
        if number is not None:
            query = query.join(Ticket).where(Ticket.number == number)
        else:
            query = query.where(Message.message_id == what.strip("<> "))
        chapters = [_chapter(session, stored) for stored in session.scalars(query)]
    if not chapters:
        raise NotFound(
            f"There is no message or ticket {what}. Give a file, a Message-ID or a ticket number."
        )
    return chapters


def _chapter(session: Session, stored: Message) -> Chapter:
    title = (
        f"message {stored.id}: {stored.subject or '(no subject)'}"
        f" · by {stored.mailbox}, {stored.accepted:%Y-%m-%d %H:%M:%S} UTC"
    )
    lines = [f"state    {stored.state}" + (f": {stored.error}" if stored.error else "")]
    for result in stored.commands:
        done = "done" if result["done"] else "refused"
        lines.append(f"command  {result['command']}: {done}, {result['why']}")
    events = session.scalars(
        sa.select(Event).where(Event.stored_id == stored.id).order_by(Event.id)
    )
    for event in events:
        lines.append(f"event    {in_words(event.event, event.by, event.detail)}")
    sent = session.scalars(
        sa.select(OutboxItem).where(OutboxItem.stored_id == stored.id).order_by(OutboxItem.id)
    )
    lines.extend(f"mail     {item.template} to {item.address}: {item.state}" for item in sent)
    return Chapter(title, tuple(Reason(*r) for r in stored.reasons), tuple(lines))


_TROUBLE = ("rule failed", "rules cut short")  # events that mean nothing without their cause


def in_words(event: str, by: str, detail: dict[str, Any]) -> str:
    """An event as one line: what, from what to what, by whom."""
    said = event
    if detail.get("field"):
        said += f" {detail['field']}"
    if detail.get("from") is not None or detail.get("to") is not None:
        before = f" {detail['from']} →" if detail.get("from") is not None else ":"
        said += f"{before} {detail['to']}"
    for key in ("kind", "person", "role", "failed"):
        if detail.get(key) and event != "status changed":
            value = detail[key]
            said += f", {key} {', '.join(value) if isinstance(value, list) else value}"
    if event in _TROUBLE:
        said += f"{', ' + detail['rule'] if 'rule' in detail else ''}: {detail['because']}"
    return f"{said} · {by}"
