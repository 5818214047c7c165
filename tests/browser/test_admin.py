"""An admin's pages: the editor of templates on real mails, and what waits, failed and was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from maild.store.records import Message
from tests.browser.site import BOB, KIM, Site

Visits = Callable[..., Page]
EDITOR = "/admin/templates/acknowledgement?lang=en"
PAGES = (
    "",
    "templates",
    "templates/acknowledgement",
    "templates/acknowledgement?on=long-word",
    "rules",
    "statuses",
    "calendars",
    "outbox",
    "outbox/1",
    "mailboxes",
    "imports",
    "people",
    "people/1",
    "people/new",
    "organizations",
    "organizations/1",
    "quarantine",
    "spam",
    "alerts",
    "audit",
)


@pytest.fixture(autouse=True)
def mails(site: Site) -> None:
    """Three mails of the kind that is edited, and no template of the desk's own."""
    while len(site.desk.tickets()) < 3:
        site.mail(site.desk.ann, f"Printer {len(site.desk.tickets())}", "It smokes.")
    own(site).unlink(missing_ok=True)


def own(site: Site) -> Path:
    return site.desk.folder / "templates" / "en" / "acknowledgement.md"


def test_a_text_is_tried_on_the_last_mails_and_then_counts(site: Site, visits: Visits) -> None:
    page = visits(KIM, EDITOR)
    text = page.get_by_label("Text of the template")
    before = text.input_value()
    text.fill(before.replace("thank you for your mail", "THANKS for your mail"))
    page.get_by_role("button", name="Try on the last mails").click()
    expect(page.get_by_text("3 of 3 would be different")).to_be_visible()
    first = page.locator(".compared").first
    expect(first.locator("del")).to_contain_text("thank you for your mail")
    expect(first.locator("ins")).to_contain_text("THANKS for your mail")
    expect(page.frame_locator("iframe.mail").locator("body")).to_contain_text("THANKS")
    assert not own(site).exists()  # tried is not in force
    page.reload()
    expect(text).to_have_value(before.replace("thank you for your mail", "THANKS for your mail"))
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_text("in force from the next mail on")).to_be_visible()
    assert "THANKS for your mail" in own(site).read_text("utf-8")
    site.mail(site.desk.ann, "One more", "It smokes again.")
    assert any("THANKS for your mail" in str(mail) for mail in site.desk.ann.received())
    page.get_by_text("as it was shipped").locator("xpath=..").get_by_role("button").click()
    expect(page.get_by_text("That version is in force again.")).to_be_visible()
    assert not own(site).exists()
    page.goto(f"{site.url}/admin/audit")
    expect(page.get_by_text("changed a template").first).to_be_visible()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{{ time.internal }}", "is for colleagues only"),
        ("{% if time %}{{ time.internal }}{% endif %}", "is for colleagues only"),
        ("{% if time %}{% set x = time %}{{ x.internal }}{% endif %}", "is for colleagues only"),
        ("{{ ticket.titel }}", "is not known"),
        ("{{ ticket.title ", "line"),
        ("{{ ticket.title|uper }}", "filter"),
    ],
)
def test_a_text_that_is_wrong_is_refused_with_its_line(
    site: Site, visits: Visits, line: str, problem: str
) -> None:
    page = visits(KIM, EDITOR)
    text = page.get_by_label("Text of the template")
    lines = [*text.input_value().rstrip("\n").splitlines(), "", line]
    text.fill("\n".join(lines))
    page.get_by_role("button", name="Save and put in force").click()
    said = page.get_by_role("alert").first
    expect(said).to_contain_text(f"line {len(lines)}")
    expect(said).to_contain_text(problem)
    assert not own(site).exists()
    expect(text).to_have_value("\n".join(lines) + "\n")
    page.get_by_role("button", name="Discard the draft").click()


def test_what_a_colleague_may_read_can_stand_in_a_mail_to_him(site: Site, visits: Visits) -> None:
    page = visits(KIM, "/admin/templates/time-entry?lang=en")
    text = page.get_by_label("Text of the template")
    text.fill(text.input_value() + "\n{% if time %}{{ time.internal }}{% endif %}\n")
    page.get_by_role("button", name="Try on the last mails").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Discard the draft").click()


def test_another_s_change_meanwhile_is_not_written_over(site: Site, visits: Visits) -> None:
    page = visits(KIM, EDITOR)
    text = page.get_by_label("Text of the template")
    text.fill(text.input_value() + "\nMine.\n")
    own(site).parent.mkdir(parents=True, exist_ok=True)
    own(site).write_text("subject: theirs\n---\nTheirs.\n", "utf-8")
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_text("Somebody has changed this template meanwhile")).to_be_visible()
    assert "Theirs." in own(site).read_text("utf-8")


def test_a_message_in_quarantine_is_tried_again(site: Site) -> None:
    with site.desk.store.look() as unit:
        newest = max(site.desk.messages(), key=lambda message: message.id)
        assert unit.get(Message, newest.id) is not None
    site.desk.store.act(
        lambda unit: unit.change(unit.get(Message, newest.id), state="quarantined", why="broken")
    )
    cookie = site.session(KIM)
    assert "broken" in site.ask("GET", "/admin/quarantine", cookie).text
    path = f"/admin/quarantine/{newest.id}"
    assert site.ask("POST", path, cookie, {"do": "drop"}).status == 303
    assert site.ask("POST", path, cookie, {"do": "retry"}).status == 404
    assert "broken" not in site.ask("GET", "/admin/quarantine", cookie).text
    assert site.ask("GET", "/admin/quarantine", site.session(BOB)).status == 403


def test_h112_what_was_kept_as_spam_is_seen_and_let_through(site: Site) -> None:
    newest = max(site.desk.messages(), key=lambda message: message.id)
    kept = {"state": "processed", "outcome": "ignored", "why": "spam: a server says so"}
    site.desk.store.act(lambda unit: unit.change(unit.get(Message, newest.id), **kept))
    cookie = site.session(KIM)
    assert "a server says so" in site.ask("GET", "/admin/spam", cookie).text
    assert site.ask("POST", f"/admin/spam/{newest.id}", cookie, {}).status == 303
    assert site.ask("POST", f"/admin/spam/{newest.id}", cookie, {}).status == 404
    assert "a server says so" not in site.ask("GET", "/admin/spam", cookie).text
    assert site.ask("GET", "/admin/spam", site.session(BOB)).status == 403


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_on_an_admin_s_page(looks: Visits, name: str, theme: str) -> None:
    page = looks(KIM, f"/admin/{name}".rstrip("/"), color_scheme=theme)
    found = [
        f"{v['id']}: {node['html'][:160]}"
        for v in Axe().run(page).response["violations"]
        for node in v["nodes"][:3]
    ]
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_an_admin_s_page_fits_a_phone(looks: Visits, name: str) -> None:
    page = looks(KIM, f"/admin/{name}".rstrip("/"), viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
