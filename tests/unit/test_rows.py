"""docs/behaviour.md and docs/hostile.md: every row that is cited is there, with its tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests import rows

CITED = re.compile(r"\b([NRAGPEH][1-9]\d{0,2})\b")
FILES = ("maild/**/*.py", "maild/**/*.yaml", "maild/**/*.md", "tests/**/*.py", "docs/*.md", "*.md")


def cited() -> dict[str, str]:
    """Each code that stands in comments, texts and pages, with a place where it does."""
    found: dict[str, str] = {}
    for pattern in FILES:
        for file in rows.ROOT.glob(pattern):
            for code in CITED.findall(file.read_text("utf-8")):
                found.setdefault(code, str(file.relative_to(rows.ROOT)))
    return found


def test_every_row_stands_once() -> None:
    counts = Counter(rows.rows())
    assert [code for code, count in counts.items() if count > 1] == []
    for letter, last in {"N": 27, "R": 12, "A": 9, "G": 21, "P": 8, "E": 15, "H": 110}.items():
        assert {f"{letter}{number}" for number in range(1, last + 1)} <= set(counts)


def test_every_code_that_is_cited_is_a_row() -> None:
    known = set(rows.rows())
    assert {code: place for code, place in cited().items() if code not in known} == {}


def test_every_code_in_the_name_of_a_test_is_a_row() -> None:
    assert set(rows.tests_by_row()) - set(rows.rows()) == set()


@pytest.mark.parametrize("page", rows.PAGES, ids=lambda page: page.name)
def test_the_page_names_the_tests_that_hold_each_row(page: Path) -> None:
    text = page.read_text("utf-8")
    assert rows.with_tests(text) == text, "run: python -m tests.rows"


def test_a_row_that_no_test_holds_is_not_yet() -> None:
    unknown = "H" + "999"
    page = f"| H41 | a | b | `test_old` |\n| {unknown} | a | b | `test_old` |\n| x | no code | y |"
    first, second, third = rows.with_tests(page).split("\n")
    assert "test_h41_without_proof_there_is_a_note_and_no_command" in first
    assert "test_old" not in first
    assert second == f"| {unknown} | a | b | not yet |"
    assert third == "| x | no code | y |"
