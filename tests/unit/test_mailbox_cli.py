"""`maild mailboxes`, as an admin types it: what the console's page does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.errors import MaildError, NotFound, Unavailable
from tests.fresh import make_file

TOML = """
[desk]
address = "support@example.com"
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = 1
tls = "none"
username = "support"
password = "x"
"""


class Admin:
    def __init__(self, folder: Path, toml: str) -> None:
        self.file = folder / "maild.toml"
        self.file.write_text(toml)
        make_file(folder / "var" / "maild.db")

    def types(self, *words: str, fails: type[MaildError] | None = None) -> str:
        asked = ["mailboxes", *words, "--config", str(self.file)]
        done = CliRunner().invoke(app, asked)
        if fails is not None:
            assert isinstance(done.exception, fails), done.output
            return done.exception.message
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def state(self) -> dict[str, Any]:
        [row] = json.loads(self.types("list", "--json"))
        return dict(row)


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    return Admin(tmp_path, TOML)


def test_a_mailbox_is_paused_and_goes_on(admin: Admin) -> None:
    assert admin.state()["state"] == "good"
    assert "stays on the server" in admin.types("pause", "support")
    assert admin.state()["state"] == "paused" and admin.state()["paused"]
    assert "paused" in admin.types("list")
    assert "goes on" in admin.types("resume", "support")
    assert admin.state()["state"] == "good"
    assert "looks at support" in admin.types("look", "support")


def test_a_mailbox_that_does_not_answer_says_so(admin: Admin) -> None:
    assert "127.0.0.1" in admin.types("try", "support", fails=Unavailable)


@pytest.mark.parametrize("do", ["try", "pause", "resume", "look"])
def test_a_name_that_is_not_configured_is_told_with_the_nearest(admin: Admin, do: str) -> None:
    assert "did you mean support?" in admin.types(do, "suport", fails=NotFound)


def test_a_desk_without_mailboxes_says_where_they_stand(tmp_path: Path) -> None:
    bare = Admin(tmp_path, '[desk]\naddress = "support@example.com"\n')
    assert "[[mailbox]]" in bare.types("list")
    assert "none is named" in bare.types("pause", "support", fails=NotFound)
