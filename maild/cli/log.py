"""The log goes to standard error: standard output belongs to what a command prints."""

from __future__ import annotations

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """One line an event, with its ids: for a person on a terminal, as JSON elsewhere."""
    terminal = sys.stderr.isatty()
    render = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
