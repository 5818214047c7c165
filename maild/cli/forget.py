"""`maild forget`: a person's data, found, exported, erased."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.errors import NotFound, UsageError
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
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Find, export and erase what the desk has of a person.

    It cannot be undone. Mails on the server, backups and logs are not touched.
    """
    store = open_store(config)
    found = erasing.traces(store, address)
    if not (found.people or found.messages or found.outbox or found.quoting):
        raise NotFound(f"Nothing is known of {address}.")
    if export is not None:
        _export(export, erasing.rows(store, found))
    counts = erasing.erase(store, found, quotes=quotes) if yes else _counts(found)
    if yes:
        _record(store, found, counts)
    if json:
        print_json({"erased": yes, "counts": counts, "quoting": _tickets(store, found.quoting)})
        return
    print(", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing")
    if (quoting := _tickets(store, found.quoting)) and not (quotes and yes):
        print(f"Mails of others that may quote them stay as they are: {', '.join(quoting)}.")
    if yes:
        print("Erased. Backups made before, the mailbox on the server and logs still have it.")
    else:
        print("Nothing was erased. `--yes` does it, and it cannot be undone.")


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


def _record(store: Store, found: Traces, counts: Mapping[str, int]) -> None:
    """What was erased and when; of whom, only for who knows the address already."""
    now = datetime.now(UTC)
    whose = [hashlib.sha256(address.encode()).hexdigest() for address in found.addresses]
    value = {"at": now.isoformat(), "sha256_of_addresses": whose, "counts": dict(counts)}
    store.act(lambda unit: asking.settings.keep(unit, RECORD + now.isoformat(), value))
