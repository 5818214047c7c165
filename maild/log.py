"""The log goes to standard error: standard output belongs to what a command prints."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from types import ModuleType
from typing import TextIO, cast

# structlog would import rich and pygments, for tracebacks that our log has as plain text: a
# twentieth of the start of `maild run`.
sys.modules.setdefault("rich", cast(ModuleType, None))
import structlog  # noqa: E402

if sys.modules["rich"] is None:
    del sys.modules["rich"]


class _Whatever:
    """Standard error, which may be a file on a full disk: a line is lost, the work goes on."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


_STDERR = cast(TextIO, _Whatever())


def log_to_stderr(level: str = "info", format: str = "auto") -> None:
    """One line an event, with its ids: for a person on a terminal, as JSON elsewhere.

    What is bound to the work that is under way, as the id of a message is, stands on each line.
    `level` and `format` as in `[log]`.
    """
    text = format == "text" or (format == "auto" and sys.stderr.isatty())
    render = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(_STDERR),
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
