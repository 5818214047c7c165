"""Rules of the house that need no browser: a number is its list, times on hover, an unknown address
costs the same, who hears what, uploads, markup in names."""

from __future__ import annotations

import csv
import html
import http.client
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from maild.desk import search
from maild.desk.lists import VIEWS
from maild.i18n import Translator
from maild.web.feed import PRESENCE, News
from maild.web.look import HERE
from maild.web.times import Times
from tests.browser.site import ANN, BOB, CORA, KIM, Site, key
from tests.browser.test_stranger import live
from tests.waiting import WAIT_SECONDS

ACME = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
EVIL = "<b onclick=alert(1)>Ev</b><img src=x onerror=alert(1)>"
STATIC = sorted((HERE / "static").glob("*.js"))
PAGES = sorted((HERE / "templates").glob("*.html"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    refused = '[attachments]\nrefuse = ["*.exe", "application/x-msdownload"]\n'
    one = Site(tmp_path_factory.mktemp("rules"), undo=0, web=refused)
    for n in range(4):
        one.mail(one.desk.ann, f"Printer {n}", "It smokes.")
        one.mail(one.carlos, f"Screen {n}", "It is black.")
    numbers = [one.desk.tickets()[n]["number"] for n in range(4)]
    for number, form in zip(
        numbers,
        ({"bare": "take"}, {"status": "Waiting Customer"}, {"status": "Complete"}, {}),
        strict=True,
    ):
        do(one, number, form)
    do(one, numbers[0], {"set": "due", "due": "2020-01-07T09:00"})
    try:
        yield one
    finally:
        one.close()


def do(site: Site, number: str, form: dict[str, str]) -> None:
    if form:
        answer = site.ask(
            "POST", f"/tickets/{number}/do", site.session(BOB), {"key": key(), **form}
        )
        assert answer.status == 303, (form, answer.text[-300:])


# ---- a number is its list


@pytest.mark.parametrize("who", [BOB, KIM, CORA])
def test_a_number_is_its_list_wherever_it_stands(site: Site, who: str) -> None:
    cookie = site.session(who)
    nav = site.ask("GET", "/nav", cookie).text
    told = {}
    for view in VIEWS:
        address = f"/tickets?view={quote(view)}"
        page = site.ask("GET", address, cookie).text
        heading = int(re.search(r'<span class="muted num">(\d+)</span>', page)[1])  # type: ignore[index]
        export = site.ask("GET", address.replace("/tickets?", "/tickets.csv?"), cookie).text
        rows = len(list(csv.reader(io.StringIO(export)))) - 1
        assert rows == heading, view
        groups = [int(n) for n in re.findall(r'<td class="right num">(\d+)</td>', page)]
        if groups or "by " in view:
            assert sum(groups) == heading, view
        else:
            assert page.count("data-number=") == heading, view
        told[view] = heading
        beside = re.search(
            rf'href="/tickets\?view={re.escape(quote(view))}".*?(?:count">(\d+)<|</li>)', nav, re.S
        )
        if beside and beside[1]:
            assert int(beside[1]) == heading, view
    assert told["open"] > told["mine"] >= 0 and told["closed"] > 0
    assert len(set(told.values())) > 3  # lists differ, else nothing was shown


def test_a_group_s_number_is_the_list_that_it_leads_to(site: Site) -> None:
    cookie = site.session(BOB)
    page = site.ask("GET", "/tickets?view=all&group=status", cookie).text
    row = r'<tr data-href="/tickets\?([^"]+)">.*?<td class="right num">(\d+)</td>'
    found = re.findall(row, page, re.S)
    assert len(found) >= 3
    for query, number in found:
        rows = site.ask("GET", f"/tickets?{query.replace('&amp;', '&')}", cookie).text
        assert rows.count("data-number=") == int(number), query


def test_a_client_s_numbers_are_its_lists(site: Site) -> None:
    cookie = site.session(BOB)
    for client in (1, 2):
        page = site.ask("GET", f"/clients/{client}", cookie).text
        for tab in ("open", "all"):
            found = re.search(rf'tab={tab}"[^>]*>[^<]*<span[^>]*>(\d+)', page)
            shown = site.ask("GET", f"/clients/{client}?tab={tab}", cookie).text
            assert found and shown.count("data-number=") == int(found[1]) > 0, (client, tab)


# ---- times on hover

WHEN = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "desk", "title"),
    [
        ("Europe/Berlin", "Europe/Berlin", "2026-12-03 09:30 CET"),
        ("America/New_York", "Europe/Berlin", "2026-12-03 03:30 EST · 09:30 CET (Europe/Berlin)"),
        ("Asia/Tokyo", "UTC", "2026-12-03 17:30 JST · 08:30 UTC (UTC)"),
    ],
)
def test_a_time_is_the_reader_s_and_the_desk_s_on_hover(own: str, desk: str, title: str) -> None:
    for language in ("en", "de"):
        times = Times(Translator(language), ZoneInfo(own), ZoneInfo(desk), WHEN)
        for shown in (times.ago(WHEN), times.at(WHEN), times.on(WHEN)):
            assert f'title="{title}"' in shown
            assert 'datetime="2026-12-03T08:30:00+00:00"' in shown


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (0, "now", "jetzt"), (5, "5m", "5 Min"), (59, "59m", "59 Min"), (60, "1h", "1 Std"),
        (1440, "1d", "1 T"), (43_200, "1mo", "1 Mon"), (600_000, "1y", "1 J"),
    ],
)  # fmt: skip
def test_how_long_ago_is_said_in_the_reader_s_language(
    minutes: int, english: str, german: str
) -> None:
    now = datetime.fromtimestamp(WHEN.timestamp() + minutes * 60, UTC)
    for language, said in (("en", english), ("de", german)):
        shown = Times(Translator(language), ZoneInfo("UTC"), ZoneInfo("UTC"), now).ago(WHEN)
        assert shown.endswith(f">{said}</time>")


