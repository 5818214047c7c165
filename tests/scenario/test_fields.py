"""Any field of a ticket can be set, by mail and from the terminal."""

from __future__ import annotations

from collections.abc import Callable

from typer.testing import CliRunner

from maild.cli import app
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last, opened, results

MakeDesk = Callable[..., Desk]

# What is written behind #set; the field of `maild show --json` or of its `fields`, and its value.
SET = (
    ("category Sales", "category", "Sales"),
    ("estimated hours 4", "estimated_hours", 4.0),
    ("estimated_hours: 1h30m", "estimated_hours", 1.5),
    ("estimated hours = 90m", "estimated_hours", 1.5),
    ("Geschätzte Stunden 2,5", "estimated_hours", 2.5),
    ("hours 0,25h", "estimated_hours", 0.25),
    ("source phone", "source", "phone"),
    ("source PHONE", "source", "phone"),
    ("client Acme", "organization", "Acme"),
    ("type incident", "type", "Incident"),
    ("Priorität hoch", "priority", "1 High"),
    ("queue client portal", "queue", "Client Portal"),
    ("status in progress", "status", "In Progress"),
    ("title The printer burns", "title", "The printer burns"),
    ("location Third floor", "location", "Third floor"),
    ("Ort 3. Stock", "location", "3. Stock"),
    ("planned replacement 2027-03-31", "planned_replacement", "2027-03-31"),
    ("replacement date 2027-04-30", "planned_replacement", "2027-04-30"),
    ("billable no", "billable", False),
    ("billable ja", "billable", True),
    ("additional assets PC-1, PC-2; NB-7", "additional_assets", ["PC-1", "PC-2", "NB-7"]),
    ("rate 87,50", "rate", 87.5),
)

# … and what of the answer must be there: the field, what was found, what is allowed.
REFUSED = (
    ("categry Sales", "did you mean category?"),
    ("estimated hours many", '"many" is no number of hours'),
    ("estimated hours -4", '"-4" is no number of hours'),
    ("estimated hours 99999", "too many"),
    ("planned replacement whenever", 'Planned replacement: "whenever"'),
    ("planned_replacement whenever", 'Planned replacement: "whenever"'),
    ("replacement date whenever", 'Replacement date: "whenever"'),
    ("due whenever", 'Due: "whenever"'),
    ("due date: whenever", 'Due date: "whenever"'),
    ("due date yesterday", "Due date: "),
    ("hours many", 'Hours: "many" is no number of hours'),
    ("technician Bbo", "Technician: "),
    ("Priorität dringlichst", "Priorität: "),
    ("company Acne", "Company: "),
    ("rate cheap", 'Rate: "cheap" is no number'),
    ("billable perhaps", 'Billable: "perhaps" is neither yes nor no'),
    ("source carrier pigeon", 'There is no source "carrier pigeon"'),
    ("source fone", "did you mean phone?"),
    ("organization Acne", "did you mean Acme?"),
    ("contact Nobody Atall", 'Nobody is called "Nobody Atall"'),
    ("contact support@example.com", "The desk's own address"),
    ("type Insident", "did you mean Incident?"),
    ("title none", "cannot be empty"),
    ("sla 4711", "kept by the desk"),
    ("secondary resources bob tehc", "did you mean Bob Tech?"),
    ("additional contacts bob@example.com", "#also Bob Tech"),
    ("location", "Write what location is to be"),
)


def value(desk: Desk, name: str) -> object:
    ticket = desk.ticket()
    return ticket["fields"].get(name, ticket.get(name))


