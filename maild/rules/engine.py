"""Listens to events and lets the rules of the profile answer them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from maild.desk import people
from maild.desk.desk import Actor, Desk, Occurrence
from maild.desk.notify import notify
from maild.desk.roles import resolve
from maild.rules.conditions import hold
from maild.rules.rule import Rule, load_rules

Action = Callable[[Desk, Occurrence, Any], None]


def _status(desk: Desk, occurrence: Occurrence, name: str) -> None:
    desk.set_status(occurrence.ticket, name)


def _assign(desk: Desk, occurrence: Occurrence, who: str) -> None:
    person = occurrence.by if who == "author" else people.resource_named(desk.session, who)
    if person is not None:
        desk.assign(occurrence.ticket, person)


def _notify(desk: Desk, occurrence: Occurrence, argument: dict[str, Any]) -> None:
    roles = argument["to"] if isinstance(argument["to"], list) else [argument["to"]]
    by = occurrence.by  # a resource knows what he did himself (N12)
    author = None if argument.get("author") or by is None or by.role != "resource" else by
    told = (person for role in roles for person in resolve(occurrence.ticket, role, author))
    notify(desk, occurrence.ticket, argument["template"], told, note=occurrence.note)


ACTIONS: dict[str, Action] = {"status": _status, "assign": _assign, "notify": _notify}


class Rules:
    """The rules of one profile; an instance is a listener of `Desk`."""

    def __init__(self, folder: Path) -> None:
        """Reads the folder's rules.yaml; UsageError with file and line."""
        self.rules = load_rules(folder, frozenset(ACTIONS))

    def __call__(self, desk: Desk, occurrence: Occurrence) -> None:
        for rule in self.rules:
            if occurrence.event.event in rule.when and hold(rule.conditions, desk, occurrence):
                self._apply(rule, desk, occurrence)

    def _apply(self, rule: Rule, desk: Desk, occurrence: Occurrence) -> None:
        before = desk.actor
        desk.actor = Actor(f"rule: {rule.name}", "system")
        try:
            for name, argument in rule.actions:
                ACTIONS[name](desk, occurrence, argument)
        finally:
            desk.actor = before
