"""A desk with its console, and a real Chromium to look at it.

Where Chromium is not installed these tests are skipped with a reason; with CI=true they fail.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.site import Site
from tests.scenario.conversation import RENDERERS
from tests.servers.dovecot import missing
from tests.waiting import WAIT_MILLISECONDS

FLAGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=WAIT_MILLISECONDS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of this folder.

    It has an event loop that runs in the main thread: no other test may see that.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()
        RENDERERS.close()  # what began meanwhile holds the pipe to Playwright


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A desk in this process with its console, shared by the tests of a module."""
    folder = Path(tempfile.mkdtemp(prefix="maild-web-"))
    one = Site(folder)
    yield one
    one.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`visits("bob@example.com", "/tickets")`: a page of somebody who is signed in."""
    contexts: list[BrowserContext] = []

    def visit(
        address: str | None, path: str = "/", *, same: Page | None = None, **options: object
    ) -> Page:
        if same is None:
            contexts.append(_context(browser, site, address, **options))
        page = (same.context if same else contexts[-1]).new_page()
        page.goto(site.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def looks(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Like `visits`, for who looks and changes nothing: one page each person and kind of screen
    goes from test to test, which takes half of what a new one does."""
    pages: dict[tuple[str, str], Page] = {}

    def look(address: str, path: str, **options: object) -> Page:
        of = (address, str(sorted(options.items())))
        if of not in pages:
            pages[of] = _context(browser, site, address, **options).new_page()
        pages[of].goto(site.url + path)
        assert pages[of].url == site.url + path  # and not where one signs in
        return pages[of]

    yield look
    for page in pages.values():
        page.context.close()


def _context(browser: Browser, site: Site, address: str | None, **options: Any) -> BrowserContext:
    """A browser of this person's, where he is signed in; of nobody's without an address."""
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT_MILLISECONDS)
    if address is not None:
        cookie: Any = {"name": "maild", "value": site.session(address), "url": site.url}
        context.add_cookies([cookie])
    return context
