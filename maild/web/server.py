"""The console as a server: in a thread of the daemon, or alone as `maild web`."""

from __future__ import annotations

import threading
import time

import anyio.to_thread
import structlog
import uvicorn

from maild.errors import Unavailable
from maild.indexer import Indexer
from maild.web.connection_limits import BoundedConnection
from maild.web.console import Console
from maild.web.pending import Answers
from maild.web.site import THREADS, build

log = structlog.get_logger()

START_SECONDS = 60  # on a busy machine; an address that is taken ends the thread at once


class Server:
    """Answers on `[web] listen` from `start` to `stop`; neither takes longer than a moment."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.answers = Answers(console)
        self.indexer = Indexer(console.store, console.feed.changed)
        app = build(console)
        self._guard = app.state.guard
        self._config = uvicorn.Config(
            self._guard,
            host=console.web.host,
            port=console.web.port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,  # of a proxy on this machine alone (uvicorn's default)
            timeout_graceful_shutdown=2,
            lifespan="off",
            http=BoundedConnection,
        )
        self._server = uvicorn.Server(self._config)
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """The port that it answers on; Unavailable where the address is taken."""
        _ = self.console.secret  # there before anybody needs it
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise Unavailable(
                    f"The console cannot listen on {self.console.web.listen}. Is something else "
                    "there? Name another address in [web] listen."
                )
            time.sleep(0.01)
        port = int(self._server.servers[0].sockets[0].getsockname()[1])
        self._guard.listens_on(port)
        self.console.feed.start()
        self.answers.start()
        self.indexer.start()
        log.info("web.started", address=f"{self.console.web.host}:{port}")
        return port

    def stop(self) -> None:
        """Ends every stream and the server."""
        self.console.feed.stop()
        self.answers.stop()
        self.indexer.stop()
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(4)

    def _run(self) -> None:
        import asyncio

        async def serve() -> None:
            anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
            await self._server.serve()

        try:
            asyncio.run(serve())
        except SystemExit:  # uvicorn's way to say that it cannot listen
            log.error("web.failed", address=self.console.web.listen)