def test_n11_r4_every_field_is_set_by_its_name(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    for written, field, wanted in SET:
        desk.bob.reply(f"#set {written}")
        assert results(desk) == [(f"#set {written}", True)], (written, last(desk.bob))
        assert value(desk, field) == wanted, written


def test_n11_r4_wrong_values_are_refused_with_field_and_reason(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    before = desk.ticket()
    for written, why in REFUSED:
        desk.bob.reply(f"#set {written}")
        (command,) = desk.messages()[-1].commands
        assert not command["done"], written
        assert why in command["why"], (written, command["why"])
    after = desk.ticket()
    assert {n: after[n] for n in before if n not in ("events", "notifications", "updated")} == {
        n: before[n] for n in before if n not in ("events", "notifications", "updated")
    }


def test_n11_people_of_a_ticket_are_set_and_undone(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply(
        "#set contact Joe <joe@acme.example>\n#set secondary resources dana\n"
        "#set additional contacts ann@acme.example\n#set primary resource dana"
    )
    ticket = desk.ticket()
    assert ticket["contact"] == {"name": "Joe", "address": "joe@acme.example"}
    assert [p["name"] for p in ticket["secondary_resources"]] == ["Dana Lead"]
    assert [p["name"] for p in ticket["additional_contacts"]] == ["Ann"]
    assert ticket["primary_resource"]["name"] == "Dana Lead"
    desk.bob.reply("#undo")
    back = desk.ticket()
    assert (back["contact"]["name"], back["primary_resource"]["name"]) == ("Ann", "Bob Tech")
    assert (back["secondary_resources"], back["additional_contacts"]) == ([], [])
    assert "contact back to Ann" in last(desk.bob)


def test_n11_another_contact_takes_the_ticket_to_his_organization(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more='[[organization]]\nname = "Brick"\ndomains = ["brick.example"]\n')
    desk.bob.reply("#for zoe@brick.example")
    assert (desk.ticket()["contact"]["address"], desk.ticket()["organization"]) == (
        "zoe@brick.example",
        "Brick",
    )
    desk.bob.reply("#undo")
    assert (desk.ticket()["contact"]["name"], desk.ticket()["organization"]) == ("Ann", "Acme")


def test_n11_r4_a_phone_ticket_is_for_who_called(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.bob.mail("No mail on her phone", "#for ann@acme.example #source phone\n\nShe called.")
    ticket = desk.ticket()
    assert (ticket["contact"]["name"], ticket["organization"]) == ("Ann", "Acme")
    assert (ticket["source"], ticket["title"]) == ("phone", "No mail on her phone")
    assert ticket["notes"][0]["by"] == "Bob Tech"
    assert results(desk) == [("#for ann@acme.example", True), ("#source phone", True)]
    created = next(e for e in ticket["events"] if e["event"] == "ticket created")
    assert created["by"] == "Bob Tech"


def test_n11_a_contact_or_an_unproven_technician_opens_nothing_for_others(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    desk.ann.mail("Help", "#for joe@acme.example\n\nPlease.")
    assert desk.ticket()["contact"]["name"] == "Ann"
    forger = desk.writer("Bob Tech", "bob@example.com", {})
    forger.mail("Help", "#for ann@acme.example #source phone\n\nShe called.")
    ticket = desk.ticket()
    assert (ticket["contact"]["name"], ticket["source"]) == ("Bob Tech", "email")


def test_n11_the_terminal_sets_fields_too(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    number, config = desk.ticket()["number"], ["--config", str(desk.file)]

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["set", number, *words, *config])
        said = done.output.strip() or str(getattr(done.exception, "message", done.exception))
        return done.exit_code, said

    assert run("estimated hours", "4", "--rehearse") == (0, 'Estimated hours is "4".')
    assert value(desk, "estimated_hours") is None
    assert run("estimated hours", "4") == (0, 'Estimated hours is "4".')
    assert value(desk, "estimated_hours") == 4.0
    assert run("due", "2099-12-03", "17:00")[0] == 0
    assert run("primary resource", "dana", "--as", "bob@example.com")[0] == 0
    assert [e["by"] for e in desk.ticket()["events"] if e["event"] == "assigned"][-1] == "Bob Tech"
    assert desk.ticket()["primary_resource"]["name"] == "Dana Lead"
    status, said = run("estimated hours", "many")
    assert status == 1 and '"many" is no number of hours' in said
    assert run("status", "Complete", "--as", "ann@acme.example")[0] == 1


def test_n11_n14_show_shows_all(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply(
        "#also dana\n#cc joe@acme.example\n#tag vip\n#set location Third floor\n"
        "#time 45m remote not billable looked\n#checklist add Call back\n#due 2030-12-03"
    )
    number = desk.ticket()["number"]
    done = CliRunner().invoke(app, ["show", number, "--config", str(desk.file)],
                              env={"COLUMNS": "200"})  # fmt: skip
    assert done.exit_code == 0, done.exception
    for part in ("Dana Lead <dana@example.com>", "joe@acme.example", "vip", "Third floor", "email",
                 "Bob Tech 0.75 h, remote, not billable: looked", "[ ] Call back", "hours worked",
                 "2030-12-0"):  # fmt: skip
        assert part in done.stdout, (part, done.stdout)
    desk.bob.reply("#time 9:00-9:20 remote\n\nIt was the fuse.")
    desk.bob.mail(f"#show {number}", "")
    said = " ".join(last(desk.bob).split())
    for part in (
        "Source: email", "Contact: Ann <ann@acme.example>",
        "Additional contacts: joe <joe@acme.example>", "Tags: vip", "Location: Third floor",
        "Secondary resources: Dana Lead <dana@example.com>", "Checklist: [ ] Call back",
        "Time: Bob Tech, Mon, Nov 23, 2026, 45 min, remote, not billable, looked",
        "Time: Bob Tech, Mon, Nov 23, 2026, 09:00–09:20, 20 min, remote, It was the fuse.",
        "Time zone: Europe/Berlin (CET)", "Needed to close: Not done yet: Call back.", "Hours: ",
    ):  # fmt: skip
        assert part in said, (part, said)
