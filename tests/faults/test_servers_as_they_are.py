"""One daemon between a mailbox and a relay that are odd in all the ways that servers really are."""

from __future__ import annotations

import itertools
import re
import sqlite3
from pathlib import Path
from typing import Any

from tests.faults.rude import SAYS
from tests.faults.world import World
from tests.waiting import until

PASSWORD = "Pässwörd "  # in quotes it is no string of IMAP
MUELLER = "müller@acme.example"


def _mail(number: int, sender: str, subject: str, answers: str | None = None) -> bytes:
    reply = f"In-Reply-To: <{answers}>\r\nReferences: <{answers}>\r\n" if answers else ""
    return (
        f"From: A Person <{sender}>\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <odd-{number}@acme.example>\r\n{reply}\r\nIt is on fire.\r\n"
    ).encode()


def _given_ids() -> Any:
    """Answers to the final dot as Amazon SES writes them: it gives each mail its own id."""
    count = itertools.count(1)
    return lambda to: f"250 Ok {next(count):016x}-7b1d4c1f-0a0b-4c5d-8e9f-0123456789ab-000000"


def test_servers_that_are_odd_all_at_once(tmp_path: Path) -> None:
    with World(tmp_path, seed=1) as world:
        world.config.write_text(
            world.config.read_text()
            .replace('password = "secret"', f'password = "{PASSWORD}"\nfolder = "Support"')
            .replace("poll_seconds = 1", "poll_seconds = 0.2")
        )
        box, relay = world.mailbox, world.relay
        box.only_password, box.delimiter = PASSWORD, "."
        box.folders = {"INBOX", "INBOX.Support", "INBOX.Sent"}
        for phase, answer in SAYS["EHLO with odd extensions"].items():
            relay.always[phase] = lambda argument, answer=answer: answer  # type: ignore[misc]
        relay.always["DOT"] = _given_ids()
        world.start()

        box.put(1, _mail(1, MUELLER, "Printer"))  # literals, a namespace, SMTPUTF8, SES
        until(lambda: relay.to(MUELLER))
        assert box.passwords == [PASSWORD]
        assert "SMTPUTF8" in relay.to(MUELLER)[0].options
        until(lambda: _rows(world, "SELECT 1 FROM outbox WHERE relay_id > ''"))
        (given,) = _rows(
            world, f"SELECT relay_id FROM outbox WHERE address = '{MUELLER}' AND state = 'sent'"
        )[0]
        assert re.fullmatch(r"[0-9a-f-]+-000000", given)

        box.greeting = "PREAUTH welcome"  # let in without a login
        world.imap.cut()
        box.put(2, _mail(2, MUELLER, "Re: Printer", f"{given}@eu-central-1.amazonses.com"))
        until(lambda: len(_rows(world, "SELECT 1 FROM note")) == 2)
        assert box.passwords == [PASSWORD]
        assert _rows(world, "SELECT count(*) FROM ticket") == [(1,)]
        assert _rows(world, "SELECT key FROM alert") == []


def _rows(world: World, query: str) -> list[Any]:
    with sqlite3.connect(world.checked, timeout=30) as connection:
        return connection.execute(query).fetchall()
