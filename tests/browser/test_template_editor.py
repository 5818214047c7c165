"""The editor of templates: tried at the extremes and on a ticket, what it is sent by, brought
together with a newer shipped text, checked as one types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from maild.desk.extremes import EXTREMES
from maild.desk.notifications import catalogue
from maild.outbox.compose import job
from maild.outbox.preview import sample
from maild.store.records import OutboxItem
from maild.templates import three_way
from maild.templates.history import History
from maild.templates.renderer import LocalRenderer
from maild.templates.source import SHIPPED
from tests.browser.site import KIM, Site
from tests.looking import every

Visits = Callable[..., Page]
NAME = "acknowledgement"
EDITOR = f"/admin/templates/{NAME}?lang=en"


def own(site: Site) -> Path:
    return site.desk.folder / "templates"


@pytest.fixture(autouse=True)
def shipped_again(site: Site) -> Iterator[None]:
    yield
    (own(site) / "en" / f"{NAME}.md").unlink(missing_ok=True)


def test_every_shipped_text_holds_at_every_extreme(site: Site) -> None:
    settings, profile = site.app.settings, site.app.profile
    orders = [
        sample(settings, profile, kind, language, None, extreme)
        for kind in catalogue(None)
        for extreme in EXTREMES
        for language in ("en", "de")
    ]
    found = LocalRenderer(None).render([job(order) for order in orders])
    assert [(o.template, r.problem) for o, r in zip(orders, found, strict=True) if r.problem] == []
    assert all(r.words and "<script>" not in r.words.html for r in found)


@pytest.mark.parametrize("on", ["example", "ticket", "right-to-left"])
def test_an_example_is_shown_as_mail_and_as_plain_text(site: Site, on: str) -> None:
    number = site.mail(site.desk.ann, "Printer at the extreme", "It smokes.")
    cookie, query = site.session(KIM), f"&on={on}&number={number}"
    page = site.ask("GET", EDITOR + query, cookie)
    assert page.status == 200 and "As plain text" in page.text
    assert ("Printer at the extreme" in page.text) == (on == "ticket")
    frame = site.ask("GET", f"/admin/templates/{NAME}/sample?lang=en{query}", cookie)
    assert frame.status == 200 and "sandbox" in frame.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on=ticket&number=T19990101.0001", "T19990101.0001"),
        ("on=ticket&number=../../etc", "There is no ticket"),
        ("on=nonsense", "As plain text"),  # the example
    ],
)
def test_what_cannot_be_shown_says_why(site: Site, query: str, said: str) -> None:
    assert said in site.ask("GET", f"{EDITOR}&{query}", site.session(KIM)).text


def test_it_says_which_rules_send_it_and_how_often(site: Site) -> None:
    site.mail(site.desk.ann, "Counted", "It smokes.")
    page = site.ask("GET", EDITOR, site.session(KIM)).text
    sending = [
        rule.name
        for rule in site.app.rules.rules
        for step in rule.steps
        if step.action == "notify" and step.argument["template"] == NAME
    ]
    assert sending and all(name in page for name in sending)
    sent = len(every(site.desk.store, OutboxItem, template=NAME))
    assert sent and f"{sent} in thirty days" in page
    itself = site.ask("GET", "/admin/templates/alert?lang=en", site.session(KIM)).text
    assert "None: maild itself sends it." in itself


@pytest.mark.parametrize("both", [False, True])
def test_a_newer_shipped_text_is_brought_together_with_the_desk_s_own(
    site: Site, both: bool
) -> None:
    cookie = site.session(KIM)
    shipped = (SHIPPED / "en" / f"{NAME}.md").read_text("utf-8")
    lines = shipped.splitlines()
    first, last = lines.index("---") + 1, len(lines) - 1  # of the text
    older = list(lines)
    older[last] = "An older last line."
    mine = list(older)
    mine[last if both else first] += " Mine."
    save(site, cookie, "\n".join(mine) + "\n", "as we say it")
    three_way.base(own(site), NAME, "en").write_text("\n".join(older) + "\n", "utf-8")
    page = site.ask("GET", EDITOR, cookie).text
    assert "The shipped text has changed since yours was made." in page
    merged = site.ask("POST", EDITOR, cookie, {"do": "merge"}).text
    assert ("stand between marks" in merged or "stands between marks" in merged) == both
    text = three_way.merge("\n".join(older) + "\n", "\n".join(mine) + "\n", shipped).text
    if both:
        refused = save(site, cookie, text, "")
        assert "marks of a merge" in refused
        kept = [line for line in text.splitlines() if line[:7] not in ("<<<<<<<", ">>>>>>>")]
        text = "\n".join(line for line in kept if line != "=======") + "\n"
    assert "in force from the next mail on" in save(site, cookie, text, "taken together")
    assert "The shipped text has changed" not in site.ask("GET", EDITOR, cookie).text
    assert not three_way.is_behind(own(site), NAME, "en")
    newest = History(own(site)).versions(NAME, "en")[-1]
    assert (newest.by, newest.why) == ("Kim Admin", "taken together")
    assert "taken together" in site.ask("GET", EDITOR, cookie).text


def save(site: Site, cookie: str, text: str, why: str) -> str:
    """What the page says."""
    page = site.ask("GET", EDITOR, cookie).text
    was = re.search(r'name="was" value="(\w+)"', page)
    assert was is not None
    form = {"do": "save", "text": text, "was": was[1], "why": why}
    return site.ask("POST", EDITOR, cookie, form).text


def test_mistakes_are_marked_and_the_draft_kept_as_one_types(site: Site, visits: Visits) -> None:
    page = visits(KIM, EDITOR)
    text = page.get_by_label("Text of the template")
    with page.expect_response(lambda r: r.request.method == "POST" and NAME in r.url):
        text.press("Control+End")
        page.keyboard.type("{{ ticket.ti")
    offers = page.get_by_role("listbox")
    expect(offers.get_by_role("option").first).to_contain_text("ticket.title")
    page.keyboard.press("Tab")
    page.keyboard.type("x }}")
    expect(page.get_by_role("alert").first).to_contain_text("ticket.titlex")
    expect(page.locator(".coded mark")).to_contain_text("ticket.titlex")
    expect(page.locator(".coded pre .k").first).to_be_visible()
    page.reload()
    expect(text).to_have_value(re.compile(r"\{\{ ticket\.titlex \}\}\s*$"))
    page.get_by_role("button", name="Discard the draft").click()
