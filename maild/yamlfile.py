"""YAML files that know their lines, so that a mistake can be shown where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from maild.errors import UsageError


class Map(dict[str, Any]):
    """A mapping that knows its line and those of its keys."""

    line: int = 0
    key_lines: dict[str, int]


class Text(str):
    """A string that knows its line."""

    line: int = 0


class _Loader(yaml.SafeLoader):
    """Keeps lines; leaves dates as the text they are written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _map(loader: _Loader, node: yaml.MappingNode) -> Map:
    found = Map()
    found.line = node.start_mark.line + 1
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


def _text(loader: _Loader, node: yaml.ScalarNode) -> Text:
    text = Text(loader.construct_scalar(node))
    text.line = node.start_mark.line + 1
    return text


_Loader.add_constructor("tag:yaml.org,2002:map", _map)
_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def read(path: Path) -> Any:
    """The file's content as Map, list, Text, int, float, bool, None; UsageError with the line."""
    try:
        return yaml.load(path.read_text("utf-8"), _Loader)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}, line {line}: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: {error}.") from error


def line_of(value: Any, default: int = 1) -> int:
    """Where this value stands in its file, as far as it knows."""
    return getattr(value, "line", 0) or default
