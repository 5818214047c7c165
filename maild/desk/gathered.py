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
class Gathering:
    """A kind of list."""

    notification: str
    lines: str  # key of its data
    until: Callable[[datetime], datetime]  # when a list that begins now goes out
    same: tuple[str, ...]  # keys of a line: another of the same takes the place of the first
    most: int = 1000  # lines that it shows; of more it says how many


def begun(gathering: Gathering, line: Line) -> dict[str, Any]:
    """What a new list says."""
    return {gathering.lines: [line], "more": 0}


def open_list(desk: Cause, gathering: Gathering, address: str) -> OutboxItem | None:
    """The list to this address that still waits for more."""
    return asking.outbox.waiting_list(desk.unit, address, gathering.notification, desk.now)


def take_in(desk: Cause, gathering: Gathering, row: OutboxItem, line: Line) -> None:
    """Writes one more line into a list that waits."""
    lines, more = list(row.data[gathering.lines]), row.data.get("more", 0)
    known = {_mark(gathering, one): place for place, one in enumerate(lines)}
    if (place := known.get(_mark(gathering, line))) is not None:
        lines[place] = line
    elif len(lines) < gathering.most:
        lines.append(line)
    else:
        more += 1
    desk.unit.change(row, data={**row.data, gathering.lines: lines, "more": more})


def wait(desk: Cause, gathering: Gathering, row: OutboxItem) -> None:
    """A new list waits for more."""
    if row.state == SendState.WAITING:
        desk.unit.change(row, next_try=gathering.until(desk.now))


def _mark(gathering: Gathering, line: Line) -> tuple[Any, ...]:
    return tuple(line.get(key) for key in gathering.same)
