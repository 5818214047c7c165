"""A small disk that can be full, or take no writes: a tmpfs, where we may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OCTETS = 200_000_000


class Disk:
    """What is mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """Takes all the room but so many octets."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 65_536)
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 512)
        if leave:
            os.truncate(self._filler, max(0, self._filler.stat().st_size - leave))

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)

    def read_only(self, on: bool) -> None:
        """Remounted; False from the operating system where somebody writes at this moment."""
        subprocess.run(
            ["mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.folder)], check=True
        )


@contextmanager
def small_disk(folder: Path, octets: int = OCTETS) -> Iterator[Disk]:
    """A disk of so many octets at `folder`; PermissionError where nobody may mount here."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={octets},mode=0700", "maild-test", str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise PermissionError(done.stderr.strip() or "mount failed")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
