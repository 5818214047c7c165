"""Looking at tickets: a list of them."""

from __future__ import annotations

from typing import Annotated

import typer

from maild.cli import ticket_list
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.desk import lists
from maild.errors import UsageError

MOST = 1_000_000  # tickets of a list that is printed whole


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tickets")(tickets)


def tickets(
    view: Annotated[str, typer.Option("--view", metavar="NAME", help="Which tickets.")] = "all",
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="With words and filters, like status:open."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help='What is shown; "fourteen": those of N17.'),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="F", help="By this column; -F from above.")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="F", help="Together by this column.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="So many at most.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, however many.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all of them as CSV.")] = False,
    by: Annotated[
        str | None,
        typer.Option("--as", metavar="PERSON", help='Whose "mine", "me", "work", "recent".'),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List tickets.

    The newest first, at most a screenful unless --all, --limit, --csv, --json.  A search names
    the people, organizations and records that it finds too; "tasks to process" is a list of tasks.
    """
    if json and as_csv:
        raise UsageError("--json and --csv: choose one of them.")
    most = limit or (MOST if every or json or as_csv else ticket_list.screenful())
    if lists.view_named(view) == lists.TASKS:
        from maild.cli.task_list import print_tasks

        print_tasks(config, most, json=json, as_csv=as_csv)
        return
    wanted = ticket_list.wanted(view, search, columns, sort, group, by)
    found = ticket_list.find(config, wanted, most, summaries=json)
    if json:
        print_json(found.summaries[:: 1 if found.in_order or limit else -1])
    elif as_csv:
        ticket_list.print_csv(found)
    else:
        ticket_list.print_table(ticket_list.screen(), found)
        if found.cut:
            print(f"… and {found.more} more; --all lists them.")
        for name in found.also:
            print(f"also: {name}")
