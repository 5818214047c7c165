"""The rules that wait, on the side of the tickets: what starts, moves and ends their clocks.

A clock is a row of the database.  Each event of a ticket is asked whether it starts a clock, ends
one (`until`), or takes its reason away (`while`); clocks that wait for a time of the ticket move
with that time.  That they fire is the business of `clocks`.
"""

from __future__ import annotations

from typing import Any

from maild.rules.context import Context
from maild.rules.rule import After, Rule, RuleSet, awaited, due
from maild.rules.rule_failures import reported
from maild.store import asking
from maild.store.records import Clock, Ticket


class Waiting:
    """The clocks of tickets, by the rules of one book."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set

    def follow(self, context: Context) -> None:
        """Does to the ticket's clocks what this event asks for."""
        assert context.event is not None
        event = context.event.event
        for name in list(self.clocks(context)):
            rule = self.rule_set.named.get(name)
            if rule is not None:
                with reported(rule, context):
                    if event in rule.until or not rule.keep.holds(context):
                        self.stop_named(context, name)
        for rule in self.rule_set.starting.get(event, ()):
            with reported(rule, context):
                if rule.keep.holds(context) and rule.condition.holds(context):
                    self._start(context, rule)
        for rule in self.rule_set.dated:
            with reported(rule, context):
                self._move(context, rule)

    def start_named(self, context: Context, name: str) -> bool:
        """Starts the clock of this rule whatever its event; False where its `while` forbids it."""
        rule = self.rule_set.named[name]
        if not rule.keep.holds(context):
            return False
        self._start(context, rule)
        return True

    def stop_named(self, context: Context, name: str) -> bool:
        """Ends the clock of this rule on the ticket; False where there is none."""
        clock = self.clocks(context).get(name)
        if clock is None:
            return False
        context.desk.unit.delete(clock)
        return True

    def clocks(self, context: Context) -> dict[str, Clock]:
        """The ticket's clocks by the names of their rules."""
        assert context.ticket is not None
        return asking.clocks.of(context.desk.unit, context.ticket)

    def _start(self, context: Context, rule: Rule) -> None:
        """From now on, also where it waits already: silence begins anew."""
        captures = {"captures": dict(context.captures)} if context.captures else {}
        detail = {"by": context.by.id if context.by else None, **captures}
        self._set(context, rule, self.clocks(context).get(rule.name), detail)

    def _move(self, context: Context, rule: Rule) -> None:
        """Keeps the clock where the ticket's own time says; one that has fired stays silent."""
        target = awaited(rule, context) if rule.keep.holds(context) else None
        known = self.clocks(context).get(rule.name)
        if target is None:
            if known is not None:
                self.stop_named(context, rule.name)
        elif known is None or known.detail.get("for") != target.isoformat():
            self._set(context, rule, known, {"for": target.isoformat()})

    def _set(
        self, context: Context, rule: Rule, known: Clock | None, detail: dict[str, Any]
    ) -> None:
        """The clock of this rule, new or moved: it waits from now on."""
        desk, when = context.desk, due(rule, context)
        if known is not None:
            desk.unit.change(known, due=when, started=desk.now, detail=detail)
            return
        assert context.ticket is not None
        desk.unit.add(
            Clock(
                ticket_id=context.ticket.id,
                name=rule.name,
                due=when,
                started=desk.now,
                detail=detail,
            )
        )


def coming(rule: Rule, clock: Clock, ticket: Ticket | None) -> str:
    """What will happen when, in one line."""
    what = ", ".join(f"{step.action} {step.argument}" for step in rule.steps)
    how = f"after {rule.wait.span}" if isinstance(rule.wait, After) else ""
    return f"{what} ({rule.name}{', ' + how if how else ''})"
