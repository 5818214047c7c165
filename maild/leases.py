"""What only one of several daemons does at a time: watching a mailbox.

A lease has a holder, who counts it up every two seconds.  Who sees one that has not moved for six
takes it: no clock is compared with another machine's, and within ten seconds somebody has it.  One
whose holder was a process of this machine that is gone is taken at once.

It saves work and connections and is no lock: two who watch one mailbox for a moment, as after a
daemon that was frozen, still store each mail once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from maild.staleness import Staleness
from maild.store import Store
from maild.store.asking import leases
from maild.store.asking.leases import Held
from maild.store.unit import Unit

log = structlog.get_logger()

BEAT_SECONDS = 2.0
DEAD_SECONDS = 6.0  # without a beat, by who looks every two seconds


def holder() -> str:
    """This process, as no other is called: host, name space of processes, number and start."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{_namespace()}:{pid}:{_started(pid)}"


def is_gone(name: str) -> bool:
    """Whether this holder was a process of this machine and has ended."""
    host, space, pid, started = (*name.rsplit(":", 3), "", "", "", "")[:4]
    if (host, space) != (socket.gethostname(), _namespace()) or not pid.isdecimal():
        return False
    return _started(int(pid)) != started


def _namespace() -> str:
    """Of processes: two containers may have the same name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot[:8]}-{Path('/proc/self/ns/pid').readlink()}".replace(":", "-")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process of this machine began (proc(5), starttime); "" where there is none."""
    try:
        words = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


class Leases:
    """The leases of one daemon; `on_change(name, ours)` is called from the thread of `run`."""

    def __init__(
        self,
        store: Store,
        names: Sequence[str],
        on_change: Callable[[str, bool], None],
        *,
        me: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._names, self._on_change = store, tuple(names), on_change
        self._me = me or holder()
        self._clock = clock
        self._ours: set[str] = set()
        self._others: Staleness[str, Held] = Staleness()

    def run(self, stop: threading.Event) -> None:
        """Beats until the end, then gives back what is ours."""
        while not stop.is_set():
            self.once()
            stop.wait(BEAT_SECONDS)
        self.free()

    def once(self) -> None:
        """Beats for what is ours, and takes what is free."""
        ours = self._store.act(partial(self._beaten, now=self._clock()))
        changed, self._ours = self._ours ^ ours, ours
        for name in sorted(changed):
            log.info("lease", name=name, ours=name in ours)
            self._on_change(name, name in ours)

    def free(self) -> None:
        """Others may have what is ours."""

        def work(unit: Unit) -> None:
            for name in self._names:
                leases.free(unit, name, self._me)

        self._store.act(work)

    def _beaten(self, unit: Unit, now: float) -> set[str]:
        held = leases.held(unit, list(self._names))
        self._others.look({n: one for n, one in held.items() if one.holder != self._me}, now)
        still = self._others.seconds(now)
        return {
            name
            for name in self._names
            if self._have(unit, name, held.get(name), still.get(name, 0.0))
        }

    def _have(self, unit: Unit, name: str, held: Held | None, still: float) -> bool:
        if held is None:
            return leases.new(unit, name, self._me)
        if held.holder == self._me:
            return leases.beat(unit, name, self._me)
        dead = still > DEAD_SECONDS or is_gone(held.holder)
        return dead and leases.take(unit, name, held, self._me)
