"""Finds what is wrong with a template before a mail depends on it (E12, H72)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import nodes

from maild.desk.notifications import Notification
from maild.errors import MaildError
from maild.model import Role
from maild.templates.render import FILTERS, FUNCTIONS, environment, render, where
from maild.templates.sandbox import FILTERS as PLAIN_FILTERS
from maild.templates.source import FRONT, Template

PARTS = (*FRONT, "body")
INTERNAL = "internal"  # the name of what no contact may read


def problems(
    template: Template, kind: Notification, words: Mapping[str, str], layout: str
) -> list[str]:
    """What is wrong, each with file and line; empty where all is well.

    Syntax, then unknown names with the nearest that there is, then a rendering of the example
    ticket and one of a ticket of which little is known.
    """
    found = [problem for part in PARTS for problem in _read(template, part, kind)]
    if found:
        return found
    little = kind.nothing | {"note": None, "time": None, "earlier": []}
    for data in (kind.example(), kind.example() | little):
        try:
            render(template, data, words, layout)
        except MaildError as error:
            return [error.message]
    return []


def _read(template: Template, part: str, kind: Notification) -> Iterator[str]:
    try:
        tree = environment().parse(getattr(template, part))
    except jinja2.TemplateSyntaxError as error:
        yield where(template, part, error, error.lineno) + _filter_hint(error.message or "")
        return
    known = {fact.name for fact in kind.facts}
    for line, name in _names(tree):
        hint = _unknown(name, known)
        if hint:
            yield where(template, part, f'"{name}" is not known{hint}', line)
        elif kind.audience == Role.CONTACT and name.rpartition(".")[2] == INTERNAL:
            text = f'"{name}" is for colleagues only, and this mail goes to contacts; leave it out'
            yield where(template, part, text, line)
    for call in tree.find_all(nodes.Filter):
        if call.name not in (*PLAIN_FILTERS, *FILTERS):
            near = _nearest(call.name, [*PLAIN_FILTERS, *FILTERS])
            yield where(template, part, f'there is no filter "{call.name}"{near}', call.lineno)


def _filter_hint(message: str) -> str:
    if "No filter named" not in message:
        return ""
    return _nearest(message.split("'")[1], [*PLAIN_FILTERS, *FILTERS])


def _unknown(name: str, known: set[str]) -> str:
    """What is known instead; "" where the name is known, or is a part of one that is."""
    as_prefix = tuple(f"{name}{sign}" for sign in (".", "[]"))
    if name in known or name in FUNCTIONS or name == "range" or name.startswith("loop."):
        return ""
    if any(fact.startswith(as_prefix) for fact in known):
        return ""
    return _nearest(name, [*known, *(k.partition(".")[0] for k in known)]) or "."


def _nearest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _names(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Each name that the template reads, as the catalogue writes it: `earlier[].by`."""
    yield from _visit(tree, {})


def _visit(node: nodes.Node, own: dict[str, str]) -> Iterator[tuple[int, str]]:
    """`own`: names that the template itself gave, and what they stand for ("" where unknown)."""
    path = _path(node, own)
    if path:
        yield node.lineno, path
    elif isinstance(node, nodes.For):
        yield from _visit(node.iter, own)
        inner = own | _targets(node, own)
        for child in (*node.body, *node.else_, *filter(None, [node.test])):
            yield from _visit(child, inner)
    elif path is None:
        for child in node.iter_child_nodes():
            yield from _visit(child, own)
        if isinstance(node, nodes.Assign):
            same = _path(node.node, own) if isinstance(node.target, nodes.Name) else None
            own |= dict.fromkeys(_stored(node.target), same or "")


def _targets(node: nodes.For, own: dict[str, str]) -> dict[str, str]:
    """What the names of a loop stand for: an entry of the list, where there is one of ours."""
    source = _path(_unfiltered(node.iter), own)
    entry = f"{source}[]" if source and isinstance(node.target, nodes.Name) else ""
    return {"loop": "loop"} | dict.fromkeys(_stored(node.target), entry)


def _stored(target: nodes.Node) -> list[str]:
    if isinstance(target, nodes.Name):
        return [target.name]
    return [name.name for name in target.find_all(nodes.Name)]


def _unfiltered(node: nodes.Node) -> nodes.Node:
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    return node


def _path(node: nodes.Node, own: dict[str, str]) -> str | None:
    """`ticket.number` of a chain of names; "" where its root is the template's own; else None."""
    if isinstance(node, nodes.Name):
        return own.get(node.name, node.name) if node.ctx == "load" else ""
    key: Any = None
    if isinstance(node, nodes.Getattr):
        key = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = node.arg.value
    if key is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    root = _path(node.node, own)
    if not root:
        return root
    return f"{root}[]" if isinstance(key, int) else f"{root}.{key}"
