"""Jinja for people who are not programmers: plain data in, words out, nothing else (H70, H71)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.i18n import sentence

_OF_DICTS = frozenset(dir(dict))
_OF_JINJA = frozenset(("_loop_vars", "_block_vars"))  # what a compiled template gives besides
RANGE = 1_000  # the longest range that a template may make

# What a template may say after a `|`; the rest of Jinja's filters can leave the data or grow it.
FILTERS = (
    "abs", "batch", "capitalize", "count", "d", "default", "dictsort", "first", "groupby", "int",
    "items", "join", "last", "length", "list", "lower", "max", "min", "reject", "rejectattr",
    "replace", "reverse", "round", "select", "selectattr", "sort", "sum", "title", "trim",
    "truncate", "unique", "upper", "wordcount",
)  # fmt: skip


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which only the functions that we hand in can be called."""

    intercepted_binops = frozenset(("*", "**", "%", "//", "<<"))

    def __init__(
        self,
        finalize: Callable[[Any], Any],
        functions: Mapping[str, Callable[..., Any]],
        filters: Mapping[str, Callable[..., Any]],
    ) -> None:
        super().__init__(
            autoescape=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=finalize,
            cache_size=0,
        )
        self._functions = {"range": _range, **functions}
        self._ids = set(map(id, self._functions.values()))
        self.globals.clear()
        self.globals.update(self._functions)
        self.filters = {name: self.filters[name] for name in FILTERS} | dict(filters)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Of plain data, which templates are made of, an entry is found without asking for a method
        of this name first."""
        if type(obj) is dict and attribute not in _OF_DICTS and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Our functions take what the template gives them, and nothing of Jinja's."""
        if id(obj) in self._ids:
            for name in _OF_JINJA & kwargs.keys():
                del kwargs[name]
            return obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(getattr(obj, "__self__", None), LoopContext):
            return True
        return id(obj) in self._ids

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return not attr.startswith("_") and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers or operator in ("**", "<<"):
            raise SecurityError(
                sentence(
                    "templates calculate only with numbers, and without {operator}.",
                    operator=operator,
                )
            )
        return super().call_binop(context, operator, left, right)


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > RANGE:
        raise SecurityError(
            sentence("a range of a template has at most {count} members.", count=RANGE)
        )
    return found
