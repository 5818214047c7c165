"""`maild outbox`: what waits, was sent, failed; sent again, given up, paused and resumed."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from maild.app import open_app
from maild.cli.options import (
    SCREENFUL,
    AllOption,
    ConfigOption,
    JsonOption,
    local,
    moment,
    more,
    print_json,
)
from maild.config import time_back
from maild.errors import NotFound
from maild.model import SendState
from maild.outbox import preview, retry_or_drop
from maild.outbox import rows as delivery
from maild.outbox.journal import Journal, journal_path
from maild.store import asking
from maild.store.asking.outbox import ALL, OVER, Summary
from maild.store.records import OutboxItem
from maild.store.unit import Unit
from maild.templates.history import me

Which = Annotated[
    list[str] | None, typer.Argument(metavar="[WHICH]…", help="Ids, addresses, ticket numbers.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help='All that failed since: a time, or "2 hours".'),
]
PRUNED = "Its words are not kept any more: they were pruned, as `[keep] outbox` says, or erased."
Id = Annotated[int, typer.Argument(metavar="ID", help="As `maild outbox` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="What goes out to people: waiting, sent, failed.", invoke_without_command=True
    )
    group.callback()(outbox)
    group.command("list")(list_)
    for command in (show, retry, drop):
        group.command(command.__name__)(command)
    app.add_typer(group, name="outbox")


def outbox(
    context: typer.Context,
    pause: Annotated[bool, typer.Option("--pause", help="Send nothing until --resume.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Send again.")] = False,
    every: AllOption = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List notifications, the newest first: waiting, sent, failed.

    Or pause their delivery, and resume it.
    """
    if context.invoked_subcommand is not None:
        return
    store = open_app(config, look=not (pause or resume)).store
    if pause:
        store.act(lambda unit: delivery.pause(unit, me(), datetime.now(UTC)))
    if resume:
        store.act(delivery.resume)
    with store.look() as unit:
        held = delivery.paused(unit)
    if held:
        since = local(datetime.fromisoformat(held["since"]))
        print(f"Paused by {held['by']} since {since}; --resume goes on.", file=sys.stderr)
    elif resume:
        print("Delivery goes on.", file=sys.stderr)
    if not (pause or resume):
        list_(every=every, json=json, config=config)


def list_(every: AllOption = False, json: JsonOption = False, config: ConfigOption = None) -> None:
    """List notifications, the newest first: waiting, sent, failed."""
    with open_app(config, look=True).store.look() as unit:
        newest = asking.outbox.newest(unit, ALL if every or json else SCREENFUL)
        rows = [_item(item) for item in newest]
        count = asking.outbox.count(unit)
    if json:
        print_json(rows[::-1])
        return
    table = Table("id", "state", "template", "to", Column("ticket", no_wrap=True))
    for heading in ("tries", "created", "error"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            *(
                str(row[key] if row[key] is not None else "")
                for key in ("id", "state", "template", "to", "ticket", "attempts")
            ),
            local(row["created"]),
            escape(row["error"] or ""),
        )
    Console().print(table)
    more(count - len(rows))


def show(
    number: Id,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail itself.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one notification with every attempt at it, or the mail itself."""
    app = open_app(config, look=True)
    with app.store.look() as unit:
        found, item = asking.outbox.summary(unit, number), unit.get(OutboxItem, number)
        if found is None or item is None:
            raise NotFound(f"There is no notification {number}; `maild outbox` shows all.")
        row, octets = _item(found) | {"deliveries": _deliveries(unit, number)}, item.octets
        pruned = octets is None and not item.data
        unwritten = octets is None and not pruned
        draft = preview.of_item(app.settings, unit, item) if unwritten else None
    if json and not raw:
        print_json(row)
        return
    if raw and pruned:
        raise NotFound(PRUNED)
    if raw:
        sys.stdout.buffer.write(draft.octets if draft is not None else octets or b"")
        sys.stdout.buffer.flush()
        return
    _print(row)
    if pruned:
        print(f"\n{PRUNED}")
    if draft is not None:
        print(f"\nIt is not written yet; now it would be:\n\nSubject: {draft.subject}\n")
        print(draft.text)


def retry(which: Which = None, since: Since = None, config: ConfigOption = None) -> None:
    """Send notifications again that failed, or wait."""
    app, now = open_app(config), datetime.now(UTC)
    from_then = _since(since, now)
    with closing(Journal(journal_path(app.settings))) as journal:

        def work(unit: Unit) -> int:
            items = retry_or_drop.chosen(unit, which or (), from_then)
            for item in items:
                retry_or_drop.again(unit, item, journal, me(), now)
            return len(items)

        count = app.store.act(work)
    print(f"{_many(count)} will be sent again by `maild run`.")


def drop(which: Which = None, since: Since = None, config: ConfigOption = None) -> None:
    """Give notifications up that were not sent."""
    app, now = open_app(config), datetime.now(UTC)
    from_then = _since(since, now)

    def work(unit: Unit) -> int:
        items = retry_or_drop.chosen(unit, which or (), from_then)
        for item in items:
            retry_or_drop.give_up(unit, item, me(), now)
        return len(items)

    print(f"{_many(app.store.act(work))} will not be sent.")


def _many(count: int) -> str:
    return "One notification" if count == 1 else f"{count} notifications"


def _since(text: str | None, now: datetime) -> datetime | None:
    """A moment, or how long ago: "2 hours"."""
    if text is None:
        return None
    try:
        back = time_back(text)
    except ValueError:
        return moment(text)
    return now - (back or timedelta(days=36500))


def _item(item: Summary) -> dict[str, Any]:
    return {
        "id": item.id,
        "state": item.state,
        "template": item.template,
        "to": item.address,
        "ticket": item.ticket,
        "message_id": item.message_id,
        "relay_id": item.relay_id,
        "subject": item.subject,
        "attempts": item.attempts,
        "next_try": item.next_try if item.state == SendState.WAITING else None,
        "created": item.created,
        "sent": item.sent,
        "error": item.error,
    }


def _deliveries(unit: Unit, number: int) -> list[dict[str, Any]]:
    found = asking.deliveries.attempts(unit, number)
    return [{"at": d.at, "code": d.code, "text": d.text} for d in found]


def _print(row: dict[str, Any]) -> None:
    for key, value in row.items():
        if key != "deliveries" and value is not None:
            shown = local(value) if isinstance(value, datetime) else str(value)
            print(f"{key:<12}{shown}")
    for one in row["deliveries"]:
        print(f"{local(one['at'])}  {one['code'] or '':<5}{one['text']}")
    if row["state"] in OVER:
        print(f"\n`maild outbox retry {row['id']}` sends it again; `--raw` prints the mail.")
