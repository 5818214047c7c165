"""Named steps at which a test kills the process, to see that a crash is only a pause (H1)."""

from __future__ import annotations

import os
import signal


def crash_point(name: str) -> None:
    """Dies here, as if the power had gone, where MAILD_KILL_AT names this step."""
    if os.environ.get("MAILD_KILL_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
