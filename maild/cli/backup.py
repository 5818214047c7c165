"""`maild backup`, `restore` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maild import config as configuration
from maild.backup import archive
from maild.backup.restore import newer
from maild.backup.restore import restore as put_back
from maild.backup.take import backup as take
from maild.backup.verify import verify as examine
from maild.cli.database import open_store
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.store import Store


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (backup, restore, verify):
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
    config: ConfigOption = None,
) -> None:
    """Put a desk back as it was; nothing told is told again."""
    if check:
        manifest = archive.check(file)
        print(f"{file} is whole: {manifest.made}, {manifest.counts['ticket']} tickets.")
        return
    place = configuration.config_file(config)
    done = put_back(file, place, replace=replace)
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
