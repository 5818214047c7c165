"""`maild rules`: what is in force, what will happen when, and what a change would do."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from maild import config as configuration
from maild.app import App, open_app
from maild.cli.database import rules_in_force
from maild.cli.ingest import run_files
from maild.cli.options import ConfigOption, JsonOption, NowOption, local, moment, print_json
from maild.desk import sla, views
from maild.desk.desk import Desk
from maild.desk.profile import profile_folder
from maild.errors import UsageError
from maild.model import EventName
from maild.rules import dry_run, who_is_told
from maild.rules.clocks import waits
from maild.rules.engine import Rules
from maild.rules.load import load_book
from maild.rules.office import STATES
from maild.rules.reference import PAGES, described
from maild.rules.rule import RuleSet
from maild.rules.vocabulary import EVENTS
from maild.spool import BLOCK
from maild.store import asking
from maild.store.records import Clock, Ticket
from maild.store.rehearsal import rehearsal
from maild.store.unit import Unit
from maild.yamlfile import nearest

ProfileArgument = Annotated[
    Path | None, typer.Argument(metavar="[FOLDER]", help="A profile; default: the desk's.")
]

LAST = 200  # mails of the desk that are rehearsed at most
_MESSAGE_ID = re.compile(rb"^message-id:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.I | re.M)

group = typer.Typer(no_args_is_help=False, help="Rules: what happens by itself, and when.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="rules")


@group.callback(invoke_without_command=True)
def _default(context: typer.Context, config: ConfigOption = None) -> None:
    """Rules: what happens by itself, and when."""
    if context.invoked_subcommand is None:
        list_(config=config)


@group.command("check")
def check(
    folder: ProfileArgument = None,
    config: ConfigOption = None,
) -> None:
    """Read profile and rules; tell every mistake with file and line."""
    folder, settings = _asked(folder, config)
    rule_set = load_book(folder, templates=settings.templates if settings else None)
    profile = rule_set.profile
    print(
        f"{profile.name}: {len(profile.statuses)} statuses, {len(rule_set.rules)} rules, "
        f"{len(rule_set.stamps)} files: no mistakes."
    )


def _asked(folder: Path | None, config: Path | None) -> tuple[Path, configuration.Settings | None]:
    """The folder of the profile, and the desk's settings; a folder needs no desk to be read."""
    place = configuration.config_file(config)
    if folder is not None and not place.is_file():
        return folder, None
    settings = configuration.load(place)
    return folder or profile_folder(settings.config.profile, settings.folder), settings


@group.command("list")
def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the rules in force, in the order in which they are asked."""
    rule_set = rules_in_force(configuration.load(configuration.config_file(config)))
    said = described(rule_set.rules)
    rows = [
        {
            "rule": rule.name,
            "when": list(rule.when),
            "waits": waits(rule),
            "then": [step.action for step in rule.steps],
            "if": said[rule.name][0],
            "does": said[rule.name][1],
            "rows": list(rule.rows),
            "why": rule.why,
            "file": str(rule.file),
            "line": rule.line,
        }
        for rule in rule_set.rules
    ]
    if json:
        print_json(rows)
        return
    table = Table("rule", "when, and if what holds", "then", Column("place", no_wrap=True))
    for row in rows:
        place = f"{Path(str(row['file'])).parent.name}/{Path(str(row['file'])).name}:{row['line']}"
        table.add_row(*(escape(str(row[key])) for key in ("rule", "if", "does")), place)
    Console().print(table)


@group.command("who")
def who_(
    folder: ProfileArgument = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell who hears of what: where somebody holds the ticket, where nobody does, where he is away.

    The rules are tried on a small office in memory; nothing of it is kept.
    """
    folder, settings = _asked(folder, config)
    rules = Rules(folder, templates=settings.templates if settings else None)
    rows = who_is_told.table(rules, settings.config if settings else None)
    if json:
        print_json([{"happening": row.happening, **row.told} for row in rows])
        return
    shown = Table("what happens", *STATES)
    for row in rows:
        shown.add_row(escape(row.happening), *(", ".join(t) or "nobody" for t in row.told.values()))
    Console().print(shown)


@group.command("docs")
def docs(
    page: Annotated[str, typer.Argument(metavar="profiles|profile-keys|rules|who")],
) -> None:
    """Print docs/profiles.md, docs/profile-keys.md, docs/rules.md or docs/who.md."""
    make = PAGES.get(f"{page}.md")
    if make is None:
        possible = ", ".join(name.removesuffix(".md") for name in PAGES)
        raise UsageError(f'There is no page "{page}"; possible are {possible}.')
    print(make(), end="")


