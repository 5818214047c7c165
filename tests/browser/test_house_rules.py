"""The rules of the house on a real screen: nothing lost, nothing twice, nobody locked out, mail
inert, keys for everything, readable for everybody."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Route, expect

from maild.model import Role
from maild.store.asking import screens
from maild.store.records import Note
from maild.web.feed import News
from tests.browser.site import BOB, DANA, KIM, Site

Visits = Callable[..., Page]

PAGES = {
    "list": "/tickets?view=open",
    "grouped": "/tickets?view=by+client",
    "ticket": "/tickets/{number}",
    "new": "/new",
    "work list": "/work",
    "recent": "/recent",
    "search": "/search?q=printer",
    "clients": "/clients",
    "client": "/clients/1",
    "timesheet": "/timesheet",
    "preferences": "/me",
    "browsers": "/me/sessions",
    "nothing here": "/tickets/T19990101.0001",
}


def fresh(site: Site, title: str = "Printer on fire", text: str = "It smokes.") -> str:
    return site.mail(site.desk.ann, title, text)


def received(site: Site, words: str) -> int:
    """How many mails Ann has with these words, when all is sent that waits."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        site.deliver()
        found = sum(words in str(mail) for mail in site.desk.ann.received())
        if found:
            time.sleep(1.0)  # a second one would come now
            site.deliver()
            return sum(words in str(mail) for mail in site.desk.ann.received())
        time.sleep(0.1)
    return 0


def test_a_long_conversation_is_light_and_all_of_it_is_a_click_away(site: Site) -> None:
    number = fresh(site, "A long story", "How it began.")
    with site.desk.store.unit() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        for n in range(200):
            unit.add(
                Note(
                    ticket_id=ticket.id, by_kind=Role.CONTACT, public=True, text=f"Word {n}.",
                    created=site.desk.now,
                )
            )  # fmt: skip
    cookie = site.session(BOB)
    page = site.ask("GET", f"/tickets/{number}", cookie).text
    assert "Word 199." in page and "How it began." not in page
    assert len(page.encode()) < 100_000
    assert f"/tickets/{number}?all=1" in page
    assert "How it began." in site.ask("GET", f"/tickets/{number}?all=1", cookie).text


# ---- nothing twice, nothing lost


def test_a_double_click_is_one_mail(site: Site, visits: Visits) -> None:
    page = visits(BOB, f"/tickets/{fresh(site)}")
    page.get_by_label("Your words").fill("Please pull the plug, once.")
    page.get_by_role("button", name="Send reply").dblclick()
    expect(page.locator("#talk")).to_contain_text("Please pull the plug, once.")
    assert received(site, "Please pull the plug, once.") == 1


def test_the_same_form_sent_again_does_nothing_again(site: Site) -> None:
    number, cookie = fresh(site), site.session(BOB)
    form = {"key": "k" * 20, "kind": "reply", "text": "Only once, whoever repeats it."}
    for _ in range(3):  # the network was slow and somebody pressed reload
        assert site.ask("POST", f"/tickets/{number}/answer", cookie, form).status == 303
    assert received(site, "Only once, whoever repeats it.") == 1


def test_an_answer_can_be_taken_back_within_its_seconds(browser: Browser, tmp_path: Path) -> None:
    site = Site(tmp_path, undo=20)
    context = browser.new_context()
    try:
        number = fresh(site)
        cookie = {"name": "maild", "value": site.session(BOB), "url": site.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{site.url}/tickets/{number}")
        page.get_by_label("Your words").fill("Taken back at once.")
        page.get_by_role("button", name="Send reply").click()
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.get_by_label("Your words")).to_have_value("Taken back at once.")
        site.deliver()
        assert [note["text"] for note in site.desk.ticket(number)["notes"]] == ["It smokes."]
    finally:
        context.close()
        site.close()


def test_a_draft_is_on_every_device_and_in_no_other_conversation(
    site: Site, visits: Visits
) -> None:
    one, two = fresh(site, "First"), fresh(site, "Second")
    page = visits(BOB, f"/tickets/{one}")
    with page.expect_response("**/drafts"):
        page.get_by_label("Your words").fill("Half a sentence that")
    phone = visits(BOB, f"/tickets/{one}", viewport={"width": 360, "height": 700})
    expect(phone.get_by_label("Your words")).to_have_value("Half a sentence that")
    phone.goto(f"{site.url}/tickets/{two}")
    expect(phone.get_by_label("Your words")).to_have_value("")