def test_every_time_of_every_page_says_both_zones(site: Site) -> None:
    number = site.desk.tickets()[0]["number"]
    site.ask("POST", "/me", site.session(BOB), {"key": key(), "timezone": "Asia/Tokyo"})
    cookie, seen = site.session(BOB), 0
    for path in (
        "/tickets?view=all", f"/tickets/{number}", f"/tickets/{number}/history", "/recent",
        "/clients/1?tab=activity", "/me/sessions", "/search?q=printer",
    ):  # fmt: skip
        found = re.findall(r"<time[^>]*>", site.ask("GET", path, cookie).text)
        assert all("JST" in one and "(Europe/Berlin)" in one for one in found), (path, found)
        seen += len(found)
    site.ask("POST", "/me", site.session(BOB), {"key": key(), "timezone": "Europe/Berlin"})
    assert seen > 10


# ---- signing in: the same work for an unknown address


def test_who_asks_for_a_link_costs_the_same_whether_known_or_not(site: Site) -> None:
    asked: list[str] = []

    def heard(statement: str) -> None:
        if threading.current_thread().name.startswith("AnyIO worker"):  # it answers requests
            asked.append(statement)

    def traced(connection: Any, _record: Any, _proxy: Any) -> None:
        getattr(connection, "driver_connection", connection).set_trace_callback(heard)

    sa.event.listen(site.desk.store.engine, "checkout", traced)
    done: dict[str, tuple[list[str], int, str]] = {}
    try:
        site.ask("GET", "/tickets", site.session(BOB))
        assert asked  # it is heard
        for address in (
            BOB,
            "nobody@nowhere.example",
            "gone@acme.example",
            "a" * 200 + "@x.example",
        ):
            asked.clear()
            answer = site.ask("POST", "/sign-in", None, {"address": address, "next": "/"})
            shown = answer.text.replace(address, "…")
            done[address] = (list(asked), answer.status, re.sub(r'value="[\w-]{20,}"', "", shown))
    finally:
        sa.event.remove(site.desk.store.engine, "checkout", traced)
    first = done.pop(BOB)
    assert all(other == first for other in done.values())
    assert not any("INSERT" in one.upper() for one in first[0])  # that is done afterwards


# ---- who hears what


