"""The rules that wait, on the side of the tickets: what starts, moves and ends their clocks.

A clock is a row of the database.  Each event of a ticket is asked whether it starts a clock, ends
one (`until`), or takes its reason away (`while`); clocks that wait for a time of the ticket move
with that time.  That they fire is the business of `clocks`.
"""

from __future__ import annotations

import sqlalchemy as sa

from maild.rules.report import reported
from maild.rules.rule import After, Book, Rule, awaited, due
from maild.rules.scene import Scene
from maild.store.tables import Clock, Ticket


class Waiting:
    """The clocks of tickets, by the rules of one book."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def follow(self, scene: Scene) -> None:
        """Does to the ticket's clocks what this event asks for."""
        assert scene.event is not None
        event = scene.event.event
        for name in list(self.clocks(scene)):
            rule = self.book.named.get(name)
            if rule is not None:
                with reported(rule, scene):
                    if event in rule.until or not rule.keep.holds(scene):
                        self.stop_named(scene, name)
        for rule in self.book.starting.get(event, ()):
            with reported(rule, scene):
                if rule.keep.holds(scene) and rule.condition.holds(scene):
                    self._start(scene, rule)
        for rule in self.book.dated:
            with reported(rule, scene):
                self._move(scene, rule)

    def start_named(self, scene: Scene, name: str) -> bool:
        """Starts the clock of this rule whatever its event; False where its `while` forbids it."""
        rule = self.book.named[name]
        if not rule.keep.holds(scene):
            return False
        self._start(scene, rule)
        return True

    def stop_named(self, scene: Scene, name: str) -> bool:
        """Ends the clock of this rule on the ticket; False where there is none."""
        clock = self.clocks(scene).pop(name, None)
        if clock is None:
            return False
        session = scene.desk.session
        if clock in session.new:  # it was started by this very mail
            session.expunge(clock)
        else:
            session.delete(clock)
        return True

    def clocks(self, scene: Scene) -> dict[str, Clock]:
        """The ticket's clocks by the names of their rules, read once a unit of work."""
        ticket = scene.ticket
        assert ticket is not None
        memory = scene.desk.memory.setdefault("clocks", {})
        if ticket.id not in memory:
            rows = scene.desk.session.scalars(sa.select(Clock).where(Clock.ticket_id == ticket.id))
            memory[ticket.id] = {clock.name: clock for clock in rows}
        found: dict[str, Clock] = memory[ticket.id]
        return found

    def _start(self, scene: Scene, rule: Rule) -> None:
        """From now on, also where it waits already: silence begins anew."""
        clock = self._clock(scene, rule)
        clock.due, clock.started = due(rule, scene), scene.desk.now
        captures = {"captures": dict(scene.captures)} if scene.captures else {}
        clock.detail = {"by": scene.by.id if scene.by else None, **captures}

    def _move(self, scene: Scene, rule: Rule) -> None:
        """Keeps the clock where the ticket's own time says; one that has fired stays silent."""
        target = awaited(rule, scene) if rule.keep.holds(scene) else None
        known = self.clocks(scene).get(rule.name)
        if target is None:
            if known is not None:
                self.stop_named(scene, rule.name)
            return
        clock = known or self._clock(scene, rule)
        if clock.detail.get("for") != target.isoformat():
            clock.due, clock.started = due(rule, scene), scene.desk.now
            clock.detail = {"for": target.isoformat()}

    def _clock(self, scene: Scene, rule: Rule) -> Clock:
        clocks, ticket = self.clocks(scene), scene.ticket
        assert ticket is not None
        if rule.name not in clocks:
            clocks[rule.name] = Clock(
                ticket_id=ticket.id, name=rule.name, started=scene.desk.now, detail={}
            )
            scene.desk.session.add(clocks[rule.name])
        return clocks[rule.name]


def coming(rule: Rule, clock: Clock, ticket: Ticket | None) -> str:
    """What will happen when, in one line."""
    what = ", ".join(f"{step.action} {step.argument}" for step in rule.steps)
    how = f"after {rule.wait.span}" if isinstance(rule.wait, After) else ""
    return f"{what} ({rule.name}{', ' + how if how else ''})"
