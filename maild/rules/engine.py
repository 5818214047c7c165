"""Listens to events and lets the rules of the profile answer them.

Each rule acts in a savepoint of its own: one that fails is undone, told to the admins with its
file and line, and the mail goes on.  Each one that did something leaves an event on the ticket
that says why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from maild.desk import sla
from maild.desk.alerts import clear_alert, raise_alert
from maild.desk.desk import Desk, Occurrence, Route
from maild.desk.profile import Profile
from maild.errors import UsageError
from maild.i18n import sentence
from maild.model import EventName
from maild.rules.actions import rule_actor, steps_of
from maild.rules.conditions import why
from maild.rules.context import Context
from maild.rules.last_good_rules import keep
from maild.rules.load import load_book, stamps
from maild.rules.route import route_of
from maild.rules.rule import Rule, RuleSet
from maild.rules.rule_failures import reported
from maild.rules.ticket_clocks import Waiting
from maild.store.unit import Unit

log = structlog.get_logger()

FILES = "rules:files"  # the alert about files that cannot be read


class Rules:
    """The rules of one profile; an instance is a listener of `Desk`."""

    def __init__(
        self,
        folder: Path,
        extra: tuple[Path, ...] = (),
        *,
        templates: Path | None = None,
        rule_set: RuleSet | None = None,
        check: Callable[[RuleSet], None] = lambda rule_set: None,
    ) -> None:
        """Reads the folder's files, and `extra` ones over them; UsageError with every mistake.

        `templates`: where the admin's own notifications stand.  `rule_set`: what is in force until
        the files, which have mistakes now, are changed.  `check` raises UsageError for what fits
        nothing else that is configured.
        """
        self.folder, self.templates, self.check = folder, templates, check
        self.rule_set = rule_set or load_book(folder, extra, templates=templates)
        check(self.rule_set)
        # Of the files that were read last, good or not.
        self._seen = (
            self.rule_set.stamps
            if rule_set is None
            else stamps(rule_set.profile.folders, templates)
        )

    @property
    def profile(self) -> Profile:
        """The profile that the rules in force belong to."""
        return self.rule_set.profile

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force, in the order in which they are asked."""
        return self.rule_set.rules

    def refresh(self, write: Callable[[Callable[[Unit], Any]], Any], now: datetime) -> bool:
        """Reads the files again where they changed; True: there are new rules in force.

        A file with a mistake leaves the old rules in force and tells the admins (`write` runs
        work in a transaction of its own).
        """
        current = stamps(self.profile.folders, self.templates)
        if current == self._seen:
            return False
        self._seen = current
        try:
            rule_set = load_book(self.folder, templates=self.templates)
            self.check(rule_set)
        except UsageError as error:
            broken = error.message
            write(lambda unit: say_broken(unit, broken, now))
            return False
        self.rule_set, self._seen = rule_set, rule_set.stamps
        write(lambda unit: say_good(unit, rule_set, now))
        log.info("rules.read", rules=len(rule_set.rules))
        return True

    # ---- answering events

    def __call__(self, desk: Desk, occurrence: Occurrence) -> None:
        waiting = Waiting(self.rule_set)
        context = Context(desk, occurrence, clocks=waiting)
        waiting.follow(context)
        for rule in self.rule_set.by_event.get(occurrence.event.event, ()):
            if context.is_used:
                context = Context(desk, occurrence, clocks=waiting)
            _answer(rule, context)
        if desk.last(occurrence):
            sla.follow(desk, occurrence.ticket)

    def route(self, desk: Desk) -> Route | None:
        """What the rules on `mail received` make of the mail; the first one that fits decides."""
        for rule in self.rule_set.by_event.get(EventName.MAIL_RECEIVED, ()):
            context = Context(desk, clocks=Waiting(self.rule_set))
            with reported(rule, context):
                if rule.condition.holds(context):
                    return route_of(rule, context)
        return None


def say_broken(unit: Unit, problems: str, now: datetime) -> None:
    """The files have mistakes, and what was read before stays in force."""
    text = sentence(
        "The rules have mistakes; the old ones stay in force.\n{problems}", problems=problems
    )
    raise_alert(unit, FILES, text, now)
    log.warning("rules.broken")


def say_good(unit: Unit, rule_set: RuleSet, now: datetime) -> None:
    """The files are in force; the next broken ones will leave them so."""
    keep(unit, rule_set)
    clear_alert(unit, FILES, now)


def _answer(rule: Rule, context: Context) -> None:
    with reported(rule, context):
        if rule.condition.holds(context):
            with context.desk.attempt():
                fire(rule, context)


def fire(rule: Rule, context: Context, **more: Any) -> list[str]:
    """Lets the rule act; its event on the ticket says why and what it did (`more`: what else)."""
    desk, occurrence = context.desk, context.occurrence
    assert occurrence is not None
    kept = why(rule.keep, context)  # what began a wait is past once it is over
    because = kept if rule.wait is not None and kept else why(rule.condition, context) + kept
    with desk.acting(rule_actor(rule.name), (*occurrence.chain, rule.name)):
        done = steps_of(context, rule.steps)
        if done:
            detail = {"rule": rule.name, "because": "; ".join(because), "did": "; ".join(done)}
            desk.record(occurrence.ticket, EventName.RULE_FIRED, {**detail, **more})
        return done
