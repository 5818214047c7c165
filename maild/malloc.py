"""What the C library is told about memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

ARENAS = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h; mallopt(3)


def few_arenas() -> None:
    """Lets all threads share two heaps, where the library is glibc: by itself it gives each thread
    one of its own, which keeps what its largest mail took."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
