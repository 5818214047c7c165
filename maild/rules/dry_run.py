"""Asks rules what they would do, and lets one act on tickets that are there already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from maild.desk import views
from maild.desk.desk import Desk, Occurrence
from maild.errors import NotFound
from maild.model import EventName
from maild.rules.context import Context
from maild.rules.engine import fire
from maild.rules.rule import After, Rule, RuleSet
from maild.rules.rule_failures import reported
from maild.rules.ticket_clocks import Waiting
from maild.store import asking
from maild.store.records import Event, Note, Ticket
from maild.yamlfile import nearest


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says to an event."""

    rule: Rule
    fires: bool
    because: str  # what holds, or what does not


def named(rule_set: RuleSet, name: str) -> Rule:
    """The rule of this name, or the only one whose name has it; NotFound with the nearest."""
    found = [r for r in rule_set.rules if r.name.lower() == name.lower()] or [
        r for r in rule_set.rules if name.lower() in r.name.lower()
    ]
    if len(found) != 1:
        hint = nearest(name, [rule.name for rule in rule_set.rules])
        raise NotFound(f'There is no rule "{name}", or more than one; {hint}')
    return found[0]


def verdicts(
    rule_set: RuleSet, desk: Desk, ticket: Ticket, event: EventName, detail: dict[str, Any]
) -> list[Verdict]:
    """Every rule that listens to the event, with what it would do on this ticket and why."""
    return _verdicts(rule_set, desk, _occurrence(desk, ticket, event, detail))


def replayed(rule_set: RuleSet, desk: Desk, ticket: Ticket, row: Event) -> list[Rule]:
    """The rules that would answer an event that happened, on the ticket as it is now."""
    found = _verdicts(rule_set, desk, _around(desk, ticket, row))
    return [verdict.rule for verdict in found if verdict.fires]


def _verdicts(rule_set: RuleSet, desk: Desk, occurrence: Occurrence) -> list[Verdict]:
    context = Context(desk, occurrence, clocks=Waiting(rule_set))
    found = []
    for rule in rule_set.rules:
        if occurrence.event.event in rule.when:
            inner = Context(desk, context.occurrence, clocks=context.clocks)
            fires, said = rule.condition.told(inner)
            if fires:
                fires, kept = rule.keep.told(inner)
                said = [*said, *kept]
            found.append(Verdict(rule, fires, "; ".join(said) or "it asks for nothing more"))
    return found


def _occurrence(desk: Desk, ticket: Ticket, event: EventName, detail: dict[str, Any]) -> Occurrence:
    """The ticket's latest event of this name, with what is given in the place of its details."""
    last = asking.tickets.last_event(desk.unit, ticket, event)
    row = Event(
        at=desk.now,
        event=event,
        by=last.by if last else "maild",
        detail={**(last.detail if last else {}), **detail},
    )
    return _around(desk, ticket, row)


def _around(desk: Desk, ticket: Ticket, row: Event) -> Occurrence:
    """What rules see of an event."""
    note = desk.unit.get(Note, row.detail.get("note_id"))
    note = note or next(iter(asking.notes.earlier(desk.unit, ticket)), None)
    return Occurrence(row, ticket, note, asking.notes.writer(desk.unit, note) if note else None, ())


def apply(
    rule: Rule, rule_set: RuleSet, desk: Desk, view: str
) -> Iterator[tuple[Ticket, list[str]]]:
    """Lets the rule act on every ticket of a view for which it holds; what it did to each.

    One that waits gets its clock, counted from now.
    """
    for ticket in views.tickets(desk.unit, desk.profile, view, now=desk.here):
        detail: dict[str, Any] = {}
        event = rule.when[0] if rule.when else EventName.CLOCK_FIRED
        context = Context(desk, _occurrence(desk, ticket, event, detail), clocks=Waiting(rule_set))
        done: list[str] = []
        with reported(rule, context):
            if not (rule.condition.holds(context) and rule.keep.holds(context)):
                continue
            with desk.attempt():
                if isinstance(rule.wait, After):
                    Waiting(rule_set).start_named(context, rule.name)
                    done = [f"waits {rule.wait.span}"]
                else:
                    done = fire(rule, context)
        desk.settle()
        if done:
            yield ticket, done
