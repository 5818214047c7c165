"""The rights of the console, fetched cell by cell: role × address, on a ticket that somebody may
see and on one of another client."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from maild.store.asking import console as asking
from maild.store.asking import screens
from maild.store.records import Note
from maild.web import pages
from maild.web.rights import RIGHTS, ConsoleRole, may
from maild.web.site import OPEN, PAGES, Page
from tests.browser.site import ANN, BOB, CORA, KIM, Site, key
from tests.waiting import WAIT_SECONDS

pages.load()

WHO = {
    ConsoleRole.ADMIN: KIM,
    ConsoleRole.RESOURCE: BOB,
    ConsoleRole.CO_MANAGED: CORA,
    ConsoleRole.CONTACT: ANN,
}
CELLS = [page for page in PAGES if page.right != OPEN]
REFUSED = 403
DONE = {200, 204, 303, 409, 422}  # it was looked at, or the empty form was told what it lacks
NOT_THERE = 404


@dataclass(frozen=True)
class Ground:
    """A ticket of Acme, whose technician Cora is, and one of Globex."""

    site: Site
    acme: str
    globex: str
    notes: dict[str, int]
    clients: dict[str, int]


@pytest.fixture(scope="module")
def ground(site: Site) -> Ground:
    acme = site.desk.ticket(site.mail(site.desk.ann, "Printer on fire", "It smokes."))
    globex = site.desk.ticket(site.mail(site.carlos, "Screen is black", "Since today."))
    notes, clients = {}, {}
    with site.desk.store.look() as unit:
        for ticket in (acme, globex):
            found = screens.numbered(unit, ticket["number"])
            assert found is not None and found.organization_id is not None
            notes[found.number] = screens.whole(unit, found).notes[0].id
            clients[found.number] = found.organization_id
    return Ground(site, acme["number"], globex["number"], notes, clients)


def address(ground: Ground, page: Page, number: str) -> str:
    """The page's address about this ticket."""
    path = page.path.replace("{number}", number).replace("{note}", str(ground.notes[number]))
    path = path.replace("{name}", "status").replace("{part}", "1").replace("{cid:path}", "x")
    path = path.replace("{name:path}", "rules.yaml")
    client = str(ground.clients[number])
    return path.replace("{id}", client if path.startswith("/clients") else "999999")


def status(ground: Ground, page: Page, role: ConsoleRole, number: str) -> int:
    cookie = ground.site.session(WHO[role])
    path = address(ground, page, number)
    return ground.site.ask(page.method, path, cookie, {"key": key()}).status


@pytest.mark.parametrize("role", list(ConsoleRole))
@pytest.mark.parametrize("page", CELLS, ids=lambda p: f"{p.method} {p.path}")
def test_a_cell_of_the_table_is_what_the_page_does(
    ground: Ground, page: Page, role: ConsoleRole
) -> None:
    got = status(ground, page, role, ground.acme)
    if not may(role, page.right):
        assert got == REFUSED
    elif "{id}" in page.path and not page.path.startswith("/clients"):
        assert got in DONE | {NOT_THERE}  # there is no such entry
    elif any(hole in page.path for hole in ("{part}", "{cid", "/html", "/remote", "{name")):
        assert got in DONE | {NOT_THERE}  # this mail has no such part
    elif page.path == "/demo":
        assert got == NOT_THERE  # no demo
    else:
        assert got in DONE


@pytest.mark.parametrize(
    "page",
    [p for p in CELLS if "{number}" in p.path or p.path == "/clients/{id}"],
    ids=lambda p: f"{p.method} {p.path}",
)
def test_a_co_managed_technician_finds_nothing_of_another_client(
    ground: Ground, page: Page
) -> None:
    expected = NOT_THERE if may(ConsoleRole.CO_MANAGED, page.right) else REFUSED
    assert status(ground, page, ConsoleRole.CO_MANAGED, ground.globex) == expected
    assert status(ground, page, ConsoleRole.RESOURCE, ground.globex) in DONE | {NOT_THERE}


@pytest.mark.parametrize("page", CELLS, ids=lambda p: f"{p.method} {p.path}")
def test_nobody_sees_anything_without_signing_in(ground: Ground, page: Page) -> None:
    path = address(ground, page, ground.acme)
    plain = ground.site.ask(page.method, path, None, {"key": key()})
    assert plain.status == 303
    assert plain.headers["location"].startswith("/sign-in")
    part = ground.site.ask(page.method, path, None, {"key": key()}, HX_Request="true")
    assert part.status == 401
    assert ground.acme not in plain.text + part.text


