"""Rules on `mail received`: machines' mail becomes a ticket's fields (N7, G17, G18)."""

from __future__ import annotations

import re
from typing import Any

from maild.desk.desk import Desk, Occurrence, Route
from maild.model import Address, EventName, StatusKind
from maild.rules.actions import CORRELATE_FOR, ROUTING, rule_actor, steps_of
from maild.rules.conditions import why
from maild.rules.context import Context
from maild.rules.interpolate import fill
from maild.rules.rule import Rule
from maild.store import asking
from maild.store.records import Note, Ticket

PER_CENT = re.compile(r"\d+(?:[.,]\d+)?\s*%")
FINISHED = (StatusKind.RESOLVED, StatusKind.CLOSED)


def route_of(rule: Rule, context: Context) -> Route:
    """What this rule makes of the mail, and what it will do to the ticket."""
    said: dict[str, Any] = {
        step.action: fill(context, step.argument) for step in rule.steps if step.action in ROUTING
    }
    correlate = said.get("correlate")
    wanted = correlate if isinstance(correlate, dict) else {"key": correlate}
    correlation = _key(str(wanted.get("key") or ""))
    ticket = _numbered(context.desk, said.get("belongs to")) or _alert(
        context.desk, correlation, open_only=wanted.get("find") == "open"
    )
    drop = said.get("drop")
    if ticket is None and wanted.get("otherwise") == "drop":
        drop = f"there is no open ticket that it is the all-clear of ({correlation})"
    source = str(said["from"])
    return Route(
        by=source[:1].upper() + source[1:],
        source=source,
        ticket=ticket,
        correlation=correlation,
        contact=_contact(said.get("contact")),
        drop=str(drop) if drop else None,
        because=f"rule {rule.name}: {'; '.join(why(rule.condition, context))}",
        then=_later(rule, context),
    )


def _key(text: str) -> str | None:
    """What alert and all-clear share; how full or how loaded is not part of it."""
    return " ".join(PER_CENT.sub("%", text.lower()).split()) or None


def _later(rule: Rule, context: Context) -> Any:
    """The rule's other actions, for when there is a ticket."""
    steps = [step for step in rule.steps if step.action not in ROUTING]

    def then(desk: Desk, ticket: Ticket, note: Note) -> None:
        with desk.acting(rule_actor(rule.name), (rule.name,)):
            row = desk.record(ticket, EventName.RULE_FIRED, {"rule": rule.name})
            inner = Context(
                desk,
                Occurrence(row, ticket, note, None, (rule.name,)),
                context.captures,
                context.clocks,
            )
            done = steps_of(inner, steps)
            detail = {
                "rule": rule.name,
                "because": "; ".join(why(rule.condition, context)),
                "did": "; ".join(done),
            }
            desk.unit.change(row, detail=detail)

    return then


def _numbered(desk: Desk, number: Any) -> Ticket | None:
    found = asking.tickets.numbered(desk.unit, str(number)) if number else None
    return _followed(desk, found)


def _alert(desk: Desk, correlation: str | None, *, open_only: bool) -> Ticket | None:
    """The latest ticket of this key; one that is closed for long is another matter."""
    if correlation is None:
        return None
    found = asking.tickets.correlated(desk.unit, correlation, desk.now - CORRELATE_FOR)
    wanted = (t for t in found if not open_only or t.status_kind not in FINISHED)
    return _followed(desk, next(wanted, None))


def _followed(desk: Desk, ticket: Ticket | None) -> Ticket | None:
    """The ticket that it was merged into, where it was; None where one of them was deleted."""
    if ticket is None or ticket.deleted is not None:
        return None
    last = asking.tickets.survivor(desk.unit, ticket)
    return last if last.deleted is None else None


def _contact(address: Any) -> Address | None:
    first = str(address or "").split(",")[0].strip()
    return Address("", first) if "@" in first else None
