"""`maild web`: the console in a process of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import typer

from maild.app import open_app
from maild.cli.options import ConfigOption


def register(app: typer.Typer) -> None:
    app.command("web")(web)


def web(config: ConfigOption = None) -> None:
    """The console in a browser, where `maild run` does not bring it.

    It answers on [web] listen.  SIGTERM stops it within ten seconds.
    """
    from maild.web.console import Console
    from maild.web.server import Server

    app = open_app(config)
    console = Console(app)
    server = Server(console)
    ended = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.start()
    print(f"The console is at {console.url}", flush=True)
    ended.wait()
    server.stop()
    app.close()
