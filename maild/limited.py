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
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from maild.errors import MaildError

Result = TypeVar("Result")

MEMORY = 1024 * 1024 * 1024  # octets of address space beyond what a worker starts with
TASKS = 5_000  # tasks that a worker does before it is replaced


class Exceeded(MaildError):
    """The work took too long or too much memory, or broke its worker."""


class Limited:
    """Worker processes.  Threads may share one; use it as a context manager, or call `close`."""

    def __init__(self, *, workers: int = 1, seconds: float, memory: int = MEMORY) -> None:
        self.seconds = seconds
        self._workers, self._memory = workers, memory
        self._lock = threading.Lock()
        self._pool: Any = None  # pebble has no types; started by the first task

    def run(self, work: Callable[..., Result], *args: object) -> Result:
        """`work(*args)` in a worker; arguments and result are pickled.

        Its own MaildError is raised as it was; Exceeded where it goes beyond a limit.
        """
        from pebble import ProcessExpired

        for attempt in (1, 2):
            pool = self._current()
            try:
                result: Result = pool.schedule(work, args=args, timeout=self.seconds).result()
                return result
            except FutureTimeout:
                raise Exceeded(f"it took longer than {self.seconds:g} seconds") from None
            except (MemoryError, ProcessExpired) as error:
                raise Exceeded(
                    "it broke its process or took too much memory", detail=type(error).__name__
                ) from None
            except (BrokenProcessPool, RuntimeError) as error:  # by this task, or one beside it
                self._drop(pool)
                if attempt == 2 or isinstance(error, RecursionError):
                    raise Exceeded("it broke its process", detail=type(error).__name__) from None
        raise AssertionError

    def _current(self) -> Any:
        from pebble import ProcessPool

        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=TASKS,
                    initializer=_bound,
                    initargs=(self._memory,),
                    context=multiprocessing.get_context("fork"),
                )
            return self._pool

    def _drop(self, broken: Any) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        broken.stop()
        broken.join()

    def close(self) -> None:
        """Stop the workers."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _bound(memory: int) -> None:
    """In the worker: no more address space than it has now and `memory`; no core files."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the daemon's own handler came with the fork
    limit = _address_space() + memory
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):  # no /proc: a guess for a Python with our libraries
        return 1024 * 1024 * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
