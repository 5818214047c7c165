"""Threads share heaps: what each thread's largest mail took is not kept by each of them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from maild.malloc import ARENAS

PROGRAM = """
import ctypes, sys, threading
from maild.malloc import few_arenas
if "few" in sys.argv:
    few_arenas()
together, kept = threading.Barrier(8), []
def take():
    together.wait(30)
    kept.append(bytes(50_000))
    together.wait(30)
threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_many_threads_have_few_heaps() -> None:
    def heaps(*words: str) -> int:
        command = [sys.executable, "-c", PROGRAM, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return done.stderr.count("Arena ")

    assert heaps() > ARENAS  # what it would do by itself
    assert heaps("few") <= ARENAS
