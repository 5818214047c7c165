"""What is wrong is told to the admins, once each time it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from maild import wiring
from maild.desk.alerts import clear_alert, raise_alert
from maild.store.tables import OutboxItem

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def told(house: wiring.House) -> list[tuple[str, str]]:
    with house.store.read() as session:
        rows = session.scalars(sa.select(OutboxItem).order_by(OutboxItem.id))
        return [(row.address, row.data["alert"]["text"]) for row in rows]


def test_admins_are_mailed_once_each_time_that_something_begins(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text('[desk]\nadmins = ["ada@example.com", "ben@example.com"]\n')
    house = wiring.open_house(file, now=NOW)

    def wrong(text: str) -> None:
        house.store.write(lambda session: raise_alert(session, "mailbox:support", text, NOW))

    wrong("It refuses us.")
    assert house.tell_admins(NOW) == 1
    wrong("It refuses us still.")
    assert house.tell_admins(NOW) == 0
    assert told(house) == [
        ("ada@example.com", "It refuses us."),
        ("ben@example.com", "It refuses us."),
    ]
    house.store.write(lambda session: clear_alert(session, "mailbox:support", NOW))
    wrong("It refuses us again.")
    assert house.tell_admins(NOW) == 1
    assert len(told(house)) == 4
    house.close()


def test_without_admins_nothing_is_mailed(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    house = wiring.open_house(file, now=NOW)
    house.store.write(lambda session: raise_alert(session, "a", "It refuses us.", NOW))
    assert house.tell_admins(NOW) == 0
    assert told(house) == []
    house.close()
