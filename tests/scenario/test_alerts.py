"""What is wrong is told to the admins, once each time it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from maild.app import App, open_app
from maild.desk.alerts import clear_alert, raise_alert
from maild.store.tables import OutboxItem

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def told(app: App) -> list[tuple[str, str]]:
    with app.store.read() as session:
        rows = session.scalars(sa.select(OutboxItem).order_by(OutboxItem.id))
        return [(row.address, row.data["alert"]["text"]) for row in rows]


def test_admins_are_mailed_once_each_time_that_something_begins(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text('[desk]\nadmins = ["ada@example.com", "ben@example.com"]\n')
    app = open_app(file, now=NOW)

    def wrong(text: str) -> None:
        app.store.write(lambda session: raise_alert(session, "mailbox:support", text, NOW))

    wrong("It refuses us.")
    assert app.tell_admins(NOW) == 1
    wrong("It refuses us still.")
    assert app.tell_admins(NOW) == 0
    assert told(app) == [
        ("ada@example.com", "It refuses us."),
        ("ben@example.com", "It refuses us."),
    ]
    app.store.write(lambda session: clear_alert(session, "mailbox:support", NOW))
    wrong("It refuses us again.")
    assert app.tell_admins(NOW) == 1
    assert len(told(app)) == 4
    app.close()


def test_without_admins_nothing_is_mailed(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    app = open_app(file, now=NOW)
    app.store.write(lambda session: raise_alert(session, "a", "It refuses us.", NOW))
    assert app.tell_admins(NOW) == 0
    assert told(app) == []
    app.close()
