"""A client's technician who wants to read the provider's internal notes of a shared ticket, and the
other way round: every page of the console is fetched by either side (P8)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from maild.demo.writer import Writer
from maild.store import asking
from maild.store.records import Ticket
from maild.web import pages
from maild.web.site import OPEN, PAGES
from tests.browser.site import BOB, CORA, Site, key

pages.load()

ACME = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
WHO = {"client": CORA, "provider": BOB}
OTHER = {"client": "provider", "provider": "client"}
SECRET = {"client": "zebrastripes", "provider": "walrusteeth"}  # in a note, a field, time, a title
GET = sorted({page.path for page in PAGES if page.method == "GET" and page.right != OPEN})
MORE = (
    "/tickets?view=all", "/tickets?view=open&columns=title,resolution,status,queue",
    "/tickets.csv?view=all&columns=title,resolution", "/tickets?view=all&group=status",
    "/search?q=zebrastripes", "/search?q=walrusteeth", "/search?q=walrusteeth&part=hits",
    "/search?q=zebrastripes&part=box", "/tickets/{number}?all=1", "/tickets/{number}?part=talk",
    "/tickets/{number}?part=facts", "/clients/{client}?tab=activity", "/clients/{client}?tab=all",
    "/clients/{client}?tab=open", "/tickets/{problem}", "/tickets/{number}?stay=1",
)  # fmt: skip


@dataclass
class Ground:
    """A shared ticket, with secrets on both sides."""

    site: Site
    writers: dict[str, Writer]
    number: str
    problem: str
    client: int = 0
    notes: dict[str, list[int]] = field(default_factory=dict)

    def say(self, side: str, text: str) -> None:
        self.site.mail(self.writers[side], f"[#{self.number}]", text)

    def paths(self, side: str) -> list[str]:
        """Every page, with each note of the other side's where a page is of one."""
        found: list[str] = []
        holes = {"number": self.number, "client": str(self.client), "problem": self.problem}
        holes |= {"name": "share", "part": "1", "cid:path": "x", "name:path": "rules.yaml"}
        for path in (*GET, *MORE):
            path = path.replace("/clients/{id}", "/clients/{client}").replace("{id}", "1")
            for note in self.notes[OTHER[side]] if "{note}" in path else [0]:
                filled = path.replace("{note}", str(note))
                for name, value in holes.items():
                    filled = filled.replace("{" + name + "}", value)
                found.append(filled)
        return [path for path in found if path not in ("/live",)]


@pytest.fixture(scope="module")
def ground(site: Site) -> Ground:
    cora = site.desk.writer("Cora Managed", CORA, ACME)
    number = site.mail(site.desk.ann, "Printer on fire", "It smokes.")
    site.mail(site.desk.bob, f"[#{number}]", "#take")
    problem = site.mail(site.desk.ann, "Wiring", "It is old.")
    made = Ground(site, {"client": cora, "provider": site.desk.bob}, number, problem)
    made.say("provider", f"#internal\n#link {problem}\n\nThey have {SECRET['provider']}.")
    made.say("provider", "#internal\n#share Co-managed cora\n\nPlease look at it.")
    for side, secret in SECRET.items():
        made.say(side, f"#internal\nAmong us: {secret}.")
        made.say(side, f"#time 15m #worknote {secret}\nLooked.")
        made.say(side, f"#title Printer {secret}")
        made.say(side, f"#resolution {secret}")
        made.say(side, f"#tag {secret}")
        made.say(side, f"#set asset={secret}")
    for side, secret in SECRET.items():  # what the mail quotes stays at home
        text = f"#internal\n#question\n\nWhich fuse?\n\n> They have {secret}.\n> More {secret}."
        made.say(side, text)
    with site.desk.store.look() as unit:
        first = asking.tickets.numbered(unit, number)
        assert first is not None and first.organization_id is not None
        made.client = first.organization_id
        twin = asking.tickets.other_side(unit, first)
        assert isinstance(twin, Ticket)
        for one in (first, twin):
            made.notes[one.shared_side] = [note.id for note in asking.notes.of(unit, one)]
    from maild.desk import search

    site.apart(search.follow, site.desk.store)
    return made


@pytest.mark.parametrize("side", ["client", "provider"])
def test_p8_no_page_of_the_console_shows_what_the_other_side_keeps(
    ground: Ground, side: str
) -> None:
    cookie, secret = ground.site.session(WHO[side]), SECRET[OTHER[side]]
    own = ground.site.ask("GET", f"/tickets/{ground.number}?all=1", cookie).text
    assert SECRET[side] in own and "Which fuse?" in own
    leaks = []
    for path in ground.paths(side):
        answer = ground.site.ask("GET", path, cookie)
        wanted = f"Printer {secret}" if path.startswith("/search") else secret
        if wanted in answer.text:
            leaks.append((path, answer.status))
    assert leaks == []


@pytest.mark.parametrize("side", ["client", "provider"])
def test_p8_what_the_console_does_is_done_to_ones_own_side(ground: Ground, side: str) -> None:
    cookie = ground.site.session(WHO[side])
    before = ground.site.desk.ticket(ground.number, OTHER[side])
    form = {"key": key(), "status": "In Progress"}
    ground.site.ask("POST", f"/tickets/{ground.number}/do", cookie, form)
    form = {"key": key(), "numbers": ground.number, "priority": "0 Critical"}
    ground.site.ask("POST", "/tickets/bulk", cookie, form)
    after = ground.site.desk.ticket(ground.number, side)
    assert after["status"] == "In Progress"
    other = ground.site.desk.ticket(ground.number, OTHER[side])
    assert (other["status"], other["priority"]) == (before["status"], before["priority"])
