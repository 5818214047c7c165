"""Reads a profile.yaml by the table of its keys; every mistake is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.desk.calendar import Calendar
from maild.desk.profile import (
    SHIPPED,
    Matrix,
    Profile,
    RequestType,
    Rota,
    Sla,
    Status,
    View,
    key,
)
from maild.desk.profile_keys import KEYS
from maild.errors import UsageError
from maild.i18n import Sentence
from maild.model import StatusKind
from maild.yaml_schema import Reading, over
from maild.yamlfile import Map

CHAIN = 8  # profiles that build on profiles


def read_profile(folder: Path) -> Profile:
    """The profile of this folder with those that it builds on; UsageError tells every mistake."""
    data, parents = _merged(folder, 0)
    reading = Reading(folder / "profile.yaml", data, KEYS)
    found = reading.entry(data, KEYS, "a profile")
    reading.problems.end()
    return _profile(found, folder, tuple(parents))


# ---- a profile over the one that it builds on


def _merged(folder: Path, depth: int) -> tuple[Map, list[Path]]:
    """The file's data over that of the profile that it extends, and the folders of these."""
    file = folder / "profile.yaml"
    data = yamlfile.read(file)
    if not isinstance(data, Map):
        raise UsageError(f"{file}: keys like name, statuses and priorities are needed.")
    base = data.get("extends")
    if base is None:
        return data, []
    place = SHIPPED / base if (SHIPPED / base).is_dir() else (folder / base).resolve()
    if depth >= CHAIN or not (place / "profile.yaml").is_file():
        raise UsageError(f'{file}, line {yamlfile.line_of(base)}: there is no profile "{base}".')
    below, parents = _merged(place, depth + 1)
    return over(below, data, KEYS), [*parents, place]


# ---- the profile of the values


def _profile(found: dict[str, Any], folder: Path, parents: tuple[Path, ...]) -> Profile:
    new, complete = found["new_status"], found["complete_status"]
    statuses = {entry["name"]: _status(entry) for entry in found["statuses"]}
    same = {name: found[name] for name in AS_THEY_ARE}
    made = {
        "statuses": statuses,
        "resolved_status": found["resolved_status"] or complete,
        "reopened_status": found["reopened_status"] or new,
        "deferred_status": found["deferred_status"] or _deferred(statuses),
        "shared_status": found["shared_status"] or new,
        "shared_done_status": found["shared_done_status"] or new,
        "shared_done_note": Sentence(found["shared_done_note"], {}),
        "sides": {side: Sentence(name, {}) for side, name in found["sides"].items()},
        "matrix": Matrix(tuple(map(_row, found["matrix"]))),
        "on_call": Rota(**found["on_call"]),
        "slas": tuple(Sla(**entry) for entry in found["slas"]),
        "calendars": {name: _calendar(name, e) for name, e in found["calendars"].items()},
        "request_types": {n: RequestType(n, **e) for n, e in found["request_types"].items()},
        "views": {name: View(**entry) for name, entry in found["views"].items()},
    }
    return Profile(folder=folder, parents=parents, **same, **made)


# What is kept as it is read.
AS_THEY_ARE = (
    "name", "description", "new_status", "complete_status", "scheduled_status", "escalation_title",
    "escalation_queues", "escalation_pack",
    "priorities", "types", "queues", "sources", "categories", "issue_types", "templates",
    "work_types", "work_type_required", "checklists", "groups", "senders", "fields",
)  # fmt: skip


def _status(entry: dict[str, Any]) -> Status:
    pauses = entry["pauses_sla"]
    return Status(
        **{name: value for name, value in entry.items() if name not in ("rows", "pauses_sla")},
        pauses_sla=entry["kind"] == StatusKind.WAITING if pauses is None else pauses,
    )


def _deferred(statuses: dict[str, Status]) -> str:
    """The status that waits for a date, where the profile does not name it."""
    return next((s.name for s in statuses.values() if "due" in s.needs), "")


def _row(entry: dict[str, Any]) -> tuple[str | None, str | None, str]:
    impact, urgency = (key(entry[n]) if entry[n] else None for n in ("impact", "urgency"))
    return impact, urgency, entry["priority"]


def _calendar(name: str, entry: dict[str, Any]) -> Calendar:
    found = Calendar(name)
    return Calendar(
        name=name,
        zone=entry["timezone"] or found.zone,
        own_zone=entry["timezone"] is not None,
        hours=entry["hours"] or found.hours,
        regions=entry["holidays"],
        closed=frozenset(entry["closed"]),
    )
