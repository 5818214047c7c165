"""Records by files, CSV, command and mail; what tickets take from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import TITLE, last, opened, results

MakeDesk = Callable[..., Desk]


def run(desk: Desk, *words: str) -> Result:
    return CliRunner().invoke(app, ["records", *words, "--config", str(desk.file)])


def done(desk: Desk, *words: str) -> str:
    result = run(desk, *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(desk: Desk, *words: str) -> str:
    result = run(desk, *words)
    assert result.exit_code != 0, result.output
    return str(getattr(result.exception, "message", result.exception))


def shown(desk: Desk, kind: str, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(done(desk, "show", kind, name, "--json"))
    return found


# What is put; the field that is read back, and its value.
PUT = (
    ("asset", "PC-1", "serial=4711", "serial", "4711"),
    ("asset", "PC-1", "organization=acme", "organization", "Acme"),
    ("asset", "PC-1", "contact=ann", "contact", "ann@acme.example"),
    ("asset", "PC-1", "planned replacement=2027-03-31", "planned_replacement", "2027-03-31"),
    ("asset", "PC-1", "remote=https://rmm.example/7", "remote", "https://rmm.example/7"),
    ("contract", "Care", "organization=Acme rates=remote 90, on-site 110,5", "rates",
     {"remote": 90.0, "on-site": 110.5}),
    ("project", "Move", "status=open lead=dana", "lead", "dana@example.com"),
    ("task", "Wire", "project=move resources=bob, dana due=2026-12-03 estimated_hours=1h30m",
     "resources", ["bob@example.com", "dana@example.com"]),
    ("article", "Printer", "text=Unplug it. tags=toner, drum", "tags", ["toner", "drum"]),
    ("checklist", "New desk", "items=Chair; Lamp", "items", ["Chair", "Lamp"]),
    ("organization", "Acme", "locations=Head office, Annex", "locations",
     ["Head office", "Annex"]),
    ("organization", "Brick", "domains=brick.example language=de", "domains", ["brick.example"]),
    ("contact", "joe@acme.example", "name=Joe access=organization", "access", "organization"),
    ("contact", "joe@acme.example", "timezone=Europe/Paris", "timezone", "Europe/Paris"),
)  # fmt: skip

# … and what is refused, with what must be said.
REFUSED = (
    ("asset", "PC-1", "planned_replacement=whenever", 'Planned replacement: "whenever" is no date'),
    ("asset", "PC-1", "remote=javascript:alert(1)", "is no link"),
    ("asset", "PC-1", "organization=Acne", "did you mean Acme?"),
    ("asset", "PC-1", "colour=red", 'has no field "colour"; possible are type, reference'),
    ("asset", "", "serial=1", "needs a name"),
    ("contract", "Care", "hours=many organization=Acme", '"many" is no number of hours'),
    ("contract", "Care", "start=2026-01-01", "Care needs organization"),
    ("contract", "Care", "organization=Acme start=2026-02-01 end=2026-01-01", "before it begins"),
    ("contract", "Care", "organization=Acme rates=remote cheap", '"cheap" is no number'),
    ("task", "Wire", "project=Nowhere", 'There is no project "Nowhere"'),
    ("project", "Move", "status=opne", "did you mean open?"),
    ("article", "Empty", "tags=x", "Empty needs text"),
    ("contact", "joe@acme.example", "access=all", "possible: own, organization, none"),
    ("contact", "joe", "access=own", "no mail address"),
    ("contact", "ann@acme.example", "name=Anna", "stands in maild.toml"),
    ("contact", "bob@example.com", "access=own", "is a resource"),
    ("organization", "Acme", "language=klingon!", "is no language"),
    ("printer", "PC-1", "serial=1", 'There is no kind of record "printer"'),
)


def pairs(text: str) -> list[str]:
    """ "status=open lead=dana" → one a field; a value may have spaces."""
    found: list[str] = []
    for word in text.split(" "):
        if "=" in word or not found or "=" not in found[-1]:
            found.append(word if not found or "=" in found[-1] else f"{found.pop()} {word}")
        else:
            found[-1] += f" {word}"
    return found


def test_n11_a6_n21_n23_records_are_put_and_shown(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for kind, name, fields, field, value in PUT:
        done(desk, "put", kind, name, *pairs(fields))
        assert shown(desk, kind, name)[field] == value, (kind, fields)
    assert shown(desk, "asset", "pc-1")["serial"] == "4711"  # what is not named stays
    assert "PC-1" in done(desk, "list", "assets", "--organization", "Acme")
    done(desk, "put", "asset", "PC-1", "serial=")
    assert shown(desk, "asset", "PC-1")["serial"] is None
    done(desk, "retire", "asset", "PC-1")
    assert 'no asset "PC-1"' in refused(desk, "show", "asset", "PC-1")


def test_n11_wrong_values_are_refused_with_field_found_and_allowed(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for kind, name, fields, why in REFUSED:
        said = refused(desk, "put", kind, name, *pairs(fields))
        assert why in said, (kind, fields, said)
    assert json.loads(done(desk, "list", "assets", "--json")) == []
    done(desk, "put", "asset", "PC-1", "serial=1", "--rehearse")
    assert json.loads(done(desk, "list", "assets", "--json")) == []


def test_n11_csv_goes_in_whole_or_says_each_line_and_comes_out_the_same(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    desk = make_desk()
    good = tmp_path / "good.csv"
    good.write_text(
        "name;type;organization;serial;planned replacement\n"
        "PC-1;laptop;Acme;'=1+1;2027-03-31\nPC-2;desktop;;;\n",
        "utf-8-sig",
    )
    assert "would be" in done(desk, "import", "asset", str(good), "--dry-run")
    assert json.loads(done(desk, "list", "asset", "--json")) == []
    done(desk, "import", "asset", str(good))
    assert shown(desk, "asset", "PC-1")["serial"] == "=1+1"
    out = tmp_path / "out.csv"
    out.write_text(done(desk, "export", "asset"))
    assert "'=1+1" in out.read_text()
    before = done(desk, "list", "asset", "--json")
    done(desk, "import", "asset", str(out))
    assert done(desk, "list", "asset", "--json") == before
    bad = tmp_path / "bad.csv"
    bad.write_text("name,planned_replacement,organization\nA,soon,\nB,,Acme\nC,,Acne\n")
    said = refused(desk, "import", "asset", str(bad))
    assert f'{bad}, line 2: Planned replacement: "soon" is no date' in said
    assert f"{bad}, line 4: There is no organization" in said and "line 3" not in said
    assert done(desk, "list", "asset", "--json") == before
    bad.write_text("name,colour\nA,red\n")
    assert "unknown: colour" in refused(desk, "import", "asset", str(bad))


def test_n11_files_hold_records_and_say_their_mistakes(make_desk: MakeDesk) -> None:
    desk = make_desk()
    folder = desk.folder / "people"
    folder.mkdir()
    file = folder / "acme.yaml"
    file.write_text(
        "organizations:\n  - {name: Brick, domains: [brick.example], locations: [Yard]}\n"
        "contacts:\n  - {email: zoe@brick.example, name: Zoe, access: organization}\n"
        "assets:\n  - name: NB-7\n    organization: Brick\n    serial: 0815\n"
        "    planned_replacement: 2027-03-31\n"
        "  - {name: NB-8, organization: Brick}\n"
    )
    done(desk, "put", "asset", "PC-1")
    assert shown(desk, "asset", "NB-7")["organization"] == "Brick"
    assert shown(desk, "contact", "zoe@brick.example")["organization"] == "Brick"
    assert "stands in a file" in refused(desk, "put", "asset", "NB-7", "serial=1")
    assert "stands in a file" in refused(desk, "retire", "asset", "NB-7")
    file.write_text("assets:\n  - {name: NB-7, organization: Acme}\n")
    done(desk, "put", "asset", "PC-1")
    assert shown(desk, "asset", "NB-7")["organization"] == "Acme"
    assert "no asset" in refused(desk, "show", "asset", "NB-8")
    file.write_text("assets:\n  - {name: NB-7, planned_replacement: whenever}\nassetts: []\n")
    said = refused(desk, "put", "asset", "PC-1")
    assert f'{file}, line 2: Planned replacement: "whenever"' in said
    assert "did you mean assets?" in said


def test_n11_a9_records_by_mail_and_a_tickets_asset(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.mail(
        "For the books",
        "#record asset PC-1: serial 4711; organization Acme; reference A-17; "
        "remote https://rmm.example/7; planned replacement 31 March 2027",
    )
    assert results(desk)[0][1], last(desk.bob)
    assert len(desk.tickets()) == 1
    assert shown(desk, "asset", "PC-1")["planned_replacement"] == "2027-03-31"
    desk.bob.reply("#set asset pc-1", subject=f"Re: [{desk.ticket()['number']}]")
    fields = desk.ticket()["fields"]
    assert (fields["asset"], fields["asset_reference"]) == ("PC-1", "A-17")
    desk.bob.reply("#set asset PC-11", subject=f"Re: [{desk.ticket()['number']}]")
    (command,) = desk.messages()[-1].commands
    assert not command["done"] and "did you mean PC-1?" in command["why"]
    desk.ann.reply("#record asset PC-9: serial 1")
    assert "no asset" in refused(desk, "show", "asset", "PC-9")


def test_a5_a6_a_contract_gives_the_rate(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    done(desk, "put", "contract", "Care", "organization=Acme", "rates=remote 90; on-site 110")
    desk.bob.reply("#time 30m on-site\n#time 1h remote not billable\n#time 10m phone")
    assert [(e["rate"], e["billable"]) for e in desk.ticket()["time_entries"]] == [
        (110.0, True),
        (90.0, False),
        (None, True),
    ]
    done(desk, "put", "contract", "Other", "organization=Acme", "rates=95", "end=2026-01-01")
    desk.bob.reply("#set contract other\n#time 20m remote")
    assert desk.ticket()["time_entries"][-1]["rate"] is None  # it is over
    desk.bob.reply("#set contract care\n#time 5m vor ort")
    assert desk.ticket()["time_entries"][-1]["rate"] == 110.0


def test_n21_articles_are_suggested_and_sent(make_desk: MakeDesk) -> None:
    desk = make_desk()
    done(desk, "put", "article", "Printer on fire", "text=Unplug it first.", "tags=smoke")
    done(desk, "put", "article", "Scanner hums", "text=Let it.")
    desk.ann.mail("My printer smokes", "Smoke comes out, please help.")
    told = last(desk.bob)
    assert "Printer on fire" in told and "Scanner" not in told
    desk.bob.reply("#article printer on fire")
    assert "Unplug it first." in last(desk.bob)
    assert "Printer on fire" not in last(desk.ann)


def test_p6_a_contact_lists_what_her_right_allows(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    joe = desk.writer("Joe", "joe@acme.example", {})
    joe.mail("Scanner hums", "It does.")
    for access, wanted in (("own", (False, True)), ("organization", (True, True)),
                           ("none", (False, False))):  # fmt: skip
        done(desk, "put", "contact", "joe@acme.example", f"access={access}")
        joe.mail("List", "#list")
        said = last(joe)
        assert ("Printer is on fire" in said, "Scanner hums" in said) == wanted, access


@pytest.mark.parametrize("name", ["PC-1", "Gerät 7", "機器"])
def test_records_are_the_same_on_postgresql(make_desk: MakeDesk, postgres: str, name: str) -> None:
    desk = make_desk(database=postgres)
    done(desk, "put", "asset", name, "serial=1", "organization=Acme")
    assert shown(desk, "asset", name.upper())["organization"] == "Acme"
    done(desk, "retire", "asset", name)


def test_n22_a_client_is_shown_whole_at_the_terminal(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more='[[organization]]\nname = "Brick"\ndomains = ["brick.example"]\n')
    for line in (
        "#record asset PC-1: organization Acme; serial 4711",
        "#record asset Vault: organization Brick",
        "#record project Move: organization Acme; lead dana",
        "#record task Boxes: project Move; due 2030-12-03; resources bob",
        "#record organization Acme: locations Hamburg, Kiel",
        "#record article Toner: organization Acme; text Shake it.",
        "#record article Everybody: text For all.",
    ):
        desk.bob.reply(line)
    run = partial(CliRunner().invoke, app)
    page = json.loads(run(["client", "acme", "--json", "--config", str(desk.file)]).stdout)
    assert [ticket["title"] for ticket in page["tickets"]] == [TITLE]
    names = {kind: [one["name"] for one in page[kind]] for kind in ("assets", "tasks", "articles")}
    assert names == {"assets": ["PC-1"], "tasks": ["Boxes"], "articles": ["Toner"]}
    assert [one["email"] for one in page["contacts"]] == ["ann@acme.example"]
    assert (page["domains"], page["locations"]) == (["acme.example"], ["Hamburg", "Kiel"])
    shown = run(["client", "Acme", "--config", str(desk.file)]).stdout
    for word in ("Hamburg", "PC-1", "Move", "Boxes", "ann@acme.example", "open tickets"):
        assert word in shown, word
    assert "Vault" not in shown
    wrong = run(["client", "Acne", "--config", str(desk.file)])
    assert wrong.exit_code != 0 and "Acne" in str(wrong.exception)
