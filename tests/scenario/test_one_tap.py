"""One tap: links in our mails that open a ready-made mail, and what a forger gets of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from maild import config
from maild.app import build
from maild.demo.writer import Writer, plain_text
from maild.ingest.process import Pipeline
from maild.model import MessageState
from maild.parse.limits import LocalReader
from maild.store import Store, asking
from maild.store.records import Tap
from maild.store.unit import Unit
from tests.processes import maild
from tests.scenario.conversation import PROOF, Desk
from tests.waiting import WAIT_SECONDS

Ready = tuple[str, str]  # the subject and the text of a ready-made mail


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def links(writer: Writer) -> dict[str, Ready]:
    """By label the ready-made mails in the newest mail that offers any."""
    for mail in reversed(writer.received()):
        body = mail.get_body(("html",))
        assert body is not None
        page = str(body.get_content())
        found = re.findall(r'<a[^>]*href="(mailto:[^"]*)"[^>]*>([^<]*)</a>', page)
        if found:
            return {label: _ready(unescape(href)) for href, label in found}
    return {}


def _ready(href: str) -> Ready:
    parts = urlsplit(href)
    assert parts.path == "support@example.com"
    query = parse_qs(parts.query, strict_parsing=True)
    return query["subject"][0], query["body"][0].replace("\r\n", "\n")


def tap(writer: Writer, label: str, more: str = "") -> Ready:
    """Opens the link, writes a few words below it, and sends it."""
    subject, body = links(writer)[label]
    writer.mail(subject, body + more)
    return subject, body


@pytest.fixture
def plain(desk: Desk) -> Desk:
    """A desk with a ticket that Bob has; no server vouches for anybody's mail."""
    desk.bob.headers = {}
    desk.ann.mail("Printer is on fire", "It smokes.")
    tap(desk.bob, "Take it")
    assert desk.ticket()["primary_resource"]["name"] == "Bob Tech"
    return desk


def test_e16_a_technician_works_with_single_taps(plain: Desk) -> None:
    desk = plain
    desk.ann.reply("Now it smells, too.")
    tap(desk.bob, "15 minutes", "Looked at it.")
    assert [entry["minutes"] for entry in desk.ticket()["time_entries"]] == [15]
    tap(desk.bob, "Internal note", "She never pays.")
    assert desk.ticket()["notes"][-1]["public"] is False
    tap(desk.bob, "Waiting for customer", "Which floor is it on?")
    assert desk.ticket()["status"] == "Waiting Customer"
    assert "Which floor" in plain_text(desk.ann.received()[-1])
    tap(desk.bob, "Resolve")
    assert desk.ticket()["status"] == "Complete"
    assert not any("pays" in plain_text(mail) for mail in desk.ann.received())


def test_e16_a_contact_closes_rates_and_comes_back(plain: Desk) -> None:
    desk = plain
    desk.bob.reply("Please try again.")
    offered = plain_text(desk.ann.received()[-1])
    assert 'Reply "solved"' in offered and "mailto:" not in offered
    tap(desk.ann, "It works, close it")
    assert desk.ticket()["status"] == "Complete"
    told = len(desk.bob.received())
    tap(desk.ann, "😀")
    assert (desk.ticket()["status"], desk.ticket()["rating"]["score"]) == ("Complete", 5)
    assert len(desk.bob.received()) == told, "a good rating without words is news to nobody"
    desk.later(minutes=5)
    tap(desk.ann, "🙁", "It took two days.")
    assert (desk.ticket()["status"], desk.ticket()["rating"]["score"]) == ("Complete", 2)
    assert "It took two days." in plain_text(desk.bob.received()[-1])
    report = json.loads(maild("ratings", "--days", "9999", "--json", cwd=desk.folder))
    assert (report["count"], report["resources"][0]["resource"]) == (1, "Bob Tech")
    tap(desk.ann, "It still happens", "Smoke again.")
    assert desk.ticket()["status"] == "Ticket Reopened"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("5", 5),
        ("Very good, thank you!\n\nAnn", 5),
        ("Sehr gut, vielen Dank", 5),
        ("★★★", 3),
        ("Hello Bob,\n\nnot so good.\n\nKind regards\nAnn", 2),
        ("Not good: it burns again.", None),
        ("5 printers burn now", None),
        ("Good?", None),
        ("Good and bad. 5. 1.", None),
    ],
)
def test_e16_a_rating_in_words_reopens_nothing(plain: Desk, text: str, score: int | None) -> None:
    plain.bob.reply("#resolve")
    plain.ann.reply(text)
    rating = plain.ticket()["rating"]
    assert (rating["score"] if rating else None) == score
    assert plain.ticket()["status"] == ("Complete" if score else "Ticket Reopened")


