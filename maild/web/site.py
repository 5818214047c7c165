"""The pages by their addresses, and what every one of them has in common."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from maild.errors import MaildError, NotFound, Refused, Temporary, UsageError
from maild.i18n import sentence
from maild.web.console import Console
from maild.web.security import LARGEST_STRANGERS, Guard, content_length
from maild.web.visit import SignInFirst, Visit, visitor_of

log = structlog.get_logger()

OPEN = "open"  # the right of what needs nobody signed in
FILES, FIELDS = 20, 2000  # of a form at most
THREADS = 10  # requests that are worked on at once: each has a connection to the database

Handler = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """One address: which right it needs, and what answers."""

    path: str
    method: str
    right: str
    handler: Handler
    looks: bool  # it is given a unit to look with


PAGES: list[Page] = []


def page(
    path: str, right: str, *, method: str = "GET", looks: bool = True
) -> Callable[[Handler], Handler]:
    """Makes a function the answer at an address, for who has this right."""

    def register(handler: Handler) -> Handler:
        PAGES.append(Page(path, method, right, handler, looks))
        return handler

    return register


def action(path: str, right: str) -> Callable[[Handler], Handler]:
    """The same for a form that changes something."""
    return page(path, right, method="POST", looks=False)


def cookie_name(console: Console) -> str:
    return "__Host-maild" if console.url.startswith("https://") else "maild"


def build(console: Console) -> Starlette:
    """The application."""
    from maild.web import live, pages, static

    pages.load()
    routes: list[Route] = [_route(console, one) for one in PAGES]
    routes += [*static.routes(console), *live.routes(console)]
    app = Starlette(
        exception_handlers={HTTPException: _no_such_page(console), Exception: _broken(console)},
    )
    app.router = _ByFirstPart(routes)
    guard = Guard(app, console.web)
    app.state.guard = guard
    return app


class _ByFirstPart(Router):
    """Finds a page among those whose address begins alike: not one pattern after the other of a
    hundred and thirty."""

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes)
        parts: dict[str, list[BaseRoute]] = {}
        for route in routes:
            parts.setdefault(_first_part(route.path), []).append(route)
        self._parts = {part: Router(some) for part, some in parts.items()}
        self._none = Router()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._parts.get(_first_part(scope["path"]), self._none)(scope, receive, send)


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def _route(console: Console, found: Page) -> Route:
    async def endpoint(request: Request) -> Response:
        visit = Visit(request, console, console.here())
        try:
            if found.method == "POST":
                much = (content_length(request.headers) or 0) > LARGEST_STRANGERS
                if much and (refused := await run_in_threadpool(_stranger, visit)):
                    return refused
                visit.form = await request.form(max_files=FILES, max_fields=FIELDS)
            return await run_in_threadpool(_answer, visit, found)
        finally:
            with anyio.CancelScope(shield=True):
                await visit.form.close()

    return Route(found.path, endpoint, methods=[found.method], name=None)


def _stranger(visit: Visit) -> Response | None:
    """What somebody hears who is not signed in and sends much; it is not read."""
    with visit.looking() as unit:
        cookie = visit.request.cookies.get(cookie_name(visit.console))
        known = visitor_of(visit.console, unit, cookie, visit.now) is not None
        return None if known else _sign_in(visit)


def _answer(visit: Visit, found: Page) -> Response:
    """What a page answers, its errors as pages that say what to do."""
    try:
        with visit.looking() as unit:
            cookie = visit.request.cookies.get(cookie_name(visit.console))
            visit.signed_in = visitor_of(visit.console, unit, cookie, visit.now)
            if found.right != OPEN:
                visit.needs(found.right)
            if found.looks:
                return found.handler(visit)
        return found.handler(visit)
    except SignInFirst:
        return _sign_in(visit)
    except MaildError as error:
        return trouble(visit, error)
    except Exception as error:
        return unforeseen(visit, error)


STATUS: dict[type[MaildError], int] = {NotFound: 404, Refused: 403, UsageError: 422, Temporary: 503}


def trouble(visit: Visit, error: MaildError) -> Response:
    """An error that a person can read."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return said(visit, status, visit.words.write(error.message))


def said(visit: Visit, status: int, text: str) -> Response:
    """A sentence: as a page, or as a toast over the page that is open."""
    if visit.htmx:
        answer = visit.page("toast.html", text=text, kind="trouble", status=status)
        answer.headers["HX-Retarget"] = "#toasts"
        answer.headers["HX-Reswap"] = "beforeend"
        return answer
    return visit.page("trouble.html", status=status, code=status, text=text)


def unforeseen(visit: Visit, error: Exception) -> Response:
    """An error of ours: it has a name, by which the log tells more."""
    name = uuid.uuid4().hex[:8]
    log.error(
        "web.failed",
        name=name,
        path=visit.request.url.path,
        error=type(error).__name__,
        trace=traceback.format_exc(),
    )
    text = sentence(
        "Something went wrong that should not have. Nothing was lost that was saved before. Try "
        "again; if it stays, tell your admin the word {name}, by which the log knows more.",
        name=name,
    )
    return said(visit, 500, visit.words.write(text))


def _sign_in(visit: Visit) -> Response:
    """To the sign-in page and back again; who has a page open gets 401, and it opens over it."""
    if visit.htmx or visit.request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return visit.page(
            "toast.html", text=visit.words("Please sign in."), kind="info", status=401
        )
    query = f"?{visit.request.url.query}" if visit.request.url.query else ""
    onward = visit.request.url.path + query if visit.request.method == "GET" else "/"
    from urllib.parse import quote

    return visit.to("/sign-in" if onward == "/" else f"/sign-in?next={quote(onward)}")


def _no_such_page(console: Console) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        visit = Visit(request, console, console.here())
        status = error.status_code if isinstance(error, HTTPException) else 404
        known = {
            404: visit.words("There is nothing at this address."),
            405: visit.words("This address cannot be opened like that."),
        }
        return said(visit, status, known.get(status, visit.words("That could not be understood.")))

    return answer


def _broken(console: Console) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>maild</title><p>Something went wrong.", 500)

    return answer
