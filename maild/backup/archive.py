"""The file of a backup: a tar, compressed, whose first member lists all others with their hash."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from maild.errors import MaildError, UsageError

FORMAT = 1
MANIFEST = "manifest.json"
BLOCK = 1 << 20
MOST_OCTETS = 50_000_000  # of the manifest


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.  `files`: name → size and sha256 of each other member."""

    made: str  # RFC 3339, UTC: all that was committed until then is in it
    version: str  # of maild
    revision: str  # of the database's shape
    database: str  # sqlite | postgresql: the member `database`
    counts: Mapping[str, int]  # rows of each table
    mailboxes: Mapping[str, Any]  # name → uidvalidity, last_uid
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


def write(target: Path, manifest: Manifest, members: Mapping[str, Path]) -> Manifest:
    """Writes `target` whole or not at all, for its owner alone; gives the manifest with hashes.

    UsageError where there is such a file already.
    """
    if target.exists():
        raise UsageError(f"{target} is there already. A backup overwrites nothing: name another.")
    listed = {name: _measured(path) for name, path in members.items()}
    full = Manifest(**{**asdict(manifest), "files": listed})
    part = target.with_name(target.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as tar:
                _add(tar, MANIFEST, json.dumps(asdict(full), indent=1).encode())
                for name, path in members.items():
                    tar.add(path, arcname=name, recursive=False, filter=_anonymous)
            out.flush()
            os.fsync(out.fileno())
        check(part)
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return full


def check(file: Path) -> Manifest:
    """Reads all of it; MaildError where a member is missing, cut or changed."""
    with opened(file) as (manifest, members):
        for _name, content in members:
            while content.read(BLOCK):
                pass
    return manifest


@contextmanager
def opened(file: Path) -> Iterator[tuple[Manifest, Iterator[tuple[str, IO[bytes]]]]]:
    """The manifest, and each member in turn with its octets, to be read to the end.

    MaildError, once all are read, where one is not what was written.
    """
    try:
        with tarfile.open(file, mode="r|gz") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or first.size > MOST_OCTETS:
                raise UsageError(f"{file} is no backup of maild.")
            manifest = _manifest(file, tar.extractfile(first))
            yield manifest, _members(file, tar, manifest)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise UsageError(f"There is no {file}.") from error
        raise MaildError(
            f"{file} cannot be read as a backup ({error}). It is cut or damaged: take another."
        ) from error


def extract(file: Path, folder: Path) -> Manifest:
    """Puts every member into `folder`, each checked; MaildError where one is damaged."""
    with opened(file) as (manifest, members):
        for name, content in members:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as out:
                shutil.copyfileobj(content, out, BLOCK)
    return manifest


def _manifest(file: Path, content: IO[bytes] | None) -> Manifest:
    found: dict[str, Any] = json.load(content) if content is not None else {}
    if found.get("format") != FORMAT:
        raise UsageError(f"{file} was written by another version of maild; restore it with that.")
    return Manifest(**found)


def _members(
    file: Path, tar: tarfile.TarFile, manifest: Manifest
) -> Iterator[tuple[str, IO[bytes]]]:
    missing = set(manifest.files)
    while (member := tar.next()) is not None:
        said = manifest.files.get(member.name)
        content = tar.extractfile(member) if said is not None and member.isfile() else None
        if said is None or content is None or not _inside(member.name):
            raise MaildError(f"{file}: {member.name} does not belong to the backup.")
        reading = _Reading(content)
        yield member.name, reading  # type: ignore[misc]
        if (reading.size, reading.hash.hexdigest()) != (said["size"], said["sha256"]):
            raise MaildError(f"{file}: {member.name} is not what was written. Take another backup.")
        missing.discard(member.name)
    if missing:
        raise MaildError(f"{file} lacks {', '.join(sorted(missing))}. Take another backup.")


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


class _Reading:
    """A member that is hashed while it is read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.hash = hashlib.sha256()
        self.size = 0

    def read(self, octets: int = BLOCK) -> bytes:
        block = self._content.read(octets)
        self.hash.update(block)
        self.size += len(block)
        return block


def _measured(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def _add(tar: tarfile.TarFile, name: str, octets: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(octets), 0o600
    tar.addfile(info, io.BytesIO(octets))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info
