"""Which notifications have left us, kept beside the database and not in it (H28).

Yesterday's database restored forgets what was sent today; this file does not.  A line a step:

    ?KEY   about to be handed over: on the disk before the relay gets the final dot (H97)
    KEY    the relay has taken it
    !KEY   it has not, it said so

So a crash in between is at most one repeat of each mail, and without the mark nothing is sent.
Two files of bounded size, the current one and the one before; one that is lost, or put back from
a backup, does no harm but to forget.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from maild.config import Settings
from maild.errors import Temporary

MOST_OCTETS = 16_000_000  # of one file: some hundred thousand mails
_KEY = 64  # hex digits of an OutboxItem.key
ABOUT, REFUSED = b"?", b"!"


def journal_path(settings: Settings) -> Path:
    """`sent.journal` in the folder of the SQLite file, or in `var` beside maild.toml."""
    database = settings.database_file
    return (database.parent if database else settings.path("var")) / "sent.journal"


class Journal:
    """The keys of what was sent.  Several daemons may share one: each sees what the others add.

    Temporary where it cannot be read or written, with a sentence for the admin.
    """

    def __init__(self, path: Path, *, most_octets: int = MOST_OCTETS) -> None:
        self._path = path
        self._most_octets = most_octets
        self._lock = threading.Lock()
        self._files: list[_File] = []  # the current one first
        self._ours = -1  # octets of the current one, where its last line is ours and whole
        with _told(self._path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()

    def sent(self, keys: Iterable[str]) -> set[str]:
        """Those of these that the relay has taken."""
        files = self._read()
        return {key for key in keys if any(bytes.fromhex(key) in file.sent for file in files)}

    def unanswered(self, keys: Iterable[str]) -> dict[str, int]:
        """How often each of these was about to be handed over, and nobody wrote down what came of
        it."""
        files = self._read()
        return {key: max(0, sum(file.about[bytes.fromhex(key)] for file in files)) for key in keys}

    def about(self, keys: Iterable[str]) -> None:
        """Marks them durably: when this returns, no power cut forgets it."""
        self._write(ABOUT, keys)
        self.sync()

    def taken(self, keys: Iterable[str]) -> None:
        """The relay has them.  No kill forgets it from now on, no power cut after `sync`."""
        self._write(b"", keys)

    def refused(self, keys: Iterable[str]) -> None:
        """The relay does not have them: the mark counts no more."""
        self._write(REFUSED, keys)

    def sync(self) -> None:
        """When this returns, no power cut forgets what was added."""
        with _told(self._path):
            with self._lock:  # who only adds a line does not wait for the disk
                descriptor = os.dup(self._files[0].descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Lets go of the files."""
        for file in self._files:
            os.close(file.descriptor)
        self._files = []

    def _write(self, mark: bytes, keys: Iterable[str]) -> None:
        lines = b"".join(mark + key.encode("ascii") + b"\n" for key in keys)
        if not lines:
            return
        with self._lock, _told(self._path):
            size = self._follow()
            descriptor = self._files[0].descriptor
            if size != self._ours and _torn(descriptor, size):
                lines = b"\n" + lines
            self._ours = -1
            if os.write(descriptor, lines) != len(lines):
                raise OSError(28, "No space left on device")
            self._ours = size + len(lines)
            if self._ours > self._most_octets:
                self._turn_over()

    def _read(self) -> list[_File]:
        with self._lock, _told(self._path):
            self._follow()
            for file in self._files:
                file.catch_up()
            return list(self._files)

    # ---- the files

    def _open(self) -> None:
        """The current file, new where it is missing, and the one before it."""
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if new:
            _sync_folder(self._path.parent)
        self._files, self._ours = [_File(descriptor)], -1
        with suppress(FileNotFoundError):
            self._files.append(_File(os.open(self._before, os.O_RDONLY)))

    @property
    def _before(self) -> Path:
        return self._path.with_name(self._path.name + ".1")

    def _follow(self) -> int:
        """Another daemon may have turned it over, or somebody taken it away; the octets of the
        current one."""
        try:
            there = self._path.stat().st_ino
        except FileNotFoundError:
            there = None
        here = os.fstat(self._files[0].descriptor)
        if there == here.st_ino:
            return here.st_size
        known = self._files
        os.fsync(known[0].descriptor)  # a mark in it may wait for its `sync`, which knows the new
        self._open()
        self._files[1:] = known[:1]  # what it had is not forgotten while we live
        for file in known[1:]:
            os.close(file.descriptor)
        return os.fstat(self._files[0].descriptor).st_size

    def _turn_over(self) -> None:
        """The current file becomes the one before; one of several daemons does it."""
        descriptor = self._files[0].descriptor
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._path.stat().st_ino == os.fstat(descriptor).st_ino:
                self._path.rename(self._before)
                _sync_folder(self._path.parent)
            fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Makes a sentence of what the operating system says."""
    try:
        yield
    except OSError as error:
        raise Temporary(
            f"The journal of sent mail {path} cannot be written ({error.strerror}), so nothing is "
            "sent: it could go out again and again. Make room on the disk, and let this user write "
            "there; it goes on by itself.",
            detail=str(error),
        ) from error


class _File:
    """One file, and what was read of it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.sent: set[bytes] = set()
        self.about: Counter[bytes] = Counter()  # marks that nobody answered
        self._read = 0  # octets

    def catch_up(self) -> None:
        size = os.fstat(self.descriptor).st_size
        while self._read < size:
            block = os.pread(self.descriptor, min(size - self._read, 1 << 20), self._read)
            end = block.rfind(b"\n") + 1
            if not end:
                return
            self._read += end
            for line in block[:end].split(b"\n"):
                self._take(line)

    def _take(self, line: bytes) -> None:
        mark, digits = (line[:1], line[1:]) if line[:1] in (ABOUT, REFUSED) else (b"", line)
        if len(digits) != _KEY:
            return  # torn by a crash
        try:
            key = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            return
        if mark == ABOUT:
            self.about[key] += 1
        elif mark == REFUSED:
            self.about[key] -= 1
        else:
            self.sent.add(key)
            self.about.pop(key, None)


def _torn(descriptor: int, size: int) -> bool:
    """Whether a crash, or a full disk, left half a line at the end."""
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
