"""Signing in and out."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from starlette.responses import RedirectResponse, Response

from maild.errors import NotFound, Refused
from maild.i18n import sentence
from maild.store.asking import console as asking
from maild.store.console_records import SignIn, WebSession
from maild.store.unit import Unit
from maild.web import signing
from maild.web.console import Console
from maild.web.security import fresh_key
from maild.web.site import OPEN, action, cookie_name, page
from maild.web.visit import Visit, hashed

BROWSER = "maild-browser"  # the cookie of a browser that asks for a link


@cache
def links(console: Console) -> signing.Links:
    """The one that mails links for this console."""
    return signing.Links(console)


def onward(visit: Visit, text: str) -> str:
    """The page to go on to: one of ours, never another site."""
    inside = text.startswith("/") and not text.startswith("//")
    plain = text.isprintable() and "\\" not in text  # a browser drops tabs, and takes \\ for /
    return text[:1000] if inside and plain and not text.startswith("/sign-in") else "/"


@page("/sign-in", OPEN)
def ask(visit: Visit) -> Response:
    """Where one types an address."""
    next_ = onward(visit, visit.query("next", "/"))
    if visit.signed_in is not None and visit.query("again") != "1":
        return visit.to(next_)
    template = "sign-in-dialog.html" if visit.htmx else "sign-in.html"
    return visit.page(template, next=next_, step="ask", address="", problem="")


@action("/sign-in", OPEN)
def asked(visit: Visit) -> Response:
    """The same answer for everybody."""
    next_ = onward(visit, visit.field("next"))
    address = visit.field("address").strip()[:320]
    template = "sign-in-dialog.html" if visit.htmx else "sign-in.html"
    if "@" not in address:
        problem = visit.words("Please write your mail address, like ann@acme.example.")
        return visit.page(
            template, status=422, next=next_, step="ask", address=address, problem=problem
        )
    browser = visit.request.cookies.get(BROWSER) or fresh_key()
    links(visit.console).ask(address, hashed(browser), next_, visit.ip)
    answer = visit.page(template, next=next_, step="sent", address=address, problem="")
    _set(visit, answer, BROWSER, browser, timedelta(hours=1))
    return answer


@action("/sign-in/code", OPEN)
def typed(visit: Visit) -> Response:
    """The code that the link showed in another browser."""
    browser = hashed(visit.request.cookies.get(BROWSER, ""))
    next_ = onward(visit, visit.field("next"))

    def use(unit: Unit) -> tuple[str, str] | None:
        found = signing.by_code(visit.console, unit, browser, visit.field("code"), visit.now)
        if found is None:
            return None
        return _use(visit, unit, found), found.onward

    used = visit.keep(use)
    if used is None:
        template = "sign-in-dialog.html" if visit.htmx else "sign-in.html"
        problem = visit.words(
            "That is not the code. Look again, or ask for a new link; five wrong codes end it."
        )
        return visit.page(
            template, status=422, next=next_, step="sent", address="", problem=problem
        )
    return _in(visit, used[0], next_ if visit.htmx else used[1])


@page("/sign-in/{token}", OPEN)
def opened(visit: Visit) -> Response:
    """What a link opens: a button here, or a code for the browser that asked."""
    found, person = signing.link(visit.unit, visit.path("token"), visit.now)
    same = hashed(visit.request.cookies.get(BROWSER, "")) == found.browser
    code = "" if same else signing.code(visit.console, found)
    return visit.page(
        "sign-in-link.html", token=visit.path("token"), name=person.name, same=same, code=code
    )


@action("/sign-in/{token}", OPEN)
def pressed(visit: Visit) -> Response:
    """The button: only in the browser that asked."""
    browser = hashed(visit.request.cookies.get(BROWSER, ""))

    def use(unit: Unit) -> tuple[str, str]:
        found, _ = signing.link(unit, visit.path("token"), visit.now)
        if found.browser != browser:
            raise Refused(sentence("Press the button in the browser where you asked for the link."))
        return _use(visit, unit, found), found.onward

    cookie, next_ = visit.keep(use)
    return _in(visit, cookie, next_)


@page("/greeting/{secret}", OPEN)
def greeted(visit: Visit) -> Response:
    """The demo's one printed address."""
    console = visit.console
    if console.greeting is None or visit.path("secret") != console.greeting:
        raise NotFound(sentence("There is nothing at this address."))
    return visit.page("greeting.html", secret=console.greeting)


@action("/greeting/{secret}", OPEN)
def welcomed(visit: Visit) -> Response:
    """Signs the demo's visitor in as Bob."""
    console = visit.console

    def use(unit: Unit) -> str:
        person = asking.person_at(unit, "bob@demo.example")
        if console.greeting is None or visit.path("secret") != console.greeting or person is None:
            raise NotFound(sentence("There is nothing at this address."))
        agent = visit.request.headers.get("user-agent", "")
        return signing.open_session(console, unit, person, visit.ip, agent, visit.now)

    return _in(visit, visit.keep(use), "/demo")


@action("/sign-out", "self change")
def sign_out(visit: Visit) -> Response:
    """Ends this browser's session."""
    own = visit.visitor.session.id

    def end(unit: Unit) -> None:
        session = unit.get(WebSession, own)
        if session is not None:
            unit.delete(session)
            visit.note_down(unit, sentence("signed out"))

    visit.keep(end)
    answer = visit.to("/sign-in")
    answer.delete_cookie(cookie_name(visit.console), path="/")
    return answer


def _use(visit: Visit, unit: Unit, found: SignIn) -> str:
    agent = visit.request.headers.get("user-agent", "")
    return signing.sign_in(visit.console, unit, found, visit.ip, agent, visit.now)


def _in(visit: Visit, cookie: str, next_: str) -> Response:
    """Signed in: on to where one wanted to go, or back to the page that is open."""
    answer: Response
    if visit.htmx:
        answer = Response(status_code=204, headers={"HX-Trigger": "signed-in"})
    else:
        answer = RedirectResponse(onward(visit, next_), 303)
    _set(visit, answer, cookie_name(visit.console), cookie, signing.lasting(visit.console))
    return answer


def _set(visit: Visit, answer: Response, name: str, value: str, lasts: timedelta) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=visit.console.url.startswith("https://"),
    )
