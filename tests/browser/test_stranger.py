"""What a stranger tries at the console by mail, address and form comes to nothing."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from starlette.routing import Route

from maild.desk import absence
from maild.store.asking import console as asking
from maild.store.asking import screens
from maild.web.security import CSP
from maild.web.site import PAGES, build
from tests.browser.site import ANN, BOB, CORA, KIM, Site, key

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>"
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1")


class Live(HTMLParser):
    """What of a page would run, or was not written by us."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        ours = str(values.get("src", "")).startswith("/static/")
        runs = [name for name in values if name.startswith("on") or name == "style"]
        if runs or (tag in ("script", "img") and not ours) or tag in ("object", "embed", "base"):
            self.found.append(str(self.get_starttag_text()))
        self.found += [str(v) for v in values.values() if str(v).lower()[:11] == "javascript:"]


def live(html: str) -> list[str]:
    parser = Live()
    parser.feed(html)
    return parser.found


def hostile(site: Site) -> str:
    """A mail of which every word is an attack; the number of its ticket."""
    mail = EmailMessage()
    mail["From"] = f'"{EVIL.replace(chr(34), "")}" <mallory@acme.example>'
    mail["To"] = "support@example.com"
    mail["Cc"] = f'"{EVIL.replace(chr(34), "")}" <"<b>x"@acme.example>, {ANN}'
    mail["Subject"] = EVIL
    mail["Message-ID"] = f"<{key()}@acme.example>"
    mail.set_content(f'{EVIL}\n\njavascript:alert(1) http://evil.example/"onmouseover=alert(1)\n')
    mail.add_attachment(b"MZ", "text", "html", filename="NAME.html")
    name = quote(EVIL + "/../../x\r\nX-Evil: 1.html")
    octets = mail.as_bytes().replace(b'filename="NAME.html"', f"filename*=UTF-8''{name}".encode())
    site.apart(site.desk.put, octets)
    site.settle()
    return str(site.desk.ticket()["number"])


def test_every_route_is_in_the_table_of_rights_or_needs_none(site: Site) -> None:
    known = {(page.path, page.method) for page in PAGES}
    others = [
        route.path
        for route in build(site.console).routes
        if isinstance(route, Route)
        and not {(route.path, m) for m in (route.methods or ()) if m != "HEAD"} <= known
    ]
    assert sorted(others) == ["/favicon.ico", "/live", "/static/{name}"]


@pytest.mark.parametrize("who", [None, ANN])
def test_news_are_for_those_who_are_signed_in_to_the_desk(site: Site, who: str | None) -> None:
    cookie = site.session(who) if who else None
    assert site.ask("GET", "/live", cookie).status == 401
    assert site.ask("GET", "/live", "guessed").status == 401


def test_nothing_that_a_mail_says_is_markup_on_any_page(site: Site) -> None:
    number, cookie = hostile(site), site.session(KIM)
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        note = screens.whole(unit, ticket).notes[0]
        person, client = ticket.contact_id or 1, ticket.organization_id
    paths = [
        "/tickets?view=open", "/tickets?view=by+client", f"/tickets/{number}", "/nav", "/recent",
        f"/tickets/{number}/history", f"/tickets/{number}/people", "/search?q=script",
        f"/tickets/{number}/notes/{note.id}/why", f"/tickets/{number}/sheet/merge",
        f"/tickets/{number}/notes/{note.id}/files/../../../etc/passwd", f"/clients/{client}",
        "/search?part=hits&q=alert", "/suggest/people?q=alert", "/admin/outbox", "/admin/audit",
        "/admin/people", f"/admin/people/{person}", "/admin/outbox/1", "/admin/alerts",
        f"/search?q={'%3Cscript%3Ealert(1)%3C/script%3E'}", "/admin/people?q=%3Cscript%3E",
        "/tickets?view=%3Cscript%3Ealert(1)", "/admin/templates/acknowledgement?lang=en",
    ]  # fmt: skip
    for path in paths:
        answer = site.ask("GET", path, cookie)
        assert answer.status < 500, path
        assert live(answer.text) == [], path
        assert answer.headers["content-security-policy"] == CSP, path
        assert "evil.example/" not in answer.headers.get("location", "")


def test_a_file_s_name_breaks_out_of_no_header(site: Site) -> None:
    number, cookie = hostile(site), site.session(BOB)
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        note = screens.whole(unit, ticket).notes[0]
    for view in note.attachments:
        got = site.ask("GET", f"/tickets/{number}/notes/{note.id}/files/{view.part}", cookie)
        assert "x-evil" not in got.headers
        if got.status == 200:
            assert got.headers["content-disposition"].startswith("attachment; ")
            assert got.headers["content-type"].startswith("application/octet-stream")
            assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "next_",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "\\\\evil.example", "/%0d%0aX-Evil:1",
        "/\r\nX-Evil: 1", "/\u2028/evil", "evil.example", "/..//evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", [False, True])
def test_signing_in_leads_to_no_other_site(site: Site, next_: str, part: bool) -> None:
    wants = "true" if part else "false"
    got = site.ask("GET", f"/sign-in?next={quote(next_)}", site.session(BOB), HX_Request=wants)
    assert got.status in (204, 303)
    there = got.headers.get("location") or got.headers["hx-redirect"]
    assert there.startswith("/") and not there.startswith("//") and "\\" not in there
    assert there == "/" or next_ in ("/%0d%0aX-Evil:1", "/..//evil.example")
    assert "x-evil" not in got.headers


