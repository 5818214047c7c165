"""The file that keeps a refresh token: one line, for one reader and writer at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from maild.errors import Temporary, Unavailable

LOCK_SECONDS = 30  # that others may hold it: longer than one question takes


class TokenFile:
    """A refresh token on disk; work on it within `alone`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # a link stays one

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps every other thread and process away from the file.

        Unavailable where nothing can be written beside it: what is not saved would be lost.
        """
        try:
            lock = os.open(
                self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
        except OSError as error:
            raise Unavailable(
                f"nothing can be written beside {self.path} ({error.strerror}); "
                "let this user write into its folder: refresh tokens change."
            ) from error
        try:
            self._wait_for(lock)
            yield
        finally:
            with suppress(OSError):  # said, as forked workers hold the same lock open
                fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > end:
                    raise Temporary(f"another program works on {self.path} for too long.") from None
                time.sleep(0.05)  # flock has no deadline

    def read(self) -> str | None:
        """The token; None where there is none yet.  Unavailable: it cannot be read."""
        try:
            lines = self.path.read_text("utf-8").split()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"{self.path} cannot be read; let this user read it.") from error
        return lines[0] if lines else None

    def save(self, token: str) -> None:
        """Replaces the token: durably, in one step, readable by this user only.

        OSError where it cannot be written; then the old one stands.
        """
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
