"""Finds what is wrong with a template before a mail depends on it (E12, H72)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import nodes

from maild.desk.notifications import Notification
from maild.errors import MaildError
from maild.i18n import Sentence, sentence
from maild.model import Role
from maild.templates.jinja_errors import in_our_words
from maild.templates.layout_facts import LAYOUT_FACTS
from maild.templates.render import (
    FILTERS,
    FUNCTIONS,
    at,
    environment,
    layout_environment,
    render,
    where,
)
from maild.templates.sandbox import FILTERS as PLAIN_FILTERS
from maild.templates.source import FRONT, LAYOUT_FILE, Template

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
    found += layout_problems(layout)
    if found:
        return found
    little = kind.nothing | {"note": None, "time": None, "earlier": []}
    for data in (kind.example(), kind.example() | little):
        try:
            render(template, data, words, layout)
        except MaildError as error:
            return [error.message]
    return []


def layout_problems(layout: str) -> list[str]:
    """What is wrong with the page around all mails, before anything is rendered in it."""
    try:
        tree = layout_environment().parse(layout)
    except jinja2.TemplateSyntaxError as error:
        return [at(LAYOUT_FILE, error.lineno, in_our_words(error.message or ""))]
    known = {fact.name for fact in LAYOUT_FACTS}
    filters = layout_environment().filters
    found = [*_unknown(tree, known, ()), *_no_filters(tree, filters)]
    if not found and not any(_is_body(one) for one in tree.find_all(nodes.Filter)):
        text = sentence("{{ body|ready }} is missing: mails would say nothing. Write it where the "
                        "words of a mail belong.")  # fmt: skip
        found = [(layout.count("\n") or 1, text)]
    return [at(LAYOUT_FILE, line, text) for line, text in found]


def _is_body(node: nodes.Filter) -> bool:
    return node.name == "ready" and isinstance(node.node, nodes.Name) and node.node.name == "body"


def _read(template: Template, part: str, kind: Notification) -> Iterator[str]:
    try:
        tree = environment().parse(getattr(template, part))
    except jinja2.TemplateSyntaxError as error:
        yield where(template, part, in_our_words(error.message or ""), error.lineno)
        return
    known = {fact.name for fact in kind.facts}
    hidden = (INTERNAL,) if kind.audience == Role.CONTACT else ()
    filters = (*PLAIN_FILTERS, *FILTERS)
    yield from (
        where(template, part, text, line)
        for found in (_unknown(tree, known, hidden), _no_filters(tree, filters), _set(tree))
        for line, text in found
    )


def _unknown(
    tree: nodes.Template, known: set[str], hidden: Collection[str]
) -> Iterator[tuple[int, Sentence]]:
    """The names that there are not, and those that end in what is `hidden` from the reader."""
    for line, name in _names(tree):
        if not _is_known(name, known):
            near = _nearest(name, [*known, *(k.partition(".")[0] for k in known)])
            yield line, _not_known(name, near)
        elif name.rpartition(".")[2] in hidden:
            yield line, _for_colleagues(name)


def _for_colleagues(name: str) -> Sentence:
    return sentence(
        '"{name}" is for colleagues only, and this mail goes to contacts; leave it out.', name=name
    )


def _is_known(name: str, known: set[str]) -> bool:
    """Whether there is this name, or it is a part of one that there is."""
    if name in known or name in FUNCTIONS or name == "range" or name.startswith("loop."):
        return True
    return any(fact.startswith((f"{name}.", f"{name}[]")) for fact in known)


def _not_known(name: str, near: str) -> Sentence:
    if not near:
        return sentence('"{name}" is not known.', name=name)
    return sentence('"{name}" is not known; did you mean {near}?', name=name, near=near)


def _no_filters(tree: nodes.Template, known: Iterable[str]) -> Iterator[tuple[int, Sentence]]:
    for call in tree.find_all(nodes.Filter):
        if call.name in known:
            continue
        if near := _nearest(call.name, known):
            text = sentence('there is no filter "{name}"; did you mean {near}?',
                            name=call.name, near=near)  # fmt: skip
        else:
            text = sentence('there is no filter "{name}".', name=call.name)
        yield call.lineno, text


def _set(tree: nodes.Template) -> Iterator[tuple[int, Sentence]]:
    """`{% set ticket.x = 1 %}`, of which Jinja says the wrong line."""
    for target in tree.find_all(nodes.NSRef):
        yield target.lineno, in_our_words("can't assign")


def _nearest(name: str, names: Iterable[str]) -> str:
    """The one that was meant, perhaps; else ""."""
    return next(iter(difflib.get_close_matches(name, list(names), 1, 0.5)), "")


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
