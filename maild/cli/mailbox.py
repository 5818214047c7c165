"""`maild mailboxes`: how each mailbox is; tried, paused, looked at now, as on the console."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import App, open_app
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.config import MailboxSection
from maild.desk import mailbox_orders as orders
from maild.errors import MaildError, NotFound, Unavailable
from maild.ingest.imap import probe
from maild.monitor import health
from maild.store import asking
from maild.versions import me
from maild.yamlfile import nearest

Name = Annotated[str, typer.Argument(metavar="NAME", help="As in `[[mailbox]]` of maild.toml.")]


def register(app: typer.Typer) -> None:
    summary = "Mailboxes: whether each is reached; try, pause, look now."
    group = typer.Typer(help=summary, invoke_without_command=True)
    group.callback()(_default)
    for name, command in (
        ("list", list_), ("try", try_), ("pause", pause), ("resume", resume), ("look", look),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="mailboxes")


def _default(context: typer.Context, config: ConfigOption = None) -> None:
    """Mailboxes: whether each is reached; try, pause, look now."""
    if context.invoked_subcommand is None:
        list_(config=config)


def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the mailboxes: whether each is reached or paused, and what it brought."""
    rows = _rows(open_app(config, look=True))
    if json:
        print_json(rows)
        return
    if not rows:
        print("There is no [[mailbox]] in maild.toml; name one there.")
        return
    table = Table("mailbox", "state", "taken in", "looked through", "why")
    for row in rows:
        looked = local(row["scanned"]) if row["scanned"] else ""
        why = f"paused by {row['paused']}" if row["paused"] else row["why"] or ""
        table.add_row(
            escape(row["name"]), row["state"], f"{row['messages']:,}", looked, escape(why)
        )
    Console().print(table)


def _rows(app: App) -> list[dict[str, Any]]:
    with app.store.look() as unit:
        counts = asking.messages.by_mailbox(unit)
    return [
        {
            "name": box["name"],
            "state": "paused" if box["paused"] else "good" if box["ok"] else "not reached",
            "paused": box["paused"],
            "why": box["why"],
            "scanned": box["scanned"],
            "messages": counts.get(box["name"], 0),
        }
        for box in health.look(app.store, app.settings, datetime.now(UTC)).mailboxes
    ]


def try_(name: Name, config: ConfigOption = None) -> None:
    """Log in and look, changing nothing."""
    section = _section(open_app(config, look=True), name)
    try:
        print(f"{name}: {probe(section)}")
    except MaildError as error:
        raise Unavailable(f"{name}: {error.message}") from error


def pause(name: Name, config: ConfigOption = None) -> None:
    """Fetch nothing from it until `resume`; its mail stays on the server."""
    app = open_app(config)
    _section(app, name)
    app.store.act(lambda unit: orders.pause(unit, name, me(), datetime.now(UTC)))
    print(
        f"{name} is paused: its mail stays on the server. `maild mailboxes resume {name}` goes on."
    )


def resume(name: Name, config: ConfigOption = None) -> None:
    """Go on, with what came meanwhile."""
    app = open_app(config)
    _section(app, name)
    app.store.act(lambda unit: orders.resume(unit, name))
    print(f"{name} goes on, with what came meanwhile.")


def look(name: Name, config: ConfigOption = None) -> None:
    """Let `maild run` look at it now, whenever it would have tried again."""
    app = open_app(config)
    _section(app, name)
    app.store.act(lambda unit: orders.look_now(unit, name, datetime.now(UTC)))
    print(f"`maild run` looks at {name} within a few seconds.")


def _section(app: App, name: str) -> MailboxSection:
    sections = {section.name: section for section in app.settings.config.mailbox}
    if name not in sections:
        hint = f" {nearest(name, sections)}" if sections else ""
        raise NotFound(f'There is no mailbox "{name}" in maild.toml;{hint or " none is named."}')
    return sections[name]
