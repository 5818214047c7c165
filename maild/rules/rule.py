"""A rule as read from its file: when this event, if these conditions, then these actions."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import UsageError

EVENTS = (
    "ticket created",
    "note added",
    "status changed",
    "field changed",
    "assigned",
    "completed",
    "reopened",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a profile."""

    name: str
    when: tuple[str, ...]  # event names
    conditions: dict[str, Any]  # "ticket.status" → what it must be
    actions: tuple[tuple[str, Any], ...]  # ("status", "Assigned")
    file: Path
    line: int


def load_rules(folder: Path, actions: frozenset[str]) -> tuple[Rule, ...]:
    """Reads rules.yaml of a profile; UsageError with file and line of the first mistake."""
    file = folder / "rules.yaml"
    entries = yamlfile.read(file) or []
    if not isinstance(entries, list):
        raise UsageError(f"{file}: a list of rules is needed.")
    return tuple(_rule(entry, file, actions) for entry in entries)


def _rule(entry: Any, file: Path, actions: frozenset[str]) -> Rule:
    where = f"{file}, line {yamlfile.line_of(entry)}"
    if not isinstance(entry, dict) or not {"rule", "when", "then"} <= set(entry):
        raise UsageError(f"{where}: a rule needs rule (its name), when and then.")
    for key in entry:
        _known(key, ("rule", "when", "if", "then"), where, "key")
    events = entry["when"] if isinstance(entry["when"], list) else [entry["when"]]
    steps = [step for item in entry["then"] for step in item.items()]
    for event in events:
        _known(event, EVENTS, where, "event")
    for name, _ in steps:
        _known(name, actions, where, "action")
    return Rule(
        name=str(entry["rule"]),
        when=tuple(map(str, events)),
        conditions=dict(entry.get("if") or {}),
        actions=tuple(steps),
        file=file,
        line=yamlfile.line_of(entry),
    )


def _known(word: str, known: Any, where: str, what: str) -> None:
    if word not in known:
        close = difflib.get_close_matches(word, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"possible: {', '.join(sorted(known))}."
        raise UsageError(f'{where}: "{word}" is no {what}; {hint}')
