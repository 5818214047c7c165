"""`maild login`, as an admin types it, and `maild check` of it, against a real token server."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.errors import MaildError, Refused, UsageError
from tests.servers.tokens import TokenServer, TokenSmtp

SHARED = """
[[mailbox]]
name = "support"
port = 1
tls = "none"
username = "support"
[mailbox.oauth]
token_url = "{url}/token"
{sign_in}
scope = "mail offline"
client_id = "desk"
refresh_token_file = "support.token"
[smtp]
port = {port}
username = "support"
[smtp.oauth]
token_url = "{url}/token"
client_id = "desk"
refresh_token_file = "support.token"
[[mailbox]]
name = "plain"
port = 1
tls = "none"
"""


class Admin:
    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "maild.toml"
        self.file.write_text(text)
        self.token = folder / "support.token"

    def types(self, *words: str, brings: str = "", fails: type[MaildError] | None = None) -> str:
        done = CliRunner().invoke(app, [*words, "--config", str(self.file)], input=brings)
        if fails is not None:
            assert isinstance(done.exception, fails), (done.output, done.exception)
            return done.exception.message
        return done.output


def _admin(folder: Path, tokens: TokenServer, sign_in: str, port: int = 1) -> Admin:
    return Admin(folder, SHARED.format(url=tokens.url, sign_in=sign_in, port=port))


def test_a_person_signs_in_by_device_and_check_says_so(
    tmp_path: Path, tokens: TokenServer, token_smtp: TokenSmtp
) -> None:
    tokens.interval = 1
    admin = _admin(tmp_path, tokens, f'device_url = "{tokens.url}/device"', token_smtp.port)
    assert "Sign in: `maild login smtp`" in admin.types("check")
    said = admin.types("login", "support")
    assert "ABCD-EFGH" in said
    assert admin.token.read_text() == "refresh-1\n"
    assert "refresh-1" not in said
    assert stat.S_IMODE(admin.token.stat().st_mode) == 0o600
    assert tokens.forms[0]["scope"] == "mail offline"
    assert "takes mail from us, as support by OAuth 2" in admin.types("check")


def test_what_is_brought_back_from_the_browser_must_be_ours(
    tmp_path: Path, tokens: TokenServer
) -> None:
    admin = _admin(tmp_path, tokens, 'authorize_url = "https://login.example/authorize"')
    said = admin.types("login", "support", brings="http://localhost/?code=a\n", fails=Refused)
    assert "another sign-in" in said
    assert "Nobody signed in" in admin.types("login", "support", fails=Refused)
    assert not admin.token.exists()
    assert tokens.forms == []


@pytest.mark.parametrize("name", ["plain", "nobody"])
def test_where_nobody_can_sign_in_the_names_are_said(
    tmp_path: Path, tokens: TokenServer, name: str
) -> None:
    admin = _admin(tmp_path, tokens, "")
    assert "Possible: smtp, support." in admin.types("login", name, fails=UsageError)


def test_without_an_address_to_sign_in_at_the_file_is_named(
    tmp_path: Path, tokens: TokenServer
) -> None:
    admin = _admin(tmp_path, tokens, "")
    assert str(admin.token) in admin.types("login", "support", fails=UsageError)
    assert [one.name for one in tmp_path.iterdir() if "token" in one.name] == ["support.token.lock"]


def test_a_folder_that_cannot_be_written_is_said_before_anybody_signs_in(
    tmp_path: Path, tokens: TokenServer
) -> None:
    admin = _admin(tmp_path, tokens, f'device_url = "{tokens.url}/device"')
    admin.file.write_text(admin.file.read_text().replace("support.token", "none/support.token"))
    assert "nothing can be written beside" in admin.types("login", "support", fails=MaildError)
    assert tokens.forms == []
