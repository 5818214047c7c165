"""Which tests hold a row of docs/behaviour.md and docs/hostile.md, written into those pages.

    python -m tests.rows

A test holds the rows that its name carries (`test_h41_…`, `test_n1_n5_…`) or its docstring cites
("… (E1)").  A row that no test holds is "not yet".
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = tuple(ROOT / "docs" / name for name in ("behaviour.md", "hostile.md"))
NOT_YET = "not yet"

_IN_NAME = re.compile(r"(?<=_)([nragpeh]\d{1,3})(?=_|$)")
_IN_TEXT = re.compile(r"\b([NRAGPEH][1-9]\d{0,2})\b")
_ROW = re.compile(r"^\| (\w+) \|.*\| ([^|]*)\|$")


def main() -> None:
    for page in PAGES:
        page.write_text(with_tests(page.read_text("utf-8")), "utf-8")


def with_tests(page: str) -> str:
    """The page with the tests of each row in its last column."""
    held = tests_by_row()
    return "\n".join(_with_tests(line, held) for line in page.split("\n"))


def _with_tests(line: str, held: dict[str, list[str]]) -> str:
    row = _ROW.match(line)
    if row is None or not _IN_TEXT.fullmatch(row[1]):
        return line
    tests = ", ".join(f"`{name}`" for name in held.get(row[1], ())) or NOT_YET
    return f"{line[: row.start(2)]}{tests} |"


def rows() -> list[str]:
    """The codes of all rows, in the order of the pages."""
    lines = [line for page in PAGES for line in page.read_text("utf-8").split("\n")]
    found = (_ROW.match(line) for line in lines)
    return [row[1] for row in found if row and _IN_TEXT.fullmatch(row[1])]


def tests_by_row() -> dict[str, list[str]]:
    """The names of the tests that hold each row."""
    held: dict[str, list[str]] = defaultdict(list)
    for test in tests():
        named = [code.upper() for code in _IN_NAME.findall(test.name)]
        cited = _IN_TEXT.findall(ast.get_docstring(test) or "")
        for code in dict.fromkeys((*named, *cited)):
            if test.name not in held[code]:
                held[code].append(test.name)
    return held


def tests() -> Iterator[ast.FunctionDef]:
    """All test functions."""
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node


if __name__ == "__main__":
    main()
