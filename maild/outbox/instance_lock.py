"""Who delivers on this machine: whoever comes first after a crash takes back what was claimed."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_guard = threading.Lock()
_present: dict[Path, tuple[int, int]] = {}  # lock file → its descriptor, deliverers in this process


@contextmanager
def present(file: Path, when_first: Callable[[], object]) -> Iterator[None]:
    """Says that a deliverer lives as long as the block; `when_first`: where no other one does.

    A POSIX lock, shared by all who live: unlike flock, worker processes do not inherit it, so it
    ends with us, however we end.  Nobody passes while `when_first` runs.
    """
    file = file.resolve()
    _enter(file, when_first)
    try:
        yield
    finally:
        _leave(file)


def _enter(file: Path, when_first: Callable[[], object]) -> None:
    with _guard:
        lock, count = _present.get(file, (-1, 0))
        if count == 0:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _first_or_not(lock, when_first)
            except BaseException:
                os.close(lock)
                raise
        _present[file] = (lock, count + 1)


def _first_or_not(lock: int, when_first: Callable[[], object]) -> None:
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass
    else:
        when_first()
    fcntl.lockf(lock, fcntl.LOCK_SH)


def _leave(file: Path) -> None:
    with _guard:
        lock, count = _present.pop(file)
        if count > 1:
            _present[file] = (lock, count - 1)
        else:
            os.close(lock)
