"""`maild backup`, `restore`, `verify` and `rebuild`."""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maild import config as configuration
from maild.backup import archive
from maild.backup.rebuild import Rebuilt
from maild.backup.restore import newer
from maild.backup.restore import restore as put_back
from maild.backup.take import backup as take
from maild.backup.verify import verify as examine
from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.errors import Refused, UsageError
from maild.store import Store
from maild.store.records import Message, Person, Ticket

if TYPE_CHECKING:
    from maild.app import App
    from maild.desk.desk import Desk


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (backup, restore, verify, rebuild):
        app.command(command.__name__)(command)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes; never overwritten.")],
    config: ConfigOption = None,
) -> None:
    """Write the whole desk into one file, while the daemon works.

    Database, maild.toml, profile, templates, words, passwords and tokens: keep it as you keep
    those. It is read again before it counts.
    """
    settings = configuration.load(configuration.config_file(config))
    store = open_store(config)
    manifest = take(store, settings, file)
    rows = sum(manifest.counts.values())
    size = file.stat().st_size / 1e6
    print(
        f"{file}: {manifest.counts['ticket']} tickets, {manifest.counts['message']} messages, "
        f"{rows} rows in all, and {len(manifest.files) - 1} files; {size:.1f} MB, checked."
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `maild backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where a desk is: its database is set aside.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only read it, and tell of it.")] = False,
    of_another: Annotated[
        bool, typer.Option("--of-another", help="Also where it is of a desk with another address.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Put a desk back as it was; nothing told is told again."""
    if check:
        manifest = archive.check(file)
        print(f"{file} is whole: {manifest.made}, {manifest.counts['ticket']} tickets.")
        return
    place = configuration.config_file(config)
    done = put_back(file, place, replace=replace, of_another=of_another)
    print(f"Put back as of {done.manifest.made}: {done.manifest.counts['ticket']} tickets.")
    for path in done.files:
        print(f"  {path}")
    for path in done.kept:
        print(f"  {path} was there and is as it was")
    if done.before is not None:
        print(f"The database that was there is {done.before}.")
    if not done.knows_what_was_sent:
        print(
            "The journal of sent mail was not there. Notifications that may have gone out before "
            f"are held ({done.held} now, others as old mail comes in again): `maild outbox`."
        )
    settings = configuration.load(place)
    for sentence in newer(settings, Store(settings.database_url)):
        print(sentence)


def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be made again from the mails.")
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check every hash, thread, counter and reference of the desk."""
    store = open_store(config)
    report = examine(store, repair=repair)
    if json:
        print_json(report.as_json())
    else:
        for problem in report.problems:
            print(f"✗ {problem}")
        for mended in report.mended:
            print(f"mended: {mended}")
        print(", ".join(f"{count} {what}" for what, count in report.checked.items()) + " checked.")
    if report.problems:
        raise typer.Exit(1)


def rebuild(
    into: Annotated[
        str,
        typer.Option("--into", metavar="URL", help="An empty database; default: a file beside it."),
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read all of the desk's mail again, into an empty database.

    The database of the configuration stays as it is, and nobody is told anything. What differs is
    listed. To work with the new one, name it in `[database] url`.
    """
    settings = configuration.load(configuration.config_file(config))
    url = into or _beside(settings)
    old = open_store(config)
    done = _rebuilt(settings, old, url)
    if json:
        print_json({"into": url} | done.as_json())
        return
    print(f"{url}: {done.mails} mails became {done.tickets} tickets.")
    for count, what in (
        (done.without_octets, "mails could not be read again: their octets were pruned or erased"),
        (done.by_hand, "deeds in the console are not in it, as no mail did them"),
        (done.undone, "deeds that were taken back by hand are taken back"),
    ):
        if count:
            print(f"{count} {what}.")
    for difference in done.differences:
        print(f"≠ {difference}")
    print(f"{len(done.differences)} differences." if done.differences else "No difference.")


def _beside(settings: configuration.Settings) -> str:
    file = settings.database_file
    if file is None:
        raise UsageError("Say where to: `--into postgresql://user@host/name`, an empty database.")
    return f"sqlite:///{file.with_name(file.stem + '.rebuilt' + file.suffix)}"


def _rebuilt(settings: configuration.Settings, old: Store, url: str) -> Rebuilt:
    from maild.app import build
    from maild.backup import rebuild as rebuilding

    section = settings.config.database.model_copy(update={"url": url})
    there = settings.with_config(settings.config.model_copy(update={"database": section})).quiet()
    new = Store(there.database_url)
    if new.url == old.url:
        raise UsageError("That is the database that the desk has; name an empty one.")
    rebuilding.prepare(old, new)
    app = build(there, new)
    with closing(app.reader()) as reader, closing(app):
        return rebuilding.replay(
            old, new, app.pipeline(reader), app.clocks(), partial(_take_back, app)
        )


def _take_back(app: App, person_id: int, stored_id: int, now: datetime) -> None:
    """Undoes what a mail did, as its writer did it in the console."""
    from maild.ingest import by_hand

    def work(desk: Desk, person: Person) -> None:
        stored = desk.unit.get(Message, stored_id)
        ticket = desk.unit.get(Ticket, stored.ticket_id) if stored is not None else None
        if ticket is not None:
            undo = by_hand.Submission(commands=(("undo", ""),), undoes=stored_id)
            by_hand.do(desk, ticket, person, undo)

    with suppress(Refused):  # what differs is told
        app.by_hand(person_id, f"undo:{stored_id}", now, work)
