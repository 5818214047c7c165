"""Waiting for what must come, and for no longer: a limit here is for what never comes."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from maild.demo.servers import HOST, WAIT_SECONDS, Bell

__all__ = ["WAIT_MILLISECONDS", "WAIT_SECONDS", "busy", "free_ports", "until"]

WAIT_MILLISECONDS = WAIT_SECONDS * 1000  # a browser counts in these

Result = TypeVar("Result")


def until(what: Callable[[], Result | None], seconds: float = WAIT_SECONDS) -> Result:
    """The first true value; TimeoutError where it never comes, on a machine however busy."""
    return Bell().wait_for(what, seconds=seconds, every=0.02)


def busy(seconds: float) -> float:
    """What so many seconds of a quiet machine may be on this one, with all that it has to do."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def free_ports(count: int) -> list[int]:
    """Ports for servers that begin later: none that the system gives to a connection meanwhile."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, suppress(OSError):
            one.bind((HOST, random.randrange(20_000, 32_000)))
            found.append(one.getsockname()[1])
    return found
