"""`maild restore`: a desk as it was, and nobody is told again what he was told before.

What went out after the backup is known to the journal of sent mail, which lies beside the database
and is never put back over a newer one.  Where it is lost with the machine, nobody knows: then what
was about to go out, and what comes of mail and clocks from before the restore, is held, and an
admin decides (`maild outbox`).
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from maild import config, octets
from maild.backup import archive, databases
from maild.backup.archive import Manifest
from maild.backup.take import DATABASE, INSIDE, JOURNAL, RAW
from maild.config import Settings
from maild.desk.notify import RESTORED
from maild.errors import MaildError, Refused, UsageError
from maild.ingest.imap import count_newer
from maild.model import SendState
from maild.monitor.health import look
from maild.outbox.journal import journal_path
from maild.store import Store, asking
from maild.store.asking.health import DAEMON
from maild.store.migrate import migrate
from maild.store.unit import Unit

CONFIGURATION = INSIDE + "maild.toml"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    manifest: Manifest
    files: tuple[Path, ...]  # that were put back
    kept: tuple[Path, ...]  # that were there, and are as they were
    before: Path | None  # the database that was there
    held: int  # notifications that nobody knows whether they went out
    knows_what_was_sent: bool  # the journal was there


def restore(
    file: Path, place: Path, *, replace: bool = False, of_another: bool = False
) -> Restored:
    """Puts a backup back; `place`: the maild.toml, which is made where there is none.

    Nothing is changed before all of the backup was read and found whole.  Refused where a desk is
    there, or its daemon works; and where the maild.toml that is there is of a desk with another
    address, unless `of_another` says that this is meant.
    """
    now = datetime.now(UTC)
    folder = place.resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".maild-restore-", dir=folder) as name:
        came = Path(name)
        manifest = archive.extract(file, came)
        if manifest.database == "sqlite":
            databases.check_sqlite(came / DATABASE)
        if not of_another:
            _is_of_this_desk(came / CONFIGURATION, place)
        files, kept = _lay_down(came, place)
        settings = config.load(place)
        store = Store(settings.database_url)
        _fits(manifest, store)
        if replace:
            _nobody_works(store, settings, now)
        _large(came)
        knows = journal_path(settings).exists()
        before = databases.put(store, came / DATABASE, replace=replace, now=now)
        if not knows:
            _journal(came, journal_path(settings))
        migrate(store)
        held = store.act(partial(_bring_up_to_now, now=now, made=manifest.made, knows=knows))
        store.close()
    return Restored(manifest, tuple(files), tuple(kept), before, held, knows)


def newer(settings: Settings, store: Store) -> Iterator[str]:
    """What each mailbox holds that this database has not taken in: a sentence each."""
    with store.look() as unit:
        boxes = asking.health.mailboxes(unit)
    for section in settings.config.mailbox:
        last = boxes.get(section.name, {}).get("last_uid", 0)
        try:
            count = count_newer(section, last)
        except MaildError as error:
            yield f"{section.name}: {error.message}"
        else:
            yield f"{section.name}: {count} newer mails on the server; the daemon takes them in."


def _is_of_this_desk(theirs: Path, ours: Path) -> None:
    """Refused where both say which desk they are of, and it is not the same."""
    if not (theirs.exists() and ours.exists()):
        return
    came, here = (
        str(tomllib.loads(file.read_text("utf-8")).get("desk", {}).get("address", ""))
        for file in (theirs, ours)
    )
    if came and here and came.casefold() != here.casefold():
        raise Refused(
            f"The backup is of the desk {came}, and {ours} is of {here}. Nothing was changed. "
            "If this desk shall go on with that one's data, say so by `--of-another`."
        )


def _fits(manifest: Manifest, store: Store) -> None:
    if manifest.database != databases.kind(store):
        raise UsageError(
            f"The backup is of a {manifest.database} database, and `[database] url` names a "
            f"{databases.kind(store)} one. Name one of the same kind."
        )


def _nobody_works(store: Store, settings: Settings, now: datetime) -> None:
    file = settings.database_file
    if file is not None and not file.exists():
        return
    alive = [d["name"] for d in look(store, settings, now).daemons if d["alive"] and not d["once"]]
    store.close()
    if alive:
        raise Refused(f"A daemon works on this database ({alive[0]}). Stop it first.")


def _lay_down(came: Path, place: Path) -> tuple[list[Path], list[Path]]:
    """Files go to where there is none; what is there is newer, and stays."""
    done: list[Path] = []
    kept: list[Path] = []
    folder = place.resolve().parent
    for path in sorted((came / INSIDE).rglob("*")):
        if path.is_file():
            name = path.relative_to(came / INSIDE).as_posix()
            target = place if INSIDE + name == CONFIGURATION else folder / name
            if target.exists():
                kept.append(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            done.append(target)
    return done, kept


def _large(came: Path) -> None:
    """What was outside the database goes to where the configuration has it now."""
    files, place = sorted((came / RAW).glob("*")), octets.place_of_large()
    if files and place is None:
        raise UsageError(
            "The backup has large mails that are kept outside the database: say where, by `[store] "
            'raw = "folder:var/raw"` or s3://….'
        )
    for path in files:
        assert place is not None
        place.put(path.name, path.read_bytes())


def _journal(came: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    for path in sorted((came / JOURNAL).glob("*")):
        shutil.copyfile(path, place.parent / path.name)


def _bring_up_to_now(unit: Unit, now: datetime, made: str, knows: bool) -> int:
    """What of the old database is not true any more."""
    for name in asking.health.daemons(unit):
        asking.settings.forget(unit, DAEMON + name)
    if knows:
        return 0
    asking.settings.keep(unit, RESTORED, {"at": now.isoformat(), "made": made})
    waiting = asking.outbox.pending(unit)
    for item in waiting:
        why = f"it was about to go out when the backup of {made[:16]} was made, and may have"
        unit.change(item, state=SendState.HELD, error=why)
    return len(waiting)
