"""Templates of pages, made once for each language.

What a template asks of functions that always say the same (`_("Reply")`, `icon("lock", 12)`) is
text in the compiled template: a page has two hundred of these calls, and they were a third of its
cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
PLACE = Path(__file__).parent / "templates"


class PageTemplates(Environment):
    """The console's templates; `constant`: functions that give the same for the same words;
    `known`: others that every template may call, also those that are imported without a page."""

    def __init__(
        self, constant: Mapping[str, Callable[..., str]], known: Mapping[str, Callable[..., Any]]
    ) -> None:
        super().__init__(
            loader=FileSystemLoader(PLACE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,  # every one is kept; the usual cache looks through its names at each use
        )
        self.context_class = _PlainCalls
        self.globals.update({**constant, **known})
        self.filters["coded"] = coded
        self._constant = constant

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Constants(self._constant).visit(
            super()._parse(source, name, filename)
        )
        return tree


def coded(text: str) -> Markup:
    """A sentence in which what stands in `…` is to be typed as it is."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


class _Constants(NodeTransformer):
    """Puts what a function says in the place of its call, where its words are known."""

    def __init__(self, constant: Mapping[str, Callable[..., str]]) -> None:
        self._constant = constant

    def visit_Call(self, call: nodes.Call) -> nodes.Node:
        self.generic_visit(call)
        says = self._constant.get(call.node.name) if isinstance(call.node, nodes.Name) else None
        if says is None or call.kwargs or call.dyn_args or call.dyn_kwargs:
            return call
        words = [one.value for one in call.args if isinstance(one, nodes.Const)]
        if len(words) < len(call.args):
            return call
        said = says(*words)
        kind = nodes.TemplateData if isinstance(said, Markup) else nodes.Const
        return kind(said, lineno=call.lineno)


class _PlainCalls(Context):
    """Calls as Python does: nothing that these templates call asks for Jinja's context, for which
    every call is looked at four times."""

    def call(
        self,
        called: Any,
        /,
        *args: Any,
        _block_vars: Any = None,
        _loop_vars: Any = None,
        **named: Any,
    ) -> Any:
        return called(*args, **named)
