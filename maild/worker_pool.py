"""Work that can be stopped: in a process with a bound on its CPU and on its memory.

What a hostile mail or template costs is at most `seconds` of the worker's own CPU and `memory`;
then its worker is killed and replaced, and the caller gets an `Exceeded`.  A worker that was killed
or stopped from outside, that hangs, or that a busy machine holds up, is not the work's fault: it is
done again, alone, and only the third time it is given up.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from stat import S_ISSOCK
from typing import Any, Generic, TypeVar

from maild.errors import MaildError, Temporary

Item = TypeVar("Item")
Result = TypeVar("Result")

MEMORY = 1024 * 1024 * 1024  # octets of address space beyond what a worker has when it begins
TASKS = 5_000  # pieces of work that a worker does before it is replaced
TRIES = 3  # of what a worker was lost with
LOOK_SECONDS = 0.5  # how often a worker that says nothing is looked at
PATIENCE = {  # looks in a row that find it in such a state (`proc(5)`) with no more CPU used
    "T": 2,  # stopped, and nobody lets it go on
    "t": 2,
    "S": 20,  # it waits for what never comes: a lock that another thread held when it was forked
}
IN_A_ROW = 4  # so many go before who waits as a guest; then it is his turn
ORPHAN_SECONDS = 2  # how often a worker looks whether its daemon is still there


class Exceeded(MaildError):
    """The work took too much memory, or broke its worker."""


class TooLong(Exceeded):
    """The work took too long."""


@dataclass(frozen=True, slots=True)
class Task(Generic[Result]):
    """Pieces of work that a worker has, or that wait for one."""

    future: Future[list[Result | Exception]]
    count: int  # of the pieces


class WorkerPool:
    """Worker processes.  Threads may share one; call `close` at the end."""

    def __init__(
        self,
        *,
        workers: int = 1,
        seconds: float,
        memory: int = MEMORY,
        host: WorkerPool | None = None,
    ) -> None:
        """`seconds`: of CPU, `memory`: octets, of each piece of work.

        `host`: another pool, whose processes do this one's work too, and its own first.
        """
        self.seconds = seconds
        self.workers = workers
        self._memory = memory
        self._host = host or self
        self._lock = threading.Lock()
        self._crew: _Crew | None = None  # made by the first task

    def run(self, work: Callable[..., Result], *args: object) -> Result:
        """`work(*args)` in a worker; arguments and result are pickled.

        Its own error is raised as it was; Exceeded where it goes beyond a limit.
        """
        return self.given(self.begin(work, *args))

    def begin(self, work: Callable[..., Result], *args: object) -> Task[Result]:
        """Begins it, once a worker is free; `given` waits for what becomes of it."""
        return self.start(_apply, [(work, args)])

    def given(self, task: Task[Result]) -> Result:
        """As `run`, of what was begun."""
        (given,) = self.wait(task)
        if isinstance(given, Exception):
            raise given
        return given

    def start(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, hurried: bool = False
    ) -> Task[Result]:
        """Begins `work` on each of these, one after the other in one worker, once one is free;
        `hurried`: before what was begun otherwise and still waits."""
        turn = _Turn.GUEST if self._host is not self else _Turn.HURRIED if hurried else _Turn.FIRST
        do = partial(self._do, work, list(items), TRIES, turn)
        return Task(self._host._hand_over(do, turn), len(items))

    def _hand_over(
        self, do: Callable[[_Crew], list[Result | Exception]], turn: _Turn
    ) -> Future[list[Result | Exception]]:
        with self._lock:
            crew = self._crew = self._crew or _Crew(self.workers)
            crew.wants(turn)
            return crew.threads[turn].submit(do, crew)

    @staticmethod
    def wait(task: Task[Result]) -> list[Result | Exception]:
        """What each piece gave, or its error: its own, or Exceeded; Temporary after a `close`, or
        where the machine has no process for it."""
        try:
            return task.future.result()
        except CancelledError:  # no thread had taken it up
            return _stopping(task.count)

    def close(self) -> None:
        """Stop the workers, where they are ours; the next task starts new ones."""
        with self._lock:
            crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    def _do(
        self,
        work: Callable[[Item], Result],
        items: list[Item],
        tries: int,
        turn: _Turn,
        crew: _Crew,
    ) -> list[Result | Exception]:
        try:
            return crew.run(_Order(work, items, self.seconds, self._memory), turn)
        except _Lost as lost:
            if crew.closed:
                return _stopping(len(items))
            if len(items) == 1 and lost.by == signal.SIGPROF:
                return [TooLong(f"it took longer than {self.seconds:g} seconds")]
            if len(items) == 1 and tries == 1:
                return [Exceeded("it broke its process", detail=lost.told)]
        except Temporary as none:
            return [none for _ in items]
        return [done for item in items for done in self._again(work, item, tries - 1, turn, crew)]

    def _again(
        self, work: Callable[[Item], Result], item: Item, tries: int, turn: _Turn, crew: _Crew
    ) -> list[Result | Exception]:
        crew.wants(turn)
        return self._do(work, [item], tries, turn, crew)


def _stopping(count: int) -> list[Any]:
    return [Temporary("It is stopping.") for _ in range(count)]


# ---- the processes, and our end of the pipes to them


@dataclass(frozen=True, slots=True)
class _Order:
    """What a worker is told to do."""

    work: Callable[[Any], Any]
    items: list[Any]
    seconds: float
    memory: int


class _Lost(Exception):
    """A worker is gone, and what it did with it; `by`: the signal that ended it, if one did."""

    def __init__(self, told: str, by: int | None = None) -> None:
        super().__init__(told)
        self.told, self.by = told, by


class _Turn(Enum):
    """Whose work it is; who is named first goes first."""

    HURRIED = "hurried"
    FIRST = "first"
    GUEST = "guest"


class _Crew:
    """Some workers, as many threads that wait for what they give, and one that looks at those who
    work: he who is told, or who tells, may be stopped in the middle of it."""

    def __init__(self, workers: int) -> None:
        self.threads = {
            turn: ThreadPoolExecutor(workers, thread_name_prefix=f"worker, {turn.value}")
            for turn in _Turn
        }
        self.closed = False
        self._free: list[_Worker | None] = [None] * workers
        self._changed = threading.Condition()  # who is free, and who waits for one
        self._waiting = dict.fromkeys(_Turn, 0)
        self._in_a_row = 0  # orders that went before those of guests
        self._all: set[_Worker] = set()
        self._at_work = threading.Event()  # somebody may be
        self._closing = threading.Event()
        threading.Thread(target=self._look, name="worker watch", daemon=True).start()

    def wants(self, turn: _Turn) -> None:
        """There will be an order of his."""
        with self._changed:
            self._waiting[turn] += 1

    def run(self, order: _Order, turn: _Turn) -> list[Any]:
        """What `wants` has told of.  Temporary where no process can be begun for it."""
        worker = self._take(turn)
        try:
            if worker is None:
                worker = self._begin()
            return worker.run(order, self._at_work)
        except _Lost:
            self._end(worker)
            worker = None
            raise
        finally:
            if worker is not None and worker.done >= TASKS:
                self._end(worker)
                worker = None
            self._give(worker)

    def _take(self, turn: _Turn) -> _Worker | None:
        """The worker that was free last, whose memory is warm; None: one is to be begun."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or (self._free and self._is_next(turn)))
            self._waiting[turn] -= 1
            self._in_a_row = 0 if turn is _Turn.GUEST else self._in_a_row + 1
            return self._free.pop() if self._free else None

    def _is_next(self, turn: _Turn) -> bool:
        if self._waiting[_Turn.GUEST] and self._in_a_row >= IN_A_ROW:
            return turn is _Turn.GUEST
        return turn is next(one for one in _Turn if self._waiting[one])

    def _give(self, worker: _Worker | None) -> None:
        with self._changed:
            self._free.append(worker)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self._closing.set()
        self._at_work.set()
        for threads in self.threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._all):
            worker.end()

    def _begin(self) -> _Worker:
        try:
            worker = _Worker()
        except OSError as error:
            raise Temporary(
                f"This machine has no process more for maild ({error.strerror}). End what takes "
                "its memory, or allow more processes and files; it goes on by itself.",
                detail=str(error),
            ) from error
        self._all.add(worker)
        if self.closed:
            self._end(worker)
            raise _Lost("closed")
        return worker

    def _look(self) -> None:
        """Ends workers that will not go on; whoever waits for one hears of it by its pipe."""
        while self._at_work.wait() and not self._closing.wait(LOOK_SECONDS):
            self._at_work.clear()
            if sum(worker.look() for worker in list(self._all)):
                self._at_work.set()

    def _end(self, worker: _Worker | None) -> None:
        if worker is not None:
            worker.end()
            self._all.discard(worker)


