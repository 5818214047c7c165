"""What a user can do stands in the README."""

from pathlib import Path

from maild.cli import COMMANDS

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_every_command_stands_in_the_readme() -> None:
    table = [line for line in README.splitlines() if line.startswith("| `maild")]
    for name in COMMANDS:
        assert any(f"`{name}" in line or f"maild {name}" in line for line in table), name
