"""Reads a profile.yaml: one table of keys drives what is allowed; every mistake is told at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from maild import yamlfile
from maild.desk.calendar import Calendar, Span, known_region, read_hours
from maild.desk.profile import (
    NEEDS,
    SHIPPED,
    SOURCES,
    STATUS_KINDS,
    Matrix,
    Profile,
    Rota,
    Sla,
    Status,
    key,
)
from maild.errors import UsageError
from maild.yamlfile import Problems

CHAIN = 8  # profiles that build on profiles


def read_profile(folder: Path) -> Profile:
    """The profile of this folder with those that it builds on; UsageError tells every mistake."""
    data, parents = _merged(folder, 0)
    reading = _Reading(folder / "profile.yaml", data)
    profile = reading.profile(folder, tuple(parents))
    reading.problems.end()
    return profile


def _merged(folder: Path, depth: int) -> tuple[dict[str, Any], list[Path]]:
    """The file's data over that of the profile that it extends, and the folders of these."""
    file = folder / "profile.yaml"
    data = yamlfile.read(file)
    if not isinstance(data, dict):
        raise UsageError(f"{file}: keys like name, statuses and priorities are needed.")
    base = data.get("extends")
    if base is None:
        return data, []
    place = SHIPPED / base if (SHIPPED / base).is_dir() else (folder / base).resolve()
    if depth >= CHAIN or not (place / "profile.yaml").is_file():
        raise UsageError(f'{file}, line {yamlfile.line_of(base)}: there is no profile "{base}".')
    below, parents = _merged(place, depth + 1)
    return _over(below, data), [*parents, place]


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Maps are joined, lists of named things too; of anything else the upper counts."""
    merged = yamlfile.Map(below)
    merged.line, merged.file = getattr(above, "line", 1), getattr(above, "file", None)
    merged.key_lines = {**getattr(below, "key_lines", {}), **getattr(above, "key_lines", {})}
    for name, value in above.items():
        old = merged.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[name] = _over(old, value)
        elif _named(old) and _named(value):
            merged[name] = list((_named(old) | _named(value)).values())
        else:
            merged[name] = value
    return merged


def _named(value: Any) -> dict[str, Any]:
    """A list of named entries by their names; empty where it is none."""
    entries = value if isinstance(value, list) else []
    if not all(isinstance(entry, dict) and "name" in entry for entry in entries):
        return {}
    return {entry["name"]: entry for entry in entries}


class _Reading:
    """One pass over the data: values as far as they can be read, and all that is wrong."""

    def __init__(self, file: Path, data: dict[str, Any]) -> None:
        self.file = file
        self.data = data
        self.problems = Problems()

    def profile(self, folder: Path, parents: tuple[Path, ...]) -> Profile:
        self._keys(self.data, KEYS, "key of a profile")
        for name in REQUIRED:
            if name not in self.data:
                self.problems.add(self.file, 1, f"{name} is missing.")
        statuses = {s.name: s for s in map(self._status, self._maps("statuses"))}
        first = next(iter(statuses), "")
        complete = self._status_name("complete_status", statuses, first)
        calendars = {name: self._calendar(name) for name in self._map("calendars")}
        return Profile(
            name=str(self.data.get("name", folder.name)),
            description=str(self.data.get("description", "")),
            folder=folder,
            parents=parents,
            statuses=statuses,
            new_status=self._status_name("new_status", statuses, first),
            complete_status=complete,
            resolved_status=self._status_name("resolved_status", statuses, complete),
            shared_done_status=self._status_name("shared_done_status", statuses, ""),
            reopened_status=self._status_name("reopened_status", statuses, first),
            priorities=self._texts("priorities") or ("Normal",),
            types=self._texts("types") or ("Service Request",),
            queues=self._texts("queues") or ("Support",),
            sources=self._texts("sources") or SOURCES,
            categories=self._lists("categories"),
            issue_types=self._lists("issue_types"),
            request_types=MappingProxyType(
                {
                    str(k): None if v is None else str(v)
                    for k, v in self._map("request_types").items()
                }
            ),
            templates=MappingProxyType(
                {str(k): MappingProxyType(dict(v)) for k, v in self._map("templates").items()}
            ),
            checklists=self._lists("checklists"),
            calendars=MappingProxyType(calendars),
            groups=self._lists("groups"),
            senders=self._lists("senders"),
            fields=self._texts("fields"),
            matrix=self._matrix(),
            on_call=self._rota(),
            slas=tuple(sla for sla in map(self._sla, self._maps("slas")) if sla),
        )

    # ---- parts

    def _status(self, entry: dict[str, Any]) -> Status:
        self._keys(entry, STATUS_KEYS, "key of a status")
        name = str(entry.get("name", ""))
        if not name:
            self.problems.add(self.file, entry, "a status needs a name.")
        kind = self._one_of(entry, "kind", STATUS_KINDS, "working")
        return Status(
            name=name,
            kind=kind,
            set_by=self._one_of(entry, "set_by", ("people", "system"), "people", optional=True),
            categories=tuple(
                self._known(c, self._lists("categories"), "category")
                for c in _list(entry, "categories")
            ),
            needs=tuple(self._known(n, NEEDS, "need") for n in _list(entry, "needs")),
            tell_contact=bool(entry.get("tell_contact", True)),
            pauses_sla=bool(entry.get("pauses_sla", kind == "waiting")),
            meaning=str(entry.get("meaning", "")),
        )

    def _calendar(self, name: str) -> Calendar:
        entry = self._map("calendars")[name]
        self._keys(entry, CALENDAR_KEYS, "key of a calendar")
        found = Calendar(name)
        with_hours = self._try(entry, "hours", read_hours, found.hours)
        regions = [self._try(r, None, known_region, "") for r in _list(entry, "holidays")]
        closed = [self._try(d, None, _day, date.min) for d in _list(entry, "closed")]
        zone = str(entry.get("timezone", "UTC"))
        if zone not in available_timezones():
            self.problems.unknown(self.file, entry, "time zone", zone, available_timezones())
            zone = "UTC"
        return Calendar(
            name=str(name),
            zone=ZoneInfo(zone),
            own_zone="timezone" in entry,
            hours=with_hours,
            regions=tuple(r for r in regions if r),
            closed=frozenset(closed),
        )

    def _matrix(self) -> Matrix:
        rows = []
        for entry in self._maps("matrix"):
            self._keys(entry, ("impact", "urgency", "priority"), "key of the matrix")
            impact, urgency = entry.get("impact"), entry.get("urgency")
            rows.append(
                (
                    key(impact) if impact else None,
                    key(urgency) if urgency else None,
                    self._known(entry.get("priority", ""), self._texts("priorities"), "priority"),
                )
            )
        return Matrix(tuple(rows))

    def _rota(self) -> Rota:
        entry = self._map("on_call")
        self._keys(entry, ("people", "turn", "starts"), "key of on_call")
        return Rota(
            people=tuple(map(str, _list(entry, "people"))),
            turn=self._one_of(entry, "turn", ("week", "day"), "week", optional=True),
            starts=self._try(entry, "starts", _moment, datetime(2026, 1, 5)),
        )

    def _sla(self, entry: dict[str, Any]) -> Sla | None:
        self._keys(entry, SLA_KEYS, "key of an SLA")
        calendar = str(entry.get("calendar", "default"))
        if calendar != "default":
            self._known(calendar, self._map("calendars"), "calendar")
        return Sla(
            name=str(entry.get("name", "SLA")),
            organizations=tuple(map(str, _list(entry, "organizations"))),
            priorities=self._chosen(entry, "priorities", "priority"),
            types=self._chosen(entry, "types", "type"),
            calendar=calendar,
            first_response=self._try(entry, "first_response", Span.read, None),
            resolution=self._try(entry, "resolution", Span.read, None),
            warn=int(entry.get("warn", 75)),
        )

    def _chosen(self, entry: dict[str, Any], name: str, what: str) -> tuple[str, ...]:
        return tuple(self._known(v, self._texts(name), what) for v in _list(entry, name))

    # ---- shapes

    def _keys(self, entry: Any, allowed: Any, what: str) -> None:
        if not isinstance(entry, dict):
            self.problems.add(self.file, entry, "keys with values are needed here.")
            return
        for name in entry:
            if name not in allowed:
                at = _Place(entry, name)
                self.problems.unknown(self.file, at, what, name, allowed)

    def _known(self, word: Any, known: Any, what: str) -> str:
        """The word as the profile writes it; a problem where there is none of that name."""
        by_key = {key(str(k)): str(k) for k in known}
        if key(word) not in by_key:
            self.problems.unknown(self.file, word, what, word, by_key.values())
        return by_key.get(key(word), str(word))

    def _one_of(
        self,
        entry: dict[str, Any],
        name: str,
        allowed: Any,
        default: str,
        *,
        optional: bool = False,
    ) -> str:
        value = entry.get(name)
        if value is None and optional:
            return default
        if value not in allowed:
            found = f'{name} is "{value}"' if value is not None else f"{name} is missing"
            place = _Place(entry, name)
            self.problems.add(self.file, place, f"{found}; possible: {', '.join(allowed)}.")
            return default
        return str(value)

    def _status_name(self, name: str, statuses: dict[str, Status], default: str) -> str:
        return self._known(self.data[name], statuses, "status") if name in self.data else default

    def _try(self, entry: Any, name: str | None, read: Callable[[Any], Any], default: Any) -> Any:
        """What `read` makes of a value; its complaint becomes a problem of this place."""
        value, at = (entry, entry) if name is None else (entry.get(name), None)
        if value is None:
            return default
        try:
            return read(value)
        except (UsageError, ValueError, TypeError, AttributeError) as error:
            text = error.message if isinstance(error, UsageError) else f"{value!r} cannot be read."
            self.problems.add(self.file, at or _Place(entry, str(name)), text)
            return default

    def _map(self, name: str) -> dict[str, Any]:
        value = self.data.get(name) or {}
        if not isinstance(value, dict):
            self.problems.add(self.file, _Place(self.data, name), f"{name}: names with values.")
            return {}
        return value

    def _maps(self, name: str) -> list[dict[str, Any]]:
        value = self.data.get(name) or []
        if not isinstance(value, list) or not all(isinstance(e, dict) for e in value):
            self.problems.add(
                self.file, _Place(self.data, name), f"{name}: a list of entries with keys."
            )
            return []
        return value

    def _texts(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name) or []
        if not isinstance(value, list):
            self.problems.add(self.file, _Place(self.data, name), f"{name}: a list is needed.")
            return ()
        return tuple(map(str, value))

    def _lists(self, name: str) -> MappingProxyType[str, tuple[str, ...]]:
        """Names, each with a list, with one value or with none; a plain list is names alone."""
        value = self.data.get(name) or {}
        if isinstance(value, list):
            return MappingProxyType({str(entry): () for entry in value})
        return MappingProxyType({str(k): tuple(map(str, _list(value, k))) for k in value})


class _Place:
    """Where a key of an entry stands, for a value that cannot say so itself."""

    def __init__(self, entry: Any, name: str) -> None:
        self.line = getattr(entry, "key_lines", {}).get(name, yamlfile.line_of(entry))
        self.file = getattr(entry, "file", None)


def _list(entry: dict[str, Any], name: Any) -> list[Any]:
    value = entry.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _day(text: Any) -> date:
    return date.fromisoformat(str(text))


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=None)


REQUIRED = ("name", "statuses", "new_status", "complete_status", "priorities", "types", "queues")
KEYS = (
    *REQUIRED,
    "extends",
    "description",
    "document",
    "resolved_status",
    "reopened_status",
    "shared_done_status",
    "sources",
    "categories",
    "issue_types",
    "request_types",
    "templates",
    "checklists",
    "calendars",
    "groups",
    "senders",
    "fields",
    "matrix",
    "on_call",
    "slas",
)
STATUS_KEYS = (
    "name",
    "kind",
    "set_by",
    "categories",
    "needs",
    "tell_contact",
    "pauses_sla",
    "meaning",
    "rows",
)
CALENDAR_KEYS = ("hours", "holidays", "closed", "timezone")
SLA_KEYS = (
    "name",
    "organizations",
    "priorities",
    "types",
    "calendar",
    "first_response",
    "resolution",
    "warn",
)