_FORK = threading.Lock()  # no worker may hold another one's end of a pipe: its death would not show


class _Looks:
    """What was seen of a worker since it was told to do something."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._before: tuple[str, ...] = ()
        self._same = 0

    def wrong(self, state: tuple[str, ...]) -> str:
        """Why it will not go on, where it does nothing, or takes for ever."""
        self._same = self._same + 1 if state == self._before else 1
        self._before = state
        if state and self._same >= PATIENCE.get(state[0], sys.maxsize):
            return f"in state {state[0]}"
        return "no answer" if time.monotonic() > self._until else ""


class _Worker:
    """One process; one thread at a time may have it work."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        with _FORK:
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, os.getpid()), name="maild worker", daemon=True
            )
            self._process.start()
            theirs.close()
        self.done = 0
        self._looks: _Looks | None = None  # while it works
        self._ended = ""  # why we did

    def run(self, order: _Order, at_work: threading.Event) -> list[Any]:
        """What each piece gave, or its error.  Raises _Lost where the worker cannot say."""
        self._looks = _Looks(time.monotonic() + (order.seconds + 5) * 10 * len(order.items))
        at_work.set()
        try:
            self._pipe.send(order)
            given: list[tuple[bool, Any]] = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(LOOK_SECONDS)
            by, told = self._process.exitcode, self._ended or type(error).__name__
            raise _Lost(told, -by if by is not None and by < 0 else None) from None
        finally:
            self._looks = None
        self.done += len(given)
        return [value if good else _own(value) for good, value in given]

    def end(self) -> None:
        """Its pipe is closed when the last who may read from it lets go of us: two may end it."""
        self._process.kill()
        self._process.join()

    def look(self) -> bool:
        """Whether it works; it is killed where it will not go on."""
        looks = self._looks
        if looks is None:
            return False
        wrong = looks.wrong(_state(self._process.pid))
        if wrong and self._looks is looks:
            self._ended = wrong
            self._process.kill()
        return True


