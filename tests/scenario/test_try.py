"""What docs/behaviour.md tells people to try works as it stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import opened

MakeDesk = Callable[..., Desk]

PAGE = (Path(__file__).parents[2] / "docs" / "behaviour.md").read_text("utf-8")
_ROW = re.compile(
    r"^\| (?P<row>[A-Z]\d+) \|.*?Try(?P<who> as the contact)?: (?P<lines>`[^|]*`)[.]? \|",
    re.MULTILINE,
)
LINES = [
    (row["row"], row["who"] is not None, line)
    for row in _ROW.finditer(PAGE)
    for line in re.findall(r"`([^`]+)`", row["lines"])
]


def test_there_are_lines_to_try() -> None:
    tries = PAGE.count("Try: ") + PAGE.count("Try as the contact: ")
    assert tries == len({row for row, *_ in LINES}) > 1


@pytest.mark.parametrize(
    ("row", "contact", "line"), LINES, ids=[f"{row}:{line}" for row, _, line in LINES]
)
def test_what_is_to_be_tried_is_done(
    make_desk: MakeDesk, row: str, contact: bool, line: str
) -> None:
    desk = opened(make_desk)
    if line.startswith("maild "):
        words = shlex.split(line)[1:]
        done = CliRunner().invoke(app, [*words, "--config", str(desk.file)])
        assert done.exit_code == 0, (done.output, done.exception)
        return
    (desk.ann if contact else desk.bob).reply(line)
    assert [c["done"] for c in desk.messages()[-1].commands], line
    assert all(c["done"] for c in desk.messages()[-1].commands), desk.messages()[-1].commands
