"""One daemon at a time on an SQLite database: a second one waits until the first has ended."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class OnlyOne:
    """A lock on a file beside the database, which ends with the process that has it, however it
    ends.  The file says who that is."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._descriptor = -1

    def take(self, file: Path) -> str:
        """Takes it, for as long as this process lives or takes another; "" where it is ours, else
        who has it."""
        file = file.resolve()
        if file == self._file:
            return ""
        self.free()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return ""  # who opens the database says what is wrong with its folder
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            with os.fdopen(descriptor) as other:
                return other.read(100).strip() or "of another process"
        except OSError:
            pass  # a file system without locks: nobody can be told apart there
        with suppress(OSError):  # a full disk
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()}".encode())
        self._file, self._descriptor = file, descriptor
        return ""

    def free(self) -> None:
        """Others may have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._file, self._descriptor = None, -1
