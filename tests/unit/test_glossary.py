"""docs/glossary.md: one word a thing, held where it can be held."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text("utf-8")
CODE = sorted((ROOT / "maild").rglob("*.py"))


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
    for file in CODE:
        modules = {file.parent.name, file.stem} - {"maild"}
        classes = {
            node.name
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.ClassDef)
        }
        for name in modules | classes:
            if used := parts(name) & forbidden:
                wrong.append(f"{file.relative_to(ROOT)}: {name} says {', '.join(sorted(used))}")
    assert wrong == []


def test_no_word_stands_for_two_things() -> None:
    words = [part.strip().lower() for word, _ in rows() for part in word.split(",")]
    assert len(words) == len(set(words))
    assert {no for _, others in rows() for no in others} & set(words) == set()
    assert [word for word, _ in rows()] == sorted((word for word, _ in rows()), key=str.lower)
