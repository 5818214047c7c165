"""What an admin does on a screen: mail that goes out, mailboxes, people, organizations, alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import FilePayload, Page, expect

from maild.desk import absence, mailbox_orders
from maild.desk.alerts import raise_alert
from maild.i18n import sentence
from maild.model import Address, SendState
from maild.outbox import rows
from maild.store import asking
from maild.store.asking import console as asking_console
from maild.store.records import Alert, OutboxItem, Person
from tests.browser.site import ANN, BOB, KIM, Answer, Site, key

Visits = Callable[..., Page]


@pytest.fixture(scope="module", autouse=True)
def mail(site: Site) -> None:
    """A ticket, so that there are notifications."""
    site.mail(site.desk.ann, "Printer on fire", "It smokes.")


def post(site: Site, path: str, form: Mapping[str, str], who: str = KIM) -> Answer:
    return site.ask("POST", path, site.session(who), form)


def page(site: Site, path: str) -> str:
    return site.ask("GET", path, site.session(KIM)).text


def audited(site: Site) -> str:
    with site.desk.store.look() as unit:
        return str(unit.all(asking_console.AUDIT, before=2**31)[0].what)


def some_item(site: Site, state: SendState) -> int:
    """A notification that is in this state now."""
    with site.desk.store.look() as unit:
        number = asking.outbox.newest(unit, 1)[0].id
    error = "550 5.1.1 nobody here" if state == SendState.FAILED else None
    site.desk.store.act(
        lambda unit: unit.change(unit.get(OutboxItem, number), state=state, error=error)
    )
    return number


def state_of(site: Site, number: int) -> str:
    with site.desk.store.look() as unit:
        item = unit.get(OutboxItem, number)
        assert item is not None
        return str(item.state)


# ---- the outbox


def test_a_notification_is_looked_at_sent_again_and_given_up(site: Site) -> None:
    number = some_item(site, SendState.FAILED)
    assert "550 5.1.1 nobody here" in page(site, "/admin/outbox?state=failed")
    shown = page(site, f"/admin/outbox/{number}")
    assert "Printer on fire" in shown and "Send again" in shown
    assert post(site, f"/admin/outbox/{number}", {"do": "retry"}).status == 303
    assert state_of(site, number) == "waiting"
    assert audited(site) == "sent a notification again"
    assert post(site, f"/admin/outbox/{number}", {"do": "drop"}).status == 303
    assert state_of(site, number) == "dropped"


def test_what_was_sent_is_not_sent_again(site: Site) -> None:
    number = some_item(site, SendState.SENT)
    answer = post(site, f"/admin/outbox/{number}", {"do": "retry"})
    assert answer.status == 403 and "is sent already" in answer.text
    assert state_of(site, number) == "sent"


def test_all_that_failed_is_sent_again_at_once(site: Site) -> None:
    number = some_item(site, SendState.FAILED)
    assert post(site, "/admin/outbox", {"do": "retry"}).status == 303
    assert state_of(site, number) == "waiting"


def test_the_outbox_is_paused_by_name_and_goes_on(site: Site) -> None:
    assert post(site, "/admin/outbox", {"do": "pause"}).status == 303
    assert "Kim Admin paused it" in page(site, "/admin/outbox")
    with site.desk.store.look() as unit:
        assert rows.paused(unit) is not None
    assert post(site, "/admin/outbox", {"do": "resume"}).status == 303
    with site.desk.store.look() as unit:
        assert rows.paused(unit) is None


@pytest.mark.parametrize(
    ("query", "there"),
    [("q=ann@acme.example", True), ("q=nobody@acme.example", False), ("state=given+up", False)],
)
def test_the_outbox_is_narrowed(site: Site, query: str, there: bool) -> None:
    some_item(site, SendState.SENT)
    assert ('address">ann@acme.example' in page(site, f"/admin/outbox?{query}")) is there


def test_a_mail_is_shown_where_it_can_do_nothing(site: Site) -> None:
    site.deliver()
    with site.desk.store.look() as unit:
        sent = asking.outbox.page(unit, "sent", ANN, 2**31 - 1, 1)[0]
    answer = site.ask("GET", f"/admin/outbox/{sent.id}/mail", site.session(KIM))
    assert answer.status == 200 and "sandbox" in answer.headers["content-security-policy"]


# ---- mailboxes


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk with a mailbox that nobody answers for."""
    web = '[[mailbox]]\nname = "support"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
    web += 'username = "support"\npassword = "x"\n'
    one = Site(tmp_path_factory.mktemp("boxes"), web=web)
    try:
        yield one
    finally:
        one.close()


