"""Reads a profile.yaml by the table of its keys; every mistake is told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
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
)
from maild.desk.profile import key as folded
from maild.desk.profile_keys import BY_NAME, KEYS, SHAPES, Key
from maild.errors import UsageError
from maild.i18n import Sentence
from maild.yamlfile import Map, Problems

CHAIN = 8  # profiles that build on profiles


def read_profile(folder: Path) -> Profile:
    """The profile of this folder with those that it builds on; UsageError tells every mistake."""
    data, parents = _merged(folder, 0)
    reading = _Reading(folder / "profile.yaml", data)
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
    return _over(below, data, KEYS), [*parents, place]


def _over(below: Map, above: Map, keys: Iterable[Key]) -> Map:
    """Each key as its shape says (`SHAPES`): joined with what is below, or in its place."""
    known = {key.name: key for key in keys}
    merged = _layered(below, above)
    for name, value in above.items():
        merged[name] = _joined(below.get(name), value, known.get(name))
    return merged


def _joined(below: Any, above: Any, key: Key | None) -> Any:
    if key is None or not SHAPES[key.takes][2].startswith("joined"):
        return above
    if key.takes == "entries":
        return _entries(below, above, key)
    if not isinstance(below, Map) or not isinstance(above, Map):
        return above
    if key.takes == "section":
        return _over(below, above, key.keys)
    merged = _layered(below, above)
    for name, value in above.items():
        old = _whole(below.get(name), key)
        new = _whole(value, key)
        both = isinstance(old, Map) and isinstance(new, Map) and key.takes == "sections"
        merged[name] = _over(old, new, key.keys) if both else value
    return merged


def _whole(value: Any, key: Key) -> Any:
    """A bare text in the place of an entry, as the entry that it stands for."""
    if not key.short or isinstance(value, Map):
        return value
    entry = Map({} if value is None else {key.short: value})
    entry.line, entry.key_lines = yamlfile.line_of(value), {}
    entry.file = getattr(value, "file", None)
    return entry


def _entries(below: Any, above: Any, key: Key) -> Any:
    """One's own entries before those below; of the same name: its keys over those below."""
    old, new = _named(below), _named(above)
    if not old or not new:
        return above
    for name in old.keys() & new.keys():
        new[name] = _over(old[name], new[name], key.keys)
    fresh = [entry for name, entry in new.items() if name not in old]
    kept = [new.get(name, entry) for name, entry in old.items()]
    return [*fresh, *(entry for entry in kept if entry.get("skip") is not True)]


def _named(value: Any) -> dict[str, Map]:
    """A list of named entries by their names; empty where it is none."""
    entries = value if isinstance(value, list) else []
    if not all(isinstance(entry, Map) and "name" in entry for entry in entries):
        return {}
    return {folded(entry["name"]): entry for entry in entries}


def _layered(below: Map, above: Map) -> Map:
    """A map that knows its lines, with what is below in it."""
    merged = Map(below)
    merged.line, merged.file = above.line, above.file
    merged.key_lines = {**below.key_lines, **above.key_lines}
    return merged


# ---- checking and reading


def defaults(keys: Iterable[Key]) -> dict[str, Any]:
    """What holds of an entry in which nothing is written."""
    return {key.name: defaults(key.keys) if key.takes == "section" else key.default for key in keys}


