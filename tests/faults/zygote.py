"""Forks daemons from a process that has everything imported, so that a thousand kills take minutes.

What is forked is what `maild run` does, in a process of its own with threads and workers of its
own.  Lines of JSON come in, `{"config": …, "log": …, "env": {…}, "clock": …}`, and the process id
goes out; `{"wait": pid}` gives its exit status.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG: whoever ends the tests leaves no daemon behind


def main() -> None:
    _import_all()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            print(os.waitpid(asked["wait"], 0)[1], flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _daemon(asked)
        print(pid, flush=True)


def _import_all() -> None:
    """What a daemon needs, and what its workers import later."""
    import email.policy

    import psycopg

    import maild.log
    import maild.parse.parser
    import maild.service
    import maild.templates.render

    assert email.policy and psycopg and maild


def _daemon(asked: dict[str, Any]) -> None:
    """In the child: never returns."""
    os.setsid()
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    os.environ.update(asked["env"])
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = 1
    if asked.get("full"):
        _full_disk(Path(asked["full"]))
    try:
        from maild.log import log_to_stderr
        from maild.service import serve

        log_to_stderr()
        if asked.get("clock"):
            _wrong_clock(Path(asked["clock"]))
        serve(Path(asked["config"]))
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
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
