"""`maild records`: assets, contracts, articles, projects … of the one table of kinds."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import RECORDS, App, open_app
from maild.cli import record_table
from maild.cli.acting import RehearseOption
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.desk import item_files, items, people
from maild.desk.desk import Actor, Desk
from maild.desk.item_kinds import KINDS, kind_named
from maild.errors import UsageError
from maild.model import Role
from maild.store import asking
from maild.store.unit import Unit

KindArgument = Annotated[str, typer.Argument(metavar="KIND", help=", ".join(KINDS) + ".")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name; a contact's address.")]
SHOWN = 5  # fields in a list


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Organizations, contacts, assets, contracts, projects, articles.", no_args_is_help=True
    )
    group.command("list")(list_)
    group.command("import")(import_)
    for command in (show, put, retire, export):
        group.command(command.__name__)(command)
    app.add_typer(group, name="records")


def list_(
    kind: KindArgument,
    organization: Annotated[
        str | None, typer.Option("--organization", metavar="NAME", help="Of this client alone.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the records of a kind."""
    wanted = kind_named(kind)
    with open_app(config, look=True).store.look() as unit:
        client = people.the_organization(unit, organization) if organization else None
        found = items.listed(unit, wanted, client)
        rows = [items.plain(unit, wanted, record) for _, record in found]
    if json:
        print_json(rows)
        return
    Console().print(record_table.table(item_files.columns(wanted)[: SHOWN + 1], rows))


def show(
    kind: KindArgument, name: NameArgument, json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show one record with all its fields."""
    wanted = kind_named(kind)
    with open_app(config, look=True).store.look() as unit:
        row = items.plain(unit, wanted, items.find(unit, wanted, name))
    if json:
        print_json(row)
        return
    facts = Table.grid(padding=(0, 2))
    for field, value in row.items():
        if value not in (None, "", []):
            facts.add_row(field.replace("_", " "), escape(record_table.shown(value)))
    Console().print(facts)


def put(
    kind: KindArgument,
    name: NameArgument,
    fields: Annotated[
        list[str] | None, typer.Argument(metavar="FIELD=VALUE", help="Like serial=4711.")
    ] = None,
    rehearse: RehearseOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a record, or change fields of it; an empty value empties a field."""
    wanted = kind_named(kind)
    texts = item_files.filled(wanted, fields or ())
    _act(config, lambda desk: items.put(desk, wanted, name, texts), rehearse=rehearse)
    print(f"{name} {'would be' if rehearse else 'is'} there.")


def retire(kind: KindArgument, name: NameArgument, config: ConfigOption = None) -> None:
    """Take a record out of use."""
    wanted = kind_named(kind)
    _act(config, lambda desk: items.retire(desk, wanted, name))
    print(f"{name} is retired.")


def import_(
    kind: KindArgument,
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8; its first line names the fields.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say every mistake, and keep nothing.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make and change records from a CSV file: all of it, or nothing."""
    wanted = kind_named(kind)
    count = _act(config, lambda desk: item_files.read_csv(desk, wanted, file), rehearse=dry_run)
    print(f"{count} lines of {file} {'would be' if dry_run else 'are'} in.")


def export(kind: KindArgument, config: ConfigOption = None) -> None:
    """Print all records of a kind as CSV, as `import` reads them."""
    with open_app(config, look=True).store.look() as unit:
        item_files.write_csv(unit, kind_named(kind), sys.stdout)


def _act(config: Path | None, work: Any, *, rehearse: bool = False) -> Any:
    app = open_app(config, look=rehearse)
    if rehearse:
        with app.store.look() as unit:
            return work(_desk(app, unit))

    def act(unit: Unit) -> Any:
        alert = asking.alerts.with_key(unit, RECORDS)
        if alert is not None and alert.cleared is None:  # who writes records is told first
            raise UsageError(alert.text)
        return work(_desk(app, unit))

    return app.store.act(act)


def _desk(app: App, unit: Unit) -> Desk:
    return Desk(
        unit=unit,
        settings=app.settings,
        profile=app.profile,
        now=datetime.now(UTC),
        cause="cli:records",
        actor=Actor("maild records", Role.SYSTEM),
        listeners=(app.rules,),
    )
