"""YAML files that know their lines, so that a mistake can be shown where it stands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from maild.errors import UsageError
from maild.sentences import sentence

DEEPEST = 100  # lists or mappings in each other
_BRACKET = re.compile(r"[\[\]{}]")
_DASHES = re.compile(rf"(?:[-?:][ \t]+){{{DEEPEST}}}")  # on one line: a list in a list in a list


class Map(dict[str, Any]):
    """A mapping that knows its line and those of its keys."""

    line: int = 0
    file: Path | None = None
    key_lines: dict[str, int]


class Text(str):
    """A string that knows its line."""

    line: int = 0
    file: Path | None = None


class _Plain(yaml.SafeLoader):
    """Keeps lines; leaves dates as the text they are written as."""


class _Fast(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same by libyaml, where it is built in: ten times as fast, but poor in words."""


def _map(loader: Any, node: yaml.MappingNode) -> Map:
    found = Map()
    found.line, found.file = node.start_mark.line + 1, loader.path
    found.key_lines = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        if key in found:
            raise yaml.MarkedYAMLError(
                problem=f'the key "{key}" stands twice', problem_mark=key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
        found.key_lines[key] = key_node.start_mark.line + 1
    return found


def _text(loader: Any, node: yaml.ScalarNode) -> Text:
    text = Text(loader.construct_scalar(node))
    text.line, text.file = node.start_mark.line + 1, loader.path
    return text


for _loader in (_Plain, _Fast):
    _loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _loader.add_constructor("tag:yaml.org,2002:map", _map)
    _loader.add_constructor("tag:yaml.org,2002:str", _text)


def read(path: Path) -> Any:
    """The file's content as Map, list, Text, int, float, bool, None; UsageError with the line."""
    try:
        text = path.read_text("utf-8")
        _must_be_flat(text, path)
        try:
            return _load(_Fast, text, path)
        except yaml.YAMLError:
            return _load(_Plain, text, path)  # which says better what is wrong
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}, line {line}: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: {error}.") from error
    except RecursionError as error:
        raise UsageError(f"{path}: lists and mappings stand in each other too deeply.") from error


def _must_be_flat(text: str, path: Path) -> None:
    """UsageError where lists stand in lists without end: libyaml would end the whole program."""
    at, depth = -1, 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        if depth > DEEPEST:
            at = found.start()
            break
    else:
        dashes = _DASHES.search(text)
        at = dashes.start() if dashes else -1
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise UsageError(f"{path}, line {line}: lists and mappings stand in each other too deeply.")


def _load(loader: Any, text: str, path: Path) -> Any:
    loading = loader(text)
    loading.name, loading.path = str(path), path
    return loading.get_single_data()


def key(name: str) -> str:
    """Names are the same whatever their case and white space."""
    return " ".join(str(name).lower().split())


def line_of(value: Any, default: int = 1) -> int:
    """Where this value stands in its file, as far as it knows."""
    return getattr(value, "line", 0) or default


class Problems:
    """Every mistake of some files, each with its place, told together."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}  # in their order, each once

    def add(self, file: Path, at: Any, text: str) -> None:
        """`at`: a line, or a value that knows its own; `text`: a sentence without its first part.

        The value's own file counts where it knows one: a profile may build on another.
        """
        line = at if isinstance(at, int) and not isinstance(at, bool) else line_of(at)
        place = str(getattr(at, "file", None) or file)
        said = sentence("{file}, line {line}: {text}", file=place, line=line, text=text)
        self.found[said] = None

    def unknown(self, file: Path, at: Any, what: str, word: Any, known: Iterable[str]) -> None:
        """The word is none of those known; says which one may be meant."""
        hint = nearest(str(word), known)
        said = sentence('"{word}" is no {what}; {nearest}', word=str(word), what=what, nearest=hint)
        self.add(file, at, said)

    def end(self) -> None:
        """UsageError with one line a mistake, if there was one."""
        if self.found:
            raise UsageError(sentence("{mistakes:\n}", mistakes=list(self.found)))


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: "did you mean X?" or all that are possible."""
    names = list(known)
    keys = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), keys, 1, 0.6)
    if close:
        return sentence("did you mean {name}?", name=keys[close[0]])
    return sentence("possible: {names}.", names=names) if names else sentence("there is none.")
