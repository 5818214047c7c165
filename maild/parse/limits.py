"""`parse` where it can be stopped: in a process with a clock and a bound on its memory.

A hostile mail costs at most `seconds` and `memory`, and the caller gets a MailError, like for any
other mail that cannot be read (H52–H67).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from maild.errors import MailError
from maild.model import Mail
from maild.worker_pool import MEMORY, Exceeded, Task, TooLong, WorkerPool

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """One message of a file."""

    label: str  # the path; "PATH:3" for the third message of an mbox; "-" for standard input
    raw: bytes
    error: str | None = None  # why it could not be read; raw is empty then


Outcome: TypeAlias = tuple[Source, Mail | None, str | None]


class Reader:
    """Reads mail in worker processes.  One a program is enough; threads may share it.

    Call `close` at the end, or use `contextlib.closing`.
    """

    def __init__(self, *, workers: int = 1, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._pool = WorkerPool(workers=workers, seconds=seconds, memory=memory)

    def read(self, raw: bytes) -> Mail:
        """What the message says.  Raises MailError where it cannot be read within the limits."""
        return self._result(self._pool.start(_read, raw))

    def read_all(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """(source, mail or None, error or None) of each, in the order given; never stops early."""
        waiting: deque[tuple[Source, Task[Mail] | None]] = deque()
        for source in sources:
            task = None if source.error else self._pool.start(_read, source.raw)
            waiting.append((source, task))
            if len(waiting) > self._pool.workers + 2:  # so many are in memory at a time
                yield self._outcome(*waiting.popleft())
        while waiting:
            yield self._outcome(*waiting.popleft())

    def close(self) -> None:
        """Stop the workers."""
        self._pool.close()

    def _outcome(self, source: Source, task: Task[Mail] | None) -> Outcome:
        if task is None:
            return source, None, source.error
        try:
            return source, self._result(task), None
        except MailError as error:
            return source, None, error.message

    def _result(self, task: Task[Mail]) -> Mail:
        try:
            return self._pool.wait(task)
        except TooLong:
            raise MailError(
                f"The message took longer than {self._pool.seconds:g} seconds to read "
                "and was given up."
            ) from None
        except Exceeded as error:
            raise MailError(
                "Reading the message broke the reader or took more memory than a mail may take.",
                detail=error.detail,
            ) from None


def _read(raw: bytes) -> Mail:
    from maild.parse.parser import parse

    return parse(raw)
