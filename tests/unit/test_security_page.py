"""docs/security.md promises tests: each one exists."""

import re
from pathlib import Path

from maild.config import FloodsSection

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert named
    assert named - there == set()


def test_the_page_shows_the_caps_as_they_are() -> None:
    for name, field in FloodsSection.model_fields.items():
        default = field.default
        shown = "3 in all" if name == "hard_bounces" else f"{default.hour}, {default.day}"
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
        assert f"| {shown} |" in row
