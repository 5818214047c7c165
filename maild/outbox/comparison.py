"""What a changed template would have said: the last mails of its kind, old beside new."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from maild.errors import Refused
from maild.outbox import rows
from maild.outbox.compose import Order, job
from maild.store.asking import outbox as asking
from maild.store.records import Note, OutboxItem
from maild.store.unit import Unit
from maild.templates.candidate import candidate
from maild.templates.render import Rendered
from maild.templates.renderer import Outcome, PooledRenderer
from maild.templates.source import LAYOUT

AROUND = 2  # lines that are shown around what differs on a formatted page


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a mail: "same", "gone" or "new"."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One mail as it is said now, and as it would be."""

    item_id: int
    at: datetime
    to: str
    subject: str
    lines: tuple[Line, ...]
    problem: str = ""

    @property
    def changed(self) -> bool:
        """Whether it would be another mail."""
        return any(line.mark != "same" for line in self.lines)


def compare(unit: Unit, own: Path, template: str, language: str, text: str) -> list[Compared]:
    """The last mails of this kind, newest first, with this text in the place of what is in force.

    They are rendered as they would be sent: without what their reader may not see.
    """
    orders = list(_orders(unit, _latest(unit, template), language))
    with closing(PooledRenderer(own)) as now, candidate(own, template, language, text) as then:
        jobs = [job(order) for _, order in orders]
        pairs = zip(orders, now.render(jobs), then.render(jobs), strict=True)
        return [_compared(item, before, after, template) for (item, _), before, after in pairs]


def rendered(
    unit: Unit, own: Path, template: str, language: str, text: str, item_id: int
) -> Rendered | None:
    """One of these mails with this text; None where there is no such mail."""
    items = [item for item in _latest(unit, template) if item.id == item_id]
    orders = list(_orders(unit, items, language))
    if not orders:
        return None
    return tried(own, template, language, text, orders[0][1]).words


def tried(own: Path, template: str, language: str, text: str, order: Order) -> Outcome:
    """What this text makes of one order."""
    with candidate(own, template, language, text) as renderer:
        return renderer.render([job(order)])[0]


def _latest(unit: Unit, template: str) -> list[OutboxItem]:
    """The last mails of this kind; of every kind where it is the page around all of them."""
    return asking.latest_of_all(unit) if template == LAYOUT else asking.latest(unit, template)


def _orders(
    unit: Unit, items: Sequence[OutboxItem], language: str
) -> Iterator[tuple[OutboxItem, Order]]:
    notes = unit.some(Note, [item.note_id for item in items if item.note_id is not None])
    for item in items:
        note = notes.get(item.note_id)
        order = rows.order(item, None, note.public if note else None)
        reader = {**order.data.get("recipient", {}), "language": language}
        order = replace(order, language=language, data={**order.data, "recipient": reader})
        try:
            job(order)
        except Refused:  # it was never sent to its reader either
            continue
        yield item, order


def _compared(item: OutboxItem, before: Outcome, after: Outcome, template: str) -> Compared:
    marked = _pages if template == LAYOUT else _texts
    lines = tuple(marked(before.words, after.words))
    subject = after.words.subject if after.words else ""
    return Compared(item.id, item.created, item.address, subject, lines, after.problem)


def _texts(old: Rendered | None, new: Rendered | None) -> Iterator[Line]:
    """What a mail says, whole."""
    before, after = ([w.subject, "", *w.text.splitlines()] if w else [] for w in (old, new))
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return _marked(before, after, steps)


def _pages(old: Rendered | None, new: Rendered | None) -> Iterator[Line]:
    """How it is formatted: only what differs, with the lines around it."""
    before, after = (w.html.splitlines() if w else [] for w in (old, new))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for steps in matcher.get_grouped_opcodes(AROUND):
        yield from _marked(before, after, steps)


def _marked(
    old: list[str], new: list[str], steps: Iterable[tuple[str, int, int, int, int]]
) -> Iterator[Line]:
    for step, a, b, c, d in steps:
        if step == "equal":
            yield from (Line("same", line) for line in old[a:b])
        else:
            yield from (Line("gone", line) for line in old[a:b])
            yield from (Line("new", line) for line in new[c:d])