def test_a_session_is_none_that_somebody_else_chose(site: Site) -> None:
    chosen = "fixed-by-somebody"
    assert site.ask("GET", "/tickets?view=open", chosen).status == 303
    asked = site.ask("POST", "/sign-in", chosen, {"address": BOB, "next": "/"})
    assert f"maild={chosen}" not in asked.headers.get("set-cookie", "")
    assert site.ask("GET", "/tickets?view=open", chosen).status == 303
    with site.desk.store.look() as unit:  # what is kept is no cookie
        assert not asking.signed_in(unit, chosen, datetime.now(UTC))


@pytest.mark.parametrize("words", FORMULAS)
def test_an_export_holds_no_formula(site: Site, words: str) -> None:
    site.mail(site.desk.ann, words, "It smokes.")
    text = site.ask("GET", "/tickets.csv?view=open", site.session(BOB)).text
    for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))):
        assert not [cell for cell in row if cell.lstrip(" \t")[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ticket.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ ticket.number.format.__globals__ }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
        "{{ '%s' | format(ticket.__init__) }}",
        "{{ ('{0.__class__}').format(ticket) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends 'layout.html' %}",
        "{{ range(999999999) | list }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
    ],
)
def test_a_template_gets_out_of_its_box_nowhere(site: Site, text: str) -> None:
    cookie, page = site.session(KIM), "/admin/templates/acknowledgement?lang=en"
    form = {"do": "check", "text": f"subject: x\n---\n{text}\n"}
    said = site.ask("POST", page, cookie, form)
    site.ask("POST", page, cookie, {"do": "discard"})
    assert said.status == 200 and 'role="alert"' in said.text, text
    for leaked in ("root:", "<class", "&lt;class", "uid=", "/usr/lib"):
        assert leaked not in said.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/tickets/{other}/answer", {"kind": "reply", "text": "Mine."}),
        ("/tickets/{other}/do", {"status": "Complete"}),
        ("/tickets/{own}/do", {"merge": "{other}"}),
        ("/tickets/{own}/do", {"link": "{other}"}),
        ("/tickets/bulk", {"numbers": "{other}", "status": "Complete"}),
        ("/drafts", {"place": "{other} reply", "text": "Mine."}),
        ("/work/{other}", {"do": "on"}),
        ("/tickets/{other}/seen", {"writes": "1"}),
        ("/tickets/{other}/time", {"work_length": "30m"}),
        ("/new", {"title": "x", "text": "y", "contact": "carlos@globex.example"}),
    ],
)
def test_a_client_s_technician_touches_no_other_client(
    site: Site, path: str, form: dict[str, str]
) -> None:
    own = site.mail(site.desk.ann, "Own of Acme", "It smokes.")
    other = site.mail(site.carlos, "Secret of Globex", "It is dark.")
    before = json.dumps(site.desk.ticket(other), default=str)
    cookie = site.session(CORA)
    filled = {name: value.replace("{other}", other) for name, value in form.items()}
    where = path.replace("{own}", own).replace("{other}", other)
    answer = site.ask("POST", where, cookie, {"key": key(), **filled})
    assert answer.status < 500 and "Secret of Globex" not in answer.text
    assert json.dumps(site.desk.ticket(other), default=str) == before
    seen = site.ask("GET", f"/tickets/{own}", cookie).text
    assert "Secret of Globex" not in seen
    for page in ("/work", "/recent", "/tickets?view=open"):
        assert "Secret of Globex" not in site.ask("GET", page, cookie).text


def test_the_same_change_from_two_tabs_is_two_forms_and_each_counts_once(site: Site) -> None:
    number, cookie = site.mail(site.desk.ann, "Two tabs", "It smokes."), site.session(BOB)
    forms = [{"key": key(), "work_length": "10m", "work_summary": n} for n in ("one", "two")]
    for form in (*forms, *forms):
        assert site.ask("POST", f"/tickets/{number}/time", cookie, form).status < 400
    assert [entry["summary"] for entry in site.desk.ticket(number)["time_entries"]] == [
        "one", "two",
    ]  # fmt: skip


def test_who_writes_to_a_colleague_that_is_away_reads_who_gets_it(site: Site) -> None:
    number = site.mail(site.desk.ann, "For Bob", "It smokes.")
    kim = site.session(KIM)
    form = {"key": key(), "assign": str(person(site, BOB))}
    assert site.ask("POST", f"/tickets/{number}/do", kim, form).status == 303
    with site.desk.store.unit() as unit:
        bob, dana = (asking.person_at(unit, who) for who in (BOB, "dana@example.com"))
        assert bob is not None and dana is not None
        absence.leave(unit, bob, datetime(2199, 1, 4, tzinfo=UTC), dana)
    words = {"kind": "note", "text": "Bob, please call them.", "tell": str(person(site, BOB))}
    said = site.ask("POST", f"/tickets/{number}/audience", kim, words).text
    with site.desk.store.unit() as unit:
        bob = asking.person_at(unit, BOB)
        assert bob is not None
        absence.come_back(unit, bob)
    assert "Bob Tech is away until" in said and "Dana Lead gets it meanwhile" in said
    assert "kim@example.com" not in said  # that he is told of it is no news to him


def person(site: Site, address: str) -> int:
    with site.desk.store.look() as unit:
        found = asking.person_at(unit, address)
        assert found is not None
        return found.id
