"""One client whole: what is known of it, its open tickets, people and records (N22)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.cli import record_table
from maild.cli.database import open_desk
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.cli.ticket_list import ticket_table
from maild.desk import item_files, items, people, views
from maild.desk.item_kinds import KINDS
from maild.desk.profile import Profile
from maild.desk.reach import FOR_ALL, Reach
from maild.store.asking import clients
from maild.store.records import Organization
from maild.store.unit import Unit

COLUMNS = 6  # of each table
CLIENT, CONTACT = KINDS["organization"], KINDS["contact"]
OF_CLIENTS = [kind for kind in KINDS.values() if kind.kept == "item" and kind.name != "checklist"]


def register(app: typer.Typer) -> None:
    app.command("client")(show)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the organization.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show a client: its open tickets, people, assets, projects."""
    store, profile = open_desk(config)
    with store.look() as unit:
        page = whole(unit, profile, people.the_organization(unit, name), datetime.now(UTC))
    if json:
        print_json(page)
    else:
        _print(Console(), page)


def whole(unit: Unit, profile: Profile, client: Organization, now: datetime) -> dict[str, Any]:
    """All of a client as plain data; `minutes`: worked for it this month."""
    open_tickets = views.tickets(unit, profile, "open", now=now, client=client.id)
    mine = Reach(unit, client.id)
    records = {
        kind.plural: [
            items.plain(unit, kind, item)
            for item in mine.items(kind.name)
            if item.organization_id is not None or kind.name not in FOR_ALL
        ]
        for kind in OF_CLIENTS
    }
    return {
        **items.plain(unit, CLIENT, client),
        "minutes": clients.minutes(unit, client.id, now),
        "tickets": [views.summary(unit, ticket) for ticket in open_tickets],
        "contacts": [
            items.plain(unit, CONTACT, record) for _, record in items.listed(unit, CONTACT, client)
        ],
        **records,
    }


def _print(console: Console, page: dict[str, Any]) -> None:
    facts = Table.grid(padding=(0, 2))
    for field in (CLIENT.named_by, *(slot.name for slot in CLIENT.slots)):
        if page[field] not in (None, "", []):
            facts.add_row(field.replace("_", " "), escape(record_table.shown(page[field])))
    facts.add_row("hours of this month", f"{page['minutes'] / 60:g}")
    console.print(facts)
    if page["tickets"]:
        console.print("\n[bold]open tickets[/bold]", ticket_table(page["tickets"]))
    for kind in (CONTACT, *OF_CLIENTS):
        if rows := page[kind.plural]:
            columns = item_files.columns(kind)[:COLUMNS]
            console.print(f"\n[bold]{kind.plural}[/bold]", record_table.table(columns, rows))
