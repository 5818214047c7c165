"""Work that can be stopped: in a process with a clock and a bound on its memory.

What a hostile mail or template costs is at most `seconds` and `memory`; then its worker is killed
and replaced, and the caller gets an `Exceeded`.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from maild.errors import MaildError

if TYPE_CHECKING:
    ProcessPool: TypeAlias = Any  # pebble has no types

Result = TypeVar("Result")

MEMORY = 1024 * 1024 * 1024  # octets of address space beyond what a worker has when it begins
TASKS = 5_000  # tasks that a worker does before it is replaced


class Exceeded(MaildError):
    """The work took too much memory, or broke its worker."""


class TooLong(Exceeded):
    """The work took too long."""


@dataclass(frozen=True, slots=True)
class Task(Generic[Result]):
    """Work that a worker has, or that waits for one."""

    work: Callable[..., Result]
    args: tuple[object, ...]
    pool: ProcessPool
    future: Future[Result]


class WorkerPool:
    """Worker processes.  Threads may share one; call `close` at the end."""

    def __init__(self, *, workers: int = 1, seconds: float, memory: int = MEMORY) -> None:
        self.seconds = seconds
        self.workers = workers
        self._memory = memory
        self._patience = (seconds + 5) * 10  # for a task and those that wait before it
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None  # made by the first task

    def run(self, work: Callable[..., Result], *args: object) -> Result:
        """`work(*args)` in a worker; arguments and result are pickled.

        Its own error is raised as it was; Exceeded where it goes beyond a limit.
        """
        return self.wait(self.start(work, *args))

    def start(self, work: Callable[..., Result], *args: object) -> Task[Result]:
        """Begins `work(*args)` as soon as a worker is free."""
        pool = self._current()
        try:
            return self._schedule(pool, work, args)
        except RuntimeError:  # it broke at an earlier task
            self._drop(pool)
            return self._schedule(self._current(), work, args)

    def wait(self, task: Task[Result]) -> Result:
        """What it gave; see `run`."""
        try:
            return self._result(task)
        except BrokenProcessPool:  # by this task, or by one beside it: once more, alone
            self._drop(task.pool)
        again = self.start(task.work, *task.args)
        try:
            return self._result(again)
        except BrokenProcessPool:
            self._drop(again.pool)
            raise Exceeded("it broke its process", detail="BrokenProcessPool") from None

    def close(self) -> None:
        """Stop the workers; the next task starts new ones."""
        pool = self._pool
        if pool is not None:
            self._drop(pool)

    def _result(self, task: Task[Result]) -> Result:
        from pebble import ProcessExpired

        try:
            return task.future.result(timeout=self._patience)
        except FutureTimeout:
            if not task.future.done():  # pebble lost it: nobody works on it any more
                self._drop(task.pool)
            raise TooLong(f"it took longer than {self.seconds:g} seconds") from None
        except (MemoryError, ProcessExpired) as error:
            raise Exceeded(
                "it broke its process or took too much memory", detail=type(error).__name__
            ) from None

    def _schedule(
        self, pool: ProcessPool, work: Callable[..., Result], args: tuple[object, ...]
    ) -> Task[Result]:
        future = pool.schedule(_within, args=(self._memory, work, args), timeout=self.seconds)
        return Task(work, args, pool, future)

    def _current(self) -> ProcessPool:
        from pebble import ProcessPool

        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self.workers,
                    max_tasks=TASKS,
                    initializer=_isolate,
                    context=multiprocessing.get_context("fork"),
                )
            return self._pool

    def _drop(self, pool: ProcessPool) -> None:
        """Threads that find the same pool broken get one new one."""
        with self._lock:
            current = self._pool is pool
            if current:
                self._pool = None
        if current:
            pool.stop()
            pool.join()


# ---- in the worker


def _isolate() -> None:
    """No handler of the daemon's, which came with the fork; no core files of mail."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _within(memory: int, work: Callable[..., Result], args: tuple[object, ...]) -> Result:
    """Works within `memory` octets of address space beyond what the worker has now.

    The bound holds while it works and not while arguments come in and the result goes out: a
    worker that cannot answer would take the tasks beside it down.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + memory
    bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    try:
        return work(*args)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):  # no /proc: a guess for a Python with our libraries
        return 1024 * 1024 * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
