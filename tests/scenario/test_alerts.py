"""What is wrong is told to the admins, once each time it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from maild.app import App, open_app
from maild.desk.alerts import clear_alert, raise_alert
from maild.store.records import OutboxItem
from tests.looking import every

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def told(app: App) -> list[tuple[str, str]]:
    rows = every(app.store, OutboxItem)
    return [(row.address, row.data["alert"]["text"]) for row in rows]


def test_admins_are_mailed_once_each_time_that_something_begins(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text('[desk]\nadmins = ["ada@example.com", "ben@example.com"]\n')
    app = open_app(file, now=NOW)

    def wrong(text: str) -> None:
        app.store.act(lambda unit: raise_alert(unit, "mailbox:support", text, NOW))

    wrong("It refuses us.")
    assert app.tell_admins(NOW) == 1
    wrong("It refuses us still.")
    assert app.tell_admins(NOW) == 0
    assert told(app) == [
        ("ada@example.com", "It refuses us."),
        ("ben@example.com", "It refuses us."),
    ]
    app.store.act(lambda unit: clear_alert(unit, "mailbox:support", NOW))
    wrong("It refuses us again.")
    assert app.tell_admins(NOW) == 1
    assert len(told(app)) == 4
    app.close()


def test_without_admins_nothing_is_mailed(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    app = open_app(file, now=NOW)
    app.store.act(lambda unit: raise_alert(unit, "a", "It refuses us.", NOW))
    assert app.tell_admins(NOW) == 0
    assert told(app) == []
    app.close()
