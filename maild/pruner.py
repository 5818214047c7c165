"""Prunes what is older than `[keep]` says, in a thread of its own, a little at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from maild.config import KeepSection
from maild.store import Store, prune, sweep

PAUSE_SECONDS = 3600.0  # between two looks
BREATH_SECONDS = 0.5  # after each transaction, for who waits for the database
MOST_STEPS = 20  # of each kind in a pass of `maild run --once`


class Pruner:
    """`run` it until it is to stop, or have it go through `once`."""

    def __init__(self, store: Store, keep: KeepSection, clock: Callable[[], datetime]) -> None:
        self._store, self._keep, self._clock = store, keep, clock

    def run(self, stop: threading.Event) -> None:
        """Looks every hour."""
        while not stop.is_set():
            for kind, days in self._keep.limited.items():
                while not stop.is_set() and self._step(kind, days):
                    stop.wait(BREATH_SECONDS)
            sweep.sweep(self._store)
            stop.wait(PAUSE_SECONDS)

    def once(self) -> None:
        """Some steps of each kind."""
        for kind, days in self._keep.limited.items():
            for _ in range(MOST_STEPS):
                if not self._step(kind, days):
                    break
        sweep.sweep(self._store)

    def _step(self, kind: str, days: float) -> bool:
        work = partial(prune.step, kind=kind, days=days, now=self._clock())
        return self._store.act(work)
