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
from sqlalchemy.orm import Session

from maild.desk import sla
from maild.desk.alerts import clear_alert, raise_alert
from maild.desk.desk import Desk, Occurrence, Route
from maild.desk.profile import Profile
from maild.errors import UsageError
from maild.rules.actions import rule_actor, steps_of
from maild.rules.load import load_book, stamps
from maild.rules.report import reported
from maild.rules.route import route_of
from maild.rules.rule import Rule
from maild.rules.scene import Scene
from maild.rules.waiting import Waiting

log = structlog.get_logger()

FILES = "rules:files"  # the alert about files that cannot be read


class Rules:
    """The rules of one profile; an instance is a listener of `Desk`."""

    def __init__(self, folder: Path, extra: tuple[Path, ...] = ()) -> None:
        """Reads the folder's files, and `extra` ones over them; UsageError with every mistake."""
        self.folder = folder
        self.book = load_book(folder, extra)
        self._seen = self.book.stamps  # of the files that were read last, good or not

    @property
    def profile(self) -> Profile:
        return self.book.profile

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.book.rules

    def refresh(self, write: Callable[[Callable[[Session], Any]], Any], now: datetime) -> bool:
        """Reads the files again where they changed; True: there are new rules in force.

        A file with a mistake leaves the old rules in force and tells the admins (`write` runs
        work in a transaction of its own).
        """
        current = stamps(self.profile.folders)
        if current == self._seen:
            return False
        self._seen = current
        try:
            book = load_book(self.folder)
        except UsageError as error:
            text = f"The rules have mistakes; the old ones stay in force.\n{error.message}"
            write(lambda session: raise_alert(session, FILES, text, now))
            log.warning("rules.broken", folder=str(self.folder))
            return False
        self.book, self._seen = book, book.stamps
        write(lambda session: clear_alert(session, FILES, now))
        log.info("rules.read", rules=len(book.rules))
        return True

    # ---- answering events

    def __call__(self, desk: Desk, occurrence: Occurrence) -> None:
        waiting = Waiting(self.book)
        waiting.follow(Scene(desk, occurrence, clocks=waiting))
        for rule in self.book.by_event.get(occurrence.event.event, ()):
            _answer(rule, Scene(desk, occurrence, clocks=waiting))
        if desk.last(occurrence):
            sla.follow(desk, occurrence.ticket)

    def route(self, desk: Desk) -> Route | None:
        """What the rules on `mail received` make of the mail; the first one that fits decides."""
        for rule in self.book.by_event.get("mail received", ()):
            scene = Scene(desk, clocks=Waiting(self.book))
            with reported(rule, scene):
                if rule.condition.holds(scene):
                    return route_of(rule, scene)
        return None


def _answer(rule: Rule, scene: Scene) -> None:
    with reported(rule, scene):
        if rule.condition.holds(scene):
            with scene.desk.attempt():
                fire(rule, scene)


def fire(rule: Rule, scene: Scene, **more: Any) -> list[str]:
    """Lets the rule act; its event on the ticket says why and what it did (`more`: what else)."""
    desk, occurrence = scene.desk, scene.occurrence
    assert occurrence is not None
    because = rule.condition.why(scene) + rule.keep.why(scene)
    with desk.acting(rule_actor(rule.name), (*occurrence.chain, rule.name)):
        done = steps_of(scene, rule.steps)
        if done:
            detail = {"rule": rule.name, "because": "; ".join(because), "did": "; ".join(done)}
            desk.record(occurrence.ticket, "rule fired", {**detail, **more})
        return done
