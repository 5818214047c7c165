"""`maild ingest`: files of mail through the same pipeline as the mailboxes."""

from __future__ import annotations

import difflib
import sys
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from maild import octets as outside
from maild.app import App, open_app, prepare
from maild.cli.options import ConfigOption, JsonlOption, NowOption, moment, print_json
from maild.config import Config
from maild.errors import Temporary, UsageError
from maild.ingest.accept import accept
from maild.ingest.files import read_paths
from maild.ingest.imap.old_mail import OldMail, old_mail
from maild.ingest.outcome import Outcome
from maild.ingest.process import RETRY, groups
from maild.parse.limits import Source, in_parts
from maild.spool import LEAST, Mass
from maild.store import asking
from maild.store.packing import Kept, for_mail
from maild.store.rehearsal import rehearsal
from maild.store.unit import Unit
from maild.worker_pool import Task, WorkerPool
from maild.yamlfile import nearest

OURS = timedelta(minutes=10)  # so long a running daemon leaves to us what we have accepted
TOGETHER = 64  # messages that are accepted in one commit
FILE = 32_768  # octets of a mail from which on packing costs more than handing it over
FILES = "files"  # what mail is said to come in by that no mailbox brought


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help=".eml, mbox, Maildir, folder of these, or -")
    ] = None,
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
    from_mailbox: Annotated[
        str, typer.Option("--from-mailbox", metavar="NAME", help="What it holds from before.")
    ] = "",
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Take mail from files, as if it had come in by a mailbox."""
    unread: list[str] = []
    if bool(paths) == bool(from_mailbox):
        raise UsageError(
            "Name files, folders or - for standard input; or `--from-mailbox NAME` for what a "
            "mailbox holds from before, with --quiet to tell nobody."
        )
    with _house(config, moment(now), rehearse) as app:
        app = replace(app, settings=app.settings.quiet()) if quiet else app
        if from_mailbox:
            outcomes = run_mailbox(app, from_mailbox, now, unread)
        else:
            _note_unknown(app.settings.config, mailbox)
            outcomes = run_files(app, paths or [], mailbox, now, unread)
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
    return _run(app, read_paths(paths), mailbox, now, [] if unread is None else unread, {})


def run_mailbox(
    app: App, name: str, now: str | None, unread: list[str]
) -> Iterator[tuple[str, Outcome]]:
    """The same for all that a mailbox of the configuration holds and the desk has not.

    It stays there as it is, and keeps its place: the daemon will not take it in again.
    """
    sections = app.settings.config.mailbox
    section = next((one for one in sections if one.name == name), None)
    if section is None:
        hint = nearest(name, [one.name for one in sections])
        raise UsageError(f'--from-mailbox {name}: there is no [[mailbox]] "{name}"; {hint}')
    places: dict[str, OldMail] = {}
    limit = app.settings.config.limits.message_bytes

    def known(validity: int, uids: Sequence[int]) -> Collection[int]:
        with app.store.look() as unit:
            at = partial(asking.messages.at, unit, name, validity)
            return {uid for uid in uids if at(uid) is not None}

    def sources() -> Iterator[Source]:
        for mail in old_mail(section, known, limit):
            label = f"{name}:{mail.uid}"
            places[label] = mail
            larger = f"{label}: larger than [limits] message_bytes, or the server gave nothing."
            yield Source(label, mail.octets or b"", None if mail.octets else larger)

    return _run(app, sources(), name, now, unread, places)


def _run(
    app: App,
    sources: Iterable[Source],
    mailbox: str,
    now: str | None,
    unread: list[str],
    places: Mapping[str, OldMail],
) -> Iterator[tuple[str, Outcome]]:
    with closing(app.reader(workers=2)) as reader:
        pipeline = app.pipeline(reader)
        packed = _packed(reader.pool, _readable(sources, unread))
        accepted = _accepted(app, mailbox, packed, now, places)
        for group in groups(reader.stream(accepted)):
            at = moment(now)
            labels = [label for (label, _), _ in group]
            mails = {stored_id: mail for (_, stored_id), mail in group}
            done = pipeline.process_all(list(mails.items()), at)
            for label, (stored_id, first) in zip(labels, done, strict=True):
                outcome, later = first, at
                while outcome is None:  # it failed for a reason that may pass: its next try is now
                    later += RETRY * app.settings.config.limits.tries
                    outcome = pipeline.process(stored_id, later, mails[stored_id])
                yield label, outcome


def _accepted(
    app: App,
    mailbox: str,
    parts: Iterable[list[tuple[Source, Kept | None]]],
    now: str | None,
    places: Mapping[str, OldMail],
) -> Iterator[tuple[tuple[str, int], Mass]]:
    """(label, id of the stored message) of each, with its octets; a part in one commit."""
    for part in parts:
        found = [(source.raw, kept, places.get(source.label)) for source, kept in part]
        ids = app.store.act(partial(_accept, mailbox, found, moment(now)))
        for (source, _), stored_id in zip(part, ids, strict=True):
            yield (source.label, stored_id), source.raw


def _packed(
    pool: WorkerPool, sources: Iterable[Source]
) -> Iterator[list[tuple[Source, Kept | None]]]:
    """Each with its octets as the database keeps them, where a worker has packed them: those that
    have files, while the part before is acted on."""
    coming: deque[tuple[list[Source], list[int], Task[Kept]]] = deque()
    for part in in_parts(sources, TOGETHER, lambda source: len(source.raw)):
        here = outside.place() is None  # else a worker would put them there
        large = [n for n, one in enumerate(part) if here and FILE <= len(one.raw) < LEAST]
        raws = [part[n].raw for n in large]
        coming.append((part, large, pool.start(for_mail, raws)))
        if len(coming) > 1:
            yield _with_packed(*coming.popleft())
    while coming:
        yield _with_packed(*coming.popleft())


def _with_packed(
    part: list[Source], large: list[int], task: Task[Kept]
) -> list[tuple[Source, Kept | None]]:
    packed: list[Kept | Exception] = WorkerPool.wait(task)
    given = dict(zip(large, packed, strict=True))
    kept = ((source, given.get(n)) for n, source in enumerate(part))
    return [(source, one if isinstance(one, Kept) else None) for source, one in kept]


def _readable(sources: Iterable[Source], unread: list[str]) -> Iterator[Source]:
    """Tells of what is not there or cannot be opened, and leaves it out."""
    for source in sources:
        if source.error is None:
            yield source
        else:
            print(f"maild: {source.error}", file=sys.stderr)
            unread.append(source.label)


def _accept(
    mailbox: str,
    found: list[tuple[Mass, Kept | None, OldMail | None]],
    now: datetime,
    unit: Unit,
) -> list[int]:
    ids = []
    for octets, kept, place in found:
        stored = accept(
            unit,
            mailbox=mailbox,
            uidvalidity=place.uidvalidity if place else None,
            uid=place.uid if place else None,
            arrived=place.arrived if place else None,
            octets=octets,
            now=now,
            packed=kept,
        )
        if stored is None:
            raise Temporary(f'The daemon has just taken in what "{mailbox}" holds; try again.')
        unit.change(stored, next_try=now + OURS)
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
