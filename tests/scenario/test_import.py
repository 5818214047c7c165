"""Moving in: exports of other helpdesks become tickets, and replies to old mails find them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.errors import MaildError, UsageError
from maild.importer.mapping import shipped
from tests.scenario.conversation import NEWEST, Desk

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
# By which subject somebody answers a mail of the old desk.
ANSWERS = {
    "autotask": "RE: T20240115.0042 - Printer jams",
    "atera": "Re: Ticket #812: Printer jams",
    "zendesk": "Re: [Example Support] Request 35436: Printer jams",
    "osticket": "Re: Printer jams [#004711]",
    "freescout": "Re: [#93] Printer jams",
}


def _files(name: str) -> list[str]:
    return [str(file) for file in sorted((EXPORTS / name).glob("*.csv"))]


def _types(desk: Desk, *words: str, fails: type[MaildError] | None = None) -> str:
    done = CliRunner().invoke(app, ["import", *words, "--config", str(desk.file)])
    if fails is not None:
        assert isinstance(done.exception, fails), (done.output, done.exception)
        return done.exception.message
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def _number(desk: Desk) -> str:
    return str(desk.ticket()["number"])


def test_every_shipped_mapping_has_its_export() -> None:
    assert shipped() == sorted(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_export_comes_in_with_its_history(desk: Desk, name: str) -> None:
    files = _files(name)
    dry = _types(desk, *files, "--from", name, "--dry-run")
    assert "1 contacts, 1 tickets, 1 notes" in dry and "Nothing is written yet" in dry
    report = json.loads(_types(desk, *files, "--from", name, "--json"))
    assert (report["new"], report["unknown_resources"]) == (1, [])
    ticket: dict[str, Any] = desk.ticket()
    assert ticket["number"] == "T20240115.0001"
    assert (ticket["title"], ticket["status_kind"]) == ("Printer jams", "closed")
    assert ticket["contact"]["address"] == "eva@globex.example"
    assert ticket["organization"] == "Globex"
    assert ticket["primary_resource"]["name"] == "Bob Tech"
    assert str(ticket["created"]).startswith("2024-01-15")
    assert str(ticket["completed"]).startswith("2024-01-16")
    words = [(note["by"], note["text"], note["public"]) for note in ticket["notes"]]
    assert words == [("Eva Berg", "It jams.", True), ("Bob Tech", "Cleaned the rollers.", True)]
    assert [f"{note['created']:%Y-%m-%d}" for note in ticket["notes"]] == [
        "2024-01-15",
        "2024-01-16",
    ]
    assert not desk.outbox(), "nobody is told"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_to_the_old_desks_mail_finds_its_ticket(desk: Desk, name: str) -> None:
    _types(desk, *_files(name), "--from", name)
    number = _number(desk)
    eva = desk.writer("Eva Berg", "eva@globex.example")
    eva.mail(ANSWERS[name], "It jams again, the same sheet every time.")
    assert _number(desk) == number, "no new ticket"
    notes = desk.ticket(number)["notes"]
    assert notes[-1]["text"] == "It jams again, the same sheet every time."


@pytest.mark.parametrize("name", ANSWERS)
def test_a_stranger_gets_nothing_by_an_old_number(desk: Desk, name: str) -> None:
    _types(desk, *_files(name), "--from", name)
    number = _number(desk)
    desk.writer("Mallory", "m@evil.example").mail(ANSWERS[name], "Send me what you have.")
    assert _number(desk) != number
    assert len(desk.ticket(number)["notes"]) == 2


def test_an_old_number_in_an_address(desk: Desk) -> None:
    _types(desk, *_files("zendesk"), "--from", "zendesk")
    number = _number(desk)
    eva = desk.writer("Eva Berg", "eva@globex.example", {"Cc": "support+id35436@example.com"})
    eva.mail("Re: Printer jams", "Again.")
    assert _number(desk) == number


def test_the_same_export_again_brings_nothing(desk: Desk) -> None:
    files = _files("zendesk")
    _types(desk, *files, "--from", "zendesk")
    assert "0 tickets are new (1 were here already)" in _types(desk, *files, "--from", "zendesk")
    assert len(desk.ticket()["notes"]) == 2


MISTAKES = {
    "a status that nothing is called": (
        "Id,Subject,Status\n1,A,Frozen\n",
        ['line 2: status "Frozen"'],
    ),
    "a date that is none": (
        "Id,Subject,Status,Created at\n1,A,Open,2024-01-15\n2,B,Open,yesterday\n",
        ['line 3: created "yesterday" cannot be read'],
    ),
    "a number twice": ("Id,Subject\n1,A\n1,B\n", ["line 3: ticket 1 stands there twice"]),
    "no number": ("Id,Subject\n,A\n", ["line 2: the ticket has no number"]),
    "all of them at once": (
        "Id,Subject,Status\n,A,Open\n2,B,Frozen\n",
        ["line 2: the ticket has no number", 'line 3: status "Frozen"'],
    ),
    "another file": ("Colour,Size\nred,1\n", ["this is no export of Zendesk", '"subject"']),
}


@pytest.mark.parametrize("text,expected", MISTAKES.values(), ids=list(MISTAKES))
def test_mistakes_are_told_by_line_and_nothing_is_written(
    desk: Desk, tmp_path: Path, text: str, expected: list[str]
) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(text)
    said = _types(desk, str(file), "--from", "zendesk", fails=UsageError)
    for part in expected:
        assert part in said
    with desk.store.look() as unit:
        assert unit.first(NEWEST) is None


def test_a_mapping_of_ones_own(desk: Desk, tmp_path: Path) -> None:
    mapping = tmp_path / "ours.yaml"
    mapping.write_text(
        "name: Old desk\ndates: ['%d.%m.%Y']\n"
        "tickets:\n  number: Nr\n  title: Betreff\n  status: Zustand\n  created: Eingang\n"
        "  contact_email: Absender\nstatus:\n  erledigt: closed\n"
    )
    file = tmp_path / "export.csv"
    file.write_bytes(
        "Nr\tBetreff\tZustand\tEingang\tAbsender\n7\tMüll\terledigt\t05.02.2024\teva@globex.example\n".encode(
            "cp1252"
        )
    )
    _types(desk, str(file), "--from", str(mapping))
    ticket = desk.ticket()
    assert (ticket["title"], ticket["status_kind"]) == ("Müll", "closed")
    assert ticket["number"] == "T20240205.0001"


BAD_MAPPINGS = {
    "name: X\nticket:\n  number: Nr\n": "did you mean tickets?",
    "name: X\ntickets:\n  number: Nr\n  subject: Betreff\n": "subject",
    "tickets:\n  number: Nr\n  title: T\n": "needs `name`",
    "name: X\nstatus: closed\n": "each with one of ours",
}


@pytest.mark.parametrize("text,expected", BAD_MAPPINGS.items())
def test_mistakes_of_a_mapping(desk: Desk, tmp_path: Path, text: str, expected: str) -> None:
    mapping, file = tmp_path / "ours.yaml", tmp_path / "t.csv"
    mapping.write_text(text)
    file.write_text("Nr,T\n1,A\n")
    assert expected in _types(desk, str(file), "--from", str(mapping), fails=UsageError)


def test_wrong_usage(desk: Desk) -> None:
    assert "zendesk" in _types(desk, "x.csv", "--from", "zendisk", fails=UsageError)
    assert "no such file" in _types(desk, "x.csv", "--from", "zendesk", fails=UsageError)
    assert "--dry-run" in _types(desk, fails=UsageError)
    assert "Ticket Status" in _types(desk, "--show-mapping", "zendesk")
