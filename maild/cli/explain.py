"""`maild explain`: what happened to a message, and why."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from maild.cli.database import open_store
from maild.cli.options import ConfigOption
from maild.desk.explain import Chapter, of_messages
from maild.ingest.files import read_paths
from maild.parse.limits import Reader


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    what: Annotated[str, typer.Argument(help="A file, a Message-ID or a ticket number.")],
    config: ConfigOption = None,
) -> None:
    """Tell what happened to a message, and why.

    Step by step, each with its reason.
    """
    console = Console(highlight=False)
    for chapter in _chapters(what, config):
        console.print(f"[bold]{escape(chapter.title)}[/bold]")
        for reason in chapter.reasons:
            console.print(f"  {escape(reason.step):<9}[bold]{escape(reason.decided)}[/bold]")
            if reason.because:
                console.print(f"           because {escape(reason.because)}")
        for line in chapter.lines:
            console.print(f"  {escape(line)}")


def _chapters(what: str, config: Path | None) -> list[Chapter]:
    """A file is read as it stands, without a desk; the rest is looked up."""
    if not Path(what).is_file():
        with open_store(config).look() as unit:
            return of_messages(unit, what)
    with closing(Reader()) as reader:
        return [
            Chapter(
                source.label if error is None else f"{source.label}: {error}",
                mail.reasons if mail else (),
                (),
            )
            for source, mail, error in reader.read_all(read_paths([what]))
        ]
