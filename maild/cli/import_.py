"""`maild import`: another helpdesk's exports become tickets, with their dates, telling nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from maild.app import open_app
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.errors import UsageError
from maild.importer.csv_rows import read_exports
from maild.importer.mapping import SHIPPED, load_mapping, shipped
from maild.importer.plan import make_plan
from maild.importer.write import Importer
from maild.yamlfile import nearest

SHOWN = 20  # remarks and mistakes that are printed


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="CSV files, in any order; headings say which is which."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="NAME|FILE", help=f"{', '.join(shipped())}, or your own mapping."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come in, and write nothing.")
    ] = False,
    show_mapping: Annotated[
        str, typer.Option("--show-mapping", metavar="NAME", help="Print a mapping to begin with.")
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Bring in what another helpdesk exported."""
    if show_mapping:
        print(_shipped_text(show_mapping), end="")
        return
    if not files or not source:
        raise UsageError(
            "Name the exported files and where they are from: "
            "`maild import tickets.csv contacts.csv --from zendesk --dry-run`."
        )
    exports = load_mapping(source)
    app = open_app(config, look=dry_run)
    plan = make_plan(
        read_exports(files, exports), exports, app.profile, app.settings.config, datetime.now(UTC)
    )
    if plan.mistakes:
        raise UsageError(
            f"Nothing is imported, as {len(plan.mistakes)} of these lines cannot be read:\n"
            + _some(plan.mistakes, "mistakes")
        )
    new, strangers = 0, set[str]()
    if not dry_run:
        importer = Importer(app.store, app.settings, app.profile, datetime.now(UTC), exports.name)
        new, strangers = importer.write(plan), importer.strangers
    if json:
        print_json(
            plan.counts()
            | {"new": new, "dry_run": dry_run, "remarks": plan.remarks}
            | {"unknown_resources": sorted(strangers)}
        )
        return
    print(_report(plan.counts(), new, dry_run))
    if strangers:
        print(
            f"Technicians whom nobody here is, so nobody has their tickets: "
            f"{', '.join(sorted(strangers))}. Add them as [[resource]] before you import."
        )
    if plan.remarks:
        print(f"Otherwise than it stands there:\n{_some(plan.remarks, 'remarks')}")


def _report(counts: dict[str, int], new: int, dry_run: bool) -> str:
    found = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    if dry_run:
        return f"There would come in: {found}. Nothing is written yet; leave out --dry-run."
    there = counts["tickets"] - new
    before = f" ({there} were here already)" if there else ""
    return f"{found} read; {new} tickets are new{before}. Nobody was told."


def _some(lines: list[str], what: str) -> str:
    shown = [f"  {line}" for line in lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(f"  … and {len(lines) - SHOWN} more {what}; --json lists all remarks.")
    return "\n".join(shown)


def _shipped_text(name: str) -> str:
    file = SHIPPED / f"{name.lower()}.yaml"
    if not file.is_file():
        raise UsageError(f"--show-mapping {name}: {nearest(name, shipped())}")
    return file.read_text("utf-8")
