"""What became of a message, and the words that tell why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maild.model import Became, Reason
from maild.store.records import Ticket

if TYPE_CHECKING:
    from maild.commands.job import Result
    from maild.desk.desk import Desk


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message (contract: `maild ingest --jsonl`)."""

    message_id: str | None
    outcome: Became
    ticket: str | None
    status: str | None
    kind: str | None
    commands: tuple[Result, ...]
    notifications: int
    why: str


def say(desk: Desk, *reasons: Reason) -> None:
    """Adds to the story that `maild explain` tells of the message being processed."""
    if desk.stored is not None:
        told = [[reason.step, reason.decided, reason.because] for reason in reasons]
        desk.unit.change(desk.stored, reasons=[*desk.stored.reasons, *told])


def conclude(desk: Desk, outcome: Became, why: str, results: list[Result] | None = None) -> Outcome:
    """The end of a message's story."""
    stored = desk.stored
    assert stored is not None
    kept = [{"command": r.command, "done": r.done, "why": r.why} for r in results or ()]
    desk.unit.change(stored, commands=kept)
    say(desk, Reason("desk", outcome, why))
    ticket = desk.unit.get(Ticket, stored.ticket_id)
    number = ticket.number if ticket else None
    return Outcome(
        stored.message_id, outcome, number, None, stored.kind, tuple(results or ()), 0, why
    )
