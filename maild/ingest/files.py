"""Mail in files: .eml files, mbox files, Maildirs, folders of these, or standard input.

Streams: one message is in memory at a time, however many a folder or an mbox holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from maild.parse.limits import Source

MAX_MESSAGE = 256 * 1024 * 1024  # octets of one message in an mbox; the rest of it is skipped
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


def _read_path(path: Path, label: str) -> Iterator[Source]:
    try:
        if path.is_dir():
            yield from _read_folder(path)
        elif path.exists():
            with path.open("rb") as stream:
                yield from _split_stream(stream, label)
        else:
            missing = f"{label} is not there; give a file, a folder or - for standard input."
            yield Source(label, b"", missing)
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
    """The message of a stream, or all messages of it where it is an mbox (RFC 4155)."""
    first = stream.readline(MAX_MESSAGE)
    if not _starts_message(first) or label.lower().endswith(".eml"):
        yield Source(label, first + stream.read())
        return
    for count, raw in enumerate(_mbox_messages(stream), start=1):
        yield Source(label if count == 1 else f"{label}:{count}", raw)


def _starts_message(line: bytes) -> bool:
    """True for an mbox separator: `From sender date` (RFC 4155 §Appendix A)."""
    return line.startswith(b"From ") and any(c in b"0123456789" for c in line)


def _mbox_messages(stream: BinaryIO) -> Iterator[bytes]:
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
