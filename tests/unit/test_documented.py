"""What a user can do stands in the README; what a page for newcomers names is there."""

import re
from pathlib import Path

from maild.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_stands_in_the_readme() -> None:
    table = [line for line in README.splitlines() if line.startswith("| `maild")]
    for name in COMMANDS:
        assert any(f"`{name}" in line or f"maild {name}" in line for line in table), name


def test_files_that_a_newcomer_is_sent_to_are_there() -> None:
    """Names in capitals stand for any: LANGUAGE, NAME."""
    for page in ("CONTRIBUTING.md", "docs/flow.md", "docs/decisions.md", "tests/README.md"):
        text = (ROOT / page).read_text("utf-8")
        named = re.findall(r"`((?:maild|tests|fixtures)/[a-z0-9_/.]+)`", text)
        assert named or page == "tests/README.md"
        assert [name for name in named if not (ROOT / name).exists()] == [], page