def test_a_mailbox_is_tried_paused_and_goes_on(boxes: Site) -> None:
    tried = post(boxes, "/admin/mailboxes/support", {"do": "try"})
    assert tried.status == 200 and "127.0.0.1" in tried.text and "trouble" in tried.text
    assert post(boxes, "/admin/mailboxes/support", {"do": "pause"}).status == 303
    assert "Kim Admin paused it" in page(boxes, "/admin/mailboxes")
    assert "paused by Kim Admin" in page(boxes, "/admin")
    assert post(boxes, "/admin/mailboxes/support", {"do": "resume"}).status == 303
    assert post(boxes, "/admin/mailboxes/support", {"do": "look"}).status == 303
    with boxes.desk.store.look() as unit:
        assert mailbox_orders.paused(unit, "support") is None
    assert post(boxes, "/admin/mailboxes/nowhere", {"do": "pause"}).status == 404


# ---- people and organizations


def person(site: Site, email: str) -> Person:
    with site.desk.store.look() as unit:
        found = asking.people.at(unit, Address("", email).key)
        assert found is not None, email
        return found


PERSON = {"name": "Zoe Quart", "role": "contact", "organization": "Globex", "active": "1"}


def test_somebody_is_added_and_changed_with_history(site: Site, visits: Visits) -> None:
    screen = visits(KIM, "/admin/people/new")
    screen.get_by_label("Name").fill("Zoe Quart")
    screen.get_by_label("Organization").fill("Globex")
    screen.get_by_label("Mail address").fill("zoe@globex.example")
    screen.get_by_role("button", name="Add").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Zoe Quart")
    screen.get_by_label("Name").fill("Zoe Quartermain")
    screen.get_by_label("A further address").fill("z.q@globex.example")
    screen.get_by_role("button", name="Save").click()
    expect(screen.get_by_text("name: Zoe Quart → Zoe Quartermain")).to_be_visible()
    assert person(site, "z.q@globex.example").name == "Zoe Quartermain"
    screen.get_by_role("listitem").filter(has_text="z.q@").get_by_role("button").click()
    expect(screen.get_by_text("took the address z.q@globex.example away")).to_be_visible()
    screen.get_by_label("Active").uncheck()
    screen.get_by_role("button", name="Save").click()
    expect(screen.get_by_text("active: yes → no")).to_be_visible()
    assert not person(site, "zoe@globex.example").active


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "no address"}, "is no mail address"),
        ({"email": ANN}, "somebody&#39;s already"),
        ({"organization": "Nowhere"}, "There is no organization"),
        ({"timezone": "Mars/Olympus"}, "is no time zone"),
        ({"name": " "}, "A name is needed"),
    ],
)
def test_what_is_wrong_with_a_person_is_said_and_the_words_stay(
    site: Site, change: dict[str, str], said: str
) -> None:
    form = PERSON | {"email": "new@globex.example", "name": "Nora"} | change
    answer = post(site, "/admin/people/new", form)
    assert answer.status == 422 and said in answer.text
    assert form["email"].replace("'", "&#39;") in answer.text  # what was typed is still there


def test_who_stands_in_the_configuration_is_changed_there(site: Site) -> None:
    number = person(site, BOB).id
    assert "stands in maild.toml" in page(site, f"/admin/people/{number}")
    assert post(site, f"/admin/people/{number}", PERSON | {"name": "Mallory"}).status == 403
    assert person(site, BOB).name == "Bob Tech"


def test_an_organization_is_added_and_its_domains_are_what_is_written(site: Site) -> None:
    made = post(site, "/admin/organizations/new", {"name": "Initech", "domains": "initech.example"})
    address = made.headers["location"]
    form = {"name": "Initech Ltd", "domains": "initech.test initech.org", "active": "1"}
    assert post(site, address, form).status == 303
    shown = page(site, "/admin/organizations?q=initech")
    assert "Initech Ltd" in shown and "initech.org, initech.test" in shown
    assert "initech.example" not in shown
    for form, said in (
        ({"name": "Acme", "domains": ""}, "is taken"),
        ({"name": "Initech", "domains": "gmail.com"}, "belongs to everybody"),
        ({"name": "Initech", "domains": "nonsense"}, "is no mail domain"),
        ({"name": "Initech", "domains": "ini(t).example"}, "is no mail domain"),
        ({"name": "", "domains": "x.example"}, "A name is needed"),
    ):
        answer = post(site, address, form)
        assert answer.status == 422 and said in answer.text


# ---- alerts


def test_an_alert_is_ended(site: Site) -> None:
    now = datetime.now(UTC)
    site.desk.store.act(lambda unit: raise_alert(unit, "test", "The sky is falling.", now))
    with site.desk.store.look() as unit:
        number = next(a.id for a in asking.alerts.every(unit) if a.key == "test")
    assert "The sky is falling." in page(site, "/admin")
    assert post(site, f"/admin/alerts/{number}", {}).status == 303
    with site.desk.store.look() as unit:
        alert = unit.get(Alert, number)
        assert alert is not None and alert.cleared is not None
    assert "The sky is falling." not in page(site, "/admin")


