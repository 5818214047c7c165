"""Forks `maild` from a process that has everything imported: a start takes milliseconds.

What is forked does what the command does, in a process of its own with threads and workers of its
own; `tests/processes.py` asks.  Lines of JSON come in and one answer goes out for each:
`{"words": […], "env": {…}, "cwd": …, "umask": …, "stdin": …, "stdout": …, "stderr": …}` with the
process id, `{"poll": pid}` with its status of waitpid, or null while it runs.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG: whoever ends the tests leaves no process behind


def main() -> None:
    _import_all()
    for line in sys.stdin:
        asked = json.loads(line)
        if "poll" in asked:
            pid, status = os.waitpid(asked["poll"], os.WNOHANG)
            print(json.dumps(status if pid else None), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _command(asked)
        print(pid, flush=True)


def _import_all() -> None:
    """What the commands need, and what a daemon's workers import later."""
    import email.policy

    import psycopg

    import maild

    assert email.policy and psycopg
    for module in pkgutil.walk_packages(maild.__path__, "maild."):
        importlib.import_module(module.name)


def _command(asked: dict[str, Any]) -> None:
    """In the child: never returns."""
    os.setsid()
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY
        os.dup2(os.open(asked[name], flags, 0o600), number)
    os.chdir(asked["cwd"])
    if asked["umask"] is not None:
        os.umask(asked["umask"])
    if asked.get("full"):
        _full_disk(Path(asked["full"]))
    if asked.get("clock"):
        _wrong_clock(Path(asked["clock"]))
    status = 1
    try:
        from maild.cli import main as maild

        sys.argv = ["maild", *asked["words"]]
        maild()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def _full_disk(file: Path) -> None:
    """From now on no file grows while this one exists: for machines where nobody may mount."""

    def watch() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        while True:
            time.sleep(0.05)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096 if file.exists() else soft, hard))

    threading.Thread(target=watch, daemon=True).start()


def _wrong_clock(file: Path) -> None:
    """From now on the wall's clock is off by so many seconds as the file says."""
    began_wall, began = time.time(), time.monotonic()
    state: dict[str, Any] = {"offset": None, "travel": None}

    def set_clock() -> None:
        offset = float(file.read_text() or 0)
        if offset == state["offset"]:
            return
        if state["travel"] is not None:
            state["travel"].stop()
        true = began_wall + time.monotonic() - began
        at = datetime.fromtimestamp(true, UTC) + timedelta(seconds=offset)
        state["travel"] = time_machine.travel(at, tick=True)
        state["travel"].start()
        state["offset"] = offset

    def watch() -> None:
        while True:
            time.sleep(0.05)
            set_clock()

    set_clock()
    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
