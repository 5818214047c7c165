"""`parse` where it can be stopped: in a process with a bound on its CPU and its memory.

A hostile mail costs at most `seconds` and `memory`, and the caller gets a MailError, like for any
other mail that cannot be read (H52–H67).  A worker gets several mails at a time, as handing over
costs as much as reading a small one; each is bounded by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from maild.errors import MailError
from maild.model import Mail
from maild.spool import Mass
from maild.worker_pool import MEMORY, Exceeded, Task, TooLong, WorkerPool

Label = TypeVar("Label")
Item = TypeVar("Item")

SECONDS = 10.0  # of CPU
TOGETHER = 16  # mails that a worker gets at a time
TOGETHER_OCTETS = 1024 * 1024  # as soon as mails have so many, no more go with them


@dataclass(frozen=True, slots=True)
class Source:
    """One message of a file."""

    label: str  # the path; "PATH:3" for the third message of an mbox; "-" for standard input
    raw: Mass
    error: str | None = None  # why it could not be read; raw is empty then


Outcome: TypeAlias = tuple[Source, Mail | None, str | None]


class Reader:
    """Reads mail in worker processes.  One a program is enough; threads may share it.

    Call `close` at the end, or use `contextlib.closing`.
    """

    def __init__(self, *, workers: int = 1, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.pool = WorkerPool(workers=workers, seconds=seconds, memory=memory)

    def read(self, raw: Mass) -> Mail:
        """What the message says.  Raises MailError where it cannot be read within the limits."""
        (mail,) = self.start([raw], hurried=True)()
        if isinstance(mail, Exception):
            raise mail
        return mail

    def read_all(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """(source, mail or None, error or None) of each, in the order given; never stops early."""
        for source, mail in self.stream((source, source.raw) for source in sources):
            if source.error is not None:
                yield source, None, source.error
            elif isinstance(mail, MailError):
                yield source, None, mail.message
            elif isinstance(mail, Exception):
                raise mail
            else:
                yield source, mail, None

    def stream(
        self, items: Iterable[tuple[Label, Mass]]
    ) -> Iterator[tuple[Label, Mail | Exception]]:
        """What each says, or why it cannot be read: MailError where that is the mail's fault.

        Some are read while the caller works.
        """
        _import_parser()
        waiting: deque[tuple[list[Label], Task[Mail]]] = deque()
        for part in in_parts(items, TOGETHER, _size):
            labels = [label for label, _ in part]
            waiting.append((labels, self.pool.start(_read, [raw for _, raw in part])))
            if len(waiting) > self.pool.workers + 1:  # so many are in memory at a time
                yield from self._given(*waiting.popleft())
        while waiting:
            yield from self._given(*waiting.popleft())

    def start(
        self, raws: Sequence[Mass], *, hurried: bool = False
    ) -> Callable[[], list[Mail | Exception]]:
        """Begins to read these, `hurried` ones before the others; what is given waits, and says of
        each what `stream` says."""
        _import_parser()
        task = self.pool.start(_read, raws, hurried=hurried)
        return lambda: [mail for _, mail in self._given([None] * len(raws), task)]

    def close(self) -> None:
        """Stop the workers."""
        self.pool.close()

    def _given(
        self, labels: list[Label], task: Task[Mail]
    ) -> Iterator[tuple[Label, Mail | Exception]]:
        given: list[Mail | Exception] = self.pool.wait(task)
        return zip(labels, map(self._told, given), strict=True)

    def _told(self, given: Mail | Exception) -> Mail | Exception:
        if isinstance(given, TooLong):
            return MailError(
                f"The message took longer than {self.pool.seconds:g} seconds to read "
                "and was given up."
            )
        if isinstance(given, Exceeded):
            return MailError(
                "Reading the message broke the reader or took more memory than a mail may take.",
                detail=given.detail,
            )
        return given


class LocalReader:
    """Reads in this process, without limits: for who knows what the mail is."""

    def __init__(self, read: Callable[[Mass], Mail] | None = None) -> None:
        """`read`: what reads; None: `parse`."""
        self.read = read or _read

    def stream(
        self, items: Iterable[tuple[Label, Mass]]
    ) -> Iterator[tuple[Label, Mail | Exception]]:
        """What each says, as `Reader.stream`."""
        for label, raw in items:
            yield label, self._read(raw)

    def start(
        self, raws: Sequence[Mass], *, hurried: bool = False
    ) -> Callable[[], list[Mail | Exception]]:
        """As `Reader.start`; they are read when they are waited for."""
        return lambda: list(map(self._read, raws))

    def _read(self, raw: Mass) -> Mail | Exception:
        try:
            return self.read(raw)
        except Exception as error:
            return error


def _import_parser() -> None:
    """Here, before it forks: workers share it, and none pays for it."""
    import maild.parse.parser  # noqa: F401


def in_parts(
    items: Iterable[Item], count: int, octets: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """The items, so many at a time; `octets`: of each.  A part that has many octets ends there."""
    part: list[Item] = []
    size = 0
    for item in items:
        part.append(item)
        size += octets(item)
        if len(part) == count or size >= TOGETHER_OCTETS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _size(item: tuple[object, Mass]) -> int:
    return len(item[1])


def _read(raw: Mass) -> Mail:
    from maild.parse.parser import parse

    return parse(raw)
