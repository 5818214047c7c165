"""`maild set`: any field of a ticket."""

from __future__ import annotations

from typing import Annotated

import typer

from maild.cli.acting import AsOption, RehearseOption, carry_out, open_for
from maild.cli.options import ConfigOption
from maild.commands.values import Command


def register(app: typer.Typer) -> None:
    app.command("set")(set_)


def set_(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    name: Annotated[str, typer.Argument(help='A field, like priority or "estimated hours".')],
    value: Annotated[list[str], typer.Argument(help='What it is to be; "none" empties it.')],
    by: AsOption = None,
    rehearse: RehearseOption = False,
    config: ConfigOption = None,
) -> None:
    """Set a field of a ticket, as `#set` in a mail does."""
    words = f"{name} {' '.join(value)}"
    command = Command("set", words, f"#set {words}", "text")
    app = open_for(config, rehearse=rehearse)
    for result in carry_out(app, number, [command], by=by, rehearse=rehearse):
        print(result.why)