class _Reading:
    """One pass over the data: values as they are kept, and all that is wrong."""

    def __init__(self, file: Path, data: Map) -> None:
        self.file = file
        self.data = data
        self.problems = Problems()

    def entry(self, entry: Any, keys: Sequence[Key], what: str) -> dict[str, Any]:
        """The entry's values; where one is not written or wrong, its default."""
        found = defaults(keys)
        if not isinstance(entry, dict):
            self.problems.add(self.file, entry, f"{what} needs keys with values.")
            return found
        known = {key.name: key for key in keys}
        for name, value in entry.items():
            at = _Place(entry, name)
            if name not in known:
                self.problems.unknown(self.file, at, f"key of {what}", name, known)
            elif value is not None:
                found[name] = self._value(at, known[name], value)
        for name in (key.name for key in keys if key.required and entry.get(key.name) is None):
            self.problems.add(self.file, entry, f"{what} needs `{name}`.")
        return found

    def _value(self, at: _Place, key: Key, value: Any) -> Any:
        types, words, _ = SHAPES[key.takes]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            self.problems.add(self.file, at, f"{key.name}: {_shown(value)} is not {words}.")
            return defaults([key])[key.name]
        return _SHAPED[key.takes](self, at, key, value)

    # ---- one method a shape (`_SHAPED`)

    def _text(self, at: _Place, key: Key, value: Any) -> Any:
        return self._word(at, key, value, key.default)

    def _list(self, at: _Place, key: Key, value: Any) -> tuple[Any, ...]:
        found = [self._word(at, key, word, None) for word in _listed(value)]
        return tuple(word for word in found if word is not None)

    def _lists(self, at: _Place, key: Key, value: Any) -> Mapping[str, tuple[str, ...]]:
        if isinstance(value, list):  # names alone
            return MappingProxyType({str(name): () for name in value})
        return MappingProxyType({str(n): tuple(map(str, _listed(v))) for n, v in value.items()})

    def _values(self, at: _Place, key: Key, value: Map) -> Mapping[str, Any]:
        found = {str(n): v for n, v in value.items() if isinstance(v, dict)}
        for name in value.keys() - found.keys():
            self.problems.add(
                self.file, _Place(value, name), f"{key.name}: {name} needs fields with values."
            )
        return MappingProxyType({name: MappingProxyType(dict(v)) for name, v in found.items()})

    def _section(self, at: _Place, key: Key, value: Map) -> Mapping[str, Any]:
        return self.entry(value, key.keys, key.name)

    def _sections(self, at: _Place, key: Key, value: Map) -> Mapping[str, Any]:
        return {
            str(name): self.entry(_whole(entry, key), key.keys, key.one)
            for name, entry in value.items()
        }

    def _rows(self, at: _Place, key: Key, value: list[Any]) -> tuple[dict[str, Any], ...]:
        return tuple(self.entry(entry, key.keys, key.one) for entry in value)

    def _entries(self, at: _Place, key: Key, value: list[Any]) -> tuple[dict[str, Any], ...]:
        seen: set[str] = set()
        for entry in (entry for entry in value if isinstance(entry, Map)):
            name = folded(entry.get("name", ""))
            if "skip" in entry:
                self.problems.add(
                    self.file, entry, f'{key.name}: there is no "{name}" below to skip.'
                )
            elif name in seen:
                self.problems.add(self.file, entry, f'{key.name}: "{name}" stands there twice.')
            seen.add(name)
        return self._rows(at, key, [e for e in value if not isinstance(e, Map) or "skip" not in e])

    # ---- one word

    def _word(self, at: _Place, key: Key, value: Any, default: Any) -> Any:
        """The value as it is kept; a problem, and the default, where it cannot be."""
        if key.among:
            by_key = {folded(word): word for word in key.among}
            if folded(value) not in by_key:
                near = yamlfile.nearest(str(value), key.among)
                said = f'{key.name}: "{value}" is unknown; {near}'
                self.problems.add(self.file, _placed(value, at), said)
            return by_key.get(folded(value), default)
        if key.of:
            return self._of_profile(at, key, value, default)
        if key.read is None:
            return value if key.takes in ("number", "yes") else str(value)
        try:
            return key.read(value)
        except (UsageError, ValueError, TypeError, AttributeError) as error:
            text = error.message if isinstance(error, UsageError) else f'"{value}" cannot be read.'
            self.problems.add(self.file, at, f"{key.name}: {text}")
            return default

    def _of_profile(self, at: _Place, key: Key, value: Any, default: Any) -> Any:
        """One of the names that another key of the profile has."""
        names = [*self._names(key.of), *(["default"] if key.of == "calendars" else [])]
        by_key = {folded(name): name for name in names}
        if folded(value) in by_key:
            return by_key[folded(value)]
        where = _placed(value, at)
        said = f'{key.name}: "{value}" is none of the {key.of.replace("_", " ")}; '
        said += yamlfile.nearest(str(value), names)
        if self._replaced(key.of, where):
            said += (
                f" ({self.file} has {key.of} of its own, which take the place of those below: "
                "write what names them there too.)"
            )
        self.problems.add(self.file, where, said)
        return default

    def _names(self, of: str) -> list[str]:
        value = self.data.get(of)
        if isinstance(value, dict):
            return list(map(str, value))
        named = isinstance(value, list) and BY_NAME[of].takes == "entries"
        return [
            str(entry.get("name", "")) if named and isinstance(entry, dict) else str(entry)
            for entry in _listed(value)
        ]

    def _replaced(self, of: str, where: Any) -> bool:
        """Whether the word is of a profile below, whose list this file has put another for."""
        below = (getattr(where, "file", None) or self.file) != self.file
        first = next(iter(_listed(self.data.get(of))), None)
        return below and getattr(first, "file", None) == self.file


_SHAPED: dict[str, Callable[[_Reading, _Place, Key, Any], Any]] = {
    "text": _Reading._text,
    "number": _Reading._text,
    "hours": _Reading._text,
    "yes": lambda reading, at, key, value: value,
    "list": _Reading._list,
    "lists": _Reading._lists,
    "values": _Reading._values,
    "section": _Reading._section,
    "sections": _Reading._sections,
    "rows": _Reading._rows,
    "entries": _Reading._entries,
}


class _Place:
    """Where a key of an entry stands, for a value that cannot say so itself."""

    def __init__(self, entry: Any, name: str) -> None:
        value = entry[name]
        self.line = getattr(value, "line", 0) or getattr(entry, "key_lines", {}).get(
            name, yamlfile.line_of(entry)
        )
        self.file = getattr(value, "file", None) or getattr(entry, "file", None)


def _placed(value: Any, at: Any) -> Any:
    """The value where it knows its line, else the place of its key."""
    return value if getattr(value, "line", 0) else at


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) or type(value) in (int, float) else "this"


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
    "priorities", "types", "queues", "sources", "categories", "issue_types", "templates",
    "checklists", "groups", "senders", "fields",
)  # fmt: skip


def _status(entry: dict[str, Any]) -> Status:
    pauses = entry["pauses_sla"]
    return Status(
        **{name: value for name, value in entry.items() if name not in ("rows", "pauses_sla")},
        pauses_sla=entry["kind"] == "waiting" if pauses is None else pauses,
    )


def _deferred(statuses: dict[str, Status]) -> str:
    """The status that waits for a date, where the profile does not name it."""
    return next((s.name for s in statuses.values() if "due" in s.needs), "")


def _row(entry: dict[str, Any]) -> tuple[str | None, str | None, str]:
    impact, urgency = (folded(entry[n]) if entry[n] else None for n in ("impact", "urgency"))
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
