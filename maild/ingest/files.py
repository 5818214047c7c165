"""Mail in files: .eml files, mbox files, Maildirs, folders of these, or standard input.

Streams: one message is in memory at a time, however many a folder or an mbox holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from maild.errors import NotFound

MAX_MESSAGE = 256 * 1024 * 1024  # octets of one message in an mbox; the rest of it is skipped
_IGNORED = frozenset({".json", ".txt", ".md", ".toml", ".yaml", ".yml", ".py"})


@dataclass(frozen=True, slots=True)
class Source:
    """One message of a file."""

    label: str  # the path as given; "PATH:3" the third message of an mbox; "-" standard input
    raw: bytes
    error: str | None = None  # why it could not be read; raw is empty then


def read_paths(paths: Iterable[str]) -> Iterator[Source]:
    """Every message under the paths, in the order given, folders in the order of their names.

    Raises NotFound for a path that is not there, when it is its turn; a file that cannot be
    read gives a Source with an error.
    """
    for path in paths:
        if path == "-":
            yield from _split_stream(sys.stdin.buffer, "-")
        else:
            yield from _read_path(Path(path), path)


def _read_path(path: Path, label: str) -> Iterator[Source]:
    try:
        if path.is_dir():
            yield from _read_folder(path)
        elif path.exists():
            with path.open("rb") as stream:
                yield from _split_stream(stream, label)
        else:
            raise NotFound(f"{label} is not there; give a file, a folder or - for standard input.")
    except OSError as error:
        yield Source(label, b"", f"{label} cannot be read: {error.strerror or error}")


def _read_folder(folder: Path) -> Iterator[Source]:
    """A Maildir (`cur` and `new`), or a folder of files and folders; dot files are left out."""
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        entries = [*sorted((folder / "cur").iterdir()), *sorted((folder / "new").iterdir())]
        entries += sorted(e for e in folder.iterdir() if e.is_dir() and e.name.startswith("."))
        for entry in entries:
            yield from _read_path(entry, str(entry))
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith(".") and entry.suffix.lower() not in _IGNORED:
            yield from _read_path(entry, str(entry))


def _split_stream(stream: BinaryIO, label: str) -> Iterator[Source]:
    """The message of a stream, or all messages of it where it is an mbox of several (RFC 4155)."""
    first = stream.readline(MAX_MESSAGE)
    if not _starts_message(first):
        yield Source(label, first + stream.read())
        return
    held: Source | None = None
    for count, raw in enumerate(_mbox_messages(stream, first), start=1):
        if held is not None:
            yield held
        held = Source(label if count == 1 else f"{label}:{count}", raw)
        if count == 2:
            # the first one is out already, under the plain name; the later ones are numbered
            continue
    if held is not None:
        yield held


def _starts_message(line: bytes) -> bool:
    """True for an mbox separator: `From sender date` (RFC 4155 §Appendix A)."""
    return line.startswith(b"From ") and any(c in b"0123456789" for c in line)


def _mbox_messages(stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    """Messages of an mbox without their separators; quoted `>From ` lines are restored."""
    lines: list[bytes] = []
    size = 0
    blank = False
    for line in stream:
        if blank and _starts_message(line):
            yield b"".join(lines)
            lines, size, blank = [], 0, False
            continue
        blank = line in (b"\n", b"\r\n")
        size += len(line)
        if size <= MAX_MESSAGE:
            lines.append(line[1:] if line.startswith(b">From ") else line)
    yield b"".join(lines)
