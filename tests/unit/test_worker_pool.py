"""Workers: bounded in CPU and memory each piece of work; what is done to a worker is no fault of
the work."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maild.errors import MailError, Temporary
from maild.worker_pool import IN_A_ROW, PATIENCE, Exceeded, TooLong, WorkerPool, _Worker
from tests.waiting import WAIT_SECONDS, until


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with closing(WorkerPool(seconds=0.5, memory=256 * 1024 * 1024)) as running:
        yield running


def work(what: str) -> object:
    """What a piece of work may do."""
    name, _, file = what.partition(" ")
    if name in DOES:
        return DOES[name]()
    if name in LOSSES:
        another(Path(file))
        if Path(file).stat().st_size <= 2:
            LOSSES[name]()
    if name == "always":
        another(Path(file))
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def wait_for(gate: Path) -> None:
    while not gate.exists():
        time.sleep(0.01)


def write_down(what: tuple[Path, str]) -> None:
    file, name = what
    with file.open("a") as log:
        log.write(f"{name} ")


def hang() -> None:
    """As a lock does that another thread held when the worker was forked."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


LOSSES: dict[str, Callable[[], None]] = {
    "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stops": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "hangs": hang,
}


def burn() -> None:
    while True:
        pass


def sleep() -> str:
    time.sleep(1.2)
    return "sleeps"


def fail(error: Exception) -> None:
    raise error


DOES: dict[str, Callable[[], object]] = {
    "burns": burn,
    "sleeps": sleep,
    "eats": lambda: bytearray(1024 * 1024 * 1024),
    "fails": lambda: fail(MailError("it cannot be read")),
    "odd": lambda: fail(Odd(threading.Lock())),
    "twofold": lambda: fail(Twofold("one", "two")),
    "leaves": sys.exit,
    "unsayable": threading.Lock,
    "deep": lambda: deep(),
}


def another(file: Path) -> None:
    file.write_text((file.read_text() if file.exists() else "") + "x")


class Odd(Exception):
    """One that cannot be pickled."""