def test_what_is_typed_stays_when_the_session_ends_and_sign_in_opens_over_the_page(
    site: Site, visits: Visits
) -> None:
    number = fresh(site)
    page = visits(BOB, f"/tickets/{number}")
    page.get_by_label("Your words").fill("A long answer that took")
    page.context.clear_cookies()
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#over")).to_be_visible()
    expect(page.locator("#over").get_by_label("Your mail address")).to_be_visible()
    expect(page.get_by_label("Your words")).to_have_value("A long answer that took")
    cookie = {"name": "maild", "value": site.session(BOB), "url": site.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # by another tab
    expect(page.locator("#over")).to_be_hidden()
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#talk")).to_contain_text("A long answer that took")


# ---- nobody is locked out


def test_two_people_at_one_ticket_see_each_other_and_neither_loses_a_word(
    site: Site, visits: Visits
) -> None:
    number = fresh(site)
    bob, dana = visits(BOB, f"/tickets/{number}"), visits(DANA, f"/tickets/{number}")
    expect(bob.locator("#there")).to_contain_text("Dana")
    dana.get_by_label("Your words").fill("I would say: turn it off.")
    bob.get_by_label("Your words").fill("I am on my way.")
    bob.get_by_role("button", name="Send reply").click()
    expect(dana.locator("#talk")).to_contain_text("I am on my way.")
    expect(dana.get_by_label("Your words")).to_have_value("I would say: turn it off.")
    dana.get_by_role("button", name="Send reply").click()
    expect(dana.locator("#composer")).to_contain_text("Bob Tech wrote meanwhile")
    expect(dana.get_by_label("Your words")).to_have_value("I would say: turn it off.")
    dana.get_by_role("button", name="Send anyway").click()
    expect(dana.locator("#talk")).to_contain_text("I would say: turn it off.")


HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def shows(page: Page, title: str) -> None:
    expect(page.get_by_role("link", name=title)).to_be_visible()


def test_a_page_asks_for_nothing_while_nobody_looks_and_has_it_when_he_comes_back(
    site: Site, visits: Visits
) -> None:
    page, other = (visits(who, "/tickets?view=open") for who in (BOB, DANA))
    fresh(site, "While it is looked at")
    shows(page, "While it is looked at")
    page.evaluate(HIDDEN, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fresh(site, "While it is not")
    shows(other, "While it is not")
    assert asked == []
    page.evaluate(HIDDEN, False)
    shows(page, "While it is not")


def test_what_comes_before_a_page_listens_is_on_it(site: Site, visits: Visits) -> None:
    page = visits(BOB, "/me")

    def held_up(route: Route) -> None:
        before = site.console.feed.mark
        fresh(site, "While the page was on its way")
        site.desk.servers.wait_for(lambda: site.console.feed.mark != before)
        route.continue_()

    page.route("**/static/follow*", held_up)
    page.goto(f"{site.url}/tickets?view=open")
    shows(page, "While the page was on its way")


def test_a_list_is_asked_for_once_in_a_second_while_much_comes_in(
    site: Site, visits: Visits
) -> None:
    page = visits(BOB, "/tickets?view=open")
    fresh(site, "One of very many")
    shows(page, "One of very many")  # it listens
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    began = time.monotonic()
    for number in range(30):
        site.console.feed.tell([News(f"T{number}", None, "Ann", None, "noted")])
        page.wait_for_timeout(100)
    lists = [url for url in asked if "part=" in url]
    assert 0 < len(lists) <= 2 + (time.monotonic() - began) / 0.9


def test_a_change_that_may_not_be_says_why_and_nothing_is_done(site: Site) -> None:
    number = fresh(site)
    answer = site.ask("POST", f"/tickets/{number}/do", site.session(BOB),
                      {"key": "z" * 20, "status": "No Such Status"}, HX_Request="true")  # fmt: skip
    assert answer.status in (400, 403, 422)
    assert "No Such Status" in answer.text and "Traceback" not in answer.text
    assert site.desk.ticket(number)["status"] == "New"


# ---- signing in


def asked_link(site: Site, page: Page, address: str) -> str:
    page.get_by_label("Your mail address").fill(address)
    before = len(site.desk.servers.smtp.to(address))
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_text("a link is on its way")).to_be_visible()
    site.desk.servers.wait_for(lambda: len(site.desk.servers.smtp.to(address)) > before)
    octets = site.desk.servers.smtp.to(address)[-1].octets
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"/sign-in/([\w-]+)", body.get_content())
    assert found is not None
    return found[1]


