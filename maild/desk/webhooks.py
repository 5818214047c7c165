"""What other programs are told of a ticket, written in the transaction that caused it."""

from __future__ import annotations

import hashlib
from typing import Any

from maild.desk import facts
from maild.desk.desk import Desk
from maild.desk.profile import named
from maild.model import SendState
from maild.store import asking
from maild.store.records import Hook, Ticket


def call(desk: Desk, name: str, ticket: Ticket, event: str, rule: str) -> bool:
    """Puts one call of the hook `name` into the outbox; False where this cause has done so.

    UsageError: there is no such [[hook]] in maild.toml.
    """
    known = [section.name for section in desk.settings.config.hook]
    name = named(name, known, "[[hook]]")
    body: dict[str, Any] = {
        "event": event,
        "rule": rule,
        "at": desk.now.isoformat(),
        "ticket": facts.ticket_facts(desk.unit, ticket),
    }
    return put(desk, name, "\x00".join((rule, event, str(ticket.id))), body, ticket)


def put(
    desk: Desk, name: str, what: str, body: dict[str, Any], ticket: Ticket | None = None
) -> bool:
    """The same for any body; `what` tells the calls of one cause apart."""
    text = "\x00".join((desk.cause, name, what))
    key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    if asking.hooks.with_key(desk.unit, key) is not None:
        return False
    desk.unit.add(
        Hook(
            key=key,
            name=name,
            ticket_id=ticket.id if ticket is not None else None,
            body=body,
            state=SendState.UNSENT if desk.settings.config.desk.listens else SendState.WAITING,
            next_try=desk.now,
            created=desk.now,
        )
    )
    return True
