"""What notifications of one cause say alike is kept once, and read with each of them.

A row in memory has all of its facts in `data`.  When rows are written, what is the very same object
in several of them is taken out of each into a row of `common_facts`; whoever reads one gets it
back.  So nobody is given a fact that his own row did not have, and none is packed twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from maild.store.prepared import Statement
from maild.store.question import param
from maild.store.records import CommonFacts, OutboxItem
from maild.store.schema import TABLES, columns

Values = dict[str, Any]  # of a row of the outbox that is to be written
_facts, _item = columns(CommonFacts), columns(OutboxItem)
_NEEDED = sa.exists().where(_item.common_id == _facts.id)
UNNEEDED = sa.delete(TABLES[CommonFacts]).where(~_NEEDED)  # by no row any more
LEFT = Statement(UNNEEDED.where(_facts.id == param("id")))


def taken_out(rows: Collection[Values]) -> list[Values]:
    """The rows of `common_facts` for new rows of the outbox, which keep what is their own and say
    where the rest is."""
    alike = _alike(rows) if len(rows) > 1 else []
    return [_taken_out(group, keys) for keys, group in alike]


def _alike(rows: Collection[Values]) -> Sequence[tuple[Collection[str], list[Values]]]:
    """Rows of one audience, with the keys under which all of them have the same."""
    entries = [set(zip(row["data"], map(id, row["data"].values()), strict=True)) for row in rows]
    once: set[tuple[str, int]] = set()
    again: set[tuple[str, int]] = set()
    for some in entries:
        again |= once & some
        once |= some
    groups: dict[Any, list[Values]] = {}
    for row, some in zip(rows, entries, strict=True):
        groups.setdefault((row["audience"], frozenset(some & again)), []).append(row)
    return [
        ({key for key, _ in common}, group)
        for (_, common), group in groups.items()
        if len(group) > 1 and _is_much({key: group[0]["data"][key] for key, _ in common})
    ]


def _is_much(data: Mapping[str, Any]) -> bool:
    """Whether it is worth a row: the note or the ticket, not only a number or a word."""
    return any(value and isinstance(value, Mapping | list) for value in data.values())


def _taken_out(group: list[Values], keys: Collection[str]) -> Values:
    first = group[0]
    common = {key: value for key, value in first["data"].items() if key in keys}
    made = {"id": first["id"], "data": common}
    for row in group:
        own = {key: value for key, value in row["data"].items() if key not in keys}
        row |= {"data": own, "common_id": first["id"]}
    return made
