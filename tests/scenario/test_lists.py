"""Lists and search, by mail and at the terminal (N17, N19)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last, results

MakeDesk = Callable[..., Desk]

MORE = '[[organization]]\nname = "Brick"\ndomains = ["brick.example"]\n'


def filled(make_desk: MakeDesk, **options: Any) -> Desk:
    """Four tickets: Bob's that waits, Dana's, nobody's, and one that is complete."""
    desk = make_desk(more=MORE, **options)
    zoe = desk.writer("Zoé Müller", "zoe@brick.example", {})
    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.bob.reply("#take #tag vip #priority 1\n#set asset PC-1\n#set asset reference A-17")
    desk.bob.reply("#status waiting customer\n\nWhich toner do you use?")
    zoe.mail("Straße zum Büro", "Die Tür klemmt, 打印机 auch.")
    desk.dana.reply("#take #due 2030-12-01\n#time 45m remote")
    desk.ann.mail("Scanner hums", "Since yesterday.")
    desk.ann.mail("Mouse is stuck", "Very.")
    desk.bob.reply("#take\n#source phone")
    desk.bob.reply("#complete Cleaned.")
    return desk


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *words, "--config", str(desk.file)])


def titles(desk: Desk, *words: str) -> list[str]:
    done = run(desk, *words, "--json")
    assert done.exit_code == 0, (words, done.output, done.exception)
    return [ticket["title"].split()[0] for ticket in json.loads(done.stdout)]


SEARCHES: tuple[tuple[str, set[str]], ...] = (
    ("toner", {"Printer"}),
    ("TONER which", {"Printer"}),
    ("strasse", {"Straße"}),
    ("STRASSE buero", {"Straße"}),
    ("buro", {"Straße"}),
    ("打印机", {"Straße"}),
    ("印机", {"Straße"}),
    ("status:open", {"Printer", "Straße", "Scanner"}),
    ("status:closed", {"Mouse"}),
    ('status:"waiting customer"', {"Printer"}),
    ("status:new,complete", {"Scanner", "Mouse"}),
    ("client:acme", {"Printer", "Scanner", "Mouse"}),
    ("organization:brick", {"Straße"}),
    ("resource:bob", {"Printer", "Mouse"}),
    ("resource:none status:open", {"Scanner"}),
    ("contact:zoe@brick.example", {"Straße"}),
    ("priority:1", {"Printer"}),
    ("tag:vip", {"Printer"}),
    ("source:phone", {"Mouse"}),
    ("asset:pc", {"Printer"}),
    ("reference:a-17", {"Printer"}),
    ("due:2030-12-01", {"Straße"}),
    ("due:<2030-12-01", set()),
    ("due:>2030-11-30", {"Straße"}),
    ("created:2026-11-23", {"Printer", "Straße", "Scanner", "Mouse"}),
    ("title:hums", {"Scanner"}),
    ("toner client:acme status:open", {"Printer"}),
    ("toner client:brick", set()),
    ("nothing like that", set()),
)
WRONG = (
    ("status:opne", "did you mean open?"),
    ("clinet:acme", "did you mean client?"),
    ("client:acne", "did you mean Acme?"),
    ("due:soon", "no date"),
    ("contact:noone", 'Nobody is called "noone"'),
    ("priority:urgent", 'There is no value "urgent"'),
)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_n19_search_by_words_and_filters(
    make_desk: MakeDesk, database: str, request: pytest.FixtureRequest
) -> None:
    options = {}
    if database == "postgresql":
        options = {"database": request.getfixturevalue("postgres")}
    desk = filled(make_desk, **options)
    for text, wanted in SEARCHES:
        assert set(titles(desk, "--search", text)) == wanted, text
    assert set(titles(desk, "--view", "to process")) == {"Straße", "Scanner"}
    for text, why in WRONG:
        done = run(desk, "--search", text)
        assert done.exit_code != 0 and why in str(done.exception), (text, done.exception)


TASKS = ("--view", "tasks to process")
VIEWS: tuple[tuple[str, set[str]], ...] = (
    ("all", {"Printer", "Straße", "Scanner", "Mouse"}),
    ("open", {"Printer", "Straße", "Scanner"}),
    ("unassigned", {"Scanner"}),
    ("to-process", {"Straße", "Scanner"}),
    ("waiting on us", {"Straße", "Scanner"}),
    ("waiting on them", {"Printer"}),
    ("closed", {"Mouse"}),
    ("mine", {"Printer"}),
    ("mine waiting", {"Printer"}),
    ("by client", {"Printer", "Straße", "Scanner"}),
    ("overdue", set()),
    ("overdue service calls", set()),
)


def test_n17_every_view(make_desk: MakeDesk) -> None:
    desk = filled(make_desk)
    for view, wanted in VIEWS:
        assert set(titles(desk, "--view", view, "--as", "bob@example.com")) == wanted, view
    done = run(desk, "--view", "opne")
    assert done.exit_code and "did you mean open?" in str(done.exception)
    desk.dana.reply("#schedule 2026-11-24 14:00")
    assert titles(desk, "--view", "overdue service calls") == ["Mouse"]  # by the real clock
    assert set(titles(desk, "--view", "to process")) == {"Straße", "Scanner", "Mouse"}