@group.command("due")
def due(
    number: Annotated[
        str | None, typer.Argument(metavar="[NUMBER]", help="A ticket; default: all.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell what the clocks will do, and when, in the order of time."""
    app = open_app(config, look=True)
    with app.store.look() as unit:
        ticket = views.ticket(unit, number) if number is not None else None
        clocks = asking.clocks.coming(unit, ticket)
        rows = [_coming(unit, app.rules.rule_set, clock) for clock in clocks]
    if json:
        print_json(rows)
        return
    table = Table("due", "ticket", "rule", "what")
    for row in rows:
        cells = (local(row["due"]), row["ticket"] or "", escape(row["rule"]), escape(row["what"]))
        table.add_row(*cells)
    Console().print(table)


def _coming(unit: Unit, rule_set: RuleSet, clock: Clock) -> dict[str, Any]:
    ticket = unit.get(Ticket, clock.ticket_id)
    rule = rule_set.named.get(clock.name)
    if rule is not None:
        what = ", ".join(_step(step.action, step.argument) for step in rule.steps)
    else:
        known = sla.is_clock(clock.name)
        what = "warns or escalates" if known else "nothing: the rule is gone"
    return {
        "due": clock.due,
        "ticket": ticket.number if ticket else None,
        "rule": clock.name,
        "started": clock.started,
        "what": what,
    }


def _step(action: str, argument: Any) -> str:
    if isinstance(argument, dict):
        argument = ", ".join(f"{name} {value}" for name, value in argument.items())
    return f"{action} {argument}"


@group.command("try")
def try_(
    number: Annotated[str, typer.Argument(help="Ticket number.")],
    event: Annotated[str, typer.Argument(help='An event, like "note added".')],
    detail: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=VALUE", help='Of the event, like to="Complete".'),
    ] = None,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell which rules an event would fire on a ticket, and why the others not."""
    if event not in EVENTS:
        raise UsageError(f'"{event}" is no event; {nearest(event, EVENTS)}')
    app = open_app(config, look=True)
    details = dict(_pair(text) for text in detail or [])
    console = Console(highlight=False, soft_wrap=True)
    with app.store.look() as unit:
        desk = _desk(app, unit, moment(now))
        ticket, name = views.ticket(unit, number), EventName(event)
        for verdict in dry_run.verdicts(app.rules.rule_set, desk, ticket, name, details):
            mark = "[green]fires[/green]" if verdict.fires else "[dim]stays[/dim]"
            waits_ = f" ({waits(verdict.rule)})" if verdict.rule.wait else ""
            console.print(f"{mark}  [bold]{escape(verdict.rule.name)}[/bold]{waits_}")
            console.print(f"       because {escape(verdict.because)}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--with {text}: write it like to=Complete.")
    return name.strip(), value


def _desk(app: App, unit: Unit, now: datetime) -> Desk:
    return Desk(
        unit=unit,
        settings=app.settings,
        profile=app.rules.profile,
        now=now,
        cause=f"cli:rules:{now.isoformat()}",
        listeners=(app.rules,),
    )


@group.command("rehearse")
def rehearse(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[MAIL...]", help="Files or folders.")
    ] = None,
    last: Annotated[
        int,
        typer.Option("--last", metavar="N", min=1, max=LAST, help="The last mails that came in."),
    ] = 50,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="PATH", help="A changed profile, or a file of rules."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="RULE", help="Leave this rule out.")
    ] = None,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Run mail with the rules in force and with changed ones; show what differs.

    Without files it is the last mail that the desk has, as if it came in once more.
    """
    if rules is None and not without:
        raise UsageError("Say what to change: --rules PATH, or --without RULE.")
    app = open_app(config, look=True, now=moment(now))
    other = _changed(app, rules, without or [])
    with tempfile.TemporaryDirectory() as folder:
        paths = paths or _last_mail(app, Path(folder), last)
        before = _outcomes(app, app.rules, paths, now)
        after = _outcomes(app, other, paths, now)
    differ = 0
    for (label, old), (_, new) in zip(before, after, strict=True):
        changes = list(_changes(old, new))
        differ += bool(changes)
        for line in (Path(label).name, *changes) if changes else ():
            print(line)
    print(f"{len(before)} mails, {differ} of them end differently. Nothing was kept or sent.")


WHAT = ("outcome", "status", "priority", "told", "rules")  # of what became of a mail


def _changes(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    """Of one mail a line for each thing that would be otherwise."""
    for what, was, would in zip(WHAT, old, new, strict=True):
        if what in ("told", "rules"):
            before, after = (set(filter(None, cell.split(", "))) for cell in (was, would))
            lines = [f"+ {one}" for one in sorted(after - before)]
            lines += [f"- {one}" for one in sorted(before - after)]
            yield from (f"  {what}: {line}" for line in lines)
        elif was != would:
            yield f"  {what}: {was or 'none'} → {would or 'none'}"


def _last_mail(app: App, folder: Path, last: int) -> list[str]:
    """The last mails that came in, under ids of their own, so that none is its own duplicate."""
    paths = []
    with app.store.look() as unit:
        for stored in reversed(asking.messages.latest(unit)[:last]):
            octets = asking.messages.octets(unit, stored.id)
            if not octets:
                continue
            number = b"rehearsed-%d" % stored.id
            head = _MESSAGE_ID.sub(
                rb"Message-ID: <" + number + rb"@maild.invalid>", octets[:BLOCK], 1
            )
            file = folder / f"{stored.id:09} {_file_name(stored.subject)}.eml"
            with file.open("wb") as out:
                out.write(head)
                for start in range(BLOCK, len(octets), BLOCK):
                    out.write(octets[start : start + BLOCK])
            paths.append(str(file))
    return paths


def _file_name(subject: str | None) -> str:
    return re.sub(r"[^\w .-]", "", subject or "")[:40].strip(" .")


def _changed(app: App, path: Path | None, without: list[str]) -> Rules:
    folder = path if path is not None and path.is_dir() else app.rules.folder
    extra = (path,) if path is not None and path.is_file() else ()
    if path is not None and not path.exists():
        raise UsageError(f"There is no {path}.")
    other = Rules(folder, extra, templates=app.settings.templates)
    gone = {dry_run.named(other.rule_set, name).name for name in without}
    kept = tuple(rule for rule in other.rule_set.rules if rule.name not in gone)
    other.rule_set = RuleSet(other.rule_set.profile, kept, other.rule_set.stamps)
    return other


def _outcomes(
    app: App, rules: Rules, paths: list[str], now: str | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Of each mail: what became of it, the ticket's status and priority, who is told, which
    rules."""
    found = []
    with rehearsal(app.store) as store:
        inner = replace(app, store=store, rules=rules)
        for label, outcome in run_files(inner, paths, "files", now):
            cells: tuple[str, ...] = ("", "", "")
            if outcome.ticket:
                with store.look() as unit:
                    cells = _became(unit, views.ticket(unit, outcome.ticket), outcome.message_id)
            found.append((label, (str(outcome.outcome), outcome.status or "", *cells)))
    return found


def _became(unit: Unit, ticket: Ticket, message_id: str | None) -> tuple[str, str, str]:
    """The ticket's priority, and who was told by which rules because of this mail."""
    mails = asking.messages.with_id(unit, message_id) if message_id else []
    mine = {stored.id for stored in mails}
    events = [e for e in asking.tickets.events(unit, ticket) if not mails or e.stored_id in mine]
    fired = [e.detail["rule"] for e in events if e.event == EventName.RULE_FIRED]
    items = [i for i in asking.outbox.of(unit, ticket) if not mails or i.stored_id in mine]
    told = [f"{item.address} ({item.template})" for item in items]
    return ticket.priority, ", ".join(dict.fromkeys(told)), ", ".join(dict.fromkeys(fired))


@group.command("apply")
def apply(
    rule: Annotated[str, typer.Argument(help="Name of the rule, or a part of it.")],
    to: Annotated[str, typer.Option("--to", metavar="VIEW", help="Which tickets.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it, not only show it.")] = False,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Let a rule act on tickets that are there already, after showing what would change."""
    app = open_app(config)
    chosen = dry_run.named(app.rules.rule_set, rule)
    table = Table("ticket", "title", "what", title=chosen.name)

    count = 0
    with app.store.unit() if yes else app.store.look() as unit:
        desk = _desk(app, unit, moment(now))
        for ticket, done in dry_run.apply(chosen, app.rules.rule_set, desk, to):
            count += 1
            table.add_row(ticket.number, escape(ticket.title), escape("; ".join(done)))
    Console().print(table)
    print(f"{count} tickets. " + ("Done." if yes else "Nothing was changed; --yes does it."))