class Stream:
    """The news that somebody's open pages are told."""

    def __init__(self, site: Site, who: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=WAIT_SECONDS)
        self.connection.request("GET", "/live", headers={"Cookie": f"maild={site.session(who)}"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        while b"event: hello" not in self.answer.readline():
            pass
        self.mark = json.loads(self.answer.readline()[6:])["mark"]

    def until(self, number: str) -> list[tuple[str, str]]:
        """All (ticket, what) up to the first about this ticket."""
        told: list[tuple[str, str]] = []
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            line = self.answer.readline().decode()
            if line.startswith("data: "):
                told += [(one["ticket"], one["what"]) for one in json.loads(line[6:])["news"]]
                if number in {ticket for ticket, _ in told}:
                    return told
        raise AssertionError(told)

    def close(self) -> None:
        self.connection.close()


def test_p8_news_of_a_shared_ticket_are_told_to_the_side_that_has_them(site: Site) -> None:
    cora = site.desk.writer("Cora Managed", CORA, ACME)
    shared = site.mail(site.desk.ann, "Wiring smells", "It is warm.")
    site.mail(site.desk.bob, f"[#{shared}]", "#internal\n#share Co-managed cora\n\nPlease look.")
    assert site.desk.ticket(shared, "client")["number"] == shared
    writers = {CORA: cora, BOB: site.desk.bob}
    for writes, listens in ((BOB, CORA), (CORA, BOB)):
        stream = Stream(site, listens)
        site.mail(writers[writes], f"[#{shared}]", "#internal\nAmong us.")
        end = site.mail(site.desk.ann, "The end of it", "Both hear of this.")
        try:
            assert shared not in {ticket for ticket, _ in stream.until(end)}, listens
        finally:
            stream.close()
    stream = Stream(site, BOB)  # his own side's he hears
    site.mail(site.desk.bob, f"[#{shared}]", "#internal\nAmong us again.")
    try:
        assert stream.until(shared)
    finally:
        stream.close()


def test_a_page_that_was_made_before_a_change_finds_another_mark(site: Site) -> None:
    """What comes between a page and its stream is not missed; a page of now misses nothing."""

    def mark() -> str:
        shown = site.ask("GET", "/tickets", site.session(BOB)).text
        found = re.search(r'data-mark="(\w+)"', shown)
        assert found is not None
        return found[1]

    def begins() -> str:
        stream = Stream(site, BOB)
        stream.close()
        return str(stream.mark)

    site.desk.servers.wait_for(lambda: mark() == begins())  # what came earlier is told
    before = mark()
    site.mail(site.desk.ann, "Between the two", "It smokes.")
    site.desk.servers.wait_for(lambda: begins() != before)
    assert begins() == mark()
    site.console.feed.tell([News("T1", None, "", None, PRESENCE)])  # nothing that a page shows
    assert begins() == mark() != before


def test_a_client_s_technician_hears_nothing_of_another_client(site: Site) -> None:
    stream = Stream(site, CORA)
    foreign = site.mail(site.carlos, "Not for Cora", "At all.")
    end = site.mail(site.desk.ann, "For Cora", "This.")
    try:
        assert foreign not in {ticket for ticket, _ in stream.until(end)}
    finally:
        stream.close()


def test_who_else_looks_is_shown_until_thirty_seconds_after_the_last_sign(site: Site) -> None:
    number = site.mail(site.desk.ann, "Who is there", "It smokes.")
    path, bob, kim = f"/tickets/{number}/seen", site.session(BOB), site.session(KIM)
    clock = site.console.now
    try:
        for seconds, there in ((0, True), (29, True), (31, False)):
            site.console.now = clock
            site.ask("POST", path, bob, {"writes": "1"})
            site.console.now = lambda s=seconds: clock() + timedelta(seconds=s)  # type: ignore[misc]
            shown = site.ask("POST", path, kim, {"writes": "0"}).text
            assert ("Bob Tech" in shown) is there, seconds
    finally:
        site.console.now = clock


# ---- uploads by type


def multipart(fields: dict[str, str], name: str, kind: str, octets: bytes) -> tuple[bytes, str]:
    edge = key()
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
        for k, v in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
    parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + octets + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


@pytest.mark.parametrize(
    ("name", "kind", "refused"),
    [
        ("tool.exe", "application/octet-stream", True),
        ("TOOL.EXE", "text/plain", True),
        ("plain.txt", "application/x-msdownload", True),
        ("notes.txt", "text/plain", False),
        ("picture.svg", "image/svg+xml", False),
        ("page.html", "text/html", False),
    ],
)
def test_an_upload_is_taken_or_refused_by_its_type_and_never_shown_inline(
    site: Site, name: str, kind: str, refused: bool
) -> None:
    cookie, octets = site.session(BOB), b"<svg onload=alert(1)>MZ"
    fields = {"key": key(), "title": f"With {name} as {kind}", "text": "Here.", "contact": ANN}
    body, content_type = multipart(fields, name, kind, octets)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=WAIT_SECONDS)
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": f"maild={cookie}"}
    connection.request("POST", "/new", body, headers | {"Content-Type": content_type})
    answer = connection.getresponse()
    address = answer.headers["location"]
    connection.close()
    assert answer.status == 303
    page = site.ask("GET", address, cookie).text
    assert name in page and ("refused: " in page) is refused
    links = re.findall(r'href="(/tickets/[^"]*/files/[^"]*)"', page)
    assert bool(links) is not refused
    for link in links:
        got = site.ask("GET", link, cookie)
        assert got.headers["content-disposition"].startswith("attachment")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]


