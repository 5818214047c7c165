"""`maild rebuild`: the desk's mail from the .eml, into an empty database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from maild.model import SendState
from maild.store import Store
from tests import processes
from tests.scenario.conversation import Desk


def maild(desk: Desk, *words: str, status: int = 0, file: Path | None = None) -> str:
    return processes.maild(*words, "--config", str(file or desk.file), status=status)


def rebuilt(desk: Desk, url: str = "") -> dict[str, Any]:
    words = ("--into", url) if url else ()
    found: dict[str, Any] = json.loads(maild(desk, "rebuild", "--json", *words))
    return found


def conversation(desk: Desk) -> None:
    """Mail of all kinds, over some days, with clocks between them."""
    desk.ann.mail("Printer is on fire", "It smokes.", attach={"a.csv": b"1;2"})
    desk.later(hours=1)
    desk.bob.reply("Put it out.\n\n#time 20m")
    desk.ann.reply("It still smokes.")
    desk.later(days=3)
    desk.writer("Dora", "dora@acme.example").mail("Another printer", "Mine is dead.")
    desk.bob.reply("Take mine.", subject="Another printer is resolved")
    desk.later(days=9)
    desk.ann.mail("Scanner is slow", "It is.")
    desk.bob.reply("#priority critical")
    desk.bob.reply("#undo")
    desk.bob.reply("#internal\n#share Service Provider dana\n\nPlease look, too.")


def there(desk: Desk, url: str) -> list[dict[str, Any]]:
    """Every ticket in full, from the database at `url`."""
    text = desk.file.read_text()
    file = desk.folder / "rebuilt.toml"
    was = next(line for line in text.splitlines() if line.startswith("url = "))
    file.write_text(text.replace(was, f'url = "{url}"'))
    numbers = [t["number"] for t in json.loads(maild(desk, "tickets", "--json", file=file))]
    found = [json.loads(maild(desk, "show", number, "--json", file=file)) for number in numbers]
    return [{name: one[name] for name in one if name not in MOVED} for one in found]


MOVED = ("events",)  # their texts name clocks by id


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_all_that_mail_did_is_there_again(
    make_desk: Callable[..., Desk], request: pytest.FixtureRequest, kind: str
) -> None:
    desk = make_desk()
    conversation(desk)
    into = "" if kind == "sqlite" else str(request.getfixturevalue("empty_postgres"))
    told = len(desk.servers.smtp.received)
    done = rebuilt(desk, into)
    assert (done["differences"], done["mails"], done["tickets"]) == ([], 9, 4)
    assert there(desk, done["into"]) == there(desk, str(desk.store.url))
    assert len(desk.servers.smtp.received) == told
    if kind == "sqlite":
        assert "has mail in it already" in maild(desk, "rebuild", status=1)
        assert "is the database that the desk has" in maild(
            desk, "rebuild", "--into", "sqlite:///var/maild.db", status=2
        )


def test_an_answer_to_an_old_mail_finds_its_ticket_there(make_desk: Callable[..., Desk]) -> None:
    """Tokens, Message-IDs and people are the same; nothing that was sent is sent again."""
    desk = make_desk()
    conversation(desk)
    with desk.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET state = 'waiting' WHERE id = 5"))
    new = Store(rebuilt(desk)["into"])
    with new.engine.connect() as connection:
        states = connection.execute(
            sa.text("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state")
        ).all()
    assert dict(map(tuple, states)).get(SendState.WAITING) == 1
    assert SendState.UNSENT not in dict(map(tuple, states))
    old_ids, new_ids = (ids(store) for store in (desk.store, new))
    assert old_ids == new_ids


def ids(store: Store) -> list[tuple[str, str]]:
    query = "SELECT message_id, address FROM outbox ORDER BY message_id"
    with store.engine.connect() as connection:
        return list(map(tuple, connection.execute(sa.text(query)).all()))


def test_what_differs_is_told(make_desk: Callable[..., Desk]) -> None:
    """A ticket that was changed by hand, one without its mail, one that no mail opened; and what
    was taken back by hand is taken back."""
    desk = make_desk()
    conversation(desk)
    desk.bob.reply("#priority critical", to=desk.bob.received()[0])
    printer = desk.tickets()[0]["number"]
    last = desk.messages()[-1].id
    with desk.store.engine.begin() as connection:
        run = connection.execute
        run(
            sa.text(
                "UPDATE ticket SET queue = 'Elsewhere', priority = 'Undetermined' WHERE number = :n"
            ),
            {"n": printer},
        )
        run(
            sa.text("UPDATE message SET undo = json_set(undo, '$.undone', :at) WHERE id = :id"),
            {"at": "2026-12-06T09:00:00+00:00", "id": last},
        )
        dora = run(sa.text("SELECT min(id) FROM message WHERE sender LIKE 'dora%'")).scalar_one()
        run(sa.text("DELETE FROM raw WHERE stored_id = :id"), {"id": dora})
    done = rebuilt(desk)
    assert done["without_octets"] == 1 and done["undone"] == 1
    text = "\n".join(done["differences"])
    assert f'{printer}: queue was "Elsewhere"' in text
    assert f"{printer}: priority" not in text  # it was taken back there, too
    assert 'title was "Another printer" and is "Another printer is resolved".' in text
