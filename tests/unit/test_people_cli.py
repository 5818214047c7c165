"""`maild people` and `maild quarantine`, as an admin types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.errors import MaildError, NotFound, Refused, UsageError
from maild.ingest.process import Pipeline
from tests.fresh import make_file

TOML = """
[desk]
address = "support@example.com"
[[resource]]
name = "Bob Tech"
email = "bob@example.com"
"""


class Admin:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "maild.toml"
        self.file.write_text(TOML)
        make_file(folder / "var" / "maild.db")

    def types(self, *words: str, fails: type[MaildError] | None = None) -> str:
        done = CliRunner().invoke(app, [*words, "--config", str(self.file)])
        if fails is not None:
            assert isinstance(done.exception, fails), done.output
            return done.exception.message
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def people(self, *words: str) -> dict[str, dict[str, Any]]:
        rows = json.loads(self.types("people", "list", "--json", *words))
        return {row["name"]: row for row in rows}


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    return Admin(tmp_path)


def test_people_are_added_and_changed(admin: Admin) -> None:
    admin.types("people", "organization", "Acme", "--domain", "acme.example")
    admin.types("people", "add", "Ann@Acme.example", "--name", "Ann")
    admin.types("people", "add", "cem@example.com", "--name", "Cem", "--role", "resource")
    assert list(admin.people()) == ["Bob Tech", "Cem", "Ann"]
    assert admin.people()["Ann"]["organization"] == "Acme"
    admin.types("people", "change", "ann@acme.example", "--alias", "a@x.example", "--inactive")
    ann = admin.people("--role", "contact")["Ann"]
    assert (ann["addresses"], ann["active"]) == (["ann@acme.example", "a@x.example"], False)
    assert admin.people("--organizations")["Acme"]["domains"] == ["acme.example"]


def test_mistakes_say_what_to_do(admin: Admin) -> None:
    assert "maild.toml" in admin.types(
        "people", "change", "bob@example.com", "--name", "Rob", fails=Refused
    )
    assert "people list" in admin.types("people", "change", "x@y.example", fails=NotFound)
    assert "change that person" in admin.types("people", "add", "bob@example.com", fails=UsageError)
    assert "everybody" in admin.types(
        "people", "organization", "Mail", "--domain", "gmail.com", fails=UsageError
    )
    assert "no mail address" in admin.types("people", "add", "ann", fails=UsageError)


def test_a_csv_file_is_imported_whole_or_not_at_all(admin: Admin, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "kind,name,email,organization,domains,active\n"
        "contact,Ann,ann@acme.example,Acme,,\n"
        "resource,Cem,cem@example.com,,,no\n"
        "organization,Acme,,,acme.example acme.test,\n"
    )
    admin.types("people", "import", str(file))
    admin.types("people", "import", str(file))
    assert admin.people()["Ann"]["organization"] == "Acme"
    assert admin.people()["Cem"]["active"] is False
    file.write_text(
        "Kind;Name;E-mail\ncontact;Dan;dan@acme.example\ncustomer;Eve;e@acme.example\n"
        "contact;Fay;fay\n".replace("E-mail", "email")
    )
    for dry in ((), ("--dry-run",)):
        said = admin.types("people", "import", str(file), *dry, fails=UsageError)
        assert "line 2" not in said and "line 3" in said and "line 4" in said
    assert "Dan" not in admin.people()
    file.write_text("kind;name;email\ncontact;Dan;dan@acme.example\n")
    assert "would be in" in admin.types("people", "import", str(file), "--dry-run")
    assert "Dan" not in admin.people()
    file.write_text("kind,phone\n")
    assert "phone" in admin.types("people", "import", str(file), fails=UsageError)


def test_n11_who_waits_in_cc_is_approved(admin: Admin, tmp_path: Path) -> None:
    mail = tmp_path / "cc.eml"
    mail.write_bytes(
        b"From: ann@acme.example\r\nTo: support@example.com\r\nCc: Eve <eve@there.example>\r\n"
        b"Subject: Printer\r\nMessage-ID: <1@acme.example>\r\n\r\nIt smokes.\r\n"
    )
    admin.types("ingest", str(mail))
    [ticket] = json.loads(admin.types("tickets", "--json"))
    assert ticket["additional_contacts"] == []
    admin.types("people", "approve", ticket["number"], "eve@there.example")
    [ticket] = json.loads(admin.types("tickets", "--json"))
    assert [p["address"] for p in ticket["additional_contacts"]] == ["eve@there.example"]


def test_quarantine_lists_shows_retries_and_drops(admin: Admin, tmp_path: Path) -> None:
    """What could not be processed waits with its cause, and can be tried again (E3)."""
    assert "Nothing" in admin.types("quarantine")
    mail = tmp_path / "nobody.eml"
    mail.write_bytes(b"Subject: nobody\r\n\r\nwho am I\r\n")
    admin.types("ingest", str(mail))
    [row] = json.loads(admin.types("quarantine", "list", "--json"))
    number = str(row["id"])
    assert "no sender" in row["why"]
    assert "no sender" in admin.types("quarantine", "show", number)
    assert "who am I" in admin.types("quarantine", "show", number, "--raw")
    done = CliRunner().invoke(app, ["quarantine", "retry", number, "--config", str(admin.file)])
    assert done.exit_code == 1
    assert "quarantined" in done.output
    admin.types("quarantine", "drop", number)
    assert json.loads(admin.types("quarantine", "list", "--json")) == []
    admin.types("quarantine", "drop", number, fails=NotFound)


def test_a_retry_that_the_daemon_has_taken_up_is_no_failure(
    admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = tmp_path / "nobody.eml"
    mail.write_bytes(b"Subject: nobody\r\n\r\nwho am I\r\n")
    admin.types("ingest", str(mail))
    [row] = json.loads(admin.types("quarantine", "list", "--json"))
    monkeypatch.setattr(Pipeline, "process", lambda *_: None)
    done = CliRunner().invoke(
        app, ["quarantine", "retry", str(row["id"]), "--config", str(admin.file)]
    )
    assert done.exit_code == 0
    assert "`maild run` has message" in done.output


def test_check_warns_of_a_desk_that_believes_everybody(admin: Admin) -> None:
    admin.file.write_text(TOML + '[trust]\nrequire = "none"\n')
    assert "WARN" in CliRunner().invoke(app, ["check", "--config", str(admin.file)]).output
