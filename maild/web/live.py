"""One stream a browser: the numbers of tickets that have changed (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from maild.desk import sides
from maild.web.console import Console
from maild.web.feed import Listener, News
from maild.web.site import cookie_name
from maild.web.visit import Visitor, visitor_of

BEAT_SECONDS = 20  # something now and then keeps proxies from ending a silent stream
CHECK_SECONDS = 60  # how often we look whether he is still signed in


def routes(console: Console) -> list[Route]:
    async def live(request: Request) -> Response:
        cookie = request.cookies.get(cookie_name(console))
        visitor = await run_in_threadpool(_visitor, console, cookie)
        if visitor is None or not visitor.may("tickets list"):
            return Response(status_code=401)
        side = await run_in_threadpool(_side, console, visitor)
        stream = _stream(console, cookie, visitor, side)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return [Route("/live", live)]


def _side(console: Console, visitor: Visitor) -> str | None:
    """Which of shared tickets they are told of."""
    with console.store.look() as unit:
        return sides.side_of(unit, console.app.rules.profile, visitor.person)


def _visitor(console: Console, cookie: str | None) -> Visitor | None:
    with console.store.look() as unit:
        return visitor_of(console, unit, cookie, console.now())


async def _stream(
    console: Console, cookie: str | None, visitor: Visitor, side: str | None
) -> AsyncIterator[str]:
    """Ends at once when the console does, or when he is signed out."""
    feed = console.feed
    listener = feed.listen()
    loop = asyncio.get_running_loop()
    checked = loop.time()
    try:
        yield f"retry: 2000\n{_event('hello', feed.mark, [])}"
        while not feed.ended.is_set():
            news = await _next(listener)
            if loop.time() - checked > CHECK_SECONDS:
                checked = loop.time()
                if await run_in_threadpool(_visitor, console, cookie) is None:
                    return
            told = [_told(n, visitor) for n in news if _hears(n, visitor, side)]
            yield _event("news", feed.mark, told)
    finally:
        feed.leave(listener)


def _event(name: str, mark: str, news: list[dict[str, object]]) -> str:
    """One event (WHATWG HTML §9.2.6); without news it keeps proxies from ending the stream."""
    data = json.dumps({"hello": name == "hello", "mark": mark, "news": news})
    return f"event: {name}\ndata: {data}\n\n"


async def _next(listener: Listener) -> list[News]:
    try:
        await asyncio.wait_for(listener.woken.wait(), BEAT_SECONDS)
    except TimeoutError:
        return []
    return listener.take()


def _hears(news: News, visitor: Visitor, side: str | None) -> bool:
    """Whether the ticket is among theirs; where no sides are known both are told that one of the
    two has changed."""
    own = not news.side or side is None or news.side == side
    return own and visitor.scope.has_client(news.organization_id)


def _told(news: News, visitor: Visitor) -> dict[str, object]:
    return {
        "ticket": news.number,
        "by": news.by,
        "mine": news.person_id == visitor.person.id,
        "what": news.what,
    }
