"""`maild ingest`: files of mail through the same pipeline as the mailboxes."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from maild.app import App, open_app, prepare
from maild.cli.options import ConfigOption, JsonlOption, NowOption, moment, print_json
from maild.config import Config
from maild.ingest.accept import accept
from maild.ingest.files import read_paths
from maild.ingest.outcome import Outcome
from maild.ingest.process import RETRY, groups
from maild.parse.limits import Source
from maild.store.rehearsal import rehearsal
from maild.store.unit import Unit

FILES = "files"  # what mail is said to come in by that no mailbox brought


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[list[str], typer.Argument(help=".eml, mbox, Maildir, folder of these, or -")],
    jsonl: JsonlOption = False,
    mailbox: Annotated[
        str, typer.Option("--mailbox", metavar="NAME", help="The mailbox they came in by.")
    ] = FILES,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Keep nothing and send nothing.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Keep everything and tell nobody: for old mail.")
    ] = False,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Take mail from files, as if it had come in by a mailbox."""
    unread: list[str] = []
    with _house(config, moment(now), rehearse) as app:
        app = replace(app, settings=app.settings.quiet()) if quiet else app
        _note_unknown(app.settings.config, mailbox)
        outcomes = run_files(app, paths, mailbox, now, unread)
        if jsonl:
            for label, outcome in outcomes:
                print_json({"file": label} | asdict(outcome), line=True)
        else:
            _print(outcomes)
    if unread:
        raise typer.Exit(1)


def _note_unknown(config: Config, mailbox: str) -> None:
    """Mail may come from a mailbox that is configured no more; but a slip is told."""
    names = [section.name for section in config.mailbox]
    if mailbox != FILES and mailbox not in names:
        close = difflib.get_close_matches(mailbox, names, 1)
        hint = f'; did you mean "{close[0]}"?' if close else "; its mails go to the usual queue."
        print(f'maild: There is no [[mailbox]] named "{mailbox}"{hint}', file=sys.stderr)


@contextmanager
def _house(file: Path | None, now: datetime, rehearse: bool) -> Iterator[App]:
    """The desk; for a rehearsal one with a copy of its data, of which nothing is left."""
    app = open_app(file, now=now, look=rehearse, upgrade=not rehearse)
    try:
        if not rehearse:
            yield app
            return
        with rehearsal(app.store) as store:
            prepare(app.settings, store, now)
            yield replace(app, store=store)
    finally:
        app.close()


def run_files(
    app: App,
    paths: list[str],
    mailbox: str,
    now: str | None,
    unread: list[str] | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """(label, outcome) of each message, in the order given; an unreadable file stops no other.

    `unread`, where it is given, gets the labels of what could not be read.
    """
    with closing(app.reader(workers=2)) as reader:
        pipeline = app.pipeline(reader)
        sources = _readable(read_paths(paths), [] if unread is None else unread)
        for group in groups(reader.stream((source, source.raw) for source in sources)):
            at, raws = moment(now), [source.raw for source, _ in group]
            ids = app.store.act(partial(_accept, mailbox, raws, at))
            mails = dict(zip(ids, (mail for _, mail in group), strict=True))
            done = pipeline.process_all(list(mails.items()), at)
            for (source, _), (stored_id, first) in zip(group, done, strict=True):
                outcome, later = first, at
                while outcome is None:  # it failed for a reason that may pass: its next try is now
                    later += RETRY * app.settings.config.limits.tries
                    outcome = pipeline.process(stored_id, later, mails[stored_id])
                yield source.label, outcome


def _readable(sources: Iterable[Source], unread: list[str]) -> Iterator[Source]:
    """Tells of what is not there or cannot be opened, and leaves it out."""
    for source in sources:
        if source.error is None:
            yield source
        else:
            print(f"maild: {source.error}", file=sys.stderr)
            unread.append(source.label)


def _accept(mailbox: str, raws: list[bytes], now: datetime, unit: Unit) -> list[int]:
    ids = []
    for octets in raws:
        stored = accept(unit, mailbox=mailbox, uidvalidity=None, uid=None, octets=octets, now=now)
        assert stored is not None  # only a place in a mailbox can be taken
        ids.append(stored.id)
    return ids


def _print(outcomes: Iterator[tuple[str, Outcome]]) -> None:
    console = Console()
    counts: Counter[str] = Counter()
    table = Table("file", "outcome", Column("ticket", no_wrap=True), "status", "why")
    for label, outcome in outcomes:
        counts[outcome.outcome] += 1
        table.add_row(
            Path(label).name,
            outcome.outcome,
            outcome.ticket or "",
            outcome.status or "",
            escape(outcome.why),
        )
    console.print(table)
    console.print(", ".join(f"{count} {name}" for name, count in counts.items()) or "no mail")
