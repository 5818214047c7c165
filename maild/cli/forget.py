"""`maild forget`: a person's data, found, exported, erased."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from maild.cli.database import open_settings
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.config import Settings
from maild.errors import NotFound, UsageError
from maild.ingest.imap.erasure import There, Wanted, erase_there
from maild.store import Store, asking
from maild.store import erase as erasing
from maild.store.erase import Traces

RECORD = "erasure "  # before the time: key of a Setting


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("forget")(forget)


def forget(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="One of the person's.")],
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="First write all of it here.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase it; else only say what.")] = False,
    quotes: Annotated[
        bool, typer.Option("--quotes", help="Also the stored mails of others that quote them.")
    ] = False,
    mailbox: Annotated[
        bool, typer.Option("--mailbox", help="Also their mail in the mailboxes on the servers.")
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Find, export and erase what the desk has of a person.

    It cannot be undone. Backups and logs are not touched, and the mailboxes only by --mailbox.
    """
    settings, store = open_settings(config)
    found = erasing.traces(store, address)
    is_known = found.people or found.messages or found.outbox or found.quoting
    if not (is_known or mailbox):
        raise NotFound(f"Nothing is known of {address}.")
    if export is not None:
        _export(export, erasing.rows(store, found))
    there = _in_mailboxes(settings, store, found, quotes=quotes, do=yes) if mailbox else []
    counts = _counts(found)
    if yes:
        counts = erasing.erase(store, found, quotes=quotes) if is_known else {}
        _record(store, found, counts, there)
    quoting = _tickets(store, found.quoting) if is_known else []
    if json:
        boxes = [one.as_json() for one in there]
        print_json({"erased": yes, "counts": counts, "quoting": quoting, "mailboxes": boxes})
    else:
        _tell(counts, [] if quotes and yes else quoting, there, found.addresses, yes=yes)
    if any(one.trouble for one in there):
        raise typer.Exit(1)


def _tell(
    counts: Mapping[str, int],
    quoting: list[str],
    there: list[There],
    addresses: list[str],
    *,
    yes: bool,
) -> None:
    print(", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing")
    if quoting:
        print(f"Mails of others that may quote them stay as they are: {', '.join(quoting)}.")
    for one in there:
        print("\n".join(_said(one, addresses, yes=yes)))
    if yes:
        mailbox = "" if there else ", the mailbox on the server (`--mailbox` erases there, too)"
        print(f"Erased. Backups made before{mailbox} and logs still have it.")
    else:
        print("Nothing was erased. `--yes` does it, and it cannot be undone.")


def _said(there: There, addresses: list[str], *, yes: bool) -> Iterator[str]:
    """What became of a mailbox, and what is left to do there."""
    name = f"Mailbox {there.mailbox}"
    found = ", ".join(f"{count} mails in {folder}" for folder, count in there.found.items())
    deleted = " deleted" if found and yes and not there.trouble else ""
    yield f"{name}: {found or 'no mail'}{deleted}."
    if there.marked:
        yield (
            f"{name}: in {', '.join(there.marked)} they are marked as deleted beside others' mail; "
            "the server removes them when a mail program next empties (expunges) the folder."
        )
    if there.elsewhere:
        left = ", ".join(f"{count} in {folder}" for folder, count in there.elsewhere.items())
        yield (
            f"{name}: the desk does not use these folders, so nothing was changed there: {left}. "
            "Delete them with a mail program."
        )
    if there.trouble:
        again = " and ".join(f"`maild forget {one} --mailbox --yes`" for one in addresses)
        yield f"{name}: not all could be done. {there.trouble} Later {again} does it."


def _in_mailboxes(
    settings: Settings, store: Store, found: Traces, *, quotes: bool, do: bool
) -> list[There]:
    """What every mailbox has of them; deleted there where `do` says so."""
    with store.look() as unit:
        hers = asking.messages.named_by(unit, found.messages)
        others = asking.messages.named_by(unit, found.quoting) if quotes else []
    wanted = Wanted(
        addresses=frozenset(found.addresses),
        others=frozenset(others),
        ids=frozenset(message_id for message_id, _ in hers),
    )
    sections = settings.config.mailbox
    return [
        erase_there(
            one,
            wanted,
            {
                other.folder
                for other in sections
                if other is not one and (other.host, other.username) == (one.host, one.username)
            },
            do=do,
        )
        for one in sections
    ]


def _counts(found: Traces) -> dict[str, int]:
    kinds = ("people", "tickets", "messages", "notes", "outbox")
    return {kind: len(getattr(found, kind)) for kind in kinds if getattr(found, kind)}


def _tickets(store: Store, messages: list[int]) -> list[str]:
    """Where these messages stand: the ticket's number, else that of the message."""
    with store.look() as unit:
        where = {number: asking.messages.ticket_number(unit, number) for number in messages}
    return sorted({ticket or f"message {number}" for number, ticket in where.items()})


def _export(file: Path, rows: Mapping[str, Any]) -> None:
    if file.exists():
        raise UsageError(f"{file} is there already; name another.")
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(rows, out, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _record(store: Store, found: Traces, counts: Mapping[str, int], there: Sequence[There]) -> None:
    """What was erased and when; of whom, only for who knows the address already."""
    now = datetime.now(UTC)
    whose = [hashlib.sha256(address.encode()).hexdigest() for address in found.addresses]
    value: dict[str, Any] = {
        "at": now.isoformat(),
        "sha256_of_addresses": whose,
        "counts": dict(counts),
        "mailboxes": [one.as_json() for one in there],
    }
    store.act(lambda unit: asking.settings.keep(unit, RECORD + now.isoformat(), value))
