"""A consistent copy of a database while the daemon works, and the way back."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from maild.errors import MaildError, Refused, UsageError
from maild.store import Store
from maild.store.schema import metadata

SIDES = ("-wal", "-shm")  # files that belong to an SQLite database


def kind(store: Store) -> str:
    """sqlite | postgresql."""
    return "sqlite" if store.is_sqlite else "postgresql"


def dump(store: Store, target: Path) -> dict[str, int]:
    """A copy as of one moment; how many rows each table has in it.  The copy is checked.

    SQLite's own is compacted: what was deleted is not in it.
    """
    if store.is_sqlite:
        with closing(sqlite3.connect(file_of(store))) as live:
            live.execute("VACUUM INTO ?", (str(target),))
        return check_sqlite(target)
    counts = _counted(store)
    _run("pg_dump", store, "--format=custom", "--no-owner", "--file", str(target))
    listed = _run("pg_restore", None, "--list", str(target))
    missing = [name for name in metadata().tables if f"TABLE DATA public {name} " not in listed]
    if missing:
        raise MaildError(f"The copy of the database lacks {', '.join(missing)}.")
    return counts


def file_of(store: Store) -> Path:
    """The file of an SQLite database."""
    return Path(str(store.url.database))


def check_sqlite(file: Path) -> dict[str, int]:
    """How many rows each table of ours has; MaildError where the file is damaged."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        problems = [*_damage(copy)]
        if problems:
            raise MaildError(f"The database {file} is damaged: {'; '.join(problems[:3])}.")
        there = {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}
        names = [name for name in metadata().tables if name in there]
        return {n: copy.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}


def _damage(database: sqlite3.Connection) -> Iterator[str]:
    for (line,) in database.execute("PRAGMA integrity_check(3)"):
        if line != "ok":
            yield str(line)
    for table, row, parent, _ in database.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points to nothing in {parent}"


def put(store: Store, dump_file: Path, *, replace: bool, now: datetime) -> Path | None:
    """Makes a copy the database of `store`; where the old one of SQLite is now, if there was one.

    Refused where there is something already and it is not to be replaced.
    """
    if store.is_sqlite:
        return _put_sqlite(file_of(store), dump_file, replace=replace, now=now)
    with store.engine.connect() as connection:
        taken = "ticket" in sa.inspect(connection).get_table_names()
    if taken and not replace:
        raise Refused(_TAKEN.format(what="The database"))
    more = ("--clean", "--if-exists") if taken else ()
    _run(
        "pg_restore", store, "--single-transaction", "--no-owner", "--exit-on-error",
        *more, str(dump_file),
    )  # fmt: skip
    return None


_TAKEN = (
    "{what} holds a desk already. `--replace` puts the backup in its place; "
    "to keep both, name another in `[database] url`."
)


def _put_sqlite(file: Path, dump_file: Path, *, replace: bool, now: datetime) -> Path | None:
    kept = None
    if file.exists():
        if not replace:
            raise Refused(_TAKEN.format(what=str(file)))
        kept = file.with_name(f"{file.name}.before-{now:%Y%m%dT%H%M%SZ}")
        for side in ("", *SIDES):
            if (part := file.with_name(file.name + side)).exists():
                part.rename(kept.with_name(kept.name + side))
    file.parent.mkdir(parents=True, exist_ok=True)
    coming = file.with_name(file.name + ".coming")
    shutil.copyfile(dump_file, coming)
    with coming.open("rb") as written:
        os.fsync(written.fileno())
    coming.rename(file)
    return kept


def _counted(store: Store) -> dict[str, int]:
    with store.engine.connect() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata().tables.items()
        }


def _run(program: str, store: Store | None, *words: str) -> str:
    """PostgreSQL's own tool; the password goes by the environment, which others cannot read."""
    found = shutil.which(program)
    if found is None:
        raise UsageError(
            f"{program} is not there: install PostgreSQL's client programs "
            "(apt-get install postgresql-client), of the server's version or newer."
        )
    environment = dict(os.environ)
    place: tuple[str, ...] = ()
    if store is not None:
        environment |= {"PGPASSWORD": store.url.password} if store.url.password else {}
        plain = store.url.set(drivername="postgresql", password=None)
        place = ("--dbname", plain.render_as_string(hide_password=False))
    done = subprocess.run(
        [found, *place, *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if store is not None:
            _new_enough(found, store)
        last = done.stderr.strip().rpartition("\n")[2]
        raise MaildError(f"{program} failed: {last}")
    return done.stdout


def _new_enough(program: str, store: Store) -> None:
    """UsageError where the tool is older than the server, which PostgreSQL's own refuse."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+", said.stdout)
    with store.engine.connect() as connection:
        server = int((connection.dialect.server_version_info or (0,))[0])
    if version is not None and int(version[0]) < server:
        raise UsageError(
            f"{program} is of version {version[0]} and the server of {server}: install "
            f"PostgreSQL's client programs of version {server} or newer (apt-get install "
            f"postgresql-client-{server}), and have their folder first in PATH."
        )
