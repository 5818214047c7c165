"""`maild demo`: the whole circle on this machine, with nothing to set up."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from maild.cli.show import print_ticket
from maild.cli.ticket_list import ticket_table
from maild.demo.scenario import Stage, play
from maild.desk import views
from maild.web.console import Console as Web


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to leave what came of it.")
    ] = Path("maild-demo"),
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on with the console until you stop it.")
    ] = False,
) -> None:
    """Play the whole circle on loopback: mail in, tickets, mail out.

    With --stay the desk goes on, and its console is at a printed address: play both ends yourself.
    """
    console = Console(highlight=False)
    console.print("[bold]maild demo[/bold]: an IMAP and an SMTP server on loopback, the daemon")
    console.print("between them, and a few people who write.")
    app = play(folder, console, _stay if stay else lambda stage, web: None)
    if stay:
        app.close()
        return
    with app.store.look() as unit:
        rows = [views.summary(unit, t) for t in views.tickets(unit, app.profile, "all")]
        first = views.whole(unit, views.ticket(unit, rows[0]["number"]))
    app.close()
    console.print("\n[bold]The tickets[/bold]")
    console.print(ticket_table(rows))
    console.print("\n[bold]One ticket in full[/bold]")
    print_ticket(console, first)
    option = f"--config {escape(str(folder / 'maild.toml'))}"
    console.print("\n[bold]Where to look next[/bold]")
    console.print(f"  maild show {first['number']} {option}")
    console.print(f"  maild explain {first['number']} {option}")
    console.print(f"  maild outbox {option}")
    console.print(f"  {escape(str(folder / 'sent'))}/ holds the mail that was sent, to open")
    console.print("  maild demo --stay plays it anew and goes on, with a console in your browser:")
    console.print("  play both ends, Ann who writes and Bob who answers")


def _stay(stage: Stage, web: Web) -> None:
    """Prints where the console is, and waits until somebody ends it."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    stage.console.print("\n[bold]The desk goes on.[/bold] Open this, you are Bob:")
    stage.console.print(f"  {web.url}/greeting/{web.greeting}", soft_wrap=True)
    stage.console.print("On “The other side” you write as Ann and read everybody's mailbox.")
    stage.console.print("Ctrl+C ends it.")
    ended.wait()
