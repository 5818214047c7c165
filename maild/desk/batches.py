"""One mail for many: a list to one address that waits for more, in which each thing is a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from maild.model import SendState
from maild.store import asking
from maild.store.records import OutboxItem
from maild.store.unit import Unit

Line = dict[str, Any]  # what a list says of one thing


class Cause(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    now: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """A kind of list."""

    notification: str
    lines: str  # key of its data
    until: Callable[[datetime], datetime]  # when a list that begins now goes out
    same: tuple[str, ...]  # keys of a line: another of the same takes the place of the first
    most: int = 1000  # lines that it shows; of more it says how many
    renews: bool = True  # a line may say anew what one of the list has said


def begun(batch: Batch, line: Line) -> dict[str, Any]:
    """What a new list says."""
    return {batch.lines: [line]}


def open_list(desk: Cause, batch: Batch, address: str) -> OutboxItem | None:
    """The list to this address that still waits for more."""
    return asking.outbox.waiting_list(desk.unit, address, batch.notification, desk.now)


def one_more(desk: Cause, batch: Batch, address: str) -> bool:
    """Counts a line that a list which is full does not show; False where none is."""
    return not batch.renews and asking.outbox.one_more(
        desk.unit, address, batch.notification, desk.now
    )


def take_in(desk: Cause, batch: Batch, row: OutboxItem, line: Line) -> None:
    """Writes one more line into a list that waits."""
    lines = list(row.data[batch.lines])
    mark = _mark(batch, line)
    place = next((n for n, one in enumerate(lines) if _mark(batch, one) == mark), len(lines))
    if place == batch.most:
        desk.unit.change(row, more=row.more + 1)
    else:
        lines[place : place + 1] = [line]
        desk.unit.change(row, data={**row.data, batch.lines: lines})


def wait(desk: Cause, batch: Batch, row: OutboxItem) -> None:
    """A new list waits for more."""
    if row.state == SendState.WAITING:
        desk.unit.change(row, next_try=batch.until(desk.now))


def _mark(batch: Batch, line: Line) -> tuple[Any, ...]:
    return tuple(line.get(key) for key in batch.same)
