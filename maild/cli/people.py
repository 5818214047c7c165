"""`maild people`: technicians, contacts and organizations of the one table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild.app import App, open_app
from maild.cli.options import SCREENFUL, AllOption, ConfigOption, JsonOption, more, print_json
from maild.desk import csv_files, people, views
from maild.desk.desk import Actor, Desk
from maild.desk.people import Change
from maild.errors import UsageError
from maild.model import Address, Role, TicketRole
from maild.store import asking
from maild.store.unit import Unit

Email = Annotated[str, typer.Argument(metavar="ADDRESS", help="One of their mail addresses.")]
NameOption = Annotated[str | None, typer.Option("--name")]
RoleOption = Annotated[
    str | None, typer.Option("--role", metavar="ROLE", help="resource or contact.")
]
OrganizationOption = Annotated[
    str | None,
    typer.Option("--organization", metavar="NAME", help='Which they belong to; "": none.'),
]
AliasOption = Annotated[
    list[str] | None,
    typer.Option("--alias", metavar="ADDRESS", help="A further address of theirs."),
]
LanguageOption = Annotated[str | None, typer.Option("--language", metavar="LANG")]
TimezoneOption = Annotated[str | None, typer.Option("--timezone", metavar="ZONE")]
ActiveOption = Annotated[
    bool | None, typer.Option("--active/--inactive", help="Who is inactive has no rights.")
]

COLUMNS = (
    "kind", "name", "email", "organization", "domains", "aliases", "language", "timezone", "active",
)  # fmt: skip
KINDS = ("resource", "contact", "organization")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Technicians, contacts and organizations.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("import")(import_)
    for command in (add, change, organization, approve):
        group.command(command.__name__)(command)
    app.add_typer(group, name="people")


def list_(
    role: RoleOption = None,
    organizations: Annotated[
        bool, typer.Option("--organizations", help="Organizations instead of people.")
    ] = False,
    every: AllOption = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List people, or organizations; of many people the newest."""
    app = open_app(config, look=True)
    most = None if every or json else SCREENFUL
    with app.store.look() as unit:
        rows = _organizations(unit) if organizations else _people(unit, role, most)
        count = len(rows) if organizations else asking.people.count(unit, _role(role))
    if json:
        print_json(rows)
        return
    table = Table(*(rows[0] if rows else ("name",)))
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    Console().print(table)
    more(count - len(rows))


def add(
    email: Email,
    name: NameOption = None,
    role: RoleOption = "contact",
    organization: OrganizationOption = None,
    alias: AliasOption = None,
    language: LanguageOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = None,
) -> None:
    """Add a person."""
    wanted = Change(
        name, _role(role), organization, tuple(alias or ()), language, timezone, active=None
    )
    app = open_app(config)
    app.store.act(lambda unit: people.add(unit, email, wanted, _now()))
    print(f"{email} is added.")


