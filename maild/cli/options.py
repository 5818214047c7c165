"""Options that many commands share, and printing."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from maild.errors import UsageError
from maild.spool import Blocks, blocks_of

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration [$MAILD_CONFIG or ./maild.toml]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them, not the newest alone.")]
NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="TIME", help="Set the desk's clock, like 2026-12-03T09:00:00Z."),
]

SCREENFUL = 40  # rows of a list without --all

# Years that --now may name: clocks and zones reckon some years to both sides of it.
FIRST_YEAR, LAST_YEAR = 1970, 9000


def moment(text: str | None) -> datetime:
    """The time of --now (RFC 3339; UTC where it names no zone), else now."""
    if text is None:
        return datetime.now(UTC)
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"--now {text}: write a time like 2026-12-03T09:00:00Z or 2026-12-03T10:00+01:00."
        ) from error
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise UsageError(f"--now {text}: a year from {FIRST_YEAR} to {LAST_YEAR} is needed.")
    return value


def write_octets(octets: bytes | Blocks) -> None:
    """Octets as they are, to standard output."""
    for block in blocks_of(octets):
        sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def print_json(value: Any, *, line: bool = False) -> None:
    """One JSON document, times in RFC 3339 UTC; on one line for --jsonl."""
    text = json.dumps(value, ensure_ascii=False, indent=None if line else 2, default=_plain)
    print(text.encode("utf-8", "replace").decode(), flush=line)


def more(left: int) -> None:
    """Says how many a list leaves out, if it does."""
    if left > 0:
        print(f"… and {left:,} more; --all lists them.")


def when(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def local(value: datetime | None) -> str:
    """A time as a person reads it, in the machine's zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else ""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return when(value)
    raise TypeError(type(value).__name__)
