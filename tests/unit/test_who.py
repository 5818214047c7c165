"""Whom the rules tell, in every profile: nobody's words end in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from maild.cli import app
from maild.config import Config
from maild.desk.profile import names, shipped
from maild.rules.engine import Rules
from maild.rules.office import AWAY, HELD, UNHELD
from maild.rules.who_is_told import Told, table


def row(rows: list[Told], happening: str) -> dict[str, tuple[str, ...]]:
    return dict(next(r.told for r in rows if r.happening == happening))


@pytest.mark.parametrize("name", names())
def test_no_cell_is_empty_that_is_about_words(name: str) -> None:
    rows = table(Rules(shipped(name)))
    assert {r.happening: r.lost for r in rows if r.lost} == {}
    for r in rows:  # what comes from outside reaches the team, not only her who wrote
        if r.happening.startswith(("a contact opens", "a contact writes", "a contact says")):
            assert all(set(told) - {"contact"} for told in r.told.values()), r
        if "internally" in r.happening or "sets Follow" in r.happening:
            assert all("contact" not in told for told in r.told.values()), r


@pytest.mark.parametrize("name", names())
def test_who_is_told_depends_on_who_holds_it(name: str) -> None:
    told = row(table(Rules(shipped(name))), "a contact writes to an open ticket")
    assert told == {HELD: ("holder",), UNHELD: ("all resources",), AWAY: ("stand-in",)}


def test_without_a_rule_the_cell_is_empty_and_said(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("name: own\nextends: next7\n")
    text = (shipped("next7") / "rules.yaml").read_text("utf-8")
    rules = [r["rule"] for r in yaml.safe_load(text) if "notify" in str(r["then"])]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump([{"rule": r, "skip": True} for r in rules]))
    lost = {r.happening for r in table(Rules(tmp_path)) if r.lost == (HELD, UNHELD, AWAY)}
    assert "a contact writes to a complete ticket" in lost


def test_a_group_called_as_the_queue_hears_and_an_empty_one_falls_back(tmp_path: Path) -> None:
    desk = Config.model_validate(
        {
            "resource": [{"name": "Eve", "email": "eve@x.example"}],
            "desk": {"admins": ["a@b.example"]},
        }
    )
    for members, expected in (("[Eve]", ("Eve",)), ("[]", ("all resources",))):
        (tmp_path / "profile.yaml").write_text(
            f"name: own\nextends: atera\ngroups: {{Support: {members}}}\n"
        )
        rows = table(Rules(tmp_path), desk)
        assert row(rows, "a contact writes to an open ticket")[UNHELD] == expected


def test_the_command_prints_the_table(tmp_path: Path) -> None:
    place = str(tmp_path / "none.toml")
    arguments = ["rules", "who", str(shipped("ggit")), "--config", place]
    shown = CliRunner().invoke(app, [*arguments, "--json"])
    assert shown.exit_code == 0, shown.output
    assert '"happening": "a contact opens a ticket"' in shown.output
    assert "holder away" in CliRunner().invoke(app, arguments).output
