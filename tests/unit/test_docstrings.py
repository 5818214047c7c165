"""The doors of each package: every public name there says what it promises, and what it raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE = Path(__file__).parents[2] / "maild"
# What other packages import from, a package a line.
FRONT = """
    app daemon errors i18n model http worker_pool crash_points yamlfile
    config/addresses config/loading config/logins config/persons
    parse/parser parse/limits parse/authres parse/prefixes parse/attachments
    ingest/accept ingest/files ingest/process ingest/match ingest/proof ingest/sender
    commands/grammar commands/execute commands/words commands/reference
    desk/desk desk/views desk/people desk/notify desk/profile desk/alerts desk/explain
    rules/engine rules/load rules/clocks rules/dry_run rules/reference
    templates/renderer templates/source templates/history
    outbox/compose outbox/deliver outbox/journal outbox/relay
    store/database store/migrate store/rehearsal
    oauth/access_tokens oauth/signin oauth/tokenfile oauth/providers
""".split()  # noqa: SIM905
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt], of: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Functions, classes and their methods, each with its name."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{of}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def raised(function: Function) -> set[str]:
    """The errors that a function raises in its own lines, by name."""
    calls = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise))
    names = (call.func for call in calls if isinstance(call, ast.Call))
    return {name.id for name in names if isinstance(name, ast.Name)}


def errors() -> set[str]:
    tree = ast.parse((CODE / "errors.py").read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("module", FRONT)
def test_every_public_name_says_what_it_promises_and_what_it_raises(module: str) -> None:
    file = CODE / f"{module}.py"
    lacking = []
    for name, node in public(ast.parse(file.read_text("utf-8")).body):
        text = ast.get_docstring(node)
        if not text:
            lacking.append(f"{name} has no docstring")
        elif not text.splitlines()[0].rstrip().endswith((".", ":", ";", ",")) and "\n" not in text:
            lacking.append(f"{name}: its docstring is no sentence")
        elif isinstance(node, Function):
            unsaid = {error for error in raised(node) & errors() if error not in text}
            lacking += [f"{name} does not say that it raises {error}" for error in unsaid]
    assert lacking == []