class Twofold(Exception):
    """One that can be pickled, and not be made again from that."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def deep() -> list[object]:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def told(pool: WorkerPool, *items: str) -> list[str]:
    given = pool.wait(pool.start(work, items))
    return [type(one).__name__ if isinstance(one, Exception) else str(one) for one in given]


@pytest.mark.parametrize(
    ("what", "gives"),
    [
        ("burns", "TooLong"),
        ("eats", "Exceeded"),
        ("fails", "MailError"),
        ("odd", "RuntimeError"),
        ("twofold", "RuntimeError"),
        ("leaves", "Exceeded"),
        ("unsayable", "RuntimeError"),
        ("deep", "RuntimeError"),
        ("sleeps", "sleeps"),  # no CPU of its own: a machine that is busy stops nobody's work
    ],
)
def test_h96_one_of_several_meets_its_limit_and_the_others_are_done(
    pool: WorkerPool, what: str, gives: str
) -> None:
    assert told(pool, "one", what, "two") == ["one", gives, "two"]
    assert told(pool, "three") == ["three"]


@pytest.mark.parametrize("what", LOSSES)
def test_a_worker_lost_twice_is_not_the_works_fault(
    pool: WorkerPool, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE, "S", 6)
    began = time.monotonic()
    assert told(pool, "one", f"{what} {tmp_path / 'tries'}") == ["one", what]
    assert (tmp_path / "tries").read_text() == "xxx"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("octets", [10, 5_000_000])  # more than a pipe takes before anybody reads
def test_a_worker_that_is_stopped_while_it_has_nothing_to_do_holds_up_nobody(
    pool: WorkerPool, octets: int
) -> None:
    os.kill(pool.run(os.getpid), signal.SIGSTOP)
    began = time.monotonic()
    assert pool.run(len, b"x" * octets) == octets
    assert time.monotonic() - began < 30


def test_the_third_time_it_is_given_up(pool: WorkerPool, tmp_path: Path) -> None:
    assert told(pool, "one", f"always {tmp_path / 'tries'}", "two") == ["one", "Exceeded", "two"]
    assert (tmp_path / "tries").read_text() == "xxx"


def test_what_is_read_goes_before_what_guests_want_but_not_for_ever(
    pool: WorkerPool, tmp_path: Path
) -> None:
    file, gate = tmp_path / "done", tmp_path / "gate"
    with closing(WorkerPool(seconds=0.5, host=pool)) as guest:
        tasks = [pool.start(wait_for, [gate])]  # the first in a row
        tasks += [guest.start(write_down, [(file, "guest")]) for _ in range(2)]
        tasks += [pool.start(write_down, [(file, "first")]) for _ in range(IN_A_ROW)]
        gate.touch()
        for task in tasks:
            pool.wait(task)
    first = ["first"] * (IN_A_ROW - 1)
    assert file.read_text().split() == [*first, "guest", "first", "guest"]


def test_who_is_in_a_hurry_goes_before_what_was_begun_earlier(
    pool: WorkerPool, tmp_path: Path
) -> None:
    file, gate = tmp_path / "done", tmp_path / "gate"
    with closing(WorkerPool(seconds=0.5, host=pool)) as guest:
        tasks = [pool.start(wait_for, [gate]), guest.start(write_down, [(file, "guest")])]
        tasks += [pool.start(write_down, [(file, "first")]) for _ in range(2)]
        tasks += [pool.start(write_down, [(file, "hurried")], hurried=True)]
        gate.touch()
        for task in tasks:
            pool.wait(task)
    assert file.read_text().split() == ["hurried", "first", "first", "guest"]


def test_a_guest_has_limits_of_its_own_and_the_processes_of_its_host(pool: WorkerPool) -> None:
    with closing(WorkerPool(seconds=0.2, host=pool)) as guest:
        assert guest.run(os.getpid) == pool.run(os.getpid)
        with pytest.raises(TooLong, match=r"0\.2 seconds"):
            guest.run(work, "burns")
        assert guest.run(os.getpid) == pool.run(os.getpid)
        there = pool.run(os.getpid)
    assert pool.run(os.getpid) == there  # it is not the guest's to end


def test_a_guest_that_waits_when_its_host_is_closed_may_come_again(
    pool: WorkerPool, tmp_path: Path
) -> None:
    guest = WorkerPool(seconds=0.5, host=pool)
    tasks = [pool.start(work, [f"hangs {tmp_path / 'begun'}"]), guest.start(work, ["one"])]
    until((tmp_path / "begun").exists)
    pool.close()
    assert [type(guest.wait(task)[0]) for task in tasks] == [Temporary, Temporary]
    assert guest.run(work, "one") == "one"


def test_run_raises_what_the_work_raises(pool: WorkerPool) -> None:
    assert pool.run(work, "one") == "one"
    with pytest.raises(MailError, match="cannot be read"):
        pool.run(work, "fails")
    with pytest.raises(TooLong):
        pool.run(work, "burns")
    with pytest.raises(Exceeded):
        pool.run(work, "eats")


def test_who_waits_when_it_is_closed_may_come_again(pool: WorkerPool, tmp_path: Path) -> None:
    tasks = [
        pool.start(work, [f"hangs {tmp_path / 'begun'}"]),
        *(pool.start(work, ["one", "two"]) for _ in range(3)),
    ]
    until((tmp_path / "begun").exists)
    pool.close()
    given = [[type(one) for one in pool.wait(task)] for task in tasks]
    assert given == [[Temporary], *[[Temporary, Temporary]] * 3]
    assert pool.run(work, "one") == "one"


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_h96_a_machine_without_processes_is_no_fault_of_the_work(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def none(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as full:
        full.setattr(_Worker, "__init__", none)
        given = pool.wait(pool.start(work, ["one", "two"]))
        assert [type(one) for one in given] == [Temporary, Temporary]
        assert "goes on by itself" in str(given[0])
    assert pool.run(work, "one") == "one"


def test_workers_end_with_their_daemon() -> None:
    reading, writing = os.pipe()
    daemon = os.fork()
    if daemon == 0:
        pool = WorkerPool(seconds=1)
        os.write(writing, str(pool.run(os.getpid)).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(daemon, 0)
    worker = int(os.read(reading, 20))
    until(lambda: _is_dead(worker))


def _is_dead(pid: int) -> bool:
    try:
        return ") Z" in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


KILLED = """
import os, socket, sys, time
from pathlib import Path
from maild.worker_pool import WorkerPool

def work(place):
    Path(place).write_text(str(os.getpid()))
    while not Path(place + ".end").exists():
        time.sleep(0.01)
    return b"x" * 4_000_000  # more than a pipe takes at once

line = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
WorkerPool(workers=2, seconds=30).run(work, sys.argv[1])
"""


def test_a_worker_whose_daemon_is_killed_ends_and_holds_no_line_of_it(tmp_path: Path) -> None:
    """Else a database would keep open the transaction that the daemon had begun."""
    place = tmp_path / "pid"
    with socket.create_server(("127.0.0.1", 0)) as server:
        daemon = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(place), str(server.getsockname()[1])]
        )
        line, _ = server.accept()
        until(lambda: place.exists() and place.read_text() != "")
        daemon.kill()
        daemon.wait()
        line.settimeout(WAIT_SECONDS)  # the worker is still at work
        assert line.recv(1) == b""
        line.close()
    place.with_name("pid.end").touch()
    until(lambda: _is_dead(int(place.read_text())))
