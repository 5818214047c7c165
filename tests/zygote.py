"""Forks `maild` from a process that has everything imported, and has done it once: a start takes
milliseconds, and no pattern, statement or template is compiled again.

What is forked does what the command does, in a process of its own with threads and workers of its
own; `tests/processes.py` asks, by a socket at the path that is our argument.  Each connection
brings a line of JSON and gets one:
`{"words": […], "env": {…}, "cwd": …, "umask": …, "stdin": …, "stdout": …, "stderr": …}` with the
process id, which runs Python instead of the command where there is a `"program"`;
`{"ended": pid}` with its status of waitpid, for which it waits.  We end when the process
that started us has ended.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG: whoever ends the tests leaves no process behind
LOOK_SECONDS = 2.0  # how often we look whether who started us is still there


def main() -> None:
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # leaving nothing in /tmp
    door = socket.socket(socket.AF_UNIX)
    door.bind(sys.argv[1])
    door.listen(64)
    door.settimeout(LOOK_SECONDS)
    ready = False
    while os.getppid() == parent:
        try:
            connection, _ = door.accept()
        except TimeoutError:
            continue
        if not ready:  # not before somebody asks: many runs of the tests need none of us
            _import_all()
            _do_all_once()
            gc.collect()
            gc.freeze()  # or each child would copy all of it, to look whether it is garbage
            ready = True
        with suppress(OSError, ValueError), connection:  # who asked may have been killed meanwhile
            with connection.makefile() as lines:
                asked = json.loads(lines.readline())
            connection.sendall(f"{_answer(asked, door, connection)}\n".encode())


def _answer(asked: dict[str, Any], *ours: socket.socket) -> int:
    if "ended" in asked:
        return os.waitpid(asked["ended"], 0)[1]
    # Python forgets in a child what signals came before it knew that it is one: they wait instead.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    if pid == 0:
        for one in ours:
            one.close()
        _command(asked)
    return pid


def _import_all() -> None:
    """What the commands need, and what a daemon's workers import later."""
    import email.policy

    import alembic.command
    import alembic.context
    import psycopg

    import maild

    assert email.policy and psycopg and alembic.command and alembic.context
    for module in pkgutil.walk_packages(maild.__path__, "maild."):
        importlib.import_module(module.name)


def _do_all_once() -> None:
    """A database is made, mails are read, acted on and answered, and all templates are tried."""
    from maild.app import build
    from maild.desk import search
    from maild.ingest.accept import accept
    from maild.ingest.process import Pipeline
    from maild.parse.limits import LocalReader
    from maild.store.unit import Unit
    from tests.fresh import try_templates
    from tests.office import NOW, Office

    def take(unit: Unit) -> None:
        for uid, octets in enumerate(MAILS, 1):
            accept(unit, mailbox="m", uidvalidity=1, uid=uid, octets=octets, now=NOW)

    with tempfile.TemporaryDirectory(prefix="maild-zygote-") as name:
        office = Office(Path(name))
        app = build(office.settings, office.store, now=NOW)
        app.store.act(take)
        Pipeline(app.store, app.settings, app.rules, LocalReader()).process_due(NOW)
        app.clocks().due(NOW)
        search.follow(app.store)
        for item in office.items():
            office.octets(item)
        try_templates()
        app.close()
    assert threading.active_count() == 1, "who forks has no threads"


def _mail(sender: str, subject: str, text: str, kind: str = "plain") -> bytes:
    return (
        f"From: {sender}\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n" + text
    ).encode()


MAILS = (
    _mail("Ann <ann@acme.example>", "Printer", "It smokes.\r\n\r\n> On Monday Bob wrote:\r\n"),
    _mail("Dora <dora@acme.example>", "Re: Drucker", "<p>Grüße<br>-- <br>Dora", "html"),
    _mail("Bob <bob@example.com>", "Ticket for Ann: Toner is assigned to me", "#time 1h\r\n"),
)


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
        if "program" in asked:
            exec(asked["program"], {"__name__": "__main__"})
        else:
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
