"""A broken file stops nothing, after a restart either: what was good last stays in force."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.app import App, open_app
from maild.cli.database import open_desk
from maild.desk.profile import shipped
from maild.errors import UsageError
from maild.store import asking

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULE = """
- rule: Say hello
  when: ticket created
  then:
    - note: {text: "%s", public: no}
"""
BROKEN = {
    "rules.yaml": ["- rule: x\n  when: never heard of\n", "- [", "\t", "rule: no list\n"],
    "profile.yaml": ["extends: next7\nstatuses: 7\n", "{", "extends: nothing\n", "\x00"],
}


def _desk(folder: Path) -> Path:
    (folder / "mine").mkdir()
    (folder / "base").mkdir()
    shutil.copytree(shipped("next7"), folder / "base", dirs_exist_ok=True)
    (folder / "mine" / "profile.yaml").write_text("name: mine\nextends: ../base\n")
    (folder / "mine" / "rules.yaml").write_text(RULE % "hello")
    file = folder / "maild.toml"
    file.write_text('profile = "mine"\n')
    return file


def _texts(app: App) -> list[str]:
    """What our rule says."""
    return [
        str(step.argument["text"])
        for rule in app.rules.rules
        if rule.name == "Say hello"
        for step in rule.steps
    ]


def _alerts(app: App) -> list[tuple[str, bool]]:
    with app.store.look() as unit:
        return [(a.text, a.cleared is not None) for a in asking.alerts.every(unit)]


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts]
)
@pytest.mark.parametrize("where", ["mine", "base"])
def test_after_a_restart_the_last_good_rules_are_in_force(
    tmp_path: Path, where: str, name: str, text: str
) -> None:
    file = _desk(tmp_path)
    open_app(file, now=NOW).close()
    place = tmp_path / where / name
    good = place.read_text()
    place.write_text(text)

    app = open_app(file, now=NOW + timedelta(hours=1), upgrade=True)
    assert _texts(app) == ["hello"]
    assert app.profile.folder == tmp_path / "mine"
    ((said, over),) = _alerts(app)
    assert ("the old ones stay in force" in said, ".yaml" in said, over) == (True, True, False)
    assert app.rules.refresh(app.store.act, NOW) is False, "nothing has changed since"
    app.close()

    looking = open_app(file, look=True)
    assert _texts(looking) == ["hello"]
    looking.close()
    store, profile = open_desk(file)
    assert profile.statuses == app.profile.statuses
    store.close()

    app = open_app(file, now=NOW + timedelta(hours=2), upgrade=True)
    place.write_text(good)
    assert app.rules.refresh(app.store.act, NOW + timedelta(hours=3)) is True
    assert [over for _, over in _alerts(app)] == [True]
    app.close()


def test_what_is_mended_while_nobody_runs_ends_the_alert_at_the_start(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    open_app(file, now=NOW).close()
    rules = tmp_path / "mine" / "rules.yaml"
    rules.write_text("- [")
    open_app(file, now=NOW).close()
    rules.write_text(RULE % "hello again")
    app = open_app(file, now=NOW)
    assert _texts(app) == ["hello again"]
    assert [over for _, over in _alerts(app)] == [True]
    app.close()


def test_what_the_daemon_read_meanwhile_is_the_last_good(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    app = open_app(file, now=NOW)
    rules = tmp_path / "mine" / "rules.yaml"
    rules.write_text(RULE % "good morning")
    assert app.rules.refresh(app.store.act, NOW)
    app.close()
    rules.unlink()
    (tmp_path / "mine" / "profile.yaml").write_text("{")
    app = open_app(file, now=NOW)
    assert _texts(app) == ["good morning"]
    app.close()


def test_broken_from_the_start_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    (tmp_path / "mine" / "rules.yaml").write_text("- [")
    with pytest.raises(UsageError, match=r"rules\.yaml"):
        open_app(file, now=NOW)
    assert not (tmp_path / "var" / "maild.db").exists(), "and no database was made"


def test_a_shipped_profile_with_a_broken_catalogue_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    open_app(file, now=NOW).close()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "notifications.yaml").write_text("- [")
    app = open_app(file, now=NOW)
    assert app.profile.name == "next7"
    assert len(_alerts(app)) == 1
    app.close()
