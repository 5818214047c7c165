"""Named steps at which a test kills the process, to see that a crash is only a pause (H1)."""

from __future__ import annotations

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Dies here, as if the power had gone, where MAILD_KILL_AT names this step; with `name:3` when
    it comes here for the third time.  It may be named only when all is loaded already, as
    `tests/zygote.py` does."""
    wanted, _, times = os.environ.get("MAILD_KILL_AT", "").partition(":")
    if wanted == name:
        _passed[name] += 1
        if _passed[name] >= int(times or 1):
            os.kill(os.getpid(), signal.SIGKILL)
