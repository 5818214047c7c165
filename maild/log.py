"""The log goes to standard error: standard output belongs to what a command prints."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TextIO, cast


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """What is imported within does without it, as if it were not installed."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = cast(ModuleType, None)
    yield
    del sys.modules[package]


with _absent("rich"):  # and pygments: for tracebacks, which stand in our log as plain text
    import structlog


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
