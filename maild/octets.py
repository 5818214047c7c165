"""Octets of large mails outside the database: in a folder, or in storage that speaks S3.

    folder:var/raw          files below a folder, relative to maild.toml
    s3://bucket/prefix      any S3-compatible storage (`pip install maild[s3]`)

Where nothing is said, only what is too many for memory (`maild/spool.py`) goes outside, to a folder
beside the SQLite file, in pieces.

A name is the SHA-256 of what is kept under it, so nothing is ever written over, and a name is good
for as many rows as say it.  The octets are there before the row that names them is written; what no
row names is swept (`maild/store/sweep.py`).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from maild.errors import MaildError, Temporary, UsageError

_NAME = re.compile(r"[0-9a-f]{64}")  # the SHA-256 of what it names
LEAST = 1_000_000  # octets, as they are kept: smaller ones are in the database


class Away(Temporary):
    """The place where large octets are kept does not give, or take, some just now."""


class Octets(Protocol):
    """Where they are kept, by name."""

    def put(self, name: str, octets: bytes) -> None:
        """Keeps them durably; Away where that cannot be done now."""

    def get(self, name: str) -> bytes | None:
        """What is kept under this name; None where nothing is.  Away as with `put`."""

    def delete(self, name: str) -> None:
        """Keeps it no longer."""

    def names(self) -> Iterator[tuple[str, float]]:
        """Every name, and how many seconds ago it was put last."""


class Folder:
    """Files of a folder, for their owner alone."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def put(self, name: str, octets: bytes) -> None:
        place = self._place(name)
        try:
            if place.exists():
                os.utime(place)
                return
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = place.with_name(f"{name}.{os.getpid()}.{time.monotonic_ns()}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(octets)
                out.flush()
                os.fsync(out.fileno())
            part.rename(place)
            _sync_folder(place.parent)
        except OSError as error:
            raise Away(
                f"A large mail cannot be written below {self.top} ({error.strerror}). Make room, "
                "or let the daemon write there; it is tried again by itself.",
                detail=str(error),
            ) from error

    def get(self, name: str) -> bytes | None:
        try:
            return self._place(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Away(
                f"A large mail cannot be read below {self.top} ({error.strerror}).",
                detail=str(error),
            ) from error

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._place(name).unlink()

    def names(self) -> Iterator[tuple[str, float]]:
        now = time.time()
        for path in sorted(self.top.glob("??/*")):
            with suppress(FileNotFoundError):
                yield path.name, now - path.stat().st_mtime

    def _place(self, name: str) -> Path:
        return self.top / name[:2] / name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ObjectStorage:
    """Storage that speaks S3; where it is and who we are is in the environment, as for any client
    of it: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY."""

    def __init__(self, url: str) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as error:
            raise UsageError(
                "[store] raw: s3:// needs a library that is not installed: pip install maild[s3]"
            ) from error
        self._client = obstore
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1")
        self._store = S3Store.from_url(url, client_options={"allow_http": True} if plain else {})
        self.url = url

    def put(self, name: str, octets: bytes) -> None:
        try:
            self._client.put(self._store, name, octets)
        except Exception as error:
            raise self._away(error) from error

    def get(self, name: str) -> bytes | None:
        try:
            return bytes(self._client.get(self._store, name).bytes())
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._away(error) from error

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._client.delete(self._store, name)

    def names(self) -> Iterator[tuple[str, float]]:
        now = time.time()
        for some in self._client.list(self._store):
            for one in some:
                yield str(one["path"]), now - one["last_modified"].timestamp()

    def _away(self, error: Exception) -> Away:
        return Away(
            f"The storage of large mails, {self.url}, does not answer as it should "
            f"({type(error).__name__}). It is tried again by itself; if this lasts, look at "
            "`[store] raw` and at the storage.",
            detail=str(error)[:500],
        )


# ---- where this process keeps them

_places: dict[str, Octets] = {}  # all that were named, the last one last
_chosen: list[Octets | None] = [None, None]  # for what is large, and for what memory does not hold


def use(raw: str, folder: Path, beside: Path | None = None) -> None:
    """From now on large octets go to `raw` of [store] in a maild.toml in `folder`; "": nowhere, but
    those that are too many for memory go to the folder `beside` the database, if there is one.

    What was used before can still be read.  UsageError where there is no such place.
    """
    kind, _, rest = raw.partition(":")
    path = (folder / rest).resolve() if kind == "folder" else None if raw else beside
    key = f"folder:{path}" if path is not None else raw
    made = _places.pop(key, None)
    if made is None and key:
        made = Folder(path) if path is not None else ObjectStorage(raw)
    if made is not None:
        _places[key] = made
    _chosen[:] = [made if raw else None, made]


def place() -> Octets | None:
    """Where large octets go; None: into the database."""
    return _chosen[0]


def place_of_large() -> Octets | None:
    """Where those go that are too many for memory; None: into the database, all the same."""
    return _chosen[1]


def put(there: Octets, octets: bytes) -> str:
    """The name under which they are kept there from now on."""
    name = hashlib.sha256(octets).hexdigest()
    there.put(name, octets)
    return name


def put_away(octets: bytes) -> str | None:
    """The name under which they are kept outside; None where they belong into the database."""
    there = place()
    return put(there, octets) if there is not None and len(octets) >= LEAST else None


def try_out() -> None:
    """Away, or MaildError, where octets cannot be put, read and deleted there."""
    there = place()
    if there is not None:
        name = put(there, b"maild check")
        fetch(name)
        there.delete(name)


def fetch(name: str) -> bytes:
    """What is kept outside under this name; MaildError where it is gone, or changed, Away where
    that cannot be told now."""
    away: Away | None = None
    for there in reversed(list(_places.values())) if _NAME.fullmatch(name) else ():
        try:
            octets = there.get(name)
        except Away as error:
            octets, away = None, away or error
        if octets is not None and hashlib.sha256(octets).hexdigest() == name:
            return octets
    if away is not None:
        raise away
    raise MaildError(
        "The octets of a large mail are not where `[store] raw` says, or are damaged. "
        "`maild verify` says which; name the place where they are, or restore a backup.",
        detail=name,
    )
