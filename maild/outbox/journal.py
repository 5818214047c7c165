"""Which notifications have left us, kept beside the database and not in it (H28).

Yesterday's database restored forgets what was sent today; this file does not.  It is a line a
sent mail, appended and on the disk before the database hears of it, so that a crash between the
two repeats nothing either.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from maild.config import Settings

_KEY = 64  # hex digits of an OutboxItem.key


def journal_path(settings: Settings) -> Path:
    """`sent.journal` in the folder of the SQLite file, or in `var` beside maild.toml."""
    database = settings.database_file
    return (database.parent if database else settings.path("var")) / "sent.journal"


class Journal:
    """The sent keys.  Several daemons may share one file: each sees what the others add."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._read = 0
        self._keys: set[bytes] = set()

    def __contains__(self, key: str) -> bool:
        self._catch_up()
        return bytes.fromhex(key) in self._keys

    def add(self, keys: Iterable[str]) -> None:
        """Writes them durably: when this returns, no power cut forgets them."""
        lines = "".join(f"{key}\n" for key in keys).encode("ascii")
        if not lines:
            return
        if self._torn():
            lines = b"\n" + lines
        os.write(self._file, lines)
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)

    def _torn(self) -> bool:
        """Whether a crash left half a line at the end."""
        size = os.fstat(self._file).st_size
        return size > 0 and os.pread(self._file, 1, size - 1) != b"\n"

    def _catch_up(self) -> None:
        size = os.fstat(self._file).st_size
        while self._read < size:
            block = os.pread(self._file, min(size - self._read, 1 << 20), self._read)
            end = block.rfind(b"\n") + 1
            if not end:
                return
            self._read += end
            for line in block[:end].split(b"\n"):
                if len(line) == _KEY:
                    self._keys.add(bytes.fromhex(line.decode("ascii")))