def test_a_link_survives_scanners_and_signs_in_the_browser_that_asked_once(
    site: Site, visits: Visits
) -> None:
    number = fresh(site)
    page = visits(None, f"/tickets/{number}")
    token = asked_link(site, page, BOB)
    for _ in range(3):  # what looks for malware opens every link, and presses nothing
        scanned = site.ask("GET", f"/sign-in/{token}")
        assert scanned.status == 200
        assert "set-cookie" not in scanned.headers
        assert site.ask("POST", f"/sign-in/{token}").status == 403
    page.goto(f"{site.url}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Printer on fire")).to_be_visible()
    assert site.ask("GET", f"/sign-in/{token}").status in (400, 403, 404, 410)


def test_a_link_that_is_opened_elsewhere_shows_a_code_to_type(site: Site, visits: Visits) -> None:
    page = visits(None, "/sign-in")
    token = asked_link(site, page, DANA)
    phone = visits(None, f"/sign-in/{token}")
    shown = re.search(r"\b(\d{4}[\s\u2009-]?\d{4})\b", phone.locator("main").inner_text())
    assert shown is not None
    page.get_by_label("Code").fill(shown[1])
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(site: Site, visits: Visits) -> None:
    page = visits(None, "/sign-in")
    page.get_by_label("Your mail address").fill("stranger@nowhere.example")
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_text("a link is on its way")).to_be_visible()
    assert site.desk.servers.smtp.to("stranger@nowhere.example") == []


# ---- mail is dangerous

INLINE = r"<script(?![^>]*\bsrc=)|<[^<>]*\s(on\w+|style)=|javascript:"

HOSTILE = [
    "<script>document.title='pwned';fetch('http://evil.example/a')</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "<img src='http://evil.example/pixel.gif'>",
    "<img srcset='http://evil.example/2x.gif 2x'>",
    "<svg onload=\"document.title='pwned'\"><image href='http://evil.example/s.png'/></svg>",
    "<iframe src='http://evil.example/f'></iframe>",
    "<object data='http://evil.example/o'></object><embed src='http://evil.example/e'>",
    "<link rel=stylesheet href='http://evil.example/c.css'><link rel=prefetch href='http://evil.example/p'>",
    "<style>@import url(http://evil.example/i.css); body{background:url(http://evil.example/b.png)}</style>",
    "<div style=\"background:url('http://evil.example/d.png')\">x</div>",
    "<table background='http://evil.example/t.png'><tr><td>x</table>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/r'>",
    "<base href='http://evil.example/'><a href='x'>x</a><img src='rel.png'>",
    "<form action='http://evil.example/post'><input name=a autofocus "
    "onfocus=\"document.title='pwned'\"></form>",
    "<a href=\"javascript:document.title='pwned'\">press</a>",
    "<video poster='http://evil.example/v.png' src='http://evil.example/v.mp4' autoplay></video>",
    "<audio src='http://evil.example/a.mp3' autoplay></audio>",
    "<details open ontoggle=\"document.title='pwned'\">x</details>",
    "<math><mtext><style><img src=x onerror=\"document.title='pwned'\"></style></mtext></math>",
    "<template><script>document.title='pwned'</script></template>",
    "<noscript><img src=x onerror=alert(1)></noscript>",
    "</div></article></main><script>document.title='pwned'</script>",
    "<img src='cid:nothing@x'><img src='//evil.example/n.png'><img src='/sign-out'>",
]


