"""Tells systemd how we are (sd_notify(3)): one datagram to the socket that it names."""

from __future__ import annotations

import os
import socket

SOCKET, WATCHDOG = "NOTIFY_SOCKET", "WATCHDOG_USEC"


def notify(**state: str) -> bool:
    """Sends `READY="1"`, `STATUS="…"` and the like; False where nobody listens."""
    place = os.environ.get(SOCKET)
    if not place:
        return False
    if place.startswith("@"):
        place = "\0" + place[1:]  # an abstract one
    lines = "\n".join(f"{name}={_line(value)}" for name, value in state.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.connect(place)
            out.sendall(lines.encode())
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """How long we may be silent (WatchdogSec=); None where nobody watches."""
    microseconds = os.environ.get(WATCHDOG, "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if microseconds.isdecimal() and for_us else None


def _line(value: str) -> str:
    return " ".join(value.split())