def change(
    email: Email,
    name: NameOption = None,
    role: RoleOption = None,
    organization: OrganizationOption = None,
    alias: AliasOption = None,
    language: LanguageOption = None,
    timezone: TimezoneOption = None,
    active: ActiveOption = None,
    release: Annotated[
        bool, typer.Option("--release", help="Write to their addresses again after bounces.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Change a person; what is not named stays as it is."""
    wanted = Change(
        name, _role(role), organization, tuple(alias or ()), language, timezone, active, release
    )
    app = open_app(config)
    app.store.act(lambda unit: people.alter(unit, people.the_person(unit, email), wanted))
    print(f"{email} is changed.")


def organization(
    name: Annotated[str, typer.Argument(help="Its name.")],
    domain: Annotated[
        list[str] | None,
        typer.Option("--domain", metavar="DOMAIN", help="Mail from there belongs to it."),
    ] = None,
    active: ActiveOption = None,
    config: ConfigOption = None,
) -> None:
    """Add or change an organization."""
    app = open_app(config)
    app.store.act(lambda unit: people.put_organization(unit, name, domain or (), active))
    print(f"{name} is there.")


def approve(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    email: Email,
    config: ConfigOption = None,
) -> None:
    """Let somebody who was named in Cc hear of a ticket (`#cc ADDRESS` does it by mail)."""
    app = open_app(config)

    def work(unit: Unit) -> None:
        ticket = views.ticket(unit, number)
        desk = _desk(app, unit, f"cli:approve {number} {email}")
        desk.add_person(ticket, people.the_person(unit, email), TicketRole.ADDITIONAL)
        desk.settle()

    app.store.act(work)
    print(f"{email} is on {number} now.")


def import_(
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {', '.join(COLUMNS)}.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say every mistake, and keep nothing.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Add and change people and organizations from a CSV file: all of it, or nothing."""
    rows = csv_files.rows(file, COLUMNS, ["kind"])
    # Organizations first: people may name one that stands further down.
    rows.sort(key=lambda row: row.get("kind").lower() != "organization")
    app = open_app(config, look=dry_run)

    def work(unit: Unit) -> int:
        desk = _desk(app, unit, f"cli:import {file}")
        return csv_files.put_each(rows, lambda row: _put(unit, row), desk.attempt)

    if dry_run:
        with app.store.look() as unit:
            count = work(unit)
    else:
        count = app.store.act(work)
    print(f"{count} lines of {file} {'would be' if dry_run else 'are'} in.")


def _put(unit: Unit, row: csv_files.Row) -> None:
    kind = row.get("kind").lower()
    active = _yes(row.get("active"))
    if kind not in KINDS:
        raise UsageError(f'"{row.get("kind")}" is no kind; possible are {", ".join(KINDS)}.')
    if kind == "organization":
        people.put_organization(unit, row.get("name"), _words(row.get("domains")), active)
        return
    wanted = Change(
        row.get("name") or None,
        Role(kind),
        row.get("organization") or None,
        tuple(_words(row.get("aliases"))),
        row.get("language") or None,
        row.get("timezone") or None,
        active,
    )
    known = people.by_address(unit, Address("", row.get("email")))
    if known is None:
        people.add(unit, row.get("email"), wanted, _now())
    else:
        people.alter(unit, known, wanted)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace(";", " ").split()


def _yes(text: str) -> bool | None:
    known = {
        "": None,
        "yes": True,
        "true": True,
        "1": True,
        "no": False,
        "false": False,
        "0": False,
    }
    if text.lower() not in known:
        raise UsageError(f'active is "{text}"; write yes or no.')
    return known[text.lower()]


def _role(role: str | None) -> Role | None:
    if role is not None and role not in KINDS[:2]:
        raise UsageError(f"--role {role}: resource and contact are possible.")
    return Role(role) if role is not None else None


def _people(unit: Unit, role: str | None, most: int | None) -> list[dict[str, Any]]:
    rows = []
    for person in asking.people.listed(unit, _role(role), most):
        organization = asking.people.organization(unit, person)
        addresses = asking.people.addresses(unit, person)
        rows.append(
            {
                "role": person.role,
                "name": person.name,
                "addresses": [address.address for address in addresses],
                "organization": organization.name if organization else None,
                "active": person.active,
                "source": person.source,
                "language": person.language,
                "timezone": person.timezone,
                "held": [f"{a.address}: {a.held}" for a in addresses if a.held],
            }
        )
    return rows


def _organizations(unit: Unit) -> list[dict[str, Any]]:
    domains: dict[int, list[str]] = {}
    for domain in unit.all(asking.people.DOMAINS):
        domains.setdefault(domain.organization_id, []).append(domain.domain)
    found = unit.all(asking.people.ORGANIZATIONS)
    return [{"name": o.name, "domains": domains.get(o.id, []), "active": o.active} for o in found]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _desk(app: App, unit: Unit, cause: str) -> Desk:
    return Desk(
        unit=unit,
        settings=app.settings,
        profile=app.profile,
        now=_now(),
        cause=cause,
        actor=Actor("maild people", Role.SYSTEM),
        listeners=(app.rules,),
    )


def _now() -> datetime:
    return datetime.now(UTC)
