"""A rule as a value: when this event, if these conditions, (after this time) then these actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from maild.desk.calendar import Span
from maild.desk.profile import Profile
from maild.model import EventName
from maild.rules.conditions import All, Condition
from maild.rules.context import Context
from maild.rules.schedule import Schedule
from maild.rules.vocabulary import Value

ALWAYS = All()


@dataclass(frozen=True, slots=True)
class Step:
    """One action with what it is given."""

    action: str  # "status"
    argument: Any  # "Assigned"
    run: Callable[[Context, Any], str | None] = field(repr=False)  # says what it did, if anything


@dataclass(frozen=True, slots=True)
class After:
    """Waits from its event on."""

    span: Span


@dataclass(frozen=True, slots=True)
class Before:
    """Waits for a time of the ticket, less a span."""

    value: Value  # a time, like ticket.due
    span: Span


@dataclass(frozen=True, slots=True)
class Every:
    """Waits for each time of a series, on no ticket or on each one of a view."""

    schedule: Schedule
    view: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a profile."""

    name: str
    when: tuple[EventName, ...]  # none for one that waits for a date or a series
    condition: Condition
    steps: tuple[Step, ...]
    file: Path
    line: int
    wait: After | Before | Every | None = None
    keep: Condition = ALWAYS  # `while`: what must stay so as long as it waits
    until: tuple[EventName, ...] = ()  # events that end the waiting
    rows: tuple[str, ...] = ()  # the rows of behaviour.md that it does
    why: str = ""  # the sentence of the documents, in our words

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class RuleSet:
    """All rules of a profile, and which of them to ask at an event."""

    profile: Profile
    rules: tuple[Rule, ...]
    stamps: tuple[tuple[Path, int], ...]  # the files and when they were last changed, in ns

    @cached_property
    def by_event(self) -> dict[EventName, tuple[Rule, ...]]:
        """Rules that act at once (`mail received` aside), by event, in the order of the file."""
        return self._index(lambda rule: rule.wait is None)

    @cached_property
    def starting(self) -> dict[EventName, tuple[Rule, ...]]:
        """Rules that begin to wait at an event."""
        return self._index(lambda rule: isinstance(rule.wait, After))

    @cached_property
    def dated(self) -> tuple[Rule, ...]:
        """Rules that wait for a time of their ticket."""
        return tuple(rule for rule in self.rules if isinstance(rule.wait, Before))

    @cached_property
    def series(self) -> tuple[Rule, ...]:
        """Rules that come again and again."""
        return tuple(rule for rule in self.rules if isinstance(rule.wait, Every))

    @cached_property
    def named(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.rules}

    def _index(self, wanted: Callable[[Rule], bool]) -> dict[EventName, tuple[Rule, ...]]:
        index: dict[EventName, list[Rule]] = {}
        for rule in filter(wanted, self.rules):
            for event in rule.when:
                index.setdefault(event, []).append(rule)
        return {event: tuple(rules) for event, rules in index.items()}


def due(rule: Rule, context: Context) -> datetime | None:
    """When a rule that waits on a ticket is due, as things stand; None: it has nothing to wait for.

    `after` counts from now; `before` from the ticket's own time, or is that time itself where it
    is too near for the span.
    """
    calendar, now = context.desk.calendar(), context.desk.now
    if isinstance(rule.wait, After):
        return calendar.later(now, rule.wait.span)
    target = awaited(rule, context)
    if target is None or not isinstance(rule.wait, Before):
        return None
    moment = calendar.earlier(target, rule.wait.span)
    return target if moment <= now < target else moment


def awaited(rule: Rule, context: Context) -> datetime | None:
    """The ticket's own time that a `before` is about."""
    if not isinstance(rule.wait, Before):
        return None
    found = rule.wait.value.get(context)
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    return found if isinstance(found, datetime) else None
