"""Rules on `mail received`: machines' mail becomes a ticket's fields (N7, G17, G18)."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from maild.desk import views
from maild.desk.desk import Desk, Occurrence, Route
from maild.model import Address
from maild.rules.actions import CORRELATE_FOR, ROUTING, rule_actor, steps_of
from maild.rules.context import Context
from maild.rules.interpolate import fill
from maild.rules.rule import Rule
from maild.store.tables import Note, Ticket

PER_CENT = re.compile(r"\d+(?:[.,]\d+)?\s*%")
HOPS = 5  # tickets that were merged into tickets that were merged …


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
        because=f"rule {rule.name}: {'; '.join(rule.condition.why(context))}",
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
            row = desk.record(ticket, "rule fired", {"rule": rule.name})
            inner = Context(
                desk,
                Occurrence(row, ticket, note, None, (rule.name,)),
                context.captures,
                context.clocks,
            )
            done = steps_of(inner, steps)
            row.detail = {
                "rule": rule.name,
                "because": "; ".join(rule.condition.why(context)),
                "did": "; ".join(done),
            }

    return then


def _numbered(desk: Desk, number: Any) -> Ticket | None:
    if not number:
        return None
    wanted = str(number).strip("[]# ").upper()
    return _followed(desk, desk.session.scalar(sa.select(Ticket).where(Ticket.number == wanted)))


def _alert(desk: Desk, correlation: str | None, *, open_only: bool) -> Ticket | None:
    """The latest ticket of this key; one that is closed for long is another matter."""
    if correlation is None:
        return None
    query = sa.select(Ticket).where(
        Ticket.correlation == correlation,
        Ticket.deleted.is_(None),
        sa.or_(Ticket.completed.is_(None), Ticket.completed > desk.now - CORRELATE_FOR),
    )
    if open_only:
        query = query.where(views.UNFINISHED)
    return _followed(desk, desk.session.scalar(query.order_by(Ticket.id.desc()).limit(1)))


def _followed(desk: Desk, ticket: Ticket | None) -> Ticket | None:
    """The ticket that it was merged into, where it was; None where it was deleted."""
    for _ in range(HOPS):
        if ticket is None or ticket.deleted is not None:
            return None
        if ticket.merged_id is None:
            return ticket
        ticket = desk.session.get(Ticket, ticket.merged_id)
    return ticket


def _contact(address: Any) -> Address | None:
    first = str(address or "").split(",")[0].strip()
    return Address("", first) if "@" in first else None
