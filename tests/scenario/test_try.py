"""What docs/behaviour.md tells people to try works as it stands there, and has the result that it
names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.demo.writer import Writer
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import TITLE, opened

MakeDesk = Callable[..., Desk]

PAGE = (Path(__file__).parents[2] / "docs" / "behaviour.md").read_text("utf-8")
_HEADING = re.compile(r"^## .*?(?:\(`(?P<profile>\w+)`\))?$")
_ROW = re.compile(
    r"^\| (?P<row>[A-Z]\d+) \| .*?\bTry(?P<lines>(?: (?:as|in) [^:`]+)?: .*?) \| [^|]*\|$"
)
_PART = re.compile(
    r"(?P<who>\b(?:as|in) [^:`,]+):|`(?P<line>[^`]+)`(?: → (?P<becomes>[^,`]+?(?=[,.])))?"
)
MACHINES = {
    "monitoring": "alerts@n-central.example",
    "the scheduler": "no-reply@timezest.example",
    "the web form": "forms@ggit.example",
    "the outside helpdesk": "tickets@missioncontrol.example",
    "a stranger": "eve@home.example",
    "a colleague of the contact": "joe@acme.example",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to try: who writes it, what, and what comes of it."""

    who: str
    text: str
    becomes: str


def _rows() -> Iterator[tuple[str, str, tuple[Line, ...]]]:
    """Row, profile, lines."""
    profile = "next7"
    for text in PAGE.split("\n"):
        if heading := _HEADING.match(text):
            profile = heading["profile"] or "next7"
        elif found := _ROW.match(text):
            yield found["row"], profile, tuple(_lines(found["lines"]))


def _lines(text: str) -> Iterator[Line]:
    who = "as the technician"
    for part in _PART.finditer(text):
        if part["who"]:
            who = part["who"]
        else:
            yield Line(who, part["line"].replace(" ⏎ ", "\n"), part["becomes"] or "")


ROWS = list(_rows())


def test_every_row_that_is_no_screen_has_something_to_try() -> None:
    assert PAGE.count(" Try: ") + PAGE.count(" Try as ") + PAGE.count(" Try in ") == len(ROWS)
    tried = {row for row, _, lines in ROWS if lines}
    wanted = {f"{letter}{n}" for letter, last in (("N", 27), ("R", 12), ("A", 9), ("G", 21),
              ("P", 8)) for n in range(1, last + 1)}  # fmt: skip
    assert wanted - tried == SCREENS


SCREENS = {"N27"}  # rows that are a screen and nothing besides


@pytest.mark.parametrize(("row", "profile", "lines"), ROWS, ids=[row for row, *_ in ROWS])
def test_what_is_to_be_tried_is_done(
    make_desk: MakeDesk, row: str, profile: str, lines: tuple[Line, ...]
) -> None:
    desk = opened(make_desk, profile=profile)
    for line in lines:
        before, had = _facts(desk), {who: len(w.received()) for who, w in _people(desk).items()}
        said = _try(desk, line)
        name = line.becomes.removeprefix("a mail to ")
        if line.becomes == "refused":
            assert not any(c["done"] for c in desk.messages()[-1].commands), line
        elif name != line.becomes:
            assert len(_people(desk)[name].received()) > had[name], line
        elif line.becomes:
            now = _facts(desk) - before
            assert line.becomes in said or line.becomes in now, (line, now, said)
        elif not line.text.startswith("maild"):
            commands = desk.messages()[-1].commands
            assert all(c["done"] for c in commands), (line, commands)
            assert commands or not line.text.startswith("#"), line


def _try(desk: Desk, line: Line) -> str:
    """Does it; what it printed."""
    who = line.who.removeprefix("as ").removeprefix("in ")
    if line.text.startswith("maild "):
        words = shlex.split(line.text)[1:]
        done = CliRunner().invoke(app, [*words, "--config", str(desk.file)])
        assert done.exit_code == 0, (line, done.output, done.exception)
        return done.output
    if who == "the subject":
        desk.bob.reply("", subject=f"Re: {TITLE} {line.text}")
    elif who.endswith(" with a new mail"):
        _people(desk)[who.removesuffix(" with a new mail")].mail(line.text, "As I said.")
    elif who in MACHINES:
        desk.writer(who, MACHINES[who]).mail(line.text, "As I said.")
    else:
        _people(desk)[who].reply(line.text)
    return ""


def _people(desk: Desk) -> dict[str, Writer]:
    return {
        "the technician": desk.bob,
        "the contact": desk.ann,
        "Dana": desk.dana,
    }


def _facts(desk: Desk) -> set[str]:
    """All that is said of the newest ticket, as words."""
    ticket: dict[str, Any] = desk.ticket()
    told = {"notes": [note["text"] for note in ticket["notes"]], "events": [], "notifications": []}
    return set(_words(ticket | told))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
    else:
        yield str(value)
