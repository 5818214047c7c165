"""What the command line imports before it says something: no clock, but the reason for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from maild import cli

# What takes a tenth of a second or more to import.
HEAVY = {
    "sqlalchemy",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql",
    "alembic",
    "pydantic",
    "structlog",
    "jinja2",
    "babel",
    "holidays",
    "pymap",
    "pygments",
}
DATABASE = {"sqlalchemy", "pydantic"}  # what a command that looks into one may import

LOOK = """
import sys
from maild.cli import main
try:
    sys.argv = ["maild", *{words!r}]
    main()
finally:
    print(*sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""


def heavy_modules(folder: Path, *words: str) -> set[str]:
    script = LOOK.format(words=words, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("init", "desk"), ("parse", "--help")], ids=" ".join
)
def test_what_needs_no_desk_imports_nothing_of_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert heavy_modules(tmp_path, *words) <= {"pydantic"}  # typer's, for arguments


def test_looking_at_tickets_imports_neither_rules_nor_mail(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_text("")
    made = {"alembic", "sqlalchemy.dialects.postgresql", "pygments"}  # the first imports the others
    assert heavy_modules(tmp_path, "tickets") - made <= DATABASE  # makes the database
    assert heavy_modules(tmp_path, "tickets", "--json") <= DATABASE


def test_a_log_of_plain_tracebacks_imports_nothing_to_colour_them(tmp_path: Path) -> None:
    assert "pygments" not in heavy_modules(tmp_path, "run", "--help")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    group = typer.main.get_group(cli.app)
    command = group.get_command(typer.Context(group), name)
    entry = cli.COMMANDS[name]
    assert command is not None and command.help is not None
    assert command.help.partition("\n\n")[0].replace("\n", " ") == entry.summary
    assert len(entry.summary) <= 64  # one line of a terminal


@pytest.mark.parametrize("name", [name for name, entry in cli.COMMANDS.items() if not entry.logs])
def test_what_is_said_to_write_no_log_cannot(tmp_path: Path, name: str) -> None:
    """Unconfigured, the log would go to standard output."""
    assert "structlog" not in heavy_modules(tmp_path, name, "--help")
