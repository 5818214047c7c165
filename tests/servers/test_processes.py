"""The processes that tests fork behave as if a shell had begun them."""

from __future__ import annotations

import signal

from tests.processes import Process


def test_a_process_that_is_stopped_as_soon_as_it_is_there_ends() -> None:
    """However early the signal comes: some came before Python knew that it is the child."""
    begun = []
    for _ in range(40):
        begun.append(Process(program="import time; time.sleep(300)"))
        begun[-1].terminate()
    assert [one.wait() for one in begun] == [-signal.SIGTERM] * len(begun)
