"""Files of YAML that are read by a table of their keys.

The table says of each key what it takes, what it means and how it is read: it checks the file,
tells every mistake with its line, and its page of the documentation is made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from maild import yamlfile
from maild.errors import UsageError
from maild.sentences import sentence, together
from maild.yamlfile import Map, Problems
from maild.yamlfile import key as folded

# What a key can take: the YAML that it is written as, in words, and how it is written over the
# same key of a file below.
SHAPES: dict[str, tuple[tuple[type, ...], str, str]] = {
    "text": ((str, int, float), sentence("a text"), "replaced"),
    "yes": ((bool,), sentence("yes or no"), "replaced"),
    "number": ((int,), sentence("a number"), "replaced"),
    "list": ((list, str, int, float), sentence("a list of texts"), "replaced"),
    "hours": ((dict,), sentence("days, each with its hours"), "replaced"),
    "rows": ((list,), sentence("a list of entries"), "replaced"),
    "section": ((dict,), sentence("keys with values"), "joined, key by key"),
    "lists": ((dict, list), sentence("names, each with a list"), "joined, name by name"),
    "values": (
        (dict,),
        sentence("names, each with fields and their values"),
        "joined, name by name",
    ),
    "sections": ((dict,), sentence("names, each with keys and values"), "joined, name by name"),
    "entries": (
        (list,),
        sentence("a list of entries, each with a `name`"),
        "joined by their names",
    ),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file, or of an entry in it."""

    name: str
    takes: str  # one of SHAPES
    meaning: str
    example: str = ""  # as YAML
    default: Any = None  # what holds where it is not written
    without: str = ""  # the same in words, where the default does not say it itself
    required: bool = False
    one: str = ""  # what one entry is, for errors: "a status"
    keys: tuple[Key, ...] = ()  # of each entry
    short: str = ""  # the key of an entry that a bare text stands for
    among: tuple[str, ...] = ()  # all that its values can be …
    of: str = ""  # … and the names that this key of the file has
    read: Callable[[Any], Any] | None = None  # value as written → value as kept


# ---- a file over the one that it builds on


def over(below: Map, above: Map, keys: Iterable[Key]) -> Map:
    """Each key as its shape says (`SHAPES`): joined with what is below, or in its place."""
    known = {key.name: key for key in keys}
    merged = _layered(below, above)
    for name, value in above.items():
        merged[name] = joined(below.get(name), value, known.get(name))
    return merged


def joined(below: Any, above: Any, key: Key | None) -> Any:
    """What a key of the upper file is, seen what it is below."""
    if key is None or not SHAPES[key.takes][2].startswith("joined"):
        return above
    if key.takes == "entries":
        return _entries(below, above, key)
    if not isinstance(below, Map) or not isinstance(above, Map):
        return above
    if key.takes == "section":
        return over(below, above, key.keys)
    merged = _layered(below, above)
    for name, value in above.items():
        old = _whole(below.get(name), key)
        new = _whole(value, key)
        both = isinstance(old, Map) and isinstance(new, Map) and key.takes == "sections"
        merged[name] = over(old, new, key.keys) if both else value
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
        new[name] = over(old[name], new[name], key.keys)
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


