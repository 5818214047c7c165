"""`maild spam`: what was kept as spam, and the lists of whose mail is."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import open_app
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.desk import spam_lists
from maild.ingest import spam_filing
from maild.ingest.spam_filing import SPAM
from maild.store import asking

Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, or a whole domain.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Mail that was kept as spam.")
    for command in (list_, accept, block, allow):
        group.command(command.__name__.rstrip("_"))(command)
    app.add_typer(group, name="spam")


def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what was kept as spam, oldest first."""
    app = open_app(config, look=True)
    with app.store.look() as unit:
        rows: list[dict[str, Any]] = [
            {
                "id": message.id,
                "accepted": message.accepted,
                "from": message.sender,
                "subject": message.subject,
                "why": (message.why or "").removeprefix(SPAM),
            }
            for message in asking.messages.spam(unit)
        ]
    if json:
        print_json(rows)
        return
    table = Table("id", "came", "from", "subject", "why")
    for row in rows:
        words = (escape(str(row[key] or "")) for key in ("from", "subject", "why"))
        table.add_row(str(row["id"]), local(row["accepted"]), *words)
    Console().print(table)


def accept(
    number: Annotated[int, typer.Argument(metavar="ID", help="As `maild spam list` has it.")],
    config: ConfigOption = None,
) -> None:
    """Make a ticket of it, and let its sender through from now on."""
    app = open_app(config)
    app.store.act(lambda unit: spam_filing.accept(unit, number))
    with closing(app.reader()) as reader:
        outcome = app.pipeline(reader).process(number, datetime.now(UTC))
    said = f"{outcome.outcome}, {outcome.why}" if outcome else "it is tried again by `maild run`"
    print(f"Message {number}: {said}")


def block(who: Who, config: ConfigOption = None) -> None:
    """Keep this sender's mail as spam from now on."""
    entry = open_app(config).store.act(lambda unit: spam_lists.put(unit, spam_lists.BLOCK, who))
    print(f"Mail of {entry} is kept as spam from now on.")


def allow(who: Who, config: ConfigOption = None) -> None:
    """Never take this sender's mail for spam."""
    entry = open_app(config).store.act(lambda unit: spam_lists.put(unit, spam_lists.ALLOW, who))
    print(f"Mail of {entry} is never taken for spam.")