def test_hostile_html_runs_no_script_and_fetches_nothing(site: Site, visits: Visits) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann <ann@acme.example>", "support@example.com"
    mail["Subject"] = "<script>document.title='pwned'</script> <img src=x onerror=alert(1)>"
    mail["Message-ID"] = "<hostile@acme.example>"
    mail.set_content("plain <b>words</b>")
    mail.add_alternative(f"<html><body>{''.join(HOSTILE)}<p>The end.</p></body></html>", "html")
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='pwned'</script></svg>"
    mail.add_attachment(svg, "image", "svg+xml", filename="x.svg")
    site.apart(site.desk.put, mail.as_bytes())
    site.settle()
    number = site.desk.ticket()["number"]
    page = visits(BOB, "/tickets?view=open")
    foreign: list[str] = []
    page.context.on(
        "request", lambda r: foreign.append(r.url) if not r.url.startswith(site.url) else None
    )
    page.on("dialog", lambda dialog: foreign.append(dialog.message))
    page.goto(f"{site.url}/tickets/{number}")
    page.get_by_text("More about this note").first.locator("xpath=..").click()
    page.get_by_role("button", name="Show as it was formatted").click()
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_text("The end.")).to_be_visible()
    page.wait_for_timeout(700)
    assert foreign == []
    assert "pwned" not in page.title().replace("document.title='pwned'", "")
    html = next(f for f in page.frames if f != page.main_frame)
    assert html.locator("script, iframe, object, embed, link, meta[http-equiv], form").count() == 0
    answer = site.ask("GET", html.url.removeprefix(site.url), site.session(BOB))
    assert "sandbox" in answer.headers["content-security-policy"]
    with site.desk.store.look() as unit:
        found = screens.numbered(unit, number)
        assert found is not None
        note = screens.whole(unit, found).notes[0]
    for view in note.attachments:
        address = f"/tickets/{number}/notes/{note.id}/files/{view.part}"
        got = site.ask("GET", address, site.session(BOB))
        assert got.headers["content-disposition"].startswith("attachment")
        assert got.headers["content-type"].startswith("application/octet-stream")


def test_no_page_runs_what_is_written_in_it(site: Site) -> None:
    cookie = site.session(KIM)
    number = fresh(site)
    for path in PAGES.values():
        answer = site.ask("GET", path.replace("{number}", number), cookie)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert not re.search(
            r"<script(?![^>]*\bsrc=)|<[^<>]*\s(on\w+|style)=|javascript:", answer.text
        )


# ---- readable for everybody


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", list(PAGES))
def test_axe_finds_nothing(site: Site, looks: Visits, name: str, theme: str) -> None:
    number = fresh(site) if name == "ticket" else "T0"
    page = looks(KIM, PAGES[name].replace("{number}", number), color_scheme=theme)
    page.wait_for_timeout(300)
    results = Axe().run(page)
    found = [
        f"{v['id']}: {n['html'][:160]} {n.get('failureSummary', '')[:200]}"
        for v in results.response["violations"]
        for n in v["nodes"][:3]
    ]
    assert found == []


def test_axe_finds_nothing_on_the_way_in(visits: Visits) -> None:
    assert Axe().run(visits(None, "/sign-in")).violations_count == 0


@pytest.mark.parametrize("name", list(PAGES))
def test_a_phone_scrolls_one_way_only(site: Site, looks: Visits, name: str) -> None:
    number = fresh(site, "A title of many words " * 8) if name == "ticket" else "T0"
    path = PAGES[name].replace("{number}", number)
    page = looks(KIM, path, viewport={"width": 360, "height": 740})
    page.wait_for_timeout(200)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


def test_a_phone_shows_the_whole_status_of_a_ticket(site: Site, visits: Visits) -> None:
    number = fresh(site, "On a phone")
    page = visits(KIM, "/tickets?view=open", viewport={"width": 360, "height": 740})
    badge = page.locator(f"tr[data-number='{number}'] .badge").bounding_box()
    assert badge is not None
    assert badge["width"] > 40


def test_a_ticket_is_answered_by_keys_alone(site: Site, visits: Visits) -> None:
    number = fresh(site, "Keys only")
    page = visits(BOB, "/tickets?view=open")
    expect(page.get_by_role("link", name="Keys only")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keys only")).to_be_visible()
    assert number in page.url
    page.wait_for_load_state()  # a key that is pressed before the page listens is nobody's
    page.keyboard.press("r")
    expect(page.get_by_label("Your words")).to_be_focused()
    page.keyboard.type("Without a mouse.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#talk")).to_contain_text("Without a mouse.")
    page.keyboard.press("Escape")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_visible()
