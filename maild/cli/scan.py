"""`maild scan`: the files that wait for the virus scanner."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any

import typer

from maild.cli.database import open_store
from maild.cli.options import ConfigOption
from maild.config import AttachmentsSection, config_file, load
from maild.desk.file_policy import judged
from maild.errors import UsageError
from maild.ingest.scanner import Scanner
from maild.model import Verdict
from maild.parse.attachments import contents
from maild.store import asking
from maild.store.records import Note
from maild.store.unit import Unit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan")(scan)


def scan(config: ConfigOption = None) -> None:
    """Scan the files that wait, as the virus scanner did not answer.

    Those that are clean can be had on their tickets from then on; no mail is sent again.
    """
    settings, store = load(config_file(config)), open_store(config)
    policy = settings.config.attachments
    scanner, found = Scanner(policy), Counter[str]()
    if not scanner.is_there:
        raise UsageError("There is no scanner: set `scanner` in [attachments].")
    with store.look() as unit:
        waiting = [
            (note_id, octets)
            for note_id, views, octets in asking.integrity.files(unit)
            if octets and any(view.get("refused") == Verdict.PENDING for view in views)
        ]
    for note_id, octets in waiting:
        verdicts = scanner.verdicts(contents(octets))
        store.act(partial(_write, note_id, verdicts, policy, found))
    store.act(lambda unit: scanner.report(unit, datetime.now(UTC)))
    print(", ".join(f"{count} {what}" for what, count in found.items()) or "no file waits")
    if scanner.trouble is not None:
        raise UsageError(f"The scanner of [attachments] {scanner.trouble}")


def _write(
    note_id: int,
    verdicts: dict[str, Verdict],
    policy: AttachmentsSection,
    found: Counter[str],
    unit: Unit,
) -> None:
    note = unit.get(Note, note_id)
    if note is None:
        return
    views: list[dict[str, Any]] = []
    for view in note.attachments:
        if view.get("refused") != Verdict.PENDING:
            views.append(dict(view))
            continue
        verdict = verdicts.get(view["sha256"], Verdict.PENDING)
        found[verdict] += 1
        fresh = {key: value for key, value in view.items() if key != "refused"}
        views += judged([fresh | {"verdict": verdict}], policy)
    unit.change(note, attachments=views)