# ---- imports

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "zendesk"


def test_an_export_is_tried_and_brought_in_once(site: Site, visits: Visits) -> None:
    before = len(site.desk.tickets())
    files = sorted(EXPORTS.glob("*.csv"))
    screen = visits(KIM, "/admin/imports")
    for new in (True, False):
        screen.get_by_label("From").select_option("zendesk")
        screen.get_by_label("Exported files").set_input_files(files)
        screen.get_by_role("button", name="See what would come in").click()
        expect(screen.get_by_role("heading", name="What would come in")).to_be_visible()
        if new:
            assert len(site.desk.tickets()) == before  # tried is not written
        screen.get_by_role("button", name="Bring it in").click()
        expect(screen.get_by_role("status").filter(has_text="were here before")).to_be_visible()
        if new:
            after = len(site.desk.tickets())
    assert after > before and len(site.desk.tickets()) == after
    expect(screen.get_by_text("imported from Zendesk", exact=False).first).to_be_visible()
    assert not list((site.desk.folder / "var" / "imports").iterdir())  # nothing is left of it


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.csv", "This,is\nno,export\n", "notes.csv"),
        ("tickets.csv", "Id,Subject,Status,Created at\n1,Broken,Open,yesterday\n", "line 2"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    site: Site, visits: Visits, name: str, text: str, said: str
) -> None:
    screen = visits(KIM, "/admin/imports")
    screen.get_by_label("From").select_option("zendesk")
    sent = FilePayload(name=name, mimeType="text/csv", buffer=text.encode())
    screen.get_by_label("Exported files").set_input_files(sent)
    screen.get_by_role("button", name="See what would come in").click()
    expect(screen.get_by_role("alert").locator("xpath=..")).to_contain_text(said)
    expect(screen.get_by_role("button", name="Bring it in")).to_have_count(0)


@pytest.mark.parametrize("key", ["", "..", "../../var", "no-such-folder"])
def test_no_other_folder_is_brought_in(site: Site, key: str) -> None:
    form = {"do": "write", "files_key": key, "source": "zendesk"}
    assert post(site, "/admin/imports", form).status == 404


# ---- being away


def test_who_is_away_says_so_on_the_screen_and_who_stands_in(site: Site, visits: Visits) -> None:
    screen = visits(BOB, "/me")
    screen.get_by_label("Stands in").select_option(label="Dana Lead")
    screen.get_by_label("Back on").fill("2199-01-04")
    screen.get_by_role("button", name="I am away").click()
    expect(screen.get_by_text("You are away until")).to_be_visible()
    with site.desk.store.look() as unit:
        bob = asking.people.at(unit, BOB)
        assert bob is not None
        stands_in = absence.stand_ins(unit, bob, datetime.now(UTC))
        assert [one.name for one in stands_in] == ["Dana Lead"]
    assert Axe().run(screen).response["violations"] == []
    screen.get_by_role("button", name="I am back").click()
    expect(screen.get_by_role("button", name="I am away")).to_be_visible()
    assert post(site, "/me/away", {"until": "2020-01-01"}, BOB).status == 422
    assert post(site, "/me/away", {"until": "2199-01-04"}, ANN).status == 403


def test_an_admin_reads_audit_and_trouble_in_his_language(boxes: Site) -> None:
    cookie = boxes.session(KIM)
    boxes.ask("POST", "/me", cookie, {"key": key(), "language": "de"})
    for do in ("pause", "look"):
        assert post(boxes, "/admin/mailboxes/support", {"do": do}).status == 303
    form = PERSON | {"email": "neu@globex.example"}
    assert post(boxes, "/admin/people/new", form).status == 303
    audit = boxes.ask("GET", "/admin/audit", cookie).text
    for said in ("hat ein Postfach angehalten", "hat in ein Postfach sehen lassen", "hinzugefügt"):
        assert said in audit
    assert "paused a mailbox" not in audit
    overview = boxes.ask("GET", "/admin", cookie).text
    assert "Kim Admin hat das Postfach support angehalten" in overview
    now, said = datetime.now(UTC), sentence("{file} was stopped: {why}.", file="x", why="y")
    boxes.desk.store.act(lambda unit: raise_alert(unit, "a sentence", said, now))
    assert "x wurde abgebrochen: y." in boxes.ask("GET", "/admin/alerts", cookie).text
    boxes.ask("POST", "/me", cookie, {"key": key(), "language": "en"})
    assert "paused a mailbox" in boxes.ask("GET", "/admin/audit", boxes.session(KIM)).text
    assert post(boxes, "/admin/mailboxes/support", {"do": "resume"}).status == 303