# The documents' names, as people write them; whose tickets are in, for Bob.
DOCUMENTED = (
    ("tickets to process", {"Straße", "Scanner"}),
    ("unassigned", {"Scanner"}),
    ("by resource", {"Printer", "Straße", "Scanner"}),
    ("waiting on us", {"Straße", "Scanner"}),
    ("by company", {"Printer", "Straße", "Scanner"}),
    ("By-Company", {"Printer", "Straße", "Scanner"}),
    ("all open", {"Printer", "Straße", "Scanner"}),
    ("mine waiting on customer or vendor", {"Printer"}),
)


def test_n17_the_documents_names_of_views_by_mail_and_terminal(make_desk: MakeDesk) -> None:
    desk = filled(make_desk)
    for view, wanted in DOCUMENTED:
        assert set(titles(desk, "--view", view, "--as", "bob@example.com")) == wanted, view
        desk.bob.mail(f"#list {view}", "")
        shown = {t for t in ("Printer", "Straße", "Scanner", "Mouse") if t in last(desk.bob)}
        assert shown == wanted, (view, last(desk.bob))


def test_n17_columns_order_groups_and_limits(make_desk: MakeDesk) -> None:
    desk = filled(make_desk)
    assert titles(desk)[-1] == "Mouse"  # --json: the newest last
    assert titles(desk, "--sort", "title") == ["Mouse", "Printer", "Scanner", "Straße"]
    assert titles(desk, "--sort", "-title") == ["Straße", "Scanner", "Printer", "Mouse"]
    assert titles(desk, "--sort=-hours", "--limit", "1") == ["Straße"]
    said = run(desk, "--limit", "3").stdout
    assert "and 1 more; --all lists them" in said
    assert said.index("Mouse") < said.index("Scanner") and "Printer" not in said
    assert "more" not in run(desk, "--all").stdout
    grouped = run(desk, "--group", "client", "--columns", "number,title").stdout
    assert "Acme: 3, 0 h" in grouped and "Brick: 1, 0.75 h" in grouped
    rows = list(csv.DictReader(io.StringIO(run(desk, "--csv").stdout)))
    assert list(rows[0]) == [
        "number", "priority", "client", "title", "contact", "resources", "status",
        "estimated_hours", "hours", "due", "service_call", "age", "created", "asset",
        "asset_reference",
    ]  # fmt: skip
    by_title = {row["title"]: row for row in rows}
    printer = by_title["Printer is on fire"]
    assert (printer["asset"], printer["asset_reference"], printer["resources"]) == (
        "PC-1",
        "A-17",
        "Bob Tech",
    )
    assert by_title["Straße zum Büro"]["hours"] == "0.75"
    for wrong in (["--columns", "titel"], ["--sort", "age"], ["--json", "--csv"]):
        assert run(desk, *wrong).exit_code != 0, wrong


def test_n17_n19_lists_and_search_by_mail(make_desk: MakeDesk) -> None:
    desk = filled(make_desk)
    count = len(desk.tickets())
    desk.bob.mail("List", "#search toner status:open")
    assert "Printer is on fire" in last(desk.bob) and "Scanner" not in last(desk.bob)
    desk.bob.mail("List", "#list mine waiting")
    assert "Printer is on fire" in last(desk.bob) and "Scanner" not in last(desk.bob)
    desk.bob.mail("List", "#list unasigned")
    assert results(desk) == [("#list unasigned", False)]
    assert "did you mean unassigned?" in last(desk.bob)
    desk.bob.mail("#list unassigned", "")
    assert "Scanner hums" in last(desk.bob) and "Printer" not in last(desk.bob)
    desk.bob.mail("#list unasigned", "")
    assert "did you mean unassigned?" in last(desk.bob)
    desk.bob.mail("#timesheet", "")
    assert str(desk.bob.received()[-1]["Subject"]).startswith("Your week")
    desk.ann.mail("#list", "")
    assert "Scanner hums" in last(desk.ann)
    desk.bob.mail(
        "Books", "#record asset PC-1: serial 4711-X\n#record article Tonerwechsel: text x"
    )
    desk.bob.mail("List", "#search 4711-x")  # the records too, by any of their words
    assert "asset PC-1" in last(desk.bob) and "Tonerwechsel" not in last(desk.bob)
    desk.bob.mail("List", "#search tonerwechsel")
    assert "knowledge article Tonerwechsel" in last(desk.bob)
    books = (
        "#record project Move: organization Acme\n#record task Boxes: project Move; due 2030-12-01"
    )
    desk.bob.mail("Books", books + "\n#record task Van: project Move; status done")
    desk.bob.mail("#list tasks to process", "")
    assert "task Boxes (new, Move)" in last(desk.bob) and "Van" not in last(desk.bob)
    assert [task["name"] for task in json.loads(run(desk, *TASKS, "--json").stdout)] == ["Boxes"]
    assert "Boxes,Move" in run(desk, *TASKS, "--csv").stdout
    assert "Boxes" in run(desk, *TASKS).stdout
    for words, found in (  # besides tickets, whatever is called so
        ("4711-x", "asset PC-1"),
        ("zoe", "contact Zoé Müller <zoe@brick.example>"),
        ("dana lead", "resource Dana Lead <dana@example.com>"),
        ("brick", "organization Brick"),
        ("brick.example", "organization Brick"),
    ):
        assert f"also: {found}" in run(desk, "--search", words).stdout, words
        desk.bob.mail("List", f"#search {words}")
        assert f"- {found}" in last(desk.bob).replace("\n  ", " "), words
    assert "also" not in run(desk, "--search", "brick status:open").stdout
    desk.bob.mail("List", "#search status:opne")
    assert "did you mean open?" in last(desk.bob)
    assert len(desk.tickets()) == count
    desk.bob.mail("#4711 is the number of the invoice", "Where is it?")
    desk.bob.mail("Printer", "#lits unassigned\n\nAnd the printer burns.")
    assert len(desk.tickets()) == count + 2


