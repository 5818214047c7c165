"""Whether a rule's conditions hold: names like `ticket.status` against what they must be."""

from __future__ import annotations

from typing import Any

from maild.desk.desk import Desk, Occurrence
from maild.errors import UsageError


def hold(conditions: dict[str, Any], desk: Desk, occurrence: Occurrence) -> bool:
    """All conditions hold for this event."""
    return all(_holds(wanted, value(name, desk, occurrence)) for name, wanted in conditions.items())


def value(name: str, desk: Desk, occurrence: Occurrence) -> Any:
    """What `ticket.status`, `note.by_kind`, `mail.kind`, `event.to` … stand for; None if absent."""
    root, _, attribute = name.partition(".")
    if root == "event":
        return occurrence.event.detail.get(attribute)
    if name == "note.first":
        return bool(occurrence.event.detail.get("first"))
    subjects = {"ticket": occurrence.ticket, "note": occurrence.note, "mail": desk.mail}
    if root not in subjects:
        raise UsageError(f"{name}: ticket, note, mail and event have values for conditions")
    subject = subjects[root]
    if subject is None:
        return None
    if hasattr(subject, attribute):
        return getattr(subject, attribute)
    return getattr(subject, "fields", {}).get(attribute)


def _holds(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        return all(_compare(word, operand, found) for word, operand in wanted.items())
    if isinstance(wanted, list):
        return found in wanted
    if wanted == "empty":
        return found in (None, "", [], {})
    return bool(found == wanted)


def _compare(word: str, operand: Any, found: Any) -> bool:
    if word == "not":
        return not _holds(operand, found)
    raise UsageError(f'"{word}" is no comparison; possible: not')
