"""`maild backup`: everything that makes a desk, in one file, while the daemon works."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from maild import octets
from maild.backup import archive, databases
from maild.backup.archive import Manifest
from maild.commands.words import own_folder
from maild.config import Settings
from maild.desk.profile import SHIPPED as SHIPPED_PROFILES
from maild.desk.profile import load_profile, profile_folder
from maild.errors import MaildError, UsageError
from maild.monitor.health import BACKUP
from maild.outbox.journal import journal_path
from maild.rules import last_good_rules
from maild.store import Store, asking, sweep
from maild.store.migrate import HEAD

DATABASE, INSIDE, OUTSIDE = "database", "files/", "outside/"
RAW = "raw/"  # octets that are kept outside the database
JOURNAL = "journal/"


def backup(store: Store, settings: Settings, target: Path) -> Manifest:
    """Writes the file, reads all of it again, and notes that there is one.

    UsageError where the file is there already, MaildError where the copy is damaged.
    """
    target = target.resolve()
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix=".maild-backup-", dir=target.parent) as folder:
        made = datetime.now(UTC)
        with store.look() as unit:
            boxes = asking.health.mailboxes(unit)
        copy, before = Path(folder) / DATABASE, sweep.named(store)
        counts = databases.dump(store, copy)
        manifest = Manifest(
            made=made.isoformat(),
            version=version("maild"),
            revision=HEAD,
            database=databases.kind(store),
            counts=counts,
            mailboxes={name: {"last_uid": box["last_uid"]} for name, box in boxes.items()},
        )
        large = _large(before | sweep.named(store), Path(folder))
        found = {DATABASE: copy, **members(store, settings), **large}
        written = archive.write(target, manifest, found)
    note = {"at": made.isoformat(), "file": str(target)}
    store.act(lambda unit: asking.settings.keep(unit, BACKUP, note))
    return written


def _large(names: Iterable[str], folder: Path) -> dict[str, Path]:
    """What is kept outside the database, each as a file; one that is gone is `verify`'s to tell."""
    found = {}
    for name in sorted(names):
        with suppress(MaildError):
            path = folder / name
            path.write_bytes(octets.fetch(name))
            found[RAW + name] = path
    return found


def members(store: Store, settings: Settings) -> dict[str, Path]:
    """Every file of a desk but its database, by its name in the backup."""
    found = {}
    for path in _files(store, settings):
        if path.is_file():
            found[_name(path.resolve(), settings.folder.resolve())] = path
    journal = journal_path(settings)
    for path in (journal, journal.with_name(journal.name + ".1")):
        if path.is_file():
            found[JOURNAL + path.name] = path
    return found


def _files(store: Store, settings: Settings) -> Iterator[Path]:
    yield settings.file
    yield from settings.secret_files()
    folders = [settings.templates, own_folder(settings.folder)]
    shipped = SHIPPED_PROFILES.resolve()
    profile = _profile_folders(store, settings)
    folders += [f for f in profile if not f.resolve().is_relative_to(shipped)]
    for folder in folders:
        if folder is not None and folder.is_dir():
            yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _profile_folders(store: Store, settings: Settings) -> Iterable[Path]:
    """Those of the profile; where its files are broken now, also those that were good last."""
    folder = profile_folder(settings.config.profile, settings.folder)
    try:
        return load_profile(folder).folders
    except UsageError:
        with store.look() as unit:
            found = last_good_rules.kept(unit, folder, settings.templates)
        return dict.fromkeys((folder, *(found.profile.folders if found else ())))


def _name(path: Path, folder: Path) -> str:
    if path.is_relative_to(folder):
        return INSIDE + path.relative_to(folder).as_posix()
    return OUTSIDE + path.as_posix().lstrip("/")