def test_n17_n19_a_clients_own_technician_lists_its_tickets_alone(make_desk: MakeDesk) -> None:
    own = '[[resource]]\nname = "Cody"\nemail = "cody@acme.example"\norganization = "Acme"\n'
    desk = make_desk(more=MORE + own)
    proof = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
    zoe, cody = (
        desk.writer("Zoe", "zoe@brick.example"),
        desk.writer("Cody", "cody@acme.example", proof),
    )
    desk.ann.mail("Printer is on fire", "It smokes.")
    zoe.mail("Secret door", "The door of the safe smokes.")
    secret = desk.ticket()["number"]
    for asked in ("#list open", "#search smokes", "#search brick"):
        cody.mail(asked, "")
        assert "Secret door" not in last(cody) and "Brick" not in last(cody), asked
    cody.mail("#search printer", "")
    assert "Printer is on fire" in last(cody)
    cody.mail(f"#show {secret}", "")
    assert "Secret door" not in last(cody) and results(desk) == [(f"#show {secret}", False)]
    assert titles(desk, "--as", "cody@acme.example") == ["Printer"]
    desk.bob.mail("#search smokes", "")
    assert "Secret door" in last(desk.bob)


def test_n20_the_work_list_and_what_was_opened_last(make_desk: MakeDesk) -> None:
    desk = filled(make_desk)
    numbers = {ticket["title"].split()[0]: ticket["number"] for ticket in desk.tickets()}
    for title in ("Scanner", "Printer", "Mouse"):
        desk.bob.mail(f"Re: [{numbers[title]}]", "#worklist")
    desk.bob.mail(f"Re: [{numbers['Mouse']}]", "#arbeitsliste off")
    assert results(desk) == [("#arbeitsliste off", True)]
    for again in ("#worklist off", "#worklist up"):
        desk.bob.mail(f"Re: [{numbers['Mouse']}]", again)
        assert results(desk) == [(again, False)]
    desk.bob.mail(f"#show {numbers['Scanner']}", "")
    for name, shown in (("work", ["Scanner", "Printer"]), ("recent", ["Scanner"])):
        desk.bob.mail(f"#list {name}", "")
        said = last(desk.bob)
        assert sorted(shown, key=said.index) == shown
        assert all(title not in said for title in numbers if title not in shown)
        desk.dana.mail(f"#list {name}", "")  # another's list is none of hers
        assert all(title not in last(desk.dana) for title in numbers)
        for me in ("bob", "bob@example.com"):
            assert titles(desk, "--view", name, "--as", me) == shown
        assert titles(desk, "--view", name, "--as", "dana") == []
    assert titles(desk, "--view", "work", "--as", "bob", "--sort", "title") == [
        "Printer",
        "Scanner",
    ]
    assert titles(desk, "--view", "work", "--as", "bob", "--search", "toner") == ["Printer"]
    done = run(desk, "--view", "work", "--as", "bob", "--limit", "1")
    assert "Scanner" in done.stdout and "Printer" not in done.stdout
    done = run(desk, "--view", "work")
    assert done.exit_code != 0 and "--as bob@example.com" in str(done.exception)
    assert len(desk.tickets()) == 4


def test_n18_tickets_are_grouped_by_a_field_and_moved_by_it(make_desk: MakeDesk) -> None:
    """What a board shows and does, at the terminal and by mail."""
    desk = filled(make_desk)

    def columns() -> dict[str, str]:
        said = run(desk, "--view", "open", "--group", "status").stdout
        return dict(re.findall(r"(?m)^([A-Z][\w ]+): (\d+), ", said))

    assert columns() == {"Waiting Customer": "1", "Assigned": "1", "New": "1"}
    desk.dana.mail(f"Re: [{desk.tickets()[2]['number']}]", "#status in progress")
    assert columns() == {"Waiting Customer": "1", "Assigned": "1", "In Progress": "1"}
