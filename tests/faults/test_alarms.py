"""What an admin must hear at once goes at once, from a daemon, and so does its end."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

import pytest

from tests.faults.world import ADA, World
from tests.waiting import busy, until

SOON = 40.0  # seconds: a second or two are usual, and looks at the disk are twenty apart


@contextmanager
def no_mailbox(world: World) -> Iterator[None]:
    world.mailbox.script["LOGIN"] = ["NO [UNAVAILABLE] down for maintenance"] * 1000
    world.imap.cut()
    yield
    world.mailbox.script.clear()


@contextmanager
def no_database(world: World) -> Iterator[None]:
    connection = sqlite3.connect(world.checked, isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    world.mail(1)
    yield
    connection.execute("ROLLBACK")
    connection.close()


@contextmanager
def broken_configuration(world: World) -> Iterator[None]:
    good = world.config.read_text()
    world.config.write_text(good + "\n[smtp\n")
    os.kill(world.daemons[0], signal.SIGHUP)
    yield
    world.config.write_text(good)
    os.kill(world.daemons[0], signal.SIGHUP)


WRONG: dict[str, tuple[Callable[[World], object], str]] = {
    "mailbox": (no_mailbox, "down for maintenance"),
    "database": (no_database, "database"),
    "configuration": (broken_configuration, "has mistakes"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("alarms"), seed=1) as made:
        made.start()
        made.mail(1)
        made.settle("the start")
        yield made


@pytest.mark.parametrize("what", WRONG)
def test_what_stops_the_desk_is_told_at_once_and_so_is_its_end(world: World, what: str) -> None:
    happens, words = WRONG[what]
    before = len(world.relay.to(ADA))
    with happens(world):  # type: ignore[attr-defined]
        until(lambda: words in _told(world, before), busy(SOON))
        begun = len(world.relay.to(ADA))
    until(lambda: words in _told(world, begun), busy(SOON))
    assert len(world.relay.to(ADA)) == begun + 1


def _told(world: World, since: int) -> str:
    """What the admin was mailed since then."""
    some = [message_from_bytes(m.octets, policy=default) for m in world.relay.to(ADA)[since:]]
    return "\n".join(str(mail.get_body(("plain",)).get_content()) for mail in some)  # type: ignore[union-attr]
