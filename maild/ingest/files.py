"""Mail in files: .eml files, mbox files, Maildirs, folders of these, or standard input.

Streams: one message is in memory at a time, however many a folder or an mbox holds.  Whoever puts
files where we look may put anything there: only regular files are opened, each once, and their
size is asked before they are read.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from maild.ingest.mbox import messages, starts_mbox
from maild.parse.limits import Source
from maild.spool import BLOCK, gathered

MOST = 1 << 30  # octets of a message in a file of its own
_IGNORED = frozenset({".json", ".txt", ".md", ".toml", ".yaml", ".yml", ".py"})


def read_paths(paths: Iterable[str]) -> Iterator[Source]:
    """Every message under the paths, in the order given, folders in the order of their names.

    A path that is not there or cannot be read gives a Source with an error; nothing is raised.
    """
    for path in paths:
        if path == "-":
            yield from _split_stream(sys.stdin.buffer, "-")
        else:
            yield from _read_path(Path(path), path)


def _read_path(top: Path, label: str) -> Iterator[Source]:
    """All that is under one path.  What links lead to a second time is left out."""
    seen: set[tuple[int, int]] = set()
    waiting = [(top, label)]
    while waiting:
        path, label = waiting.pop()
        try:
            found = path.stat()
            place = found.st_dev, found.st_ino
            if place in seen:
                continue
            seen.add(place)
            if stat.S_ISDIR(found.st_mode):
                waiting += reversed([(entry, str(entry)) for entry in _entries(path)])
            else:
                yield from _read_file(path, label)
        except FileNotFoundError:
            missing = f"{label} is not there; give a file, a folder or - for standard input."
            yield Source(label, b"", missing)
        except OSError as error:
            yield Source(label, b"", f"{label} cannot be read: {error.strerror or error}")


def _entries(folder: Path) -> list[Path]:
    """Of a Maildir (`cur` and `new`), or a folder of files and folders; dot files are left out."""
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        found = [*sorted((folder / "cur").iterdir()), *sorted((folder / "new").iterdir())]
        return found + sorted(e for e in folder.iterdir() if e.is_dir() and e.name.startswith("."))
    return [
        entry
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.suffix.lower() not in _IGNORED
    ]


def _read_file(path: Path, label: str) -> Iterator[Source]:
    """A pipe or a device is never read: it may wait, or go on, for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        yield Source(label, b"", f"{label} is no regular file; pipe what is in it to -.")
        return
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
        found = os.fstat(stream.fileno())
        if stat.S_ISREG(found.st_mode):  # nobody has put something else there meanwhile
            yield from _split_stream(stream, label, found.st_size)


def _up_to(octets: int, stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    """The first one, and what follows in a stream, as far as so many octets."""
    block = first
    while block and octets > 0:
        yield block
        octets -= len(block)
        block = stream.read(min(BLOCK, octets))


def _split_stream(stream: BinaryIO, label: str, size: int | None = None) -> Iterator[Source]:
    """The message of a stream, or all messages of it where it is an mbox (RFC 4155).

    `size`: in octets, where it is known.
    """
    first = stream.readline(BLOCK)
    if not starts_mbox(first) or label.lower().endswith(".eml"):
        large = f"{label} is larger than {MOST // 2**20} MB, which no mail may be."
        is_large = size is not None and size > MOST
        raw = b"" if is_large else gathered(_up_to(MOST + 1, stream, first))
        yield Source(label, b"", large) if is_large or len(raw) > MOST else Source(label, raw)
        return
    for count, raw in enumerate(messages(stream, first), start=1):
        yield Source(label if count == 1 else f"{label}:{count}", raw)
