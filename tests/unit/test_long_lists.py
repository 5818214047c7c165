"""Lists end after a screenful, the newest first, and say how many more there are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild import config
from maild.app import build
from maild.cli import app
from maild.model import Role
from maild.store import Store
from maild.store.records import OutboxItem, Person, PersonAddress

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MANY = 45


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    file = tmp_path / "maild.toml"
    file.write_text('[desk]\naddress = "support@example.com"\n')
    settings = config.load(file)
    store = Store(settings.database_url)
    build(settings, store, now=NOW)
    with store.unit() as unit:
        for n in range(MANY):
            person = unit.add(Person(name=f"User {n:02d}", role=Role.CONTACT, created=NOW))
            unit.add(PersonAddress(person_id=person.id, address=f"user{n:02d}@acme.example"))
            unit.add(
                OutboxItem(
                    key=str(n),
                    address=f"user{n:02d}@acme.example",
                    template="news",
                    message_id=f"{n}@example.com",
                    next_try=NOW,
                    created=NOW,
                )
            )
    store.close()
    return file


def said(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", [("outbox",), ("outbox", "list"), ("people", "list")])
def test_a_list_ends_after_a_screenful_of_the_newest(desk: Path, words: tuple[str, ...]) -> None:
    asked = (*words, "--config", str(desk))
    short, whole = said(*asked), said(*asked, "--all")
    assert "… and 5 more; --all lists them." in short
    assert "user44@acme.example" in short
    assert "user04@acme.example" not in short
    assert "user04@acme.example" in whole
    assert "more" not in whole
    assert len(json.loads(said(*asked, "--json"))) == MANY


def test_json_keeps_its_order(desk: Path) -> None:
    rows = json.loads(said("outbox", "--json", "--config", str(desk)))
    assert [row["to"] for row in rows] == [f"user{n:02d}@acme.example" for n in range(MANY)]
