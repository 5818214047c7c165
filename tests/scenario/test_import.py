"""Moving in: exports of other helpdesks become tickets, and replies to old mails find them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.errors import MaildError, UsageError
from maild.importer import write
from maild.importer.mapping import shipped
from maild.importer.plan import OldTicket
from maild.importer.write import Importer
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
    "another file": ("Colour,Size\nred,1\n", ["this is no export of Zendesk", '"Raw subject"']),
    "nothing in it": ("", ["is empty"]),
    "dates in three styles": (
        "Id,Subject,Created at\n1,A,2024-01-15 09:30:00 +0100\n2,B,15.01.2024\n3,C,01/15/2024\n",
        ['line 3: created "15.01.2024" cannot', 'line 4: created "01/15/2024" cannot'],
    ),
    "dates that no calendar has": (
        "Id,Subject,Created at\n1,A,0001-01-01\n2,B,9999-12-31T23:59:59-05:00\n3,C,2024-02-30\n",
        ['line 2: created "0001', 'line 3: created "9999', 'line 4: created "2024-02-30" cannot'],
    ),
    "what has happened in the year 2999": (
        "Id,Subject,Created at\n1,A,2999-12-31\n",
        ["line 2", "31 December 2999, which is yet to come"],
    ),
    "a separator in a text": (
        "Id,Subject,Status\n1,Printer, jammed,Open\n2,B,Open,,\n",
        ["line 2: it has 4 values, and the first line names 3 columns"],
    ),
    "a quote that ends nowhere": (
        'Id,Subject,Status\n1,"Screen 27,Open\n2,B,Open\n3,C,Open\n',
        ["line 2: what begins here is no CSV"],
    ),
    "thousands of them": (
        "Id,Subject,Status\n" + "".join(f"{n},A,Frozen\n" for n in range(2, 20_002)),
        ["20000", "line 2: status", "and 19980 more mistakes"],
    ),
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


# What the file says, what is remarked, and what came of it.
REMARKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a heading that nobody knows": (
        "Id,Subject,State,Opened on\n1,A,Closed,2024-01-05\n",
        "read as tickets; columns that are not read: State, Opened on.",
        {"status": "New"},
    ),
    "a date of which the first number may be the day": (
        "Nr,Betreff,Eingang\n1,A,02/05/2024\n",
        '"02/05/2024" is read as 05 February 2024',
        {"number": "T20240205.0001"},
    ),
    "our own address as the contact's": (
        "Id,Subject,Requester Email\n1,A,support@example.com\n",
        "support@example.com is an address of this desk",
        {"contact": None},
    ),
    "no date at all": (
        "Id,Subject,Status,Created at,Solved at\n1,A,Closed,2024-01-15,0000-00-00 00:00:00\n",
        "Ticket 1 has no contact",
        {"number": "T20240115.0001", "status_kind": "closed"},
    ),
    "a title of two lines": (
        'Id,Subject\n1,"A\r\nBcc: m@evil.example"\n',
        "Ticket 1 has no contact",
        {"title": "A Bcc: m@evil.example"},
    ),
}
OWN_DATES = (
    "name: Old\ndates: ['%m/%d/%Y']\ntickets: {number: Nr, title: Betreff, created: Eingang}\n"
)


@pytest.mark.parametrize("text,remark,expected", REMARKED.values(), ids=list(REMARKED))
def test_what_comes_out_otherwise_is_remarked(
    desk: Desk, tmp_path: Path, text: str, remark: str, expected: dict[str, Any]
) -> None:
    file, mapping = tmp_path / "tickets.csv", tmp_path / "own.yaml"
    file.write_text(text, newline="")
    mapping.write_text(OWN_DATES)
    source = str(mapping) if text.startswith("Nr") else "zendesk"
    assert remark in _types(desk, str(file), "--from", source)
    assert {name: desk.ticket()[name] for name in expected} == expected


# What a file of notes says, and the words that people read.
WORDS = {
    "<p>It &amp; jams<br>really</p>": "It & jams\nreally",
    "<div>Hello</div><div>World</div>": "Hello\nWorld",
    "Hello<br />World": "Hello\nWorld",
    "is 3 < 4 and <b> a tag?": "is 3 < 4 and <b> a tag?",
    "one\r\n\r\n- two": "one\r\n\r\n- two",
}


def test_words_that_were_kept_as_html_are_read(desk: Desk, tmp_path: Path) -> None:
    tickets, notes = tmp_path / "tickets.csv", tmp_path / "notes.csv"
    tickets.write_text("Id,Subject\n1,A\n")
    lines = ["Ticket ID,Comment", *(f'1,"{words}"' for words in WORDS)]
    notes.write_text("\n".join(lines), newline="")
    _types(desk, str(tickets), str(notes), "--from", "zendesk")
    assert [note["text"] for note in desk.ticket()["notes"]] == list(WORDS.values())


def test_an_import_that_was_cut_off_is_run_again(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("Id,Subject\n" + "".join(f"{n},Ticket {n}\n" for n in range(1, 8)))
    whole, batches = Importer._tickets, iter(range(2))

    def cut_off(importer: Importer, tickets: Sequence[OldTicket]) -> int:
        if next(batches, None) is None:
            raise KeyboardInterrupt
        return whole(importer, tickets)

    monkeypatch.setattr(write, "BATCH", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Importer, "_tickets", cut_off)
        CliRunner().invoke(
            app, ["import", str(file), "--from", "zendesk", "--config", str(desk.file)]
        )
    assert len(desk.tickets()) == 4
    said = _types(desk, str(file), "--from", "zendesk")
    assert "3 tickets are new (4 were here already)" in said
    assert sorted(t["title"] for t in desk.tickets()) == [f"Ticket {n}" for n in range(1, 8)]


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
