"""`maild outbox`: what waits, was sent, failed; sent again, given up, paused and resumed."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy.orm import Session, defer

from maild.app import App, open_app
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
from maild.outbox import by_hand, preview
from maild.outbox import rows as delivery
from maild.outbox.journal import Journal, journal_path
from maild.store import records
from maild.store.tables import Delivery, OutboxItem
from maild.templates.history import me

Which = Annotated[
    list[str] | None, typer.Argument(metavar="[WHICH]…", help="Ids, addresses, ticket numbers.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help='All that failed since: a time, or "2 hours".'),
]
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
        store.write(lambda session: delivery.pause(session, me(), datetime.now(UTC)))
    if resume:
        store.write(delivery.resume)
    with store.read() as session:
        held = delivery.paused(session)
    if held:
        since = local(datetime.fromisoformat(held["since"]))
        print(f"Paused by {held['by']} since {since}; --resume goes on.", file=sys.stderr)
    elif resume:
        print("Delivery goes on.", file=sys.stderr)
    if not (pause or resume):
        list_(every=every, json=json, config=config)


def list_(every: AllOption = False, json: JsonOption = False, config: ConfigOption = None) -> None:
    """List notifications, the newest first: waiting, sent, failed."""
    with open_app(config, look=True).store.read() as session:
        light = defer(OutboxItem.octets), defer(OutboxItem.data)
        newest = sa.select(OutboxItem).options(*light).order_by(OutboxItem.id.desc())
        found = session.scalars(newest if every or json else newest.limit(SCREENFUL))
        rows = [_item(item) for item in found]
        count = session.scalar(sa.select(sa.func.count()).select_from(OutboxItem)) or 0
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
    with app.store.read() as session:
        item = session.get(OutboxItem, number)
        if item is None:
            raise NotFound(f"There is no notification {number}; `maild outbox` shows all.")
        row, octets = _item(item) | {"deliveries": _deliveries(session, number)}, item.octets
    if json and not raw:
        print_json(row)
        return
    draft = _unwritten(app, number) if octets is None else None
    if raw:
        sys.stdout.buffer.write(draft.octets if draft is not None else octets or b"")
        sys.stdout.buffer.flush()
        return
    _print(row)
    if draft is not None:
        print(f"\nIt is not written yet; now it would be:\n\nSubject: {draft.subject}\n")
        print(draft.text)


def _unwritten(app: App, number: int) -> preview.Preview:
    with app.store.look() as unit:
        item = unit.get(records.OutboxItem, number)
        assert item is not None
        return preview.of_item(app.settings, unit, item)


def retry(which: Which = None, since: Since = None, config: ConfigOption = None) -> None:
    """Send notifications again that failed, or wait."""
    app, now = open_app(config), datetime.now(UTC)
    from_then = _since(since, now)
    with closing(Journal(journal_path(app.settings))) as journal:

        def work(session: Session) -> int:
            items = by_hand.chosen(session, which or (), from_then)
            for item in items:
                by_hand.again(session, item, journal, me(), now)
            return len(items)

        count = app.store.write(work)
    print(f"{_many(count)} will be sent again by `maild run`.")


def drop(which: Which = None, since: Since = None, config: ConfigOption = None) -> None:
    """Give notifications up that were not sent."""
    app, now = open_app(config), datetime.now(UTC)
    from_then = _since(since, now)

    def work(session: Session) -> int:
        items = by_hand.chosen(session, which or (), from_then)
        for item in items:
            by_hand.give_up(session, item, me(), now)
        return len(items)

    print(f"{_many(app.store.write(work))} will not be sent.")


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


def _item(item: OutboxItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "state": item.state,
        "template": item.template,
        "to": item.address,
        "ticket": item.ticket.number if item.ticket else None,
        "message_id": item.message_id,
        "relay_id": item.relay_id,
        "subject": item.subject,
        "attempts": item.attempts,
        "next_try": item.next_try if item.state == "waiting" else None,
        "created": item.created,
        "sent": item.sent,
        "error": item.error,
    }


def _deliveries(session: Session, number: int) -> list[dict[str, Any]]:
    query = sa.select(Delivery).where(Delivery.outbox_id == number).order_by(Delivery.id)
    return [{"at": d.at, "code": d.code, "text": d.text} for d in session.scalars(query)]


def _print(row: dict[str, Any]) -> None:
    for key, value in row.items():
        if key != "deliveries" and value is not None:
            shown = local(value) if isinstance(value, datetime) else str(value)
            print(f"{key:<12}{shown}")
    for one in row["deliveries"]:
        print(f"{local(one['at'])}  {one['code'] or '':<5}{one['text']}")
    if row["state"] in by_hand.OVER:
        print(f"\n`maild outbox retry {row['id']}` sends it again; `--raw` prints the mail.")
