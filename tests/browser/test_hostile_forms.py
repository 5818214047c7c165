"""What no page of ours would send: each costs little, changes nothing that it should not, and is
told in a sentence, never as an error of ours."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from maild.model import Address
from maild.store import asking
from maild.store.asking import screens
from maild.store.console_records import SignIn
from maild.store.records import Message, Person
from maild.web import signing
from maild.web.visit import hashed
from tests.browser.site import ANN, BOB, CORA, DANA, KIM, Answer, Site, key
from tests.waiting import WAIT_SECONDS, until

HUGE, ENDLESS, ARABIC = "9" * 30, "9" * 5000, "٣" * 12
FILES = "multipart/form-data; boundary=b"
WORDS = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    one = Site(tmp_path_factory.mktemp("hostile"), undo=0)
    yield one
    one.close()


@pytest.fixture(scope="module")
def number(site: Site) -> str:
    return site.mail(site.desk.ann, "Printer", "It smokes.")


def posted(site: Site, path: str, body: bytes, kind: str, cookie: str | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=WAIT_SECONDS)
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    if cookie:
        headers["Cookie"] = f"maild={cookie}"
    try:
        connection.putrequest("POST", path)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with suppress(BrokenPipeError, ConnectionResetError):  # answered before it is read
            connection.send(body)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
    finally:
        connection.close()


def parts(fields: dict[str, bytes], file: tuple[bytes, bytes] | None = None) -> bytes:
    """A form with files (RFC 7578); `file`: its disposition and its type."""
    found = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields.items()
    ]
    if file is not None:
        disposition, kind = file
        head = b'Content-Disposition: form-data; name="files"; ' + disposition
        found.append(b"--b\r\n" + head + b"\r\nContent-Type: " + kind + b"\r\n\r\nhello\r\n")
    return b"".join(found) + b"--b--\r\n"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (parts({"address": b"a" * 60_000}), f"{FILES}; charset=punycode", 415),
        (parts({"address": b"a@b"}), f"{FILES}; charset=unicode_escape", 415),
        (parts({"address": b"a@b"}), f"{FILES}; charset=idna", 415),
        (parts({"address": b"a@b"}), f"{FILES}; charset=utf-7", 415),
        (parts({"address": b"a@b"}), f"{FILES}; charset=UTF-8", 200),
        (parts({"address": b"a@b"}), FILES, 200),
        (parts({"address": b"a@b"}), "multipart/form-data", 400),
        (b"&" * 5_000_000, WORDS, 413),
        (b"&" * 60_000, WORDS, 422),
        (b"a&" * 30_000, WORDS, 400),
        (b"address=" + b"a" * 70_000, WORDS, 303),  # to the sign-in page, and not read
        (b"address=a@b", "text/plain", 415),
        (b'{"address": "a@b"}', "application/json", 415),
        (b"address=a@b", "", 415),
        (b"address=a@b", WORDS + "; charset=utf-8", 200),
    ],
)  # fmt: skip
def test_h118_a_strangers_form_costs_little(
    site: Site, body: bytes, kind: str, status: int
) -> None:
    before = time.process_time()
    assert posted(site, "/sign-in", body, kind).status == status
    assert time.process_time() - before < 5  # of punycode: 40; of "&" without end: minutes


def test_h118_much_is_read_of_who_is_signed_in_alone(site: Site, number: str) -> None:
    note = f"/tickets/{number}/answer"
    much = parts({"key": key().encode(), "kind": b"note", "text": b"x" * 100_000})
    kind = FILES
    for cookie in (None, "guessed"):
        refused = posted(site, note, much, kind, cookie)
        assert (refused.status, refused.headers["location"]) == (303, "/sign-in")
    assert posted(site, note, much, kind, site.session(BOB)).status == 303
    assert "x" * 1000 in site.ask("GET", f"/tickets/{number}", site.session(BOB)).text


@pytest.mark.parametrize("wrong", [HUGE, ENDLESS, ARABIC, "-1", "1e9", "0x1", "\x00"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/tickets/{number}/do", {"assign": "?"}),
        ("/tickets/{number}/do", {"bare": "split", "note": "?"}),
        ("/tickets/{number}/do", {"undo": "?"}),
        ("/tickets/{number}/do", {"share_to": "?", "share_queue": "x"}),
        ("/tickets/{number}/answer", {"kind": "note", "text": "x", "tell": "?"}),
        ("/tickets/{number}/answer", {"kind": "note", "text": "x", "last": "?"}),
        ("/new", {"title": "x", "client": "?"}),
        ("/work/{number}", {"do": "move", "place": "?"}),
        ("/me/away", {"stand_in": "?"}),
        ("/me/away", {"until": "?"}),
        ("/tickets/{number}/time", {"work_length": "?"}),
        ("/tickets/{number}/time", {"work_day": "?", "work_from": "09:00", "work_to": "10:00"}),
        ("/admin/templates/acknowledgement?lang=en", {"do": "version ?"}),
        ("/admin/rules", {"do": "version ?"}),
    ],
)
def test_h118_a_number_that_is_none_is_told(
    site: Site, number: str, path: str, form: dict[str, str], wrong: str
) -> None:
    filled = {"key": key(), **{k: v.replace("?", wrong) for k, v in form.items()}}
    assert site.ask("POST", path.format(number=number), site.session(KIM), filled).status < 500


@pytest.mark.parametrize(
    "path",
    [
        "/timesheet?week=0001-W01", "/timesheet?week=9999-12-31", "/timesheet?week=9999-W53",
        "/tickets?due.after=-999999999999999d", "/tickets?due.before=9999-12-31",
        "/tickets?created.after=0001-01-01", "/tickets?due.after=999999d",
    ],
)  # fmt: skip
def test_a_day_that_nobody_means_is_told(site: Site, path: str) -> None:
    assert site.ask("GET", path, site.session(BOB)).status == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_no_time_is_worked_on_such_a_day(site: Site, number: str, day: str) -> None:
    form = {"key": key(), "work_day": day, "work_from": "00:00", "work_to": "00:10"}
    path = f"/tickets/{number}/time"
    assert site.ask("POST", path, site.session(BOB), form).status == 422


CURSORS = (
    ["v", {"a": 1}, 1], ["v", [1], 1], ["v", 10**40, 1], ["v", "x", 10**40], ["v", True, 1],
    ["v", "a\0", 1], ["v", "\ud800", 1], ["d", "x", 1], ["d", 5, 1], {"a": 1}, [1, 2, 3, 4], None,
)  # fmt: skip


@pytest.mark.parametrize("packed", [*(json.dumps(one) for one in CURSORS), "[" * 900, "", "é"])
def test_h118_where_a_page_begins_is_ours_to_say(site: Site, packed: str) -> None:
    word = base64.urlsafe_b64encode(packed.encode("utf-8", "replace")).decode() or "="
    for sealed in (word, base64.urlsafe_b64encode(b"0" * 12 + packed.encode()).decode(), "%C3%A9"):
        answer = site.ask("GET", f"/tickets?part=more&after={sealed}", site.session(BOB))
        assert answer.status == 422


@pytest.mark.parametrize(
    "name",
    ["sla", "side", "completed_by_side", "series", "checklist", "form", "on_call",
     "signed_off_at", "signed_off_by", "id", "number", "created", "status_kind", "shared_side",
     "deleted", "fields", "__class__", "primary_id", "also_in"],
)  # fmt: skip
def test_h118_what_the_desk_keeps_no_form_sets(site: Site, number: str, name: str) -> None:
    before = json.dumps(site.desk.ticket(number)["fields"], default=str)
    form = {"key": key(), "set": name, "value": "999"}
    refused = site.ask("POST", f"/tickets/{number}/do", site.session(BOB), form)
    assert refused.status in (403, 422)
    assert json.dumps(site.desk.ticket(number)["fields"], default=str) == before
    assert site.ask("GET", f"/tickets/{number}", site.session(BOB)).status == 200


def test_a_field_of_a_person_is_set_as_before(site: Site, number: str) -> None:
    form = {"key": key(), "set": "category", "value": "Hardware"}
    assert site.ask("POST", f"/tickets/{number}/do", site.session(BOB), form).status == 303


NAMES = (
    b'filename="a\nb.txt"', b'filename="../../passwd"',
    b'filename="' + b"x" * 3000 + b'.txt"', b'filename="\xff\xfe"', b'filename="\xe2\x80\xae.txt"',
    b'filename="con"', b'filename="..."',
)  # fmt: skip
TYPES = (
    b"multipart/mixed", b"message/rfc822", b"message/partial", b"text/plain; charset=utf-7",
    b"image/svg+xml", b"a/b c", b"/", b"x/", b"text/html\tx", b"\xff/\xff", b"text/plain",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"), [(n, TYPES[-1]) for n in NAMES] + [(b'filename="a.txt"', k) for k in TYPES]
)
def test_a_file_is_kept_whatever_it_is_called(
    site: Site, number: str, name: bytes, kind: bytes
) -> None:
    cookie = site.session(BOB)
    fields = {"key": key().encode(), "kind": b"note", "text": key().encode()}
    body = parts(fields, (name, kind))
    before = len(site.desk.ticket(number)["notes"])
    path, form = f"/tickets/{number}/answer", FILES
    assert posted(site, path, body, form, cookie).status == 303
    until(lambda: len(site.desk.ticket(number)["notes"]) == before + 1)
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        note = screens.whole(unit, ticket).notes[-1]
    [view] = note.attachments
    got = site.ask("GET", f"/tickets/{number}/notes/{note.id}/files/{view.part}", cookie)
    assert (got.status, got.text) == (200, "hello")
    assert "x-evil" not in got.headers and view.filename.isprintable()


WRONG = (
    "a\x00@b.example", "a\x1b[0m@b.example", "a\x7f@b.example", "a@b@c.example",
    "a@\u202eb.example",
    "a\u200b@b.example", "a" * 500 + "@b.example", "a\\b@c.example", "a@b\x85c.example",
)  # fmt: skip


@pytest.mark.parametrize("address", WRONG)
def test_h117_nobody_is_learned_by_an_address_that_no_mail_can_go_to(
    site: Site, number: str, address: str
) -> None:
    cookie = site.session(KIM)
    for path, form in (
        (f"/tickets/{number}/people", {"contact": address}),
        (f"/tickets/{number}/people", {"cc": address}),
        ("/new", {"title": "x", "text": "y", "contact": address}),
        ("/admin/people/new", {"name": "N", "email": address, "role": "contact", "active": "1"}),
    ):
        answer = site.ask("POST", path, cookie, {"key": key(), **form})
        assert answer.status in (403, 404, 422), path
    with site.desk.store.look() as unit:
        assert asking.people.at(unit, Address("", address).key) is None


@pytest.mark.parametrize(
    "address", ["o'neil+x=y@b.example", "müller@b.example", "a@bücher.example"]
)
def test_an_address_that_only_looks_odd_is_learned(site: Site, number: str, address: str) -> None:
    form = {"key": key(), "cc": address}
    path = f"/tickets/{number}/people"
    assert site.ask("POST", path, site.session(KIM), form).status == 303
    with site.desk.store.look() as unit:
        assert asking.people.at(unit, address.replace("bücher", "xn--bcher-kva")) is not None


def test_h118_taken_back_is_what_one_did_oneself_to_this_ticket(site: Site) -> None:
    own = site.mail(site.desk.ann, "Of Acme", "It smokes.")
    other = site.mail(site.carlos, "Of Globex", "It is dark.")
    for number in (own, other):
        form = {"key": key(), "title": "Of Bob"}
        assert site.ask("POST", f"/tickets/{number}/do", site.session(BOB), form).status == 303
    done = {n: last_done(site, n) for n in (own, other)}
    for who, where, what in (
        (CORA, own, other),  # another client's
        (CORA, own, own),  # a colleague's
        (DANA, other, other),
        (BOB, own, other),  # another ticket's
    ):
        form = {"key": key(), "undo": str(done[what])}
        assert site.ask("POST", f"/tickets/{where}/do", site.session(who), form).status == 403
        assert site.desk.ticket(what)["title"] == "Of Bob"
    form = {"key": key(), "undo": str(done[own])}
    assert site.ask("POST", f"/tickets/{own}/do", site.session(BOB), form).status == 303
    assert site.desk.ticket(own)["title"] == "Of Acme"


def last_done(site: Site, number: str) -> int:
    with site.desk.store.look() as unit:
        ticket = asking.tickets.numbered(unit, number)
        assert ticket is not None
        stored: Message | None = asking.messages.undoable(unit, ticket, [BOB])
        assert stored is not None
        return stored.id


def test_who_stands_in_is_a_technician(site: Site) -> None:
    ids = {}
    with site.desk.store.look() as unit:
        for address in (BOB, DANA, ANN):
            person: Person | None = asking.people.at(unit, address)
            assert person is not None
            ids[address] = person.id
    for chosen, status in ((ids[ANN], 404), (10**9, 404), (ids[BOB], 422), (ids[DANA], 303)):
        form = {"until": "2199-01-01", "stand_in": str(chosen)}
        assert site.ask("POST", "/me/away", site.session(BOB), form).status == status
    site.ask("POST", "/me/away", site.session(BOB), {"do": "back"})


def test_a_code_is_one_of_a_hundred_million_and_five_tries_end_it(site: Site) -> None:
    cookie, now = key(), datetime.now(UTC)
    with site.desk.store.unit() as unit:
        bob = asking.people.at(unit, BOB)
        assert bob is not None
        ends = now + timedelta(minutes=15)
        found = SignIn(
            token=key(), browser=hashed(cookie), person_id=bob.id, created=now, ends=ends,
            onward="/", address="127.0.0.1",
        )  # fmt: skip
        unit.add(found)
        code = signing.code(site.console, found)
    assert len(code) == 8 and code.isdecimal()
    headers = {"Cookie": f"maild-browser={cookie}"}
    for _ in range(5):
        wrong = site.ask("POST", "/sign-in/code", form={"code": "1" + code[:7]}, **headers)
        assert wrong.status == 422
    assert site.ask("POST", "/sign-in/code", form={"code": code}, **headers).status == 422