def _own(error: Exception) -> Exception:
    if isinstance(error, MemoryError):
        return Exceeded("it took too much memory", detail="MemoryError")
    return error


def _state(pid: int | None) -> tuple[str, ...]:
    """Its state (`proc(5)`: R, S, T …) and the CPU that it has used; nothing where nobody knows."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:  # no /proc, or no process
        return ()
    fields = stat.rpartition(")")[2].split()
    return (fields[0], *fields[11:13])


# ---- in the worker


def _apply(call: tuple[Callable[..., Any], tuple[object, ...]]) -> Any:
    work, args = call
    return work(*args)


def _serve(pipe: Connection, daemon: int) -> None:
    """Does what it is told until nobody is there any more."""
    gc.freeze()  # looking whether what came along is garbage would copy all of it
    _let_go(pipe.fileno())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # no handler of the daemon's, which came along
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends us
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends us, whatever we are doing
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core files of mail
    try:
        while True:
            while not pipe.poll(ORPHAN_SECONDS):
                if os.getppid() != daemon:
                    return
            order: _Order = pipe.recv()
            pipe.send_bytes(_pickled([_within(order, item) for item in order.items]))
    except (EOFError, OSError):
        return


def _let_go(kept: int) -> None:
    """Gives up the sockets that came along from the daemon, of the databases and servers too.

    If the daemon is killed they must end: whoever holds the other end of a pipe would wait to write
    into it for ever, and a server would keep open what the daemon had begun.  Their numbers stay
    taken, for objects that may yet close them.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            if fd > 2 and fd != kept and S_ISSOCK(os.fstat(fd).st_mode):
                os.dup2(nothing, fd)
    os.close(nothing)


def _within(order: _Order, item: Any) -> tuple[bool, Any]:
    """What the work gives, or its error, within its CPU and `memory` octets of address space beyond
    what the worker has now.

    The bounds hold while it works and not while the results go out.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + order.memory
    bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    signal.setitimer(signal.ITIMER_PROF, order.seconds)
    try:
        return True, order.work(item)
    except Exception as error:
        return False, _travelling(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _pickled(given: list[tuple[bool, Any]]) -> bytes:
    try:
        return pickle.dumps(given)
    except Exception:
        return pickle.dumps([_or_its_name(one) for one in given])


def _or_its_name(one: tuple[bool, Any]) -> tuple[bool, Any]:
    """What was given, or the name of why it does not travel."""
    try:
        pickle.dumps(one)
    except Exception as error:
        return False, RuntimeError(type(error).__name__)
    return one


def _travelling(error: Exception) -> Exception:
    """The error, or its name where it cannot be pickled, or not be made again from that."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(type(error).__name__)
    return error


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):  # no /proc: a guess for a Python with our libraries
        return 1024 * 1024 * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
