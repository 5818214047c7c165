"""`maild quarantine`: messages that could not be processed, kept raw until somebody looks (E3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import App, open_app
from maild.cli.options import ConfigOption, JsonOption, local, print_json, write_octets
from maild.errors import NotFound
from maild.ingest import quarantine
from maild.model import Became, MessageState
from maild.store import asking
from maild.store.records import Message
from maild.store.unit import Unit

Id = Annotated[int, typer.Argument(metavar="ID", help="As `maild quarantine list` shows it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Messages that could not be processed.", invoke_without_command=True)
    group.callback()(_default)
    group.command("list")(list_)
    for command in (show, retry, drop):
        group.command(command.__name__)(command)
    app.add_typer(group, name="quarantine")


def _default(context: typer.Context, config: ConfigOption = None) -> None:
    """Messages that could not be processed; without a subcommand they are listed."""
    if context.invoked_subcommand is None:
        list_(config=config)


def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the messages in quarantine."""
    app = open_app(config, look=True)
    with app.store.look() as unit:
        rows = [_row(message) for message in asking.messages.quarantined(unit)]
    if json:
        print_json(rows)
        return
    if not rows:
        print("Nothing is in quarantine.")
        return
    table = Table("id", "accepted", "mailbox", "size", "from", "subject", "why")
    for row in rows:
        table.add_row(
            str(row["id"]),
            local(row["accepted"]),
            escape(row["mailbox"]),
            f"{row['size']:,}",
            escape(row["from"] or ""),
            escape(row["subject"] or ""),
            escape(row["why"] or ""),
        )
    Console().print(table)


def show(
    number: Id,
    raw: Annotated[bool, typer.Option("--raw", help="Print the message itself.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one message: why it is there, or the message itself."""
    app = open_app(config, look=True)
    with app.store.look() as unit:
        message = _the(unit, number)
        row = _row(message) | {"error": message.error, "sha256": message.sha256}
        octets = asking.messages.octets(unit, number)
    if raw:
        write_octets(octets)
    elif json:
        print_json(row)
    else:
        for key, value in row.items():
            shown = local(value) if isinstance(value, datetime) else str(value or "")
            print(f"{key:<12}{shown}")
        print("\n`--raw` prints the message; `maild quarantine retry` tries it again.")


def retry(number: Id, config: ConfigOption = None) -> None:
    """Try a message again, as if it had come in now."""
    app = open_app(config)
    now = datetime.now(UTC)
    app.store.act(partial(_decide, number, quarantine.retry, now))
    with closing(app.reader()) as reader:
        outcome = app.pipeline(reader).process(number, now)
    if outcome is not None:
        print(f"Message {number}: {outcome.outcome}, {outcome.why}")
    elif _is_taken(app, number):
        print(f"`maild run` has message {number}; if it fails again, `maild quarantine` lists it.")
        return
    else:
        print(f"Message {number} failed again and will be tried once more by `maild run`.")
    if outcome is None or outcome.outcome == Became.QUARANTINED:
        raise typer.Exit(1)


def _is_taken(app: App, number: int) -> bool:
    """Whether the daemon was faster: it has it at this moment, or has done it."""
    with app.store.look() as unit:
        message = unit.get(Message, number)
        return (
            message is not None
            and message.state != MessageState.QUARANTINED
            and not message.attempts
        )


def drop(number: Id, config: ConfigOption = None) -> None:
    """Give a message up: it leaves the quarantine, its bytes stay stored."""
    app = open_app(config)
    app.store.act(partial(_decide, number, quarantine.drop, datetime.now(UTC)))
    print(f"Message {number} is dropped; its bytes stay stored.")


def _decide(
    number: int, decision: Callable[[Unit, Message, datetime], None], now: datetime, unit: Unit
) -> None:
    decision(unit, _the(unit, number), now)


def _the(unit: Unit, number: int) -> Message:
    message = asking.messages.in_quarantine(unit, number)
    if message is None:
        raise NotFound(f"No message {number} is in quarantine; `maild quarantine list` shows all.")
    return message


def _row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "accepted": message.accepted,
        "mailbox": message.mailbox,
        "size": message.size,
        "message_id": message.message_id,
        "from": message.sender,
        "subject": message.subject,
        "attempts": message.attempts,
        "why": message.why,
    }
