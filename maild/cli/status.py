"""`maild status`: one screen, green or why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild import config as configuration
from maild.cli.options import ConfigOption, JsonOption, local, print_json
from maild.monitor.health import Health, duration, look
from maild.store import Store
from maild.store.migrate import is_current


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Say whether all is well, and what is wrong.

    Exit status 0: all is well; 1: it is not; 2: the configuration cannot be read.
    """
    settings = configuration.load(configuration.config_file(config))
    store = Store(settings.database_url)
    health = _look(store, settings)
    if json:
        print_json(health.as_json())
    else:
        _show(health)
    if not health.ok:
        raise typer.Exit(1)


def _look(store: Store, settings: configuration.Settings) -> Health:
    now = datetime.now(UTC)
    file = settings.database_file
    new = file is not None and not file.exists()
    if new or not is_current(store):
        return Health(at=now, trouble=("There is no database yet. `maild run` makes it.",))
    return look(store, settings, now)


def _show(health: Health) -> None:
    console = Console()
    if health.ok:
        console.print("[green]All is well.[/green]")
    for sentence in health.trouble:
        console.print(f"[red]✗[/red] {escape(sentence)}", soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in _rows(health):
        table.add_row(*map(escape, row))
    console.print(table)


def _rows(health: Health) -> Iterator[tuple[str, str]]:
    if not health.database:
        return
    for one in health.daemons:
        said = "works" if one["alive"] else "is silent"
        yield "daemon", f"{one['name']} {said}, last seen {local(one['seen'])}"
    for box in health.mailboxes:
        looked = f", looked through {local(box['scanned'])}" if box["scanned"] else ""
        yield "mailbox", f"{box['name']}: {'good' if box['ok'] else 'not reached'}{looked}"
    yield "mail", _counted(health.mail, ("waiting", "quarantined", "processed"))
    yield "outbox", _counted(health.outbox, ("due", "waiting", "held", "failed", "sent"))
    yield "tickets", _counted(health.tickets, tuple(health.tickets)) or "none"
    yield (
        "database",
        ", ".join(
            f"{health.database[key] / 1e6:,.1f} MB{words}"
            for key, words in (("bytes", ""), ("free_bytes", " free on its disk"))
            if key in health.database
        )
        or str(health.database["kind"]),
    )
    yield "pruned", "; ".join(_pruned(health)) or "nothing: all is kept for ever"
    made = datetime.fromisoformat(health.backup) if health.backup else None
    yield "last backup", local(made) or "none"
    yield "alerts", f"{len(health.alerts)}; `maild alerts` lists them" if health.alerts else "none"


def _pruned(health: Health) -> Iterator[str]:
    for kind, one in health.pruned.items():
        when = datetime.fromisoformat(one["before"]) if one["before"] else None
        done = f"{one['rows']} rows so far, up to {local(when)}" if when else "not yet"
        yield f"{kind} after {one['days']:g} days: {done}"


def _counted(values: Any, names: tuple[str, ...]) -> str:
    text = ", ".join(f"{values[name]} {name}" for name in names)
    oldest = values.get("oldest_seconds", 0)
    return f"{text}; the oldest for {duration(oldest)}" if oldest else text
