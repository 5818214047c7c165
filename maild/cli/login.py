"""`maild login`: a person signs in once, and the daemon has its refresh token."""

from __future__ import annotations

from typing import Annotated

import typer

from maild import config as configuration
from maild.cli.options import ConfigOption
from maild.config import Config, Login, OauthSection
from maild.errors import Refused, UsageError
from maild.oauth import signin
from maild.oauth.providers import Use, provider, scope
from maild.oauth.tokenfile import TokenFile


def register(app: typer.Typer) -> None:
    app.command("login")(login)


def login(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A mailbox's name, or smtp.")],
    browser: Annotated[
        bool, typer.Option("--browser", help="Bring an address back, where codes are not allowed.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Sign in to a mailbox or relay that takes OAuth 2.

    Its refresh token is kept in the file that maild.toml names.
    """
    settings = configuration.load(configuration.config_file(config))
    server, section = _section(settings.config, name)
    assert section.refresh_token_file is not None
    file = TokenFile(section.refresh_token_file)
    wanted = scope(section, _uses(settings.config, section))
    with file.alone():
        pass  # better now than when somebody has signed in
    if browser or provider(section).device_url is None:
        user = server.username or ""
        token = signin.by_browser(section, wanted, user, _show, _read)
    else:
        token = signin.by_device(section, wanted, _show)
    with file.alone():
        try:
            file.save(token)
        except OSError as error:
            raise Refused(f"{file.path} cannot be written: {error.strerror}.") from error
    print(f"Signed in. The refresh token is in {file.path}; `maild check` tries it.")


def _section(config: Config, name: str) -> tuple[Login, OauthSection]:
    """The server of this name and its [oauth], where a person can sign in for it."""
    servers: dict[str, Login] = {"smtp": config.smtp, **{box.name: box for box in config.mailbox}}
    able = [
        one
        for one, server in servers.items()
        if server.oauth is not None and server.oauth.grant == "refresh_token"
    ]
    if name not in able:
        possible = ", ".join(able) or "nothing yet; docs/operator.md says how to set it up"
        raise UsageError(
            f"{name}: nobody signs in there by OAuth 2 with a refresh token. Possible: {possible}."
        )
    server = servers[name]
    assert server.oauth is not None
    return server, server.oauth


def _uses(config: Config, section: OauthSection) -> set[Use]:
    """What the token will be used for by all who share its file."""
    servers: list[tuple[Use, Login]] = [("imap", box) for box in config.mailbox]
    servers.append(("smtp", config.smtp))
    return {
        use
        for use, server in servers
        if server.oauth and server.oauth.refresh_token_file == section.refresh_token_file
    }


def _show(text: str) -> None:
    print(text, flush=True)


def _read() -> str:
    try:
        return input()
    except (EOFError, KeyboardInterrupt):
        raise Refused("Nobody signed in.") from None
