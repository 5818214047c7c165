"""The pages about rules say what is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk.profile import names, shipped
from maild.rules.load import load_book
from maild.rules.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["profiles.md", "rules.md"])
def test_the_page_is_made_from_the_files(name: str) -> None:
    made = pages()[name]
    page = name.removesuffix(".md")
    assert (DOCS / name).read_text("utf-8") == made, f"run: maild rules docs {page} > docs/{name}"


@pytest.mark.parametrize("name", names())
def test_every_shipped_rule_says_which_sentence_it_does(name: str) -> None:
    lacking = [rule.name for rule in load_book(shipped(name)).rules if not (rule.why and rule.rows)]
    assert lacking == []
