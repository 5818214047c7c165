"""The original message of a ticket."""

from __future__ import annotations

from typing import Annotated

import typer

from maild.cli.database import open_store
from maild.cli.options import ConfigOption, write_octets
from maild.desk import original_mail, views


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eml")(eml)


def eml(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    note: Annotated[int | None, typer.Argument(help="Id of a note; default: the first.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print the original message, byte for byte."""
    with open_store(config).look() as unit:
        octets = original_mail.eml(unit, views.ticket(unit, number), note)
    write_octets(octets)
