"""`maild` as a process of its own: commands that end, and daemons that go on.

They are forked by `tests/zygote.py`.  What must show that the installed program itself starts, and
what it imports, starts that: `tests/unit/test_startup.py`, `tests/servers/test_packaging.py`.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MANY_SECONDS = 300.0  # that a command may take on a machine that has much else to do


class Zygote:
    """One a test process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        atexit.register(self.close)

    def ask(self, **what: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        # Not by the end of its input: workers that we forked may hold that pipe as well.
        self._process.terminate()
        self._process.wait(30)


@cache
def zygote() -> Zygote:
    return Zygote()


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
        self.pid: int = zygote().ask(
            words=words,
            env=dict(os.environ if env is None else env),
            cwd=str(cwd or Path.cwd()),
            umask=umask,
            stdin=str(stdin or os.devnull),
            stdout=str(stdout or os.devnull),
            stderr=str(stderr or os.devnull),
            **more,
        )

    def poll(self) -> int | None:
        """Its exit status, or a signal's number below zero; None while it runs."""
        if self.returncode is None:
            status = zygote().ask(poll=self.pid)
            self.returncode = None if status is None else os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = MANY_SECONDS) -> int:
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"maild, process {self.pid}", timeout)
            time.sleep(0.005)
        return status

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
