"""A profile: what a ticket can be (statuses, priorities, types, queues), read from a folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import UsageError

SHIPPED = Path(__file__).parent.parent / "rules" / "profiles"
STATUS_KINDS = ("new", "working", "waiting", "review", "resolved", "closed")


@dataclass(frozen=True, slots=True)
class Status:
    """One status that a ticket can have (N1, G1, A1)."""

    name: str
    kind: str  # one of STATUS_KINDS
    set_by: str = "people"  # "system": rules only, people and commands may not (G1)
    tell_contact: bool = True  # no: the contact is not told of it (G9)
    pauses_sla: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What a ticket can be; the first of each list is the default."""

    name: str
    folder: Path
    statuses: dict[str, Status]
    new_status: str
    complete_status: str
    priorities: tuple[str, ...]
    types: tuple[str, ...]
    queues: tuple[str, ...]

    def status(self, name: str) -> Status:
        """The status of this name, in any case; UsageError with the nearest that there is."""
        return self.statuses[named(name, self.statuses, "status")]


def named(name: str, known: Iterable[str], what: str) -> str:
    """The known name that `name` means (case and white space aside); UsageError otherwise."""
    by_key = {" ".join(k.lower().split()): k for k in known}
    key = " ".join(name.lower().split())
    if key in by_key:
        return by_key[key]
    close = difflib.get_close_matches(key, by_key, 1, 0.5)
    hint = f"did you mean {by_key[close[0]]}?" if close else f"possible: {', '.join(known)}."
    raise UsageError(f'There is no {what} "{name}"; {hint}')


def profile_folder(name: str, beside: Path) -> Path:
    """Where a profile's files are: a shipped one by name, else a folder beside maild.toml."""
    if (SHIPPED / name).is_dir():
        return SHIPPED / name
    folder = (beside / name).resolve()
    if (folder / "profile.yaml").is_file():
        return folder
    shipped = ", ".join(sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()))
    raise UsageError(
        f'profile: there is no profile "{name}"; possible are {shipped}, '
        "or a folder with a profile.yaml."
    )


def load_profile(folder: Path) -> Profile:
    """Reads profile.yaml; UsageError with file and line."""
    file = folder / "profile.yaml"
    data = yamlfile.read(file)
    try:
        statuses = {s["name"]: _status(s, file) for s in data["statuses"]}
        return Profile(
            name=str(data["name"]),
            folder=folder,
            statuses=statuses,
            new_status=named(data["new_status"], statuses, "status"),
            complete_status=named(data["complete_status"], statuses, "status"),
            priorities=tuple(map(str, data["priorities"])),
            types=tuple(map(str, data["types"])),
            queues=tuple(map(str, data["queues"])),
        )
    except (KeyError, TypeError) as error:
        raise UsageError(f"{file}: {error.args[0]!r} is missing or of the wrong shape.") from error


def _status(entry: Any, file: Path) -> Status:
    if entry.get("kind") not in STATUS_KINDS:
        raise UsageError(
            f"{file}, line {yamlfile.line_of(entry)}: status {entry['name']} has the kind "
            f"{entry.get('kind')!r}; possible are {', '.join(STATUS_KINDS)}."
        )
    return Status(
        name=str(entry["name"]),
        kind=str(entry["kind"]),
        set_by=str(entry.get("set_by", "people")),
        tell_contact=bool(entry.get("tell_contact", True)),
        pauses_sla=bool(entry.get("pauses_sla", entry["kind"] == "waiting")),
    )
