"""`maild commands`: what one can write in a mail, and what a mail would do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild import config as configuration
from maild.cli.database import in_force
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.commands import reference, subject_phrases
from maild.commands.arguments import Names, Resource
from maild.commands.grammar import MailContext, read
from maild.commands.mail_commands import names
from maild.commands.values import Asked
from maild.commands.words import own_folder, vocabulary
from maild.config import Config, Settings
from maild.model import Role

group = typer.Typer(help="What one can write in a mail, and what a mail would do.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="commands", no_args_is_help=True)


@group.command("list")
def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the commands."""
    words = _names(config).vocabulary.commands.values()
    if json:
        print_json([asdict(word) for word in words])
        return
    table = Table("command", "of", "what it does", "example")
    for word in words:
        example = word.examples[0]
        table.add_row(f"#{word.name}", ", ".join(word.who), word.help["en"], escape(example))
    Console().print(table)


@group.command("docs")
def docs(config: ConfigOption = None) -> None:
    """Print docs/commands.md."""
    print(reference.page(_names(config).vocabulary), end="")


@group.command("try")
def try_(
    text: Annotated[str, typer.Argument(help=r"What stands in the mail; \n begins a line.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Its subject.")] = "",
    title: Annotated[str, typer.Option("--title", help="The ticket's title.")] = "",
    contact: Annotated[bool, typer.Option("--contact", help="A contact writes it.")] = False,
    opens: Annotated[bool, typer.Option("--new", help="The mail opens a ticket.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what a mail would ask for.  Nothing is done."""
    carried = frozenset({subject_phrases.plain(title)}) if title else frozenset()
    place = MailContext(carried, opens, Role.CONTACT if contact else Role.RESOURCE)
    asked = read(subject, text.replace("\\n", "\n"), _names(config), place)
    if json:
        print_json(asdict(asked))
    else:
        _print(asked)


def _print(asked: Asked) -> None:
    console = Console(highlight=False)
    for command in asked.commands:
        console.print(f"[bold]{command.name}[/bold] {escape(command.argument)}")
    for unclear in (*asked.unclear, *asked.refused):
        console.print(f"[bold]not understood[/bold] {escape(unclear.written)}: {unclear.why}")
    for reason in asked.reasons:
        console.print(f"  {escape(reason.decided)}, because {escape(reason.because)}", style="dim")
    if not (asked.commands or asked.unclear or asked.refused):
        console.print("It asks for nothing.")
    if asked.subject:
        console.print(f"subject: {escape(asked.subject)}", style="dim")
    if asked.text.strip():
        console.print(f"note: {escape(asked.text)}", style="dim")


def _names(file: Path | None) -> Names:
    """The words of the desk, or of a fresh one where there is no configuration."""
    place = configuration.config_file(file)
    settings = (
        configuration.load(place)
        if file or place.is_file()
        else Settings(Config(), place.resolve())
    )
    settings, profile = in_force(settings)
    resources = tuple(
        Resource(r.name, tuple(r.all_addresses())) for r in settings.config.resource if r.active
    )
    words = vocabulary(own_folder(settings.in_force))
    return names(settings, profile, words, resources, datetime.now(UTC))
