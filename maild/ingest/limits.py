"""`understand` where it can be stopped: in a process with a clock and a bound on its memory.

A hostile mail costs at most `seconds` and `memory`, then its worker is killed and replaced, and
the caller gets a MailError, like for any other mail that cannot be read (H52–H67).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from maild.errors import MailError
from maild.ingest.files import Source
from maild.model import Mail

SECONDS = 10.0
MEMORY = 1024 * 1024 * 1024  # octets of address space beyond what a worker starts with
TASKS = 5_000  # mails that a worker reads before it is replaced

Outcome: TypeAlias = tuple[Source, Mail | None, str | None]


class Reader:
    """Reads mail in worker processes.  One a program is enough; threads may share it.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, *, workers: int = 1, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        from pebble import ProcessPool

        self._seconds = seconds
        self._window = workers + 2  # mails in memory at a time in `read_all`
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=TASKS,
            initializer=_bound,
            initargs=(memory,),
            context=multiprocessing.get_context("fork"),
        )

    def read(self, raw: bytes) -> Mail:
        """What the message says.  Raises MailError where it cannot be read within the limits."""
        return self._wait(self._start(raw))

    def read_all(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """(source, mail or None, error or None) of each, in the order given; never stops early."""
        waiting: deque[tuple[Source, Future[Mail] | None]] = deque()
        for source in sources:
            waiting.append((source, None if source.error else self._start(source.raw)))
            if len(waiting) > self._window:
                yield self._outcome(*waiting.popleft())
        while waiting:
            yield self._outcome(*waiting.popleft())

    def close(self) -> None:
        """Stop the workers."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, raw: bytes) -> Future[Mail]:
        future: Future[Mail] = self._pool.schedule(_read, args=(raw,), timeout=self._seconds)
        return future

    def _outcome(self, source: Source, future: Future[Mail] | None) -> Outcome:
        if future is None:
            return source, None, source.error
        try:
            return source, self._wait(future), None
        except MailError as error:
            return source, None, error.message

    def _wait(self, future: Future[Mail]) -> Mail:
        from pebble import ProcessExpired

        try:
            return future.result()
        except MailError:
            raise
        except FutureTimeout:
            raise MailError(
                f"The message took longer than {self._seconds:g} seconds to read and was given up."
            ) from None
        except (MemoryError, ProcessExpired) as error:
            raise MailError(
                "Reading the message broke the reader or took more memory than a mail may take.",
                detail=type(error).__name__,
            ) from None


def _read(raw: bytes) -> Mail:
    from maild.ingest.parse import understand

    return understand(raw)


def _bound(memory: int) -> None:
    """In the worker: no more address space than it has now and `memory`; no core files."""
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
