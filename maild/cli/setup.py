"""Setting up: `maild init` writes a configuration, `maild check` tries everything in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from maild import config as configuration
from maild.app import prepare
from maild.cli.options import ConfigOption
from maild.commands.words import own_folder, vocabulary
from maild.config import Settings
from maild.desk.profile import load_profile, profile_folder, shipped
from maild.errors import MaildError
from maild.ingest.imap import probe as probe_mailbox
from maild.outbox.deliver import probe as probe_smtp
from maild.rules.engine import Rules
from maild.store import Store
from maild.templates.renderer import check_templates

SAMPLE = Path(__file__).parent / "maild.toml"


def register(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("check")(check)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to.")] = Path(),
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Write a copy of a profile to edit."),
    ] = None,
) -> None:
    """Write a commented maild.toml and the folders beside it."""
    file = folder / "maild.toml"
    source = shipped(profile) if profile else None
    (folder / "var").mkdir(parents=True, exist_ok=True)
    (folder / "templates").mkdir(exist_ok=True)
    if file.exists():
        print(f"{file} is there already and was left as it is.")
    else:
        text = SAMPLE.read_text("utf-8")
        if source is not None:
            text = re.sub(r'(?m)^profile = "\w+"', f'profile = "{source.name}/"', text)
        file.write_text(text, "utf-8")
        file.chmod(0o600)
        print(f"Wrote {file}. Put in your mailbox and SMTP relay, then run `maild check`.")
    if source is not None:
        _copy(source, folder / source.name)


def _copy(source: Path, target: Path) -> None:
    """A profile's files to edit; what is there already stays."""
    if target.exists():
        print(f"{target} is there already and was left as it is.")
        return
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    print(
        f"Wrote {target}, a copy of the profile to edit. `maild rules check` reads it; in "
        f'maild.toml `profile = "{target.name}/"` names it.'
    )


def check(config: ConfigOption = None) -> None:
    """Read the configuration and reach every server that it names."""
    console = Console(highlight=False, soft_wrap=True)
    file = configuration.config_file(config)
    try:
        settings = configuration.load(file)
    except MaildError as error:
        _print_failure(console, error)
        raise typer.Exit(error.exit_status) from None
    console.print(f"[green]ok[/green]    configuration {escape(str(file))}")
    for warning in _warnings(settings):
        console.print(f"[yellow]WARN[/yellow]  {escape(warning)}")
    worst = 0
    for what, attempt in _attempts(settings):
        try:
            console.print(f"[green]ok[/green]    {escape(what)}: {escape(attempt())}")
        except MaildError as error:
            worst = max(worst, error.exit_status)
            _print_failure(console, error)
    if worst:
        raise typer.Exit(worst)


def _print_failure(console: Console, error: MaildError) -> None:
    for line in error.message.splitlines():
        console.print(f"[red]FAIL[/red]  {escape(line)}")


def _warnings(settings: Settings) -> Iterator[str]:
    """What works and is dangerous all the same."""
    trust = settings.config.trust
    if trust.require == "none":
        yield (
            '[trust] require = "none" lets everybody who writes a technician\'s address into From '
            'command the desk; set "either" and `[trust] authserv_id`.'
        )
    elif trust.require == "dmarc" and not trust.authserv_id:
        yield (
            '[trust] require = "dmarc" needs `[trust] authserv_id`: without it no technician is '
            "ever proven, and each of his mails waits until he confirms it."
        )


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is tried, in this order; each says how it went or raises."""
    yield "profile", lambda: _profile(settings)
    yield "database", lambda: _database(settings)
    for section in settings.config.mailbox:
        yield f"mailbox {section.name}", lambda section=section: probe_mailbox(section)  # type: ignore[misc]
    yield "smtp", lambda: probe_smtp(settings.config.smtp)
    yield "templates", lambda: check_templates(settings.path("templates"))
    yield "commands", lambda: _commands(settings)


def _profile(settings: Settings) -> str:
    folder = profile_folder(settings.config.profile, settings.folder)
    profile, rules = load_profile(folder), Rules(folder)
    return f"{profile.name}, {len(profile.statuses)} statuses, {len(rules.rules)} rules"


def _commands(settings: Settings) -> str:
    words = vocabulary(own_folder(settings.folder))
    return f"{len(words.commands)} commands, {len(words.phrases)} phrases"


def _database(settings: Settings) -> str:
    store = Store(settings.database_url)
    try:
        prepare(settings, store, datetime.now(UTC), look=True)
    finally:
        store.close()
    return store.url.render_as_string(hide_password=True)