def test_a_number_on_an_open_ticket_is_an_answer(plain: Desk) -> None:
    plain.bob.reply("Which floor?")
    plain.ann.reply("5")
    assert plain.ticket()["rating"] is None
    assert plain.ticket()["status"] == "Feedback Received"


def _other_sender(desk: Desk, ready: Ready) -> None:
    desk.writer("Eve", "eve@evil.example").mail(*ready)


def _other_technician(desk: Desk, ready: Ready) -> None:
    desk.writer("Dana Lead", "dana@example.com").mail(*ready)


def _forged(desk: Desk, ready: Ready) -> None:
    fails = {"Authentication-Results": "mx.example.com; dmarc=fail header.from=example.com"}
    desk.writer("Bob Tech", "bob@example.com", fails).mail(*ready)


def _altered(desk: Desk, ready: Ready) -> None:
    desk.bob.mail(ready[0].replace("(take-", "(resolve-"), "#resolve\n")


def _other_signature(desk: Desk, ready: Ready) -> None:
    desk.bob.mail(ready[0][:-3] + ("aa)" if ready[0][-3:] != "aa)" else "bb)"), ready[1])


def _other_ticket(desk: Desk, ready: Ready) -> None:
    desk.bob.mail(ready[0].replace(".0001]", ".0002]"), ready[1])


def _expired(desk: Desk, ready: Ready) -> None:
    desk.later(days=1, minutes=1)
    desk.bob.mail(*ready)


def _quoted_in_an_answer(desk: Desk, ready: Ready) -> None:
    desk.bob.mail(f"Re: {ready[0]}", ready[1])


def _seen_by_others(desk: Desk, ready: Ready) -> None:
    """Bob forwards our mail, with all its links, the desk in copy."""
    parent = next(m for m in desk.bob.received() if ".0001]" in str(m["Subject"]))
    more = {"To": "eve@evil.example", "Cc": "support@example.com"}
    more |= {"References": str(parent["Message-ID"]), "In-Reply-To": str(parent["Message-ID"])}
    desk.bob.mail(f"Fwd: {parent['Subject']}", "See below.", headers=more)
    desk.bob.mail(*ready)


@pytest.mark.parametrize(
    "attack",
    [
        _other_sender,
        _other_technician,
        _forged,
        _altered,
        _other_signature,
        _other_ticket,
        _expired,
        _quoted_in_an_answer,
        _seen_by_others,
    ],
)
def test_e16_a_code_proves_once_and_only_him(
    desk: Desk, attack: Callable[[Desk, Ready], None]
) -> None:
    desk.bob.headers = {}
    desk.ann.mail("Printer is on fire", "It smokes.")
    number = desk.ticket()["number"]
    desk.ann.mail("Another thing", "The screen is dark.")
    ready = _links_of(desk, number)["Take it"]
    attack(desk, ready)
    for ticket in (number, number.replace(".0001", ".0002")):
        shown = desk.ticket(ticket)
        assert (shown["status"], shown["primary_resource"]) == ("New", None)
        assert not any("take-" in note["text"] + (note["title"] or "") for note in shown["notes"])
    assert not any(re.search(r"\((take|resolve)-\d", t["title"]) for t in desk.tickets())


def _links_of(desk: Desk, number: str) -> dict[str, Ready]:
    mine = [octets for octets in desk.bob.inbox() if number.encode() in octets]
    return links(Writer("", "", "", desk.bob.send, lambda: mine))


def test_e16_what_was_done_is_not_done_again(plain: Desk) -> None:
    """He taps twice, the second time with his server's proof, and says so."""
    desk = plain
    desk.ann.reply("Now it smells, too.")
    ready = tap(desk.bob, "15 minutes")
    desk.writer("Bob Tech", "bob@example.com", PROOF).mail(*ready)
    assert len(desk.ticket()["time_entries"]) == 1
    assert "works once" in plain_text(desk.bob.received()[-1])
    desk.bob.reply("Please try again.")
    desk.bob.headers = PROOF
    subject, body = tap(desk.ann, "It works, close it")
    desk.bob.reply("#status In Progress")
    desk.ann.mail(subject, body)
    assert desk.ticket()["status"] == "In Progress"