def test_what_a_co_managed_technician_sees_names_no_other_client(ground: Ground) -> None:
    cookie = ground.site.session(CORA)
    number, foreign = ground.acme, (ground.globex, "Screen is black", "Globex", "carlos@")
    for path in (
        "/tickets?view=open", "/tickets.csv?view=open", "/tickets?view=by+client", "/nav",
        f"/tickets/{number}", "/search?q=black", "/search?q=vega", "/suggest/people?q=carlos",
        "/timesheet", "/new", "/recent", "/work",
    ):  # fmt: skip
        answer = ground.site.ask("GET", path, cookie)
        assert answer.status == 200, path
        assert not [word for word in foreign if word in answer.text.replace("q=", "")], path


def test_what_a_client_s_technician_does_to_several_at_once_leaves_others_alone(
    ground: Ground,
) -> None:
    form = {"key": key(), "numbers": ground.globex, "status": "In Progress"}
    ground.site.ask("POST", "/tickets/bulk", ground.site.session(CORA), form)
    assert ground.site.desk.ticket(ground.globex)["status"] == "New"


@pytest.mark.parametrize(
    ("site_header", "origin", "expected"),
    [
        ("same-origin", None, 200),
        ("cross-site", None, 403),
        ("same-site", None, 403),
        ("none", None, 403),
        (None, "http://evil.example", 403),
        (None, None, 403),
        (None, "ours", 200),
    ],
)
def test_only_a_page_of_ours_can_change_something(
    ground: Ground, site_header: str | None, origin: str | None, expected: int
) -> None:
    import http.client

    headers = {"Cookie": f"maild={ground.site.session(BOB)}", "Content-Length": "0"}
    if site_header:
        headers["Sec-Fetch-Site"] = site_header
    if origin:
        headers["Origin"] = ground.site.url if origin == "ours" else origin
    connection = http.client.HTTPConnection("127.0.0.1", ground.site.port, timeout=WAIT_SECONDS)
    connection.request("POST", "/me/alive", None, headers)
    got = connection.getresponse().status
    connection.close()
    assert (200 if got in (200, 204) else got) == expected


def test_the_desk_answers_under_its_own_name_only(ground: Ground) -> None:
    assert ground.site.ask("GET", "/sign-in", Host="evil.example").status == 421


def test_every_page_names_a_right_of_the_table() -> None:
    assert {page.right for page in CELLS} <= set(RIGHTS)


def test_the_audit_says_who_did_what_from_where(ground: Ground) -> None:
    form = {"key": key(), "priority": "P2"}
    path = f"/tickets/{ground.acme}/do"
    assert ground.site.ask("POST", path, ground.site.session(BOB), form).status == 303
    with ground.site.desk.store.look() as unit:
        newest = unit.all(asking.AUDIT, before=2**31)[0]
    assert (newest.by, newest.about, newest.address) == ("Bob Tech", ground.acme, "127.0.0.1")
    assert "priority" in newest.what


def test_a_refused_file_is_named_and_not_handed_out(ground: Ground) -> None:
    site, name = ground.site, "tool.exe"
    tool = {name: b"MZ the tool"}
    site.apart(lambda: site.desk.ann.mail("A tool", "Run this.", attach=tool))
    number = site.desk.ticket()["number"]
    with site.desk.store.look() as unit:
        found = screens.numbered(unit, number)
        assert found is not None
        note_id = screens.whole(unit, found).notes[0].id
    address, cookie = f"/tickets/{number}/notes/{note_id}/files/", site.session(BOB)
    with site.desk.store.unit() as unit:
        note = unit.get(Note, note_id)
        assert note is not None
        [view] = note.attachments
        unit.change(note, attachments=[view | {"refused": "*.exe"}])
    answer = site.ask("GET", f"{address}{view['part']}", cookie)
    assert answer.status == NOT_THERE and "MZ" not in answer.text
    assert "This file is refused (*.exe)" in answer.text
    page = site.ask("GET", f"/tickets/{number}", cookie).text
    assert name in page and "refused: *.exe" in page and address not in page


def test_a7_a_drawn_signature_is_a_sign_off_once(ground: Ground) -> None:
    site, number = ground.site, ground.acme
    form = {"key": key(), "name": "Ann Archer", "path": "M10 10L50 60L90 20"}
    for _ in range(2):  # the same form twice
        answer = site.ask("POST", f"/tickets/{number}/sign-off", site.session(BOB), form)
        assert answer.status == 303
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        assert ticket.fields["signed_off_by"] == "Ann Archer"
        assert ticket.fields["signed_off_at"]
        events = [e for e in screens.events(unit, ticket) if e.event == "signed off"]
        assert [event.detail["proof"] for event in events] == ["drawn"]
        assert len(unit.all(asking.SIGNATURES, ticket=ticket.id)) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/people/999999999999", NOT_THERE),
        ("/clients/4294967296", NOT_THERE),
        ("/admin/audit?before=99999999999999999999", 200),
        ("/admin/outbox?before=99999999999999999999", 200),
    ],
)
def test_a_number_that_no_row_can_have_is_no_error(ground: Ground, path: str, status: int) -> None:
    assert ground.site.ask("GET", path, ground.site.session(KIM)).status == status
