"""`understand` where it can be stopped: in a process with a clock and a bound on its memory.

A hostile mail costs at most `seconds` and `memory`, then its worker is killed and replaced, and
the caller gets a MailError, like for any other mail that cannot be read (H52–H67).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from maild.errors import MailError
from maild.ingest.files import Source
from maild.model import Mail

if TYPE_CHECKING:
    ProcessPool: TypeAlias = Any  # pebble has no types

SECONDS = 10.0
MEMORY = 1024 * 1024 * 1024  # octets of address space beyond what a worker starts with
TASKS = 5_000  # mails that a worker reads before it is replaced

Outcome: TypeAlias = tuple[Source, Mail | None, str | None]


class Reader:
    """Reads mail in worker processes.  One a program is enough; threads may share it.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, *, workers: int = 1, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._workers, self._seconds, self._memory = workers, seconds, memory
        self._patience = (seconds + 5) * 10  # for a mail and those that wait before it
        self._lock = threading.Lock()
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        from pebble import ProcessPool

        return ProcessPool(
            max_workers=self._workers,
            max_tasks=TASKS,
            initializer=_settle,
            context=multiprocessing.get_context("fork"),
        )

    def read(self, raw: bytes) -> Mail:
        """What the message says.  Raises MailError where it cannot be read within the limits."""
        return self._result(self._start(raw))

    def read_all(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """(source, mail or None, error or None) of each, in the order given; never stops early."""
        waiting: deque[tuple[Source, _Task | None]] = deque()
        for source in sources:
            waiting.append((source, None if source.error else self._start(source.raw)))
            if len(waiting) > self._workers + 2:  # so many are in memory at a time
                yield self._outcome(*waiting.popleft())
        while waiting:
            yield self._outcome(*waiting.popleft())

    def close(self) -> None:
        """Stop the workers."""
        _stop(self._pool)

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, raw: bytes) -> _Task:
        pool = self._pool
        try:
            return self._schedule(pool, raw)
        except RuntimeError:  # it broke while an earlier mail was read
            return self._schedule(self._renew(pool), raw)

    def _schedule(self, pool: ProcessPool, raw: bytes) -> _Task:
        future = pool.schedule(_read, args=(raw, self._memory), timeout=self._seconds)
        return _Task(raw, pool, future)

    def _renew(self, broken: ProcessPool) -> ProcessPool:
        """A pool in the place of a broken one; threads that find the same one broken share it."""
        with self._lock:
            if self._pool is broken:
                self._pool = self._new_pool()
                _stop(broken)
            return self._pool

    def _outcome(self, source: Source, task: _Task | None) -> Outcome:
        if task is None:
            return source, None, source.error
        try:
            return source, self._result(task), None
        except MailError as error:
            return source, None, error.message

    def _result(self, task: _Task) -> Mail:
        try:
            return self._wait(task)
        except BrokenProcessPool:  # by this mail, or by one beside it: once more, alone
            self._renew(task.pool)
        again = self._start(task.raw)
        try:
            return self._wait(again)
        except BrokenProcessPool:
            self._renew(again.pool)
            raise MailError(_BROKE, detail="BrokenProcessPool") from None

    def _wait(self, task: _Task) -> Mail:
        from pebble import ProcessExpired

        try:
            return task.future.result(timeout=self._patience)
        except FutureTimeout:
            if not task.future.done():  # pebble lost it: nobody works on it any more
                self._renew(task.pool)
            raise MailError(
                f"The message took longer than {self._seconds:g} seconds to read and was given up."
            ) from None
        except (MemoryError, ProcessExpired) as error:
            raise MailError(_BROKE, detail=type(error).__name__) from None


_BROKE = "Reading the message broke the reader or took more memory than a mail may take."


@dataclass(frozen=True, slots=True)
class _Task:
    """A mail that is being read."""

    raw: bytes
    pool: ProcessPool
    future: Future[Mail]


def _stop(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


# ---- in the worker


def _settle() -> None:
    """No handler of the daemon's, which came with the fork; no core files of mail."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(raw: bytes, memory: int) -> Mail:
    """Understand within `memory` octets of address space beyond what the worker has now.

    The bound holds while the mail is read and not while it comes in and goes out: a worker that
    cannot answer would take the mails beside it down.
    """
    from maild.ingest.parse import understand

    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + memory
    bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    try:
        return understand(raw)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):  # no /proc: a guess for a Python with our libraries
        return 1024 * 1024 * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
