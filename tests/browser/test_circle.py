"""The circle on a screen: a mail is on the list, answered there, read in the sink, threaded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from maild import config
from maild.store.asking import console as asking
from maild.web import signing
from maild.web.console import Console
from tests.browser.site import BOB, MORE
from tests.scenario.conversation import Daemon, Desk
from tests.servers.dovecot import Dovecot
from tests.waiting import WAIT_MILLISECONDS, WAIT_SECONDS, free_ports, until


class Running:
    """The real daemon with its console in one process of its own."""

    def __init__(self, folder: Path, dovecot: Dovecot, port: int, undo: float) -> None:
        more = MORE.format(undo=undo, web="").replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"')
        self.url = f"http://127.0.0.1:{port}"
        self.desk = Desk(folder, more=more, transport=lambda desk: Daemon(desk, dovecot))
        self.desk.servers.wait_for(self._up)

    def _up(self) -> bool:
        return b"web.started" in (self.desk.folder / "log").read_bytes()

    def restart(self) -> None:
        """Ends the daemon as an operator does, and starts it again."""
        daemon = self.desk.transport
        assert isinstance(daemon, Daemon)
        daemon.process.terminate()
        assert daemon.process.wait(WAIT_SECONDS) == 0
        before = (self.desk.folder / "log").stat().st_size
        daemon.process = daemon.start()
        self.desk.servers.wait_for(
            lambda: b"web.started" in (self.desk.folder / "log").read_bytes()[before:]
        )

    def has(self, title: str) -> bool:
        return any(ticket["title"] == title for ticket in self.desk.tickets())

    def session(self, address: str) -> str:
        from datetime import UTC, datetime

        from maild.app import build

        app = build(config.load(self.desk.file), self.desk.store)
        with self.desk.store.unit() as unit:
            person = asking.person_at(unit, address)
            assert person is not None
            now = datetime.now(UTC)
            return signing.open_session(Console(app), unit, person, "127.0.0.1", "test", now)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[Running]:
    [port] = free_ports(1)
    one = Running(tmp_path_factory.mktemp("desk"), dovecot, port, undo=1)
    yield one
    one.desk.close()


@pytest.fixture
def bob(browser: Browser, running: Running) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(WAIT_MILLISECONDS)
    cookie = {"name": "maild", "value": running.session(BOB), "url": running.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    yield context.new_page()
    context.close()


def test_the_circle_is_played_on_the_screen(running: Running, bob: Page) -> None:
    bob.goto(f"{running.url}/tickets?view=open")
    expect(bob.get_by_role("heading", name="Nothing here")).to_be_visible()
    sent = running.desk.ann.mail("Printer is on fire", "It smokes.")  # done with when it returns
    link = bob.get_by_role("link", name="Printer is on fire")
    expect(link).to_be_visible()  # by itself: nobody has loaded the page anew
    link.click()
    expect(bob.get_by_role("heading", name="Printer is on fire")).to_be_visible()
    words = bob.get_by_label("Your words")
    words.fill("Please pull the plug.")
    expect(bob.locator("#gets")).to_contain_text("<ann@acme.example>")
    bob.get_by_role("button", name="Send reply").click()
    until(lambda: any("pull the plug" in str(m) for m in running.desk.ann.received()))
    answer = next(m for m in running.desk.ann.received() if "pull the plug" in str(m))
    assert sent in str(answer["References"])
    assert running.desk.ticket()["primary_resource"]["address"] == BOB
    running.desk.ann.reply("It is gone, thank you. What now?", to=answer)
    expect(bob.locator("#talk")).to_contain_text("What now?")


def test_a_draft_survives_a_restart_and_an_answer_that_waits_is_given_after_it(
    running: Running, bob: Page
) -> None:
    running.desk.ann.mail("The screen flickers", "Since Monday.")
    number = running.desk.ticket()["number"]
    bob.goto(f"{running.url}/tickets/{number}")
    with bob.expect_response("**/drafts"):
        bob.get_by_label("Your words").fill("I am looking for a cable that")
    running.restart()
    bob.goto(f"{running.url}/tickets/{number}")
    words = bob.get_by_label("Your words")
    expect(words).to_have_value("I am looking for a cable that")
    words.fill("I found a cable.")
    bob.get_by_role("button", name="Send reply").click()
    expect(bob.locator("#talk")).to_contain_text("I found a cable.")
    running.restart()  # within its second, perhaps
    until(lambda: sum("found a cable" in str(m) for m in running.desk.ann.received()) == 1)


def test_open_streams_do_not_hold_up_the_end(running: Running, bob: Page) -> None:
    for _ in range(3):
        page = bob.context.new_page()
        page.goto(f"{running.url}/tickets?view=open")
    bob.goto(f"{running.url}/tickets?view=open")
    bob.wait_for_timeout(300)
    running.restart()  # it says itself how long that may take
    expect(bob.get_by_role("heading", name="All open tickets")).to_be_visible()


def test_mail_that_waits_at_the_start_is_read_while_the_console_comes_up(running: Running) -> None:
    daemon = running.desk.transport
    assert isinstance(daemon, Daemon)
    for number in range(3):
        daemon.process.terminate()
        assert daemon.process.wait(WAIT_SECONDS) == 0
        daemon.put(
            b"From: Ann Customer <ann@acme.example>\r\nTo: support@example.com\r\n"
            b"Message-ID: <waiting-%d@acme.example>\r\nSubject: Waiting %d\r\n\r\n"
            b"Since before you were up.\r\n" % (number, number)
        )
        daemon.process = daemon.start()
        until(partial(running.has, f"Waiting {number}"))  # it is read, not quarantined
