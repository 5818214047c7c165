"""Who stands still, told from who waits for work."""

from __future__ import annotations

import threading

import pytest

from maild.monitor import systemd
from maild.monitor.health import duration
from maild.monitor.progress import Progress


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 10_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("silent", "quiet", "waiting", "said"),
    [
        (10, 10, 0, []),  # nothing to do, all come round
        (10, 5000, 0, []),  # no mail for hours
        (61, 10, 0, ["clocks has not moved for 61 s."]),
        (10, 10, 5000, []),  # a long queue that is worked off
        (10, 61, 50, []),  # it has not waited for long
        (10, 61, 70, ["Mail has waited for 70 s, and none is taken up."]),
    ],
)
def test_a_stall_is_silence_or_mail_that_nobody_takes_up(
    silent: float, quiet: float, waiting: float, said: list[str]
) -> None:
    watch = Watch()
    progress = Progress(watch)
    now = watch.now
    watch.now = now - silent
    progress.moved("clocks")
    watch.now = now - quiet
    progress.done("process")
    watch.now = now
    progress.moved("process")
    assert progress.stalled(60, waiting) == said
    assert progress.counts() == {"process": 1}


def test_who_waits_is_seen_to_come_round() -> None:
    watch = Watch()
    progress = Progress(watch)
    wakeup = progress.wakeup("clocks")
    watch.now += 50
    assert progress.seconds() == {"clocks": 50}
    waiter = threading.Thread(target=wakeup.wait)
    wakeup.set()
    waiter.start()
    waiter.join()
    assert progress.seconds() == {"clocks": 0}


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not systemd.notify(READY="1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not systemd.notify(READY="1")


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [("30000000", None, 30.0), ("30000000", "1", None), ("", None, None), ("soon", None, None)],
)
def test_the_watchdog_may_be_anothers(
    microseconds: str, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert systemd.watchdog_seconds() == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_an_age_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