def test_who_is_proven_otherwise_needs_no_code(plain: Desk) -> None:
    desk = plain
    desk.ann.reply("Now it smells, too.")
    ready = links(desk.bob)["Resolve"]
    desk.later(days=2)
    desk.writer("Bob Tech", "bob@example.com", PROOF).mail(*ready)
    assert desk.ticket()["status"] == "Complete"


def test_links_of_the_admin_s_own_stand_in_a_template(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    folder = tmp_path / "templates" / "en"
    folder.mkdir(parents=True)
    own = '{{ taps("take", ["Waiting vendor", "#status Waiting Vendor"]) }}'
    folder.joinpath("new-ticket.md").write_text(f"subject: {{{{ ticket.title }}}}\n---\n{own}\n")
    desk.bob.headers = {}
    desk.ann.mail("Printer is on fire", "It smokes.")
    tap(desk.bob, "Waiting vendor")
    assert desk.ticket()["status"] == "Waiting Vendor"


def test_e16_two_that_come_at_once_do_it_once(plain: Desk) -> None:
    """Both wait when the desk takes them up, in one group."""
    desk = plain
    desk.ann.reply("Now it smells, too.")
    subject, body = links(desk.bob)["15 minutes"]
    put = desk.transport.put
    writer = Writer("Bob Tech", "bob@example.com", "support@example.com", put, lambda: [])
    for more in ("One.", "Two."):
        writer.mail(subject, body + more)
    desk.transport.wait_until_done()
    assert [entry["minutes"] for entry in desk.ticket()["time_entries"]] == [15]


def test_e16_two_daemons_that_take_them_up_at_once_do_it_once(
    make_desk: Callable[..., Desk], postgres: str
) -> None:
    """Both have looked whether the link was used before either says that it was."""
    desk = make_desk(database=postgres)
    desk.bob.headers = {}
    desk.ann.mail("Printer is on fire", "It smokes.")
    subject, body = links(desk.bob)["15 minutes"]
    writer = Writer(
        "Bob Tech", "bob@example.com", "support@example.com", desk.transport.put, lambda: []
    )
    for more in ("One.", "Two."):
        writer.mail(subject, body + more)
    both, looked, answers = Barrier(2), asking.taps.used, list[bool]()

    def used(unit: Unit, key: str) -> Tap | None:
        found = looked(unit, key)
        answers.append(found is not None)
        if len(answers) <= both.parties:
            both.wait(WAIT_SECONDS)
        return found

    waiting = [message.id for message in desk.messages() if message.state == MessageState.STORED]
    assert len(waiting) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking.taps, "used", used)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda one: _another_daemon(desk, one), waiting))
    desk.transport.wait_until_done()
    assert answers == [False, False, True], "both raced, and the one who lost looked again"
    assert [entry["minutes"] for entry in desk.ticket()["time_entries"]] == [15]
    notes = [note["text"] for note in desk.ticket()["notes"]]
    assert all(any(word in note for note in notes) for word in ("One.", "Two.")), "no word is lost"
    assert all(message.state == MessageState.PROCESSED for message in desk.messages())


def _another_daemon(desk: Desk, message: int) -> None:
    settings = config.load(desk.file)
    store = Store(settings.database_url)
    try:
        app = build(settings, store, now=desk.now)
        pipeline = Pipeline(app.store, app.settings, app.rules, LocalReader())
        pipeline.process(message, desk.now)
    finally:
        store.close()


def test_links_stand_in_no_mail_to_a_bare_address_and_prove_no_admin(tmp_path: Path) -> None:
    """Who is nobody whom we know reads what one can write, without a code."""
    rules = tmp_path / "ours"
    rules.mkdir()
    rules.joinpath("profile.yaml").write_text("extends: next7\n")
    rules.joinpath("rules.yaml").write_text(
        "- rule: A lead hears of it\n  when: ticket created\n"
        "  then:\n    - notify: {to: lead@example.com, template: new-ticket}\n"
    )
    desk = Desk(tmp_path, profile="ours")
    desk.ann.mail("Printer is on fire", "It smokes.")
    lead = desk.writer("Lead", "lead@example.com")
    assert links(lead) == {} and "#take" in plain_text(lead.received()[-1])
