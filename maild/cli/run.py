"""`maild run`: the daemon, or one pass."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from maild.app import open_app
from maild.cli.options import ConfigOption, NowOption, moment
from maild.daemon import Daemon
from maild.errors import MaildError, UsageError
from maild.service import serve


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    once: Annotated[bool, typer.Option("--once", help="One pass over all that is due.")] = False,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Watch the mailboxes, process mail, deliver notifications.

    SIGTERM stops it within ten seconds; SIGHUP lets it read its configuration again.
    """
    if not once:
        if now is not None:
            raise UsageError("--now goes with --once: the daemon goes by the machine's clock.")
        serve(config)
        return
    at: datetime = moment(now)
    daemon = Daemon(open_app(config, now=at, upgrade=True))
    counts = daemon.once(at)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    if daemon.failures:
        raise MaildError("\n".join(daemon.failures))
