"""`maild run`: the daemon, or one pass."""

from __future__ import annotations

import logging
import signal
import sys
from datetime import datetime
from types import FrameType
from typing import Annotated

import structlog
import typer

from maild import wiring
from maild.cli.options import ConfigOption, NowOption, moment
from maild.daemon import Daemon
from maild.errors import MaildError


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    once: Annotated[bool, typer.Option("--once", help="One pass over all that is due.")] = False,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Watch the mailboxes, process mail, deliver notifications; SIGTERM stops it."""
    log_to_stderr()
    at: datetime = moment(now)
    house = wiring.open_house(config, now=at)
    daemon = Daemon(house)
    if once:
        counts = daemon.once(at)
        print(", ".join(f"{count} {what}" for what, count in counts.items()))
        if daemon.failures:
            raise MaildError("\n".join(daemon.failures))
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        daemon.stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    daemon.run()


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
