"""What every request must be, and what every answer says: host, origin, headers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maild.config import WebSection

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST = 60_000_000  # octets of a request
LARGEST_WORDS = 4_000_000  # the same of a form without files: it is read letter by letter
LARGEST_STRANGERS = 64_000  # the same of who is not signed in
FORM, FORM_WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """Lets in what a browser asks for from a page of ours; the rest gets a sentence and 4xx."""

    def __init__(self, app: ASGIApp, web: WebSection) -> None:
        self.app = app
        own = urlsplit(web.url or "")
        self.url = web.url
        self.secure = own.scheme == "https"
        self.hosts = {own.netloc.lower(), web.listen.lower()}
        if web.host in ("127.0.0.1", "::1", "localhost"):
            self.hosts |= {f"localhost:{web.port}", f"127.0.0.1:{web.port}"}
        self.origins = {f"{own.scheme}://{own.netloc}".lower()}
        self.origins |= {f"http://{host}" for host in self.hosts if not self.secure}

    def listens_on(self, port: int) -> None:
        """The port that the system gave, where [web] listen says 0 (tests)."""
        more = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.hosts |= more
        self.origins |= {f"http://{host}" for host in more}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self._refusal(scope["method"], Headers(scope=scope))
        answer: ASGIApp = self.app if refused is None else refused

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_missing(MutableHeaders(scope=message), self._headers())
            await send(message)

        await answer(scope, receive, with_headers)

    def _headers(self) -> Mapping[str, str]:
        if not self.secure:
            return HEADERS
        return {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "").lower() not in self.hosts:
            return PlainTextResponse(f"This desk is at {self.url}. Open it there.\n", 421)
        if method in SAFE:
            return None
        if not self._from_here(headers):
            return PlainTextResponse(
                f"This was asked for by another site, so nothing was done. Open {self.url} and "
                "do it there.\n",
                403,
            )
        return _refused_body(headers)

    def _from_here(self, headers: Headers) -> bool:
        """A page of ours asks: the browser says so, in a header that no page can set."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return headers.get("origin", "").lower() in self.origins


def _refused_body(headers: Headers) -> PlainTextResponse | None:
    """What is read of a form costs little for each octet, or it is not read at all."""
    length = content_length(headers)
    if length is None:
        return PlainTextResponse("The length of what is sent is missing.\n", 411)
    kind, options = parse_options_header(headers.get("content-type", ""))
    charset = options.get(b"charset", b"utf-8").lower().replace(b"-", b"")
    if length and (kind.decode("latin-1") not in (FORM, FORM_WITH_FILES) or charset != b"utf8"):
        return PlainTextResponse("Send a form in UTF-8.\n", 415)
    if length > (LARGEST_WORDS if kind == FORM.encode() else LARGEST):
        return PlainTextResponse("That is too large; send at most 50 MB at a time.\n", 413)
    return None


def content_length(headers: Headers) -> int | None:
    """How many octets are sent; None where that is not said."""
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else None


def add_missing(headers: MutableHeaders, wanted: Mapping[str, str]) -> None:
    """Adds the headers that an answer has not set itself."""
    for name, value in wanted.items():
        if name not in headers:
            headers[name] = value


def fresh_key() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(24)
