"""What became of a message, and the words that tell why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from maild.model import Reason

if TYPE_CHECKING:
    from maild.commands.job import Result
    from maild.desk.desk import Desk


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message (contract: `maild ingest --jsonl`)."""

    message_id: str | None
    outcome: str  # ticket | note | ignored | duplicate | quarantined
    ticket: str | None
    status: str | None
    kind: str | None
    commands: tuple[Result, ...]
    notifications: int
    why: str


def say(desk: Desk, *reasons: Reason) -> None:
    """Adds to the story that `maild explain` tells of the message being processed."""
    if desk.stored is not None:
        told = [list(asdict(reason).values()) for reason in reasons]
        desk.stored.reasons = [*desk.stored.reasons, *told]


def conclude(desk: Desk, outcome: str, why: str, results: list[Result] | None = None) -> Outcome:
    """The end of a message's story."""
    stored = desk.stored
    assert stored is not None
    stored.commands = [asdict(result) for result in results or []]
    say(desk, Reason("desk", outcome, why))
    number = stored.ticket.number if stored.ticket else None
    return Outcome(
        stored.message_id, outcome, number, None, stored.kind, tuple(results or ()), 0, why
    )
