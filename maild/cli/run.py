"""`maild run`: the daemon, or one pass."""

from __future__ import annotations

import signal
from datetime import datetime
from types import FrameType
from typing import Annotated

import typer

from maild.app import open_app
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
    """Watch the mailboxes, process mail, deliver notifications.

    SIGTERM stops it within ten seconds.
    """
    at: datetime = moment(now)
    app = open_app(config, now=at, upgrade=True)
    daemon = Daemon(app)
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
