"""Octets that are too many for memory: a file of their own, of which a block at a time is read.

A small mail is `bytes` everywhere.  A large one is a `Spooled` from the moment it is fetched: it
can be cut (`mail[:100]`), counted and read by blocks as the other, and is never there as a whole.
The file is in the folder that `use` names, for its owner alone, and goes with the last who holds
the object; what a killed process left behind is swept after a day.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from maild.errors import Temporary

LEAST = 8_000_000  # octets from which on they are in a file
BLOCK = 1 << 20  # octets that are read at a time
OLD_SECONDS = 86_400.0  # a file that nobody wrote for so long is nobody's

_PREFIX = "maild-"
_folder: list[Path] = []  # where the files are; none: where the system has its temporary ones


class NoRoom(Temporary):
    """The disk takes no large mail now; neither a server nor a mail is to blame."""


class Blocks(Protocol):
    """Octets that come a block at a time, from the start each time they are asked for."""

    def blocks(self) -> Iterator[bytes]:
        """All of them, in order."""


class Spooled:
    """Octets in a file.  A pickled one is read where it is, as long as its maker holds it."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, step = part.indices(self._size)
        if step != 1:
            raise ValueError("only whole stretches can be read")
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, end - start))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spooled) or len(other) != len(self):
            return False
        return digest(self) == digest(other)

    def __hash__(self) -> int:
        return hash(self.path)

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The octets from `start` up to `end`, a block at a time."""
        left = max(0, min(self._size if end is None else end, self._size) - start)
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    def __reduce__(self) -> tuple[type[Spooled], tuple[Path, int]]:
        return Spooled, (self.path, self._size)


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the octets of a file, which stays as long as they are held."""

    content: Blocks
    of: Spooled

    def blocks(self) -> Iterator[bytes]:
        """These octets, a block at a time."""
        return self.content.blocks()


Mass: TypeAlias = bytes | Spooled  # the octets of a mail, however many


class Spool:
    """Takes octets as they come; `whole` gives them, in memory as long as they are few."""

    def __init__(self) -> None:
        self.size = 0
        self._few = bytearray()
        self._path: Path | None = None
        self._drop: weakref.finalize | None = None  # type: ignore[type-arg]

    def write(self, block: bytes) -> None:
        """Adds these; NoRoom where the disk takes no more."""
        self.size += len(block)
        self._few += block
        if self.size >= LEAST:
            self._write_out()

    def whole(self) -> Mass:
        """All that was written; nothing can be added any more.  NoRoom as with `write`."""
        if self._path is None:
            return bytes(self._few)
        self._write_out()
        made = Spooled(self._path, self.size)
        if self._drop is not None:
            self._drop.detach()
        weakref.finalize(made, _unlink, self._path, os.getpid())
        return made

    def _write_out(self) -> None:
        try:
            if self._path is None:
                self._path = _new_file()
                self._drop = weakref.finalize(self, _unlink, self._path, os.getpid())
            with self._path.open("ab", buffering=0) as file:
                file.write(self._few)
        except OSError as error:
            raise NoRoom(
                f"A large mail cannot be written below {folder()} ({error.strerror}). Make room, "
                "or let maild write there; it is tried again by itself.",
                detail=str(error),
            ) from error
        self._few.clear()


def gathered(blocks: Iterable[bytes]) -> Mass:
    """These octets, in memory where they are few, else in a file."""
    spool = Spool()
    for block in blocks:
        spool.write(block)
    return spool.whole()


def blocks_of(octets: bytes | Blocks) -> Iterator[bytes]:
    """Octets a block at a time, wherever they are."""
    return iter((octets,)) if isinstance(octets, bytes) else octets.blocks()


def whole(octets: bytes | Blocks) -> bytes:
    """All of them in memory: for what is known to be small enough."""
    return octets if isinstance(octets, bytes) else b"".join(octets.blocks())


def measured(octets: bytes | Blocks) -> tuple[int, str]:
    """How many they are, and their SHA-256 in hex."""
    if isinstance(octets, bytes):
        return len(octets), hashlib.sha256(octets).hexdigest()
    size, sha256 = 0, hashlib.sha256()
    for block in blocks_of(octets):
        size += len(block)
        sha256.update(block)
    return size, sha256.hexdigest()


def digest(octets: bytes | Blocks) -> str:
    """Their SHA-256 in hex."""
    return measured(octets)[1]


@contextmanager
def opened(octets: bytes | Blocks) -> Iterator[IO[bytes]]:
    """A file without a name that holds them, at its start."""
    with tempfile.TemporaryFile(dir=_made_folder()) as file:
        for block in blocks_of(octets):
            file.write(block)
        file.seek(0)
        yield file


# ---- the files


def use(place: Path) -> None:
    """From now on files of large mails are made in this folder, which is made where it is missing;
    what was left behind there goes."""
    _folder[:] = [place]
    now = time.time()
    with suppress(OSError):
        for path in place.glob(_PREFIX + "*"):
            with suppress(OSError):
                if now - path.stat().st_mtime > OLD_SECONDS:
                    path.unlink()


def folder() -> Path:
    """Where they are made."""
    return _folder[0] if _folder else Path(tempfile.gettempdir())


def _new_file() -> Path:
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=_made_folder())  # 0600
    os.close(descriptor)
    return Path(name)


def _made_folder() -> Path:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder()


def _unlink(path: Path, maker: int) -> None:
    """A process that was forked has the object, and not the file."""
    if os.getpid() == maker:
        path.unlink(missing_ok=True)