# ---- markup in names


def test_names_of_records_people_clients_and_lists_are_no_markup(site: Site) -> None:
    kim = site.session(KIM)
    form = {"key": key(), "name": EVIL, "domains": "evil.example"}
    assert site.ask("POST", "/admin/organizations/new", kim, form).status == 303
    form = {"key": key(), "name": EVIL, "email": "x@evil.example", "role": "contact"}
    assert site.ask("POST", "/admin/people/new", kim, form).status in (303, 422)
    form = {"key": key(), "name": EVIL, "query": "view=open", "shared": "1"}
    assert site.ask("POST", "/views", kim, form).status == 303
    for line in (
        f"#record asset {EVIL}: organization Acme; serial {EVIL}",
        f"#record project {EVIL}: organization Acme",
        f"#record article {EVIL}: text {EVIL}",
        f"#record contract {EVIL}: organization Acme",
    ):
        site.mail(site.desk.bob, "Books", line)
    site.apart(search.follow, site.desk.store)
    with_names = 0
    for path in (
        "/nav", "/clients", "/clients/1", "/clients/1?tab=about", "/clients/1?tab=people",
        "/search?q=ev", "/search?part=hits&q=ev", "/suggest/people?q=ev", "/new",
        "/admin/organizations", "/admin/people?role=contact", "/admin/audit", "/tickets?view=open",
        "/tickets?view=open&group=client", "/admin/organizations/3",
    ):  # fmt: skip
        answer = site.ask("GET", path, kim)
        assert answer.status < 500 and live(answer.text) == [], path
        with_names += "onerror" in answer.text
    assert with_names >= 5  # they are shown, as they are


# ---- what is shown is for people


def test_a_history_shows_words_and_no_raw_values(site: Site) -> None:
    number = site.mail(site.desk.ann, "With a list", "It smokes.")
    for form in (
        {"checklist_add": "Order a fuser"}, {"checklist_add": "Print a page"},
        {"status": "In Progress"}, {"tag": "fuser"}, {"set": "due", "due": "2020-01-07T09:00"},
    ):  # fmt: skip
        do(site, number, form)
    shown = html.unescape(site.ask("GET", f"/tickets/{number}/history", site.session(BOB)).text)
    assert "Order a fuser, Print a page" in shown
    assert not re.search(r"\{'|\['|None|True|False|\d{4}-\d\d-\d\dT\d\d(?![^<>]*>)", shown)


def test_names_of_the_profile_are_the_reader_s_on_every_page(site: Site) -> None:
    number = site.desk.tickets()[0]["number"]
    site.ask("POST", "/me", site.session(KIM), {"key": key(), "language": "de"})
    cookie = site.session(KIM)
    for path in ("/tickets?view=open", f"/tickets/{number}", "/tickets?view=all&group=status"):
        page = site.ask("GET", path, cookie).text
        assert ">Neu<" in page and ">New<" not in page, path
    page = site.ask("GET", f"/tickets/{number}", cookie).text
    assert 'value="In Progress">In Bearbeitung<' in page and ">Serviceanfrage<" in page
    site.ask("POST", "/me", site.session(KIM), {"key": key(), "language": "en"})
    assert ">New<" in site.ask("GET", "/tickets?view=open", site.session(KIM)).text


# ---- what the templates and modules may not say


@pytest.mark.parametrize("file", PAGES, ids=lambda f: f.name)
def test_no_template_asks_htmx_to_evaluate_anything(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"\bhx-on\b|\bjs:|hx-(vals|headers)='?\"?javascript:", text)
    for trigger in re.findall(r'hx-trigger="([^"]*)"', text):
        assert "[" not in trigger, "with allowEval off such a filter lets everything pass"
    if file.name == "page.html":
        assert '"allowEval":false' in text and '"historyCacheSize":0' in text


@pytest.mark.parametrize("file", STATIC, ids=lambda f: f.name)
def test_no_module_takes_ctrl_alt_or_runs_text(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"\beval\(|new Function|document\.write|setTimeout\(\s*[\"'`]", text)
    assert not re.search(r"ctrlKey\s*&&[^|]*altKey|altKey\s*&&[^|]*ctrlKey", text)
