"""`maild` as a process of its own: commands that end, and daemons that go on.

They are forked by `tests/zygote.py`.  What must show that the installed program itself starts, and
what it imports, starts that: `tests/unit/test_startup.py`, `tests/servers/test_packaging.py`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MANY_SECONDS = 300.0  # that a command may take on a machine that has much else to do


SHARED = "TESTS_ZYGOTE"  # in the environment: where that of all test processes listens


class Zygote:
    """The process that forks ours."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="maild-zygote-")
        self.door = f"{self._folder}/door"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote", self.door],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        atexit.register(self.close)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def door() -> str:
    """Where the zygote listens; one is begun where there is none yet."""
    return os.environ.get(SHARED) or Zygote().door


def ask(**what: Any) -> Any:
    with socket.socket(socket.AF_UNIX) as connection:
        end = time.monotonic() + MANY_SECONDS
        while connection.connect_ex(door()):
            assert time.monotonic() < end, "who forks maild does not begin"
            time.sleep(0.02)
        with connection.makefile("rw") as lines:
            print(json.dumps(what), file=lines, flush=True)
            return json.loads(lines.readline())


class Process:
    """A running `maild`, with as much of `subprocess.Popen` as tests need."""

    def __init__(
        self,
        *words: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        umask: int | None = None,
        stdin: Path | None = None,
        stdout: Path | None = None,
        stderr: Path | None = None,
        **more: str,
    ) -> None:
        """`env` is all of the environment (default: this process's); output is appended."""
        self.returncode: int | None = None
        self.pid: int = ask(
            words=words,
            env=dict(os.environ if env is None else env),
            cwd=str(cwd or Path.cwd()),
            umask=umask,
            stdin=str(stdin or os.devnull),
            stdout=str(stdout or os.devnull),
            stderr=str(stderr or os.devnull),
            **more,
        )
        self._end = os.pidfd_open(self.pid)  # readable when it has ended
        self._close = weakref.finalize(self, os.close, self._end)
        self._look = select.poll()
        self._look.register(self._end, select.POLLIN)

    def poll(self) -> int | None:
        """Its exit status, or a signal's number below zero; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float = MANY_SECONDS) -> int:
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"maild, process {self.pid}", timeout)
        return status

    def _ended(self, seconds: float) -> int | None:
        if self.returncode is None and self._look.poll(seconds * 1000):
            self.returncode = os.waitstatus_to_exitcode(ask(ended=self.pid))
            self._close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    *words: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    umask: int | None = None,
    given: bytes = b"",
) -> subprocess.CompletedProcess[str]:
    """What a command printed and its exit status; `given` is its standard input."""
    with tempfile.TemporaryDirectory(prefix="maild-run-") as name:
        stdin, stdout, stderr = (Path(name) / part for part in ("in", "out", "err"))
        stdin.write_bytes(given)
        process = Process(
            *words, cwd=cwd, env=env, umask=umask, stdin=stdin, stdout=stdout, stderr=stderr
        )
        try:
            status = process.wait()
        finally:
            process.kill()
        return subprocess.CompletedProcess(
            ["maild", *words], status, stdout.read_text("utf-8"), stderr.read_text("utf-8")
        )


def maild(*words: str, status: int = 0, **how: Any) -> str:
    """What a command that ends with `status` printed, errors included."""
    done = run(*words, **how)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr
