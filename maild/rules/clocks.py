"""Fires what is due: rules that waited, each once, in its own transaction, in the order of time.

The clocks are rows, so a restart or a week of downtime loses none and repeats none: what became
due in between fires once, in order, and says how late it is.  A tick with nothing due is one look
into an index, whatever the number of clocks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from maild.config import Settings
from maild.desk import files_left_out, overdue, reminders, sla, undelivered, views
from maild.desk.desk import Desk, Occurrence
from maild.model import EventName
from maild.rules.actions import rule_actor, steps_of
from maild.rules.context import Context
from maild.rules.engine import Rules, fire
from maild.rules.rule import After, Before, Every, Rule, RuleSet
from maild.rules.rule_failures import reported
from maild.rules.ticket_clocks import Waiting
from maild.store import Store, asking
from maild.store.records import Clock, Event, Ticket
from maild.store.unit import Unit

log = structlog.get_logger()

BACK = timedelta(minutes=1)  # by which a clock must have gone back; two machines differ a little


class Clocks:
    """The clocks of one desk."""

    def __init__(self, store: Store, settings: Settings, rules: Rules) -> None:
        self.store = store
        self.settings = settings
        self.rules = rules
        self._series: RuleSet | None = None  # the rules whose series have their rows
        self._last = datetime.min.replace(tzinfo=UTC)  # when we looked, by a clock that may be set

    def due(self, now: datetime) -> int:
        """Fires everything that is due; how many clocks fired."""
        rule_set = self.rules.rule_set
        went_back, self._last = now + BACK < self._last, now
        if self._series is not rule_set or went_back:
            self.store.act(partial(self._start_series, rule_set, now))
            self._series = rule_set
        fired = 0
        while ids := self._waiting(now):
            fired += sum(self.store.act(partial(self._fire, rule_set, key, now)) for key in ids)
        return fired

    def _waiting(self, now: datetime) -> list[int]:
        with self.store.look() as unit:
            return [clock.id for clock in asking.clocks.due(unit, now)]

    def _start_series(self, rule_set: RuleSet, now: datetime, unit: Unit) -> None:
        """Gives every series its row, and takes away those whose rule is gone.

        One that fired while the clock was ahead (H27) waits for its next time as it is now.
        """
        known = asking.clocks.series(unit)
        calendar = rule_set.profile.calendar().at(self.settings.config.desk.zone)
        for rule in rule_set.series:
            assert isinstance(rule.wait, Every)
            clock = known.pop(rule.name, None)
            text = rule.wait.schedule.text
            if clock is None:
                clock = unit.add(Clock(name=rule.name, started=now))
            if clock.detail.get("every") != text or clock.started > now + BACK:
                due = rule.wait.schedule.next(now, calendar)
                unit.change(clock, due=due, started=now, detail={"every": text})
        for clock in known.values():
            unit.delete(clock)

    def _fire(self, rule_set: RuleSet, key: int, now: datetime, unit: Unit) -> int:
        """One clock; 0 where another has it, or its reason is gone."""
        clock = asking.clocks.take(unit, key, now)
        if clock is None or clock.due is None:
            return 0
        ticket = unit.get(Ticket, clock.ticket_id)
        desk = Desk(
            unit=unit,
            settings=self.settings,
            profile=rule_set.profile,
            now=now,
            cause=f"clock:{clock.id}:{clock.due.isoformat()}",
            since=clock.due,
            listeners=(self.rules,),
        )
        rule, due, late = rule_set.named.get(clock.name), clock.due, _late(clock.due, now)
        detail = dict(clock.detail)
        self._put_off(desk, clock, rule)
        if ticket is not None and (ticket.deleted is not None or ticket.merged_id is not None):
            return 0
        if ticket is not None and sla.is_clock(clock.name):
            sla.fire(desk, ticket, clock.name, due, late)
        elif ticket is not None and reminders.is_clock(clock.name):
            reminders.fire(desk, ticket, clock.name)
        elif ticket is not None and undelivered.is_clock(clock.name):
            undelivered.fire(desk, ticket, clock)
        elif ticket is not None and files_left_out.is_clock(clock.name):
            files_left_out.fire(desk, ticket, clock.name, int(detail.get("room", 0)))
        elif rule is None:
            return 0
        elif ticket is None:
            self._again(desk, rule, late)
        elif not self._on_ticket(desk, rule, ticket, detail, due, late):
            return 0
        desk.settle()
        log.info("clock.fired", rule=clock.name, ticket=ticket.number if ticket else None)
        return 1

    def _put_off(self, desk: Desk, clock: Clock, rule: Rule | None) -> None:
        """The clock has had its turn: it goes, or waits silently, or for its next time."""
        if rule is not None and isinstance(rule.wait, Every) and clock.ticket_id is None:
            due = rule.wait.schedule.next(desk.now, desk.calendar())
            desk.unit.change(clock, due=due, started=desk.now)
        elif rule is not None and isinstance(rule.wait, Before):
            desk.unit.change(clock, due=None)
        else:
            desk.unit.delete(clock)

    def _on_ticket(
        self, desk: Desk, rule: Rule, ticket: Ticket, kept: dict[str, Any], due: datetime, late: str
    ) -> bool:
        """False where what must have stayed so did not."""
        early = Occurrence(_early(desk), ticket, None, None, ())
        context = Context(
            desk, early, dict(kept.get("captures") or {}), Waiting(self.rules.rule_set)
        )
        fired = False
        with reported(rule, context):
            if rule.keep.holds(context):
                fired = True
                context.occurrence = self._said(desk, rule, ticket, due, late)
                with desk.attempt():
                    fire(rule, context, **({"late": late} if late else {}))
        return fired

    def _said(self, desk: Desk, rule: Rule, ticket: Ticket, due: datetime, late: str) -> Occurrence:
        """The event of the clock, to which other rules can listen."""
        detail = {"rule": rule.name, "due": due.isoformat(), **({"late": late} if late else {})}
        with desk.acting(rule_actor(rule.name)):
            desk.emit(ticket, EventName.CLOCK_FIRED, detail)
        return desk.events[-1]

    def _again(self, desk: Desk, rule: Rule, late: str) -> None:
        """One time of a series: on its own, or on every ticket of a view for which it holds."""
        assert isinstance(rule.wait, Every)
        if rule.wait.view is None:
            context = Context(desk, clocks=Waiting(self.rules.rule_set))
            with reported(rule, context), desk.attempt():
                desk.actor, desk.chain = rule_actor(rule.name), (rule.name,)
                steps_of(context, rule.steps)
            return
        for ticket in views.tickets(desk.unit, desk.profile, rule.wait.view, now=desk.here):
            row = desk.record(ticket, EventName.CLOCK_FIRED, {"rule": rule.name})
            context = Context(
                desk, Occurrence(row, ticket, None, None, ()), clocks=Waiting(self.rules.rule_set)
            )
            with reported(rule, context):
                if rule.condition.holds(context):
                    with desk.attempt():
                        fire(rule, context, **({"late": late} if late else {}))


def _early(desk: Desk) -> Event:
    """What is asked whether the clock's reason still holds; it is not written down."""
    return Event(at=desk.now, event=EventName.CLOCK_FIRED, by="maild")


def _late(due: datetime, now: datetime) -> str:
    """How late it is, in words; nothing where it is not."""
    late = now - due
    if late < overdue.LATE:
        return ""
    if late >= timedelta(days=1):
        return f"{late.days} day{'s' if late.days > 1 else ''}"
    minutes = int(late.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def waits(rule: Rule) -> str:
    """How a rule waits, in words."""
    if isinstance(rule.wait, After):
        return f"after {rule.wait.span}"
    if isinstance(rule.wait, Before):
        return f"{rule.wait.span} before {rule.wait.value.name}"
    return f"every {rule.wait.schedule.text}" if isinstance(rule.wait, Every) else ""