class Reading:
    """One pass over the data: values as they are kept, and all that is wrong."""

    def __init__(self, file: Path, data: Map, keys: Sequence[Key]) -> None:
        self.file = file
        self.data = data
        self.keys = {key.name: key for key in keys}
        self.problems = Problems()

    def entry(self, entry: Any, keys: Sequence[Key], what: str) -> dict[str, Any]:
        """The entry's values; where one is not written or wrong, its default."""
        found = defaults(keys)
        if not isinstance(entry, dict):
            self.problems.add(
                self.file, entry, sentence("{what} needs keys with values.", what=what)
            )
            return found
        known = {key.name: key for key in keys}
        for name, value in entry.items():
            at = _Place(entry, name)
            if name not in known:
                self.problems.unknown(
                    self.file, at, sentence("key of {name}", name=what), name, known
                )
            elif value is not None:
                found[name] = self._value(at, known[name], value)
        for name in (key.name for key in keys if key.required and entry.get(key.name) is None):
            self.problems.add(
                self.file, entry, sentence("{name} needs `{key}`.", name=what, key=name)
            )
        return found

    def _value(self, at: _Place, key: Key, value: Any) -> Any:
        types, words, _ = SHAPES[key.takes]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            self.problems.add(
                self.file,
                at,
                sentence(
                    "{name}: {value} is not {words}.",
                    name=key.name,
                    value=_shown(value),
                    words=words,
                ),
            )
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
                self.file,
                _Place(value, name),
                sentence("{key}: {name} needs fields with values.", key=key.name, name=str(name)),
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
                    self.file,
                    entry,
                    sentence('{key}: there is no "{name}" below to skip.', key=key.name, name=name),
                )
            elif name in seen:
                self.problems.add(
                    self.file,
                    entry,
                    sentence('{key}: "{name}" stands there twice.', key=key.name, name=name),
                )
            seen.add(name)
        return self._rows(at, key, [e for e in value if not isinstance(e, Map) or "skip" not in e])

    # ---- one word

    def _word(self, at: _Place, key: Key, value: Any, default: Any) -> Any:
        """The value as it is kept; a problem, and the default, where it cannot be."""
        if key.among or key.of:
            return self._one_of(at, key, value, default)
        if key.read is None:
            return value if key.takes in ("number", "yes") else str(value)
        try:
            return key.read(value)
        except (UsageError, ValueError, TypeError, AttributeError) as error:
            text = (
                error.message
                if isinstance(error, UsageError)
                else sentence('"{value}" cannot be read.', value=str(value))
            )
            self.problems.add(self.file, at, sentence("{key}: {text}", key=key.name, text=text))
            return default

    def _one_of(self, at: _Place, key: Key, value: Any, default: Any) -> Any:
        """One of the words that are possible, as they are written there."""
        possible = [*(self._names(key.of) if key.of else ()), *key.among]
        by_key = {folded(word): word for word in possible}
        if folded(str(value)) in by_key:
            return by_key[folded(str(value))]
        where = value if getattr(value, "line", 0) else at
        hint = yamlfile.nearest(str(value), possible)
        of = key.of.replace("_", " ")
        said = (
            sentence(
                '{key}: "{value}" is none of the {names}; {nearest}',
                key=key.name,
                value=str(value),
                names=of,
                nearest=hint,
            )
            if of
            else sentence(
                '{key}: "{value}" is unknown; {nearest}',
                key=key.name,
                value=str(value),
                nearest=hint,
            )
        )
        if key.of and self._replaced(key.of, where):
            own = sentence(
                "({file} has {names} of its own, which take the place of those below: write what "
                "names them there too.)",
                file=str(self.file),
                names=key.of,
            )
            said = together(said, own)
        self.problems.add(self.file, where, said)
        return default

    def _names(self, of: str) -> list[str]:
        value = self.data.get(of)
        if isinstance(value, dict):
            return list(map(str, value))
        named = isinstance(value, list) and self.keys[of].takes == "entries"
        return [
            str(entry.get("name", "")) if named and isinstance(entry, dict) else str(entry)
            for entry in _listed(value)
        ]

    def _replaced(self, of: str, where: Any) -> bool:
        """Whether the word is of a profile below, whose list this file has put another for."""
        below = (getattr(where, "file", None) or self.file) != self.file
        first = next(iter(_listed(self.data.get(of))), None)
        return below and getattr(first, "file", None) == self.file


_SHAPED: dict[str, Callable[[Reading, _Place, Key, Any], Any]] = {
    "text": Reading._text,
    "number": Reading._text,
    "hours": Reading._text,
    "yes": lambda reading, at, key, value: value,
    "list": Reading._list,
    "lists": Reading._lists,
    "values": Reading._values,
    "section": Reading._section,
    "sections": Reading._sections,
    "rows": Reading._rows,
    "entries": Reading._entries,
}


class _Place:
    """Where a key of an entry stands, for a value that cannot say so itself."""

    def __init__(self, entry: Any, name: str) -> None:
        value = entry[name]
        self.line = getattr(value, "line", 0) or getattr(entry, "key_lines", {}).get(
            name, yamlfile.line_of(entry)
        )
        self.file = getattr(value, "file", None) or getattr(entry, "file", None)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) or type(value) in (int, float) else "this"


# ---- the documentation


def manual(keys: Iterable[Key]) -> str:
    """The keys as a table of Markdown."""
    rows = (
        (f"`{key.name}`", SHAPES[key.takes][1], _meaning(key), _default(key), _code(key.example))
        for key in keys
    )
    lines = [
        "| key | takes | meaning | without it | example |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines)


def _meaning(key: Key) -> str:
    possible = f": {', '.join(map(_code, key.among))}" if key.among and not key.of else ""
    return f"{key.meaning}{possible}"


def _default(key: Key) -> str:
    if key.required:
        return "an error"
    if key.without or key.default in (None, ""):
        return key.without
    if isinstance(key.default, bool):
        return "yes" if key.default else "no"
    listed = isinstance(key.default, tuple | list)
    return ", ".join(map(str, key.default)) or "none" if listed else str(key.default)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
