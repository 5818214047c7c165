"""docs/glossary.md: one word a thing, held where it can be held."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.code import nodes, trees

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text("utf-8")


def rows() -> list[tuple[str, list[str]]]:
    """(word, what it must not be called) of each row."""
    table = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return [(word.strip(), no.replace(",", " ").split()) for word, _, no in table[1:]]


def parts(name: str) -> set[str]:
    """The words of a name: `TicketOwner` and `ticket_owner` are ticket and owner."""
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_module_and_no_class_is_named_by_another_word_for_a_thing() -> None:
    forbidden = {no for _, others in rows() for no in others}
    assert len(forbidden) > 20
    wrong = []
    for file in trees():
        modules = {file.parent.name, file.stem} - {"maild"}
        classes = {node.name for node in nodes(file) if isinstance(node, ast.ClassDef)}
        for name in modules | classes:
            if used := parts(name) & forbidden:
                wrong.append(f"{file.relative_to(ROOT)}: {name} says {', '.join(sorted(used))}")
    assert wrong == []


# Where a module is named for what it serves: the command, the page, the noun that is asked about.
BY_SUBJECT = ("cli", "web/pages", "store/asking", "commands/handlers")
EVERYWHERE = {"__init__", "reference"}  # `reference` writes its wing's page in docs/


def test_no_two_modules_have_one_name() -> None:
    """A stranger who looks for a word finds one module, and what serves it by the same name."""
    found: dict[str, list[str]] = {}
    for file in trees():
        wing = file.parent.relative_to(ROOT / "maild").as_posix()
        if wing not in BY_SUBJECT and file.stem not in EVERYWHERE:
            found.setdefault(file.stem, []).append(f"{wing}/{file.name}")
    assert [files for files in found.values() if len(files) > 1] == []


def test_no_word_stands_for_two_things() -> None:
    words = [part.strip().lower() for word, _ in rows() for part in word.split(",")]
    assert len(words) == len(set(words))
    assert {no for _, others in rows() for no in others} & set(words) == set()
    assert [word for word, _ in rows()] == sorted((word for word, _ in rows()), key=str.lower)
